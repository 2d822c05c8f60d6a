package edge

import (
	"strconv"
	"strings"
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

// makeObj makes an answer of our own, without its body.
func (x *exchange) makeObj(status int, reason string) {
	o := &x.obj
	o.Status, o.Reason = status, message.Bytes(reason)
	o.Fields.Reset()
	o.Fields.Add(serverKey, "Varnish")
	o.Fields.Add(retryAfterKey, "0")
	o.Fields.Add(contentTypeKey, "text/html; charset=utf-8")
	o.Fields.Add(acceptRangesKey, "bytes")
}

// synthesize answers in the origin's place, and in the program's, and ends the
// connection.
func (x *exchange) synthesize(status int, reason string) {
	now := x.clock()
	x.makeObj(status, reason)
	x.makeResp(&x.obj, now)
	x.writePage(now, false)
}

// synthesizeUnknownDomain answers a request for a host of no service.
func (x *exchange) synthesizeUnknownDomain() {
	var room [256]byte
	page, o, d := newOutput(), &x.obj, &failures[failUnknownDomain]
	defer page.free()
	page.b = appendUnknownDomainPage(page.b, hostName(room[:0], x.req.host), x.c.edge.cfg.Identity)
	x.makeObj(d.status, d.reason)
	o.Fields.Set(contentTypeKey, "text/html")
	o.Fields.Add(cacheControlKey, "private, no-cache")
	x.makeResp(o, x.clock())
	x.writeWhole(page.b, false)
}

// synthesizeMisdirected answers a request for a host that the certificate of the
// connection is not for. The text is Fastly's, up to where to read about it.
func (x *exchange) synthesizeMisdirected() {
	page, o, d := newOutput(), &x.obj, &failures[failMisdirected]
	defer page.free()
	page.b = append(page.b, "Requested host does not match any Subject Alternative Names (SANs) on TLS certificate ["...)
	page.b = append(page.b, x.c.tls.fingerprint()...)
	page.b = append(page.b, "] in use with this connection.\n"...)
	x.makeObj(d.status, d.reason)
	o.Fields.Set(contentTypeKey, "text/plain; charset=utf-8")
	x.makeResp(o, x.clock())
	x.writeWhole(page.b, false)
}

// sendObj sends an answer of our own, with the program's body or with a page. The
// connection stays unless a body is left unread, or a failure ends in the page.
func (x *exchange) sendObj() bool {
	keep := x.persistent() && (x.event.failure == failNone || x.vcl.HasSynthetic) && (x.whole || x.up.whole)
	f := failNone
	if v := &x.vcl; v.HasSynthetic {
		f = x.writeWhole(message.Bytes(v.Synthetic), keep)
	} else {
		f = x.writePage(x.clock(), keep)
	}
	return x.wasSent(f) && keep
}

// wasSent notes what became of an answer of our own, and reports whether the client has all of it. Why there
// was such a one goes before that it has not.
func (x *exchange) wasSent(f failure) bool {
	if x.event.completed = f == failNone; !x.event.completed && x.event.failure == failNone {
		x.event.failure = f
	}
	return x.event.completed
}

// asText makes text of a page out of any. Quotes stay: the text is in no attribute,
// and scripts look for Fastly's reasons, which have some.
var asText = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

func (x *exchange) writePage(now time.Time, keep bool) failure {
	page, r := newOutput(), &x.resp
	defer page.free()
	page.b = appendErrorPage(page.b, r.Status, message.Text(r.Reason), x.c.edge.cfg.Identity, now, x.vcl.XID)
	return x.writeWhole(page.b, keep)
}

// writeWhole sends an answer whose whole body is at hand.
func (x *exchange) writeWhole(body []byte, keep bool) failure {
	if x.out.home == nil {
		x.out = newOutput()
	}
	out, length := framedLength, int64(len(body))
	if bodiless(x.resp.Status) {
		out, length = framedNone, -1
	}
	x.out.b = x.appendHead(x.out.b[:0], out, length, keep)
	if out == framedLength && !x.headOnly {
		x.out.b = append(x.out.b, body...)
		x.event.responseBody = length
	}
	if x.c.stream != nil {
		x.c.stream.last = true
	}
	return x.write(x.out.b)
}

// appendErrorPage appends the body that a synthetic answer carries, in the shape
// Varnish gave it and Fastly's captured pages have: scripts and people look for
// its texts. The reason may be a client's words.
func appendErrorPage(dst []byte, status int, reason, identity string, now time.Time, xid uint32) []byte {
	code, reason := strconv.Itoa(status), asText.Replace(reason)
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
