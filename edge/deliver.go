package edge

import (
	"strconv"
	"time"

	"headwater/internal/message"
)

// A framing is how a body's end is marked on a connection.
type framing uint8

const (
	framedNone framing = iota
	framedLength
	framedChunked
	framedClose
)

// incoming tells how the origin frames the body of its answer (RFC 9112 section
// 6.3).
func (x *exchange) incoming() framing {
	switch {
	case x.bodiless():
		return framedNone
	case x.resp.chunked:
		return framedChunked
	case x.resp.length >= 0:
		return framedLength
	}
	return framedClose
}

// outgoing tells how we frame it for the client. A body without a known length
// is chunked for whoever understands that, so that its end can be told from a
// broken connection.
func (x *exchange) outgoing(in framing) framing {
	if in == framedNone || in == framedLength {
		return in
	}
	if x.req.http10 {
		return framedClose
	}
	return framedChunked
}

// deliver sends the origin's answer to the client: the head and what has come of
// the body in one write, the rest as it comes. It reports whether the client's
// connection may serve another request.
func (x *exchange) deliver() bool {
	in := x.incoming()
	b := body{x: x, in: in, out: x.outgoing(in), left: x.resp.length}
	keep := x.persistent() && b.out != framedClose && !x.up.behind()
	if x.out.home == nil {
		x.out = newOutput()
	}
	x.out.b = x.appendResponse(x.out.b[:0], b.out, keep)
	if b.begin() != failNone {
		x.disconnect(false)
		return x.fail(failMalformed)
	}
	if b.done {
		b.release()
	}
	f := x.write(x.out.b)
	if f == failNone && !b.done {
		f = b.stream()
	}
	x.disconnect(false) // unless release has given it back
	if f != failNone {
		x.event.failure = f
		b.abort(f)
		return false
	}
	return keep
}

// appendResponse appends the head that goes to the client.
func (x *exchange) appendResponse(dst []byte, out framing, keep bool) []byte {
	r, now := &x.resp, time.Now()
	x.event.firstByte = now.Sub(x.started)
	dst = r.appendStatus(dst)
	dated := false
	for i := range r.Fields {
		f := &r.Fields[i]
		if f.Hop {
			continue
		}
		switch f.ID {
		case message.ContentLength, message.TransferEncoding, message.Via, message.XServedBy, message.XCache, message.XCacheHits, message.XTimer:
			continue
		case message.Trailer:
			if out != framedChunked {
				continue
			}
		case message.Date:
			dated = true
		}
		dst = appendField(dst, f.Name, f.Value)
	}
	if !dated { // RFC 9110 section 6.6.1
		dst = appendDate(dst, x.c.edge.dateAt(now))
	}
	dst = x.appendMarks(dst, r.Fields, now)
	switch {
	case out == framedChunked:
		dst = append(dst, "Transfer-Encoding: chunked\r\n"...)
	case out == framedLength, out == framedNone && r.length >= 0 && r.Status != 204:
		dst = appendLength(dst, r.length)
	}
	dst = x.appendConnection(dst, keep)
	return append(dst, '\r', '\n')
}

func appendDate(dst, date []byte) []byte {
	dst = append(dst, "Date: "...)
	dst = append(dst, date...)
	return append(dst, '\r', '\n')
}

// appendMarks appends the fields by which an answer tells which edges it passed.
func (x *exchange) appendMarks(dst []byte, fields message.Fields, now time.Time) []byte {
	dst = appendList(dst, fields, message.Via, "Via", viaMark)
	dst = appendList(dst, fields, message.XServedBy, "X-Served-By", x.c.edge.cfg.Identity)
	dst = appendList(dst, fields, message.XCache, "X-Cache", "MISS")
	dst = appendList(dst, fields, message.XCacheHits, "X-Cache-Hits", "0")
	dst = appendTimer(dst, x.started)
	dst = append(dst, ",VE"...)
	dst = strconv.AppendInt(dst, now.Sub(x.started).Milliseconds(), 10)
	return append(dst, '\r', '\n')
}

// appendConnection says what becomes of the connection where the version's
// default would not say it (RFC 9112 section 9.3).
func (x *exchange) appendConnection(dst []byte, keep bool) []byte {
	switch {
	case !keep:
		return append(dst, "Connection: close\r\n"...)
	case x.req.http10:
		return append(dst, "Connection: keep-alive\r\n"...)
	}
	return dst
}

func (r *response) appendStatus(dst []byte) []byte {
	dst = append(dst, "HTTP/1.1 "...)
	dst = strconv.AppendInt(dst, int64(r.Status), 10)
	dst = append(dst, ' ')
	dst = append(dst, r.Reason...)
	return append(dst, '\r', '\n')
}

// synthesize answers in the origin's place and ends the connection.
func (x *exchange) synthesize(status int, reason string, unknownDomain bool) {
	e, now := x.c.edge, time.Now()
	if x.out.home == nil {
		x.out = newOutput()
	}
	page, kind := newOutput(), "text/html; charset=utf-8"
	defer page.free()
	if unknownDomain {
		var room [256]byte
		page.b = appendUnknownDomainPage(page.b, hostName(room[:0], x.req.host), e.cfg.Identity)
		kind = "text/html"
	} else {
		page.b = appendErrorPage(page.b, status, reason, e.cfg.Identity, now, e.xid.Add(1))
	}
	x.resp.reset()
	x.resp.Status, x.resp.Reason = status, []byte(reason)
	dst := x.resp.appendStatus(x.out.b[:0])
	dst = append(dst, "Server: Varnish\r\nRetry-After: 0\r\n"...)
	dst = appendText(dst, "Content-Type", kind)
	if unknownDomain {
		dst = append(dst, "Cache-Control: private, no-cache\r\n"...)
	}
	dst = appendLength(dst, int64(len(page.b)))
	dst = append(dst, "Accept-Ranges: bytes\r\n"...)
	dst = appendDate(dst, e.dateAt(now))
	dst = x.appendMarks(dst, x.resp.Fields, now)
	dst = append(dst, "Connection: close\r\n\r\n"...)
	if string(x.req.Method) != "HEAD" {
		dst = append(dst, page.b...)
	}
	x.out.b = dst
	x.write(dst)
}
