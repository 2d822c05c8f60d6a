package edge

import (
	"strconv"
	"time"

	"headwater/internal/message"
)

// The fields of an answer of our own.
var (
	serverKey       = message.NewKey("Server")
	retryAfterKey   = message.NewKey("Retry-After")
	contentTypeKey  = message.NewKey("Content-Type")
	cacheControlKey = message.NewKey("Cache-Control")
	acceptRangesKey = message.NewKey("Accept-Ranges")
)

// synthesize answers in the origin's place and ends the connection.
func (x *exchange) synthesize(status int, reason string, unknownDomain bool) {
	e, now := x.c.edge, time.Now()
	page := newOutput()
	defer page.free()
	own := &x.obj
	own.Status, own.Reason, own.Fields = status, message.Bytes(reason), own.Fields[:0]
	own.Fields.Add(serverKey, "Varnish")
	own.Fields.Add(retryAfterKey, "0")
	if unknownDomain {
		var room [256]byte
		page.b = appendUnknownDomainPage(page.b, hostName(room[:0], x.req.host), e.cfg.Identity)
		own.Fields.Add(contentTypeKey, "text/html")
		own.Fields.Add(cacheControlKey, "private, no-cache")
	} else {
		page.b = appendErrorPage(page.b, status, reason, e.cfg.Identity, now, e.xid.Add(1))
		own.Fields.Add(contentTypeKey, "text/html; charset=utf-8")
	}
	own.Fields.Add(acceptRangesKey, "bytes")
	x.makeResp(own, now)
	x.writeWhole(page.b, false)
}

// writeWhole sends an answer whose whole body is at hand.
func (x *exchange) writeWhole(body []byte, keep bool) failure {
	if x.out.home == nil {
		x.out = newOutput()
	}
	x.out.b = x.appendHead(x.out.b[:0], framedLength, int64(len(body)), keep)
	if !x.headOnly {
		x.out.b = append(x.out.b, body...)
	}
	return x.write(x.out.b)
}

// appendErrorPage appends the body that a synthetic answer carries, in the shape
// Varnish gave it and Fastly's captured pages have: scripts and people look for
// its texts.
func appendErrorPage(dst []byte, status int, reason, identity string, now time.Time, xid uint32) []byte {
	code := strconv.Itoa(status)
	dst = append(dst, "\n<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"+
		"<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Strict//EN\"\n"+
		" \"http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd\">\n"+
		"<html>\n  <head>\n    <title>"...)
	dst = append(dst, code...)
	dst = append(dst, ' ')
	dst = append(dst, reason...)
	dst = append(dst, "</title>\n  </head>\n  <body>\n    <h1>Error "...)
	dst = append(dst, code...)
	dst = append(dst, ' ')
	dst = append(dst, reason...)
	dst = append(dst, "</h1>\n    <p>"...)
	dst = append(dst, reason...)
	dst = append(dst, "</p>\n    <h3>Error 54113</h3>\n    <p>Details: "...)
	dst = append(dst, identity...)
	dst = append(dst, ' ')
	dst = strconv.AppendInt(dst, now.Unix(), 10)
	dst = append(dst, ' ')
	dst = strconv.AppendUint(dst, uint64(xid), 10)
	return append(dst, "</p>\n    <hr>\n    <p>Varnish cache server</p>\n  </body>\n</html>\n"...)
}

// appendUnknownDomainPage appends the body of the 500 that a Host of no service
// gets. The host was held to host name characters when it was parsed, so it
// needs no escaping.
func appendUnknownDomainPage(dst, host []byte, identity string) []byte {
	dst = append(dst, "\n<html>\n<head>\n<title>Fastly error: unknown domain "...)
	dst = append(dst, host...)
	dst = append(dst, "</title>\n</head>\n<body>\n<p>Fastly error: unknown domain: "...)
	dst = append(dst, host...)
	dst = append(dst, ". Please check that this domain has been added to a service.</p>\n<p>Details: "...)
	dst = append(dst, identity...)
	return append(dst, "</p></body></html>"...)
}
