package edge

import (
	"io"
	"time"
)

// A body carries a response's body from the origin to the client, as it comes.
type body struct {
	x       *exchange
	in, out framing
	left    int64 // framedLength: bytes still to come
	slow    bool  // a piece has taken longer than slowPiece
	done    bool  // the end has come
	clean   bool  // nothing has come behind it
}

// begin takes what of the body came with the origin's head. Nothing has been sent
// yet: a body that is broken already can still become an error page.
func (b *body) begin() (f failure) {
	if b.x.first, f = b.take(b.x.first); f != failNone {
		return failMalformed
	}
	if b.done {
		b.release()
	}
	return failNone
}

// appendFirst appends what begin has taken, framed for the client.
func (b *body) appendFirst(dst []byte) []byte {
	data := b.x.first
	b.x.event.responseBody += int64(len(data))
	if b.out == framedChunked {
		dst = appendChunk(dst, data)
	} else {
		dst = append(dst, data...)
	}
	if b.done {
		dst = b.finish(dst)
	}
	return dst
}

// take gets the body's data out of bytes from the origin, and notes its end.
func (b *body) take(raw []byte) ([]byte, failure) {
	switch b.in {
	case framedNone:
		b.done, b.clean = true, len(raw) == 0
		return nil, failNone
	case framedLength:
		b.clean = int64(len(raw)) <= b.left
		raw = raw[:min(int64(len(raw)), b.left)]
		b.left -= int64(len(raw))
		b.done = b.left == 0
	case framedChunked:
		n, used, err := b.x.chunks.decode(raw)
		if err != nil {
			b.x.event.cause = err
			return nil, failTruncated
		}
		b.done = b.x.chunks.done()
		b.clean = used == len(raw)
		raw = raw[:n]
	}
	return raw, failNone
}

// finish appends what ends the body: the last chunk and the trailer.
func (b *body) finish(dst []byte) []byte {
	switch b.out {
	case framedStream:
		return b.x.c.stream.appendEnd(dst, &b.x.chunks)
	case framedChunked:
	default:
		return dst
	}
	dst = append(dst, "0\r\n"...)
	return append(b.x.chunks.appendTrailer(dst), '\r', '\n')
}

// release gives the origin's connection back once the body has been read to its
// end, before the client is written to: a quick client's next request finds it.
func (b *body) release() {
	x := b.x
	x.disconnect(b.clean && b.in != framedClose && x.beresp.persistent() && x.up.idle())
}

// chunkTail is the room that stream leaves behind the data of a chunk: its CR LF
// and the last chunk. A trailer goes in a write of its own.
const chunkTail = 2 + len("0\r\n\r\n")

// stream passes on what is left of the body: through a pipe, or else copied, one write
// a read. What is longer than a long buffer is rather copied through one, if there is one to be had and while
// it is fast: what has gone through a pipe is in nobody's cache when it is read (docs/performance.md).
func (b *body) stream() failure {
	for _, way := range [...]func() failure{b.copyFast, b.pipe} {
		if f := way(); f != failNone || b.done {
			return f
		}
	}
	if !b.slow { // else copyFast has
		b.makeRoom()
	}
	return b.copy(false)
}

// copyFast copies a body with a length that is longer than a long buffer, until its end or a piece
// is slow.
func (b *body) copyFast() failure {
	if b.in != framedLength || b.left <= longBuffer {
		return failNone
	}
	long := b.long()
	if long == nil {
		return failNone
	}
	b.readInto(long)
	return b.copy(true)
}

// pipe carries a body that has the same length on both sides, and is long, until its
// end, or until the pipe is wanted elsewhere.
func (b *body) pipe() failure {
	x := b.x
	if b.in != framedLength || b.out != framedLength {
		return failNone
	}
	c := x.c.edge.pipes.conduit(x.origin.link, x.c.link, b.left)
	if c == nil {
		return failNone
	}
	defer c.end()
	for now := time.Now(); !b.done && !c.yields(now); now = time.Now() {
		n, err := c.fill(b.left, x.due(now, x.limits.BetweenBytes), func() bool { return true }) // as readOrigin
		switch {
		case err == errNoSplice:
			return failNone
		case err != nil:
			return b.interrupted(err)
		}
		b.passed(n)
		if f := x.wrote(c.to.empty(c.pipe, x.c.edge.cfg.Client.Write)); f != failNone {
			return f
		}
	}
	return failNone
}

// passed notes that n bytes of a body with a length have come.
func (b *body) passed(n int) {
	b.left -= int64(n)
	b.x.event.responseBody += int64(n)
	if b.left == 0 {
		b.done, b.clean = true, true
		b.release()
	}
}

// copy copies the body until its end, or, if it is for fast ones, until a piece is slow.
func (b *body) copy(fast bool) failure {
	x := b.x
	defer b.shorten()
	for now := time.Now(); !b.done && !(fast && b.slow); {
		room := x.in.room()
		if b.in == framedLength && b.left < int64(len(room)) {
			room = room[:b.left]
		}
		n, err := x.readOrigin(room, x.due(now, x.limits.BetweenBytes))
		if err != nil {
			return b.interrupted(err)
		}
		data, f := b.take(room[:n])
		if f != failNone {
			return f
		}
		x.event.responseBody += int64(len(data))
		if b.done {
			b.release()
		}
		if f := b.send(len(data)); f != failNone {
			return f
		}
		began := now
		now = time.Now()
		b.fit(n, now.Sub(began))
	}
	return failNone
}

// makeRoom readies x.in for the rest of the body.
func (b *body) makeRoom() {
	switch short := b.in == framedLength && b.left <= smallBuffer; {
	case !short:
		b.readInto(getBuffer(smallBuffer))
	case b.keepsHead():
		b.readInto(getBuffer(0))
	} // else what there is does
}

// readInto makes in x.in. What is there has the answer's head, which has been sent.
func (b *body) readInto(in *buffer) {
	x := b.x
	if b.keepsHead() {
		x.kept = append(x.kept, x.in)
	} else {
		x.in.free()
	}
	x.in = in
}

// keepsHead reports whether the program or a trace has something to do afterwards.
func (b *body) keepsHead() bool { return b.x.site.logs || b.x.recorder != nil }

// fit has a buffer in x.in that suits a body of which a piece of n bytes took that time. One that fills
// what it has, and was never slow, has a long one: it moves in fewer pieces, for which client and
// origin wake less often. A client that takes little at a time looks fast whenever there is room in the
// system's buffers again, so that one slow piece is enough.
func (b *body) fit(n int, took time.Duration) {
	x := b.x
	b.slow = b.slow || took > slowPiece
	switch full := n == len(x.in.room()); {
	case b.slow && len(x.in.b) == longBuffer:
		b.shorten()
		return
	case !b.done && full && len(x.in.b) == bigBuffer && (b.in != framedLength || b.left > bigBuffer):
		if long := b.long(); long != nil {
			x.in.free()
			x.in = long
			return
		}
	}
	x.in = x.in.fit(n)
}

// long returns a long buffer for the body, nil if it may not have one or there is none to be had. HTTP/2 has
// none: one client could take all of them.
func (b *body) long() *buffer {
	if b.slow || b.x.c.stream != nil {
		return nil
	}
	return getLong()
}

// shorten has a small buffer instead of a long one, after a panic too: there are few of these, and nobody else
// uses it.
func (b *body) shorten() {
	if in := b.x.in; len(in.b) == longBuffer {
		in.free()
		b.x.in = getBuffer(0)
	}
}

// send writes the n data bytes that stand at chunkRoom in x.in, framed, and the
// body's end if it has come.
func (b *body) send(n int) failure {
	x, from, to := b.x, chunkRoom, chunkRoom+n
	if b.out == framedChunked && n > 0 {
		from = putChunkSize(x.in.b, chunkRoom, n)
		to += copy(x.in.b[to:], "\r\n")
	}
	if b.done && len(x.chunks.trailer) > 0 && b.marked() {
		if len(x.in.b) == longBuffer { // which x.out cannot take
			if f := x.write(x.in.b[from:to]); f != failNone {
				return f
			}
			to = from
		}
		x.out.b = b.finish(append(x.out.b[:0], x.in.b[from:to]...))
		return x.write(x.out.b)
	}
	if b.done && b.out == framedChunked {
		to += copy(x.in.b[to:], "0\r\n\r\n")
	}
	if b.done && b.out == framedStream {
		x.c.stream.last = true
		return x.write(x.in.b[from:to])
	}
	if from == to {
		return failNone
	}
	return x.write(x.in.b[from:to])
}

// interrupted decides what a failed read makes of the body. The end of the
// stream is the end of a body that is framed by it. A gap over
// between_bytes_timeout makes what has come count as all, as the Backend API
// documents it: a clean end where the framing can say so, unless the version asks
// for strict truncation. Anything else is a truncation that the client must be able
// to see.
func (b *body) interrupted(err error) failure {
	x := b.x
	switch {
	case err == io.EOF && b.in == framedClose:
		b.done = true
		return b.end()
	case err == errTimeout && x.late(failBetweenBytes) == failBetweenBytes:
		x.event.cause = err
		if b.marked() && !x.site.strict {
			if f := b.end(); f != failNone {
				return f
			}
		}
		return failBetweenBytes
	}
	x.event.cause = err
	return x.late(failTruncated)
}

// marked reports whether the client can be told where the body ends, wherever that
// is.
func (b *body) marked() bool {
	return b.out == framedChunked || b.out == framedStream && b.in != framedLength
}

// end writes the body's end alone.
func (b *body) end() failure {
	switch b.out {
	case framedStream:
		b.x.c.stream.last = true
		return b.x.write(nil)
	case framedChunked:
	default:
		return failNone
	}
	return b.x.write([]byte("0\r\n\r\n"))
}

// tear has the end of the client's connection, whatever brings it, be a reset, or no more, if
// nothing else frames the body.
func (b *body) tear(yes bool) {
	if b.out == framedClose {
		b.x.c.link.tear(yes)
	}
}

// abort notes that the client's answer is not whole, which the end of its connection has to
// tell. A gap that counts as the body's end is none, unless a length was promised.
func (b *body) abort(f failure) {
	if f == failBetweenBytes && !b.x.site.strict && b.out != framedLength {
		b.tear(false)
		return
	}
	b.x.c.short, b.x.c.torn = true, b.out == framedClose
}
