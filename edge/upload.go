package edge

import (
	"sync/atomic"
	"time"

	"headwater/internal/message"
)

// An upload carries a request's body from the client to the origin while the
// exchange's own goroutine waits for the answer, which may come before the body
// has ended. It has a goroutine of its own, owned by the exchange, which
// starts it in startUpload and does not end before it has.
//
// The two meet in done. Until that is closed the upload's fields are its own,
// but for drained, stop, sent and the connections, which are made for two.
type upload struct {
	x       *exchange
	done    chan struct{} // nil when the exchange has no upload under way
	drained atomic.Bool   // the whole body has been read from the client, if not yet sent on
	stop    atomic.Bool   // the exchange wants no more of it
	sent    atomic.Int64  // bytes of the body that went to the origin, framing left out

	withheld bool // the body waits for leave, and nothing carries it yet

	left     int64 // of a body with a length
	taken    int64 // bytes of the body, framing left out
	chunks   chunkReader
	finished time.Time
	failure  failure
	cause    error
	panicked bool // of an exchange that is never used again

	whole    bool   // the client's connection stands at the end of the body
	leftover []byte // what came behind the body

	gathered *conduit // holds what has come of the body before it was carried; nil for none
	begun    bool     // what came with the head was sent with it

	early []byte // the exchange's: the answer's first bytes, for which it may wait long
}

// earlySize is how many they are at most.
const earlySize = 512

func (u *upload) reset() {
	u.whole, u.withheld, u.begun = false, false, false
	if u.x == nil {
		return // nothing was carried, as with most requests
	}
	u.chunks.reset()
	u.drained.Store(false)
	u.stop.Store(false)
	u.sent.Store(0)
	u.x, u.done, u.left, u.taken, u.finished = nil, nil, 0, 0, time.Time{}
	u.failure, u.cause, u.leftover = failNone, nil, nil
}

// behind reports whether some of the request's body is still to come.
func (u *upload) behind() bool { return u.withheld || u.done != nil && !u.drained.Load() }

// running reports whether the upload's goroutine has something to do still.
func (u *upload) running() bool {
	if u.done == nil {
		return false
	}
	select {
	case <-u.done:
		return false
	default:
		return true
	}
}

// lastWrite is how long an upload may take over its last write when the answer
// is there already. One that takes longer is stuck: the origin has answered
// without reading the rest.
const lastWrite = 5 * time.Millisecond

// idle reports whether the request's body, if it had to be carried, was carried
// to its end. Only then is the origin's connection fit for another request.
func (u *upload) idle() bool {
	if u.done == nil {
		return !u.withheld
	}
	if !u.drained.Load() {
		return false
	}
	select {
	case <-u.done:
		return u.failure == failNone
	case <-time.After(lastWrite):
		return false
	}
}

// fetchUpload fetches while the request's body comes in.
func (x *exchange) fetchUpload() failure {
	if f := x.connect(false); f != failNone {
		return f
	}
	x.up.withheld = x.req.expect && len(x.rest) == 0
	x.up.x, x.up.left = x, x.req.length
	x.up.begun = x.mayBePrompt() && x.up.gather()
	if f := x.sendHead(); f != failNone {
		return f
	}
	var n int
	var f failure
	switch {
	case x.up.withheld:
		n, f = x.awaitLeave()
	case x.up.begun && x.up.flush():
		return x.awaitPrompt()
	default:
		x.startUpload()
		n, f = x.awaitAnswer()
	}
	if f == failNone {
		f = x.readHead(n)
	}
	x.vcl.Fetched.BodySent = x.up.sent.Load() // so far
	return f
}

// sendHead sends the request's head, and what came with it of a body that has all come.
func (x *exchange) sendHead() failure {
	if x.out.home == nil {
		x.out = newOutput()
	}
	x.out.b = x.appendRequest(x.out.b[:0])
	x.vcl.Fetched.Written = int64(len(x.out.b))
	if u := &x.up; u.begun {
		x.out.b = append(x.out.b, x.rest...)
		u.taken += int64(len(x.rest))
		u.left -= int64(len(x.rest))
	}
	sent, err := x.origin.link.write(x.out.b, x.limits.BetweenBytes)
	x.event.sent = sent
	x.out.free() // the body may take long to come
	if err != nil {
		x.event.cause = err
		return failWrite
	}
	return failNone
}

// startUpload starts the goroutine that sends the body, or what is left of it, and uses the
// links besides this one.
func (x *exchange) startUpload() {
	x.c.settle()
	x.c.stepOut()
	x.up.done = make(chan struct{})
	go x.up.run()
}

// goAhead tells the client to send the body.
func (x *exchange) goAhead() failure {
	if s := x.c.stream; s != nil {
		var room [16]byte
		return x.write(s.appendInterim(room[:0], &message.Response{Status: 100}))
	}
	return x.write([]byte("HTTP/1.1 100 Continue\r\n\r\n"))
}

// writeGrace is how long an answer may take that was on its way when the origin
// stopped taking the request: a 413, say.
const writeGrace = time.Second

// awaitAnswer waits for the answer's first bytes. The clock of
// first_byte_timeout starts when the request is sent, which the upload tells by
// an interrupt.
func (x *exchange) awaitAnswer() (int, failure) {
	u := &x.up
	if u.early == nil {
		u.early = make([]byte, earlySize)
	}
	var due time.Time
	for {
		n, err := x.origin.link.read(u.early, due)
		if err == nil {
			if x.fetchDue.IsZero() { // the answer has overtaken the request
				x.fetchDue = after(time.Now(), x.limits.Fetch)
			}
			if x.in == nil {
				x.in = getBuffer(0)
			}
			return copy(x.in.b, u.early[:n]), failNone
		}
		if err == errInterrupted {
			<-u.done
			switch u.failure {
			case failNone:
				due = x.answerDue(u.finished)
			case failWrite:
				due = time.Now().Add(writeGrace)
			default:
				x.event.cause = u.cause
				return 0, u.failure
			}
			continue
		}
		return 0, x.noAnswer(err)
	}
}

// noAnswer says why no answer came, when waiting for it ended with err.
func (x *exchange) noAnswer(err error) failure {
	x.event.cause = err
	if f := x.unanswered(err); f == failHandshake {
		return f
	}
	select {
	case <-x.up.done:
		if x.up.failure != failNone {
			x.event.cause = x.up.cause
			return x.up.failure
		}
		if err == errTimeout {
			return x.late(failFirstByte)
		}
	default:
	}
	return failRead
}

// endUpload ends the upload's goroutine, and the connection to the origin that it
// writes to: whoever calls it has given up the origin, or given its connection back.
func (x *exchange) endUpload() {
	u := &x.up
	if u.done == nil {
		return
	}
	x.disconnect(false) // else a last write that is stuck has no end
	if u.behind() {
		u.stop.Store(true)
		x.c.link.interrupt()
	}
	<-u.done
	u.letGo()
	x.c.link.interrupted() // one that came too late to matter
	x.event.requestBody = u.taken
	x.vcl.Fetched.BodySent = u.sent.Load()
}

func (u *upload) run() {
	defer close(u.done)
	defer u.contain()
	u.failure = u.carry()
	u.finished = time.Now()
	// Wakes the exchange if it waits for the answer.
	if o := u.x.c.origin.Load(); o != nil {
		o.link.interrupt()
	}
}

// carry passes the body on, beginning with what came with the head and what was gathered:
// through a pipe, or else copied.
func (u *upload) carry() failure {
	f, ended := u.passFirst()
	if f == failNone && !ended {
		f, ended = u.passGathered()
	}
	if f == failNone && !ended {
		f, ended = u.pipe()
	}
	if f == failNone && !ended {
		f = u.copy()
	}
	return f
}

func (u *upload) passFirst() (f failure, ended bool) {
	if u.begun {
		return failNone, false
	}
	// What came with the head fits: the head's own bytes are more than the
	// framing that the room leaves out.
	buf := getBuffer(chunkRoom + len(u.x.rest) + chunkTail)
	defer buf.free()
	return u.pass(buf, copy(buf.room(), u.x.rest))
}

// pipe carries a body with a length, if it is long, until its end, or until the pipe is
// wanted elsewhere.
func (u *upload) pipe() (f failure, ended bool) {
	x, o := u.x, u.x.c.origin.Load()
	if o == nil || x.req.chunked || x.c.stream != nil {
		return failNone, false
	}
	c := x.c.edge.pipes.conduit(x.c.link, o.link, u.left)
	if c == nil {
		return failNone, false
	}
	defer c.end()
	for now := time.Now(); u.left > 0 && !c.yields(now); now = time.Now() {
		n, err := c.fill(u.left, u.bodyDue(now), u.wanted)
		switch {
		case err == errNoSplice:
			return failNone, false
		case err != nil:
			return u.unread(err), false
		}
		u.left -= int64(n)
		u.taken += int64(n)
		u.end(u.left == 0, nil)
		if _, err := c.to.empty(c.pipe, x.limits.BetweenBytes); err != nil {
			u.cause = err
			return failWrite, false
		}
		u.sent.Store(u.taken)
	}
	return failNone, u.left == 0
}

func (u *upload) copy() failure {
	buf := getBuffer(0)
	defer func() { buf.free() }()
	for {
		n, err := u.more(buf.room())
		if err != nil {
			return u.unread(err)
		}
		if f, ended := u.pass(buf, n); f != failNone || ended {
			return f
		}
		buf = buf.fit(n)
	}
}

// unread says what it means that the client's body could not be read on.
func (u *upload) unread(err error) failure {
	u.cause = err
	if err == errTimeout {
		return failClientTimeout
	}
	return failClientRead
}

// bodyDue is how long the client may take to go on.
func (u *upload) bodyDue(now time.Time) time.Time { return now.Add(u.x.c.edge.cfg.Client.Body) }

// wanted reports whether the exchange still wants the body.
func (u *upload) wanted() bool { return !u.stop.Load() }

// more reads from the client. A drain that took the connection for an idle one,
// a moment before, interrupts the read too, and must not end the request.
func (u *upload) more(b []byte) (int, error) {
	for {
		n, err := u.x.c.link.read(b, u.bodyDue(time.Now()))
		if err != errInterrupted || !u.wanted() {
			return n, err
		}
	}
}

// pass sends the n bytes that stand at chunkRoom in buf on to the origin and
// reports whether the body ended in them.
func (u *upload) pass(buf *buffer, n int) (f failure, ended bool) {
	x := u.x
	raw := buf.b[chunkRoom : chunkRoom+n]
	data, used, ended, err := u.unframe(raw)
	if err != nil {
		u.cause = err
		return failRefused, true
	}
	u.taken += int64(data)
	u.end(ended, raw[used:])
	from, to := chunkRoom, chunkRoom+data
	if x.req.chunked {
		if data > 0 {
			from = putChunkSize(buf.b, chunkRoom, data)
			to += copy(buf.b[to:], "\r\n")
		}
		if ended {
			return u.finishChunked(buf.b[from:to]), true
		}
	}
	return u.send(buf.b[from:to]), ended
}

// unframe moves the body's data to the front of raw. It returns how much that is,
// how much of raw was the body's, and whether it ended there.
func (u *upload) unframe(raw []byte) (data, used int, ended bool, err error) {
	switch s := u.x.c.stream; {
	case s != nil:
		if ended = s.stream.Ended(); ended {
			err = s.takeTrailer(&u.chunks)
		}
		return len(raw), len(raw), ended, err
	case u.x.req.chunked:
		data, used, err = u.chunks.decode(raw)
		return data, used, u.chunks.done(), err
	}
	take := int(min(int64(len(raw)), u.left))
	u.left -= int64(take)
	return take, take, u.left == 0, nil
}

// end notes that the whole body has been read, and what came behind it.
func (u *upload) end(ended bool, behind []byte) {
	if !ended {
		return
	}
	if len(behind) > 0 {
		u.leftover = append([]byte(nil), behind...)
	}
	u.whole = true
	u.drained.Store(true)
}

func (u *upload) finishChunked(last []byte) failure {
	out := newOutput()
	defer out.free()
	out.b = append(append(out.b, last...), "0\r\n"...)
	out.b = append(u.chunks.appendTrailer(out.b), '\r', '\n')
	return u.send(out.b)
}

func (u *upload) send(b []byte) failure {
	if len(b) == 0 {
		return failNone
	}
	x := u.x
	o := x.c.origin.Load()
	if o == nil {
		u.cause = errInterrupted
		return failWrite
	}
	_, err := o.link.write(b, x.limits.BetweenBytes)
	if err != nil {
		u.cause = err
		return failWrite
	}
	u.sent.Store(u.taken)
	return failNone
}
