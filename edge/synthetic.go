package edge

import (
	"strconv"
	"time"
)

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
