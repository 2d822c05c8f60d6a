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
	framedStream // by frames of HTTP/2, to the client
)

// incoming tells how the origin frames the body of its answer (RFC 9112 section
// 6.3).
func (x *exchange) incoming() framing {
	r := &x.beresp
	switch {
	case bodiless(r.Status) || string(x.bereq.Method) == "HEAD":
		return framedNone
	case r.chunked:
		return framedChunked
	case r.length >= 0:
		return framedLength
	}
	return framedClose
}

// bodiless reports whether an answer with that status has no body whatever its
// fields say.
func bodiless(status int) bool { return status == 204 || status == 304 }

// outgoing tells how we frame it for the client. A body without a known length
// is chunked for whoever understands that, so that its end can be told from a
// broken connection.
func (x *exchange) outgoing(in framing) framing {
	switch {
	case x.headOnly || bodiless(x.resp.Status):
		return framedNone
	case x.c.stream != nil:
		return framedStream
	case in == framedNone || in == framedLength:
		return framedLength
	case x.req.http10:
		return framedClose
	}
	return framedChunked
}

// length is the Content-Length that goes with the origin's answer, -1 for none.
func (x *exchange) length(out framing) int64 {
	switch {
	case out != framedNone && x.body.in == framedNone:
		return 0
	case out == framedLength, out == framedStream, out == framedNone && x.resp.Status != 204:
		return x.beresp.length
	}
	return -1
}

// deliver sends the origin's answer to the client: the head and what has come of
// the body in one write, the rest as it comes. It reports whether the client's
// connection may serve another request.
func (x *exchange) deliver() bool {
	b := &x.body
	b.out = x.outgoing(b.in)
	keep := x.persistent() && b.out != framedClose && !x.up.behind()
	if x.out.home == nil {
		x.out = newOutput()
	}
	x.out.b = x.appendHead(x.out.b[:0], b.out, x.length(b.out), keep)
	wanted := b.out != framedNone
	if wanted {
		x.out.b = b.appendFirst(x.out.b)
	} else {
		x.disconnect(false) // unless the body is at its end
	}
	b.tear(true) // until all of it has been sent
	f := x.sendFirst(wanted && !b.done, keep)
	x.disconnect(false) // unless release has given it back
	if f != failNone {
		x.event.failure = f
		x.countBroken(f)
		b.abort(f)
		return false
	}
	b.tear(false)
	x.event.completed = true
	return keep
}

// sendFirst sends the head and what is behind it, and then what is still to come of the body,
// if there is more. It is put off unless somebody asks at once what became of it: a program, or
// who closes the connection behind it.
func (x *exchange) sendFirst(more, keep bool) failure {
	if !more && !x.site.logs && keep {
		return x.post(x.out.b)
	}
	if f := x.write(x.out.b); f != failNone || !more {
		return f
	}
	return x.body.stream()
}

var (
	dateKey  = message.NewKey("Date")
	timerKey = message.NewKey("X-Timer")
)

// makeResp makes the answer to the client out of the origin's, or of one of ours:
// what ends at this hop is left out, and the marks are added by which an answer
// tells which edges it has passed. It takes the fields that it goes on with, so that
// from has none any more: but for a switch of protocols, whose own are still needed.
func (x *exchange) makeResp(from *message.Response, now time.Time) {
	x.event.firstByte = now.Sub(x.started)
	r := &x.resp
	r.Status, r.Reason = from.Status, from.Reason
	if x.switched {
		r.Fields.Copy(&from.Fields)
	} else {
		r.Fields.Take(&from.Fields)
	}
	r.Fields.UnsetHops()
	if !r.Fields.Has(dateKey) { // RFC 9110 section 6.6.1
		r.Fields.Add(dateKey, message.Text(x.c.edge.dateAt(now)))
	}
	x.addMarks(&r.Fields)
	r.Fields.Add(timerKey, x.timer(now))
	if x.recorder != nil && x.recorder.id != "" {
		r.Fields.Add(traceIDKey, x.recorder.id)
	}
}

// timer is the value of an answer's X-Timer.
func (x *exchange) timer(now time.Time) string {
	from := len(x.scratch)
	x.scratch = append(appendTimer(x.scratch, x.started), ",VE"...)
	x.scratch = strconv.AppendInt(x.scratch, now.Sub(x.started).Milliseconds(), 10)
	return message.Text(x.scratch[from:])
}

// framingFields are those of an answer that say how its body is framed.
var framingFields = message.SetOf(message.ContentLength, message.TransferEncoding)

// appendHead appends the head that goes to the client. Framing and what becomes of
// the connection are ours to say; length is -1 for none.
func (x *exchange) appendHead(dst []byte, out framing, length int64, keep bool) []byte {
	if x.c.stream != nil {
		return x.appendBlock(dst, out, length)
	}
	dst = appendStatus(dst, &x.resp)
	but := framingFields
	if out != framedChunked {
		but.Add(message.Trailer)
	}
	dst = x.resp.Fields.AppendTo(dst, but)
	switch {
	case out == framedChunked:
		dst = append(dst, "Transfer-Encoding: chunked\r\n"...)
	case length >= 0:
		dst = appendLength(dst, length)
	}
	dst = x.appendConnection(dst, keep)
	dst = append(dst, '\r', '\n')
	x.event.head = len(dst)
	return dst
}

// appendConnection says what becomes of the connection where the version's
// default would not say it (RFC 9112 section 9.3).
func (x *exchange) appendConnection(dst []byte, keep bool) []byte {
	switch {
	case x.tunnelled:
		return appendUpgrade(dst, &x.beresp.Fields)
	case !keep:
		return append(dst, "Connection: close\r\n"...)
	case x.req.http10:
		return append(dst, "Connection: keep-alive\r\n"...)
	}
	return dst
}

func appendStatus(dst []byte, r *message.Response) []byte {
	dst = append(dst, "HTTP/1.1 "...)
	dst = strconv.AppendInt(dst, int64(r.Status), 10)
	dst = append(dst, ' ')
	dst = append(dst, r.Reason...)
	return append(dst, '\r', '\n')
}
