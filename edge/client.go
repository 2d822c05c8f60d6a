package edge

import (
	"bytes"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync/atomic"
	"syscall"
	"time"

	"headwater/edge/h2"
	"headwater/vcl"
)

// A clientConn is one connection from a client. Whoever serves it cuts requests off
// the bytes that come, and deals with each to its end, or until an origin has been
// asked, before the next one is looked at.
//
// While it waits it holds no buffer: bytes of a head that is not complete are
// kept in part, no larger than need be.
type clientConn struct {
	edge   *Edge
	link   link
	lot    *lot       // nil for none
	remote string     // the client's address, without port
	peer   vcl.Client // what programs can know of the connection
	secure bool       // the client speaks TLS
	tls    *clientTLS // nil in clear

	part    []byte    // bytes read that belong to no served request yet, while no buffer holds them
	partial bool      // there are such bytes, here or in a buffer
	scan    headScan  // how far they were looked through
	blank   bool      // the empty line allowed before a request was skipped
	started time.Time // when the first of them came
	quiet   time.Time // when the last request ended

	mux     atomic.Pointer[h2.Conn] // of a client that speaks HTTP/2
	keeps   bool                    // its link can keep what is to be written
	stream  *clientStream           // set if this stands for one request over HTTP/2
	parting error                   // what ended a connection with a mux

	upload *exchange // a request whose body has to be waited for, or whose tunnel: leaves the resident loop
	asking *exchange // a request that an origin was sent, and whose answer nobody waits for: likewise
	over   bool      // no more requests
	unread bool      // the client may still be sending
	short  bool      // the last answer is not whole
	torn   bool      // and only a reset can tell, which close sends

	exchange *exchange // the one under way, nil between two
	worker   *worker   // which serves the connection and leads a lot; nil if it is another's goroutine
	mail     mail      // in the outbox of that

	requests int    // so far, the one under way too
	xid      uint32 // of the last one

	busy   atomic.Bool
	dead   atomic.Bool                // cut was called
	origin atomic.Pointer[originConn] // of the exchange under way, for cut
	tunnel atomic.Pointer[tunnel]     // which it has become, for drain
}

// newClientConn takes what the client's handshake goes by, nil for a client
// in clear.
func newClientConn(e *Edge, l link, remote, local netip.AddrPort, o *offer) *clientConn {
	c := &clientConn{edge: e, link: l, quiet: time.Now(), xid: rand.Uint32()}
	c.remote = remote.Addr().String()
	c.peer = vcl.Client{IP: remote.Addr(), Port: int(remote.Port()), LocalIP: local.Addr(), Local: int(local.Port())}
	if o != nil {
		c.tls = newClientTLS(l, net.TCPAddrFromAddrPort(remote), o)
		c.link, c.secure = c.tls.link, true
	}
	return c
}

// serve runs the connection until it is over, or parked: then it may already be
// served by another goroutine.
func (c *clientConn) serve() (over bool) {
	over = true // should there be a panic
	defer func() {
		if over && c.stream == nil { // which goOn ends
			c.link.close()
		}
	}()
	defer c.contain()
	if c.secure && !c.shaken() {
		if c.handOver() { // it takes as long as a thousand requests
			return false
		}
		if !c.handshake() {
			return true
		}
	}
	for !c.over {
		switch {
		case c.upload != nil:
			if !c.upload.mayBePrompt() && c.handOver() { // it has goroutines that use the links too
				return false
			}
			c.serveUpload()
		case c.asking != nil:
			if c.rest() {
				return false
			}
			c.serveAnswer()
		default:
			switch err := c.link.reside(c); err {
			case nil:
			case errParked:
				return false
			default:
				c.ended(err)
			}
		}
	}
	if c.mux.Load() != nil && c.handOver() { // it waits for others
		return false
	}
	c.leave()
	return true
}

// leave ends a connection that is over.
func (c *clientConn) leave() {
	c.settle()
	switch m := c.mux.Load(); {
	case c.stream != nil:
	case m != nil:
		c.leaveMux(m)
	case c.torn:
	case c.unread:
		c.linger()
	case c.secure && !c.short:
		c.tls.link.farewell()
	}
}

// waiting is when the present wait for the client began: for the rest of a head,
// or for the next request.
func (c *clientConn) waiting() time.Time {
	if c.partial {
		return c.started
	}
	return c.quiet
}

// due is when that wait is over.
func (c *clientConn) due() time.Time {
	if m := c.mux.Load(); m != nil {
		return c.muxDue(m)
	}
	if c.partial {
		return c.started.Add(c.edge.cfg.Client.Header)
	}
	return c.quiet.Add(c.edge.cfg.Client.Idle)
}

// ended ends the connection when no request comes any more. A head that did not
// come in time is told so.
func (c *clientConn) ended(err error) {
	if m := c.mux.Load(); m != nil {
		c.over = c.muxEnded(m, err)
		return
	}
	c.over = true
	if err == errTimeout && c.partial {
		c.refuse(errHeadTime)
	}
}

// turn takes the bytes that have come and serves what is complete of them. It
// returns false when the resident loop has to be left: the connection is over, a
// request's body has to be waited for, or reading failed.
//
// A read that does not fill its buffer has taken all there was. syscall.EAGAIN
// from a read that does not wait says that nothing has come.
func (c *clientConn) turn(read func([]byte) (int, error)) (stay bool, err error) {
	buf := getBuffer(len(c.part))
	have := copy(buf.b, c.part)
	for {
		n, err := read(buf.b[have:])
		if err != nil {
			c.keep(buf, have)
			if err == syscall.EAGAIN {
				return true, nil
			}
			return false, err
		}
		if !c.partial {
			c.started = time.Now()
		}
		full := have+n == len(buf.b)
		have = c.consume(buf, have+n)
		switch {
		case c.holds():
			return false, nil
		case c.asking != nil, c.over:
			buf.free()
			return false, nil
		case !full:
			c.keep(buf, have)
			return true, nil
		case have == len(buf.b):
			buf = buf.grow(have)
		}
	}
}

// holds reports whether a request that leaves the resident loop has the buffer that it
// came in.
func (c *clientConn) holds() bool {
	return c.upload != nil || c.asking != nil && c.asking.held != nil
}

// keep saves the first have bytes of buf for the next turn and frees it.
func (c *clientConn) keep(buf *buffer, have int) {
	if have == 0 {
		c.part = nil
	} else {
		c.part = append(c.part[:0], buf.b[:have]...)
	}
	buf.free()
}

// consume serves the complete requests in the first have bytes of buf, moves
// what is left to its front, and returns how much that is.
func (c *clientConn) consume(buf *buffer, have int) int {
	if is, may := c.prefaced(buf.b[:have]); is {
		c.startMux()
	} else if may {
		c.partial = have > 0
		return have
	}
	if m := c.mux.Load(); m != nil {
		return c.feed(m, buf, have)
	}
	pos := 0
	for !c.over {
		pos += c.skipBlank(buf.b[pos:have])
		c.partial = pos < have
		if !c.partial {
			break
		}
		end, err := c.scan.end(buf.b[pos:have])
		if err == nil && end == 0 {
			err = headTooLong(buf.b[pos:have])
		}
		if err != nil {
			c.refuse(err)
			break
		}
		if end == 0 {
			break
		}
		c.scan, c.blank = headScan{}, false
		used := c.request(buf, pos, pos+end, have)
		if c.upload != nil || c.asking != nil {
			return 0
		}
		pos += end + used
	}
	return copy(buf.b, buf.b[pos:have])
}

// skipBlank lets one empty line stand before a request (RFC 9112 section 2.2).
func (c *clientConn) skipBlank(b []byte) int {
	if c.blank || c.scan.line > 0 || len(b) < 2 || b[0] != '\r' || b[1] != '\n' {
		return 0
	}
	c.blank, c.scan = true, headScan{}
	return 2
}

// headTooLong reports a head over our bounds before it is complete.
func headTooLong(b []byte) error {
	if len(b) >= maxHead {
		return errHeadSize
	}
	const line = maxMethod + maxTarget + len("  HTTP/1.1\r\n")
	if len(b) > line && bytes.IndexByte(b[:line], '\n') < 0 {
		return errTargetSize
	}
	return nil
}

// request serves the request whose head is buf.b[from:to]. It returns how many
// of the bytes after the head were its body's, or sets c.upload if not all of
// the body is there, or c.asking if the answer is not.
func (c *clientConn) request(buf *buffer, from, to, have int) int {
	x := newExchange(c)
	c.requests++
	x.headBytes = to - from
	head := buf.b[from:to]
	if to == have && len(head) <= cap(x.head) {
		x.head = append(x.head, head...) // so that nothing refers to buf
		head = x.head
	}
	if err := parseRequest(head, &x.req); err != nil {
		c.reject(x, err)
		return 0
	}
	c.busy.Store(true)
	rest := buf.b[to:have]
	if x.req.chunked || x.req.upgrade || x.req.length > int64(len(rest)) {
		x.held, x.rest = buf, rest
		c.upload = x
		return 0
	}
	body := rest[:max(x.req.length, 0)]
	x.rests = true
	keep := x.serve(body)
	if x.asking {
		c.asking = x
		c.part = append(c.part[:0], rest[len(body):]...)
		if len(x.head) == 0 {
			x.held = buf
		}
		return 0
	}
	c.answered(x, keep, len(rest) > len(body))
	return len(body)
}

// answered ends an exchange, behind which more has come or has not.
func (c *clientConn) answered(x *exchange, keep, more bool) {
	failed := x.event.failure != failNone
	c.end(x)
	c.busy.Store(false)
	c.quiet = c.started.Add(time.Since(c.started)) // as in [exchange.clock]
	c.started = c.quiet
	if c.last(keep) {
		c.over, c.unread = true, failed || more
	}
}

// end ends an exchange: when its answer has been sent, if that was put off.
func (c *clientConn) end(x *exchange) {
	if !c.putOff(x) {
		x.free()
	}
}

// last reports whether no request follows one that has been answered.
func (c *clientConn) last(keep bool) bool {
	return !keep || c.stream != nil || c.edge.draining.Load()
}

// rest lets go of the connection until there is something of the answer that it waits
// for. It reports false where that may be there, or has to be waited for on this
// goroutine.
func (c *clientConn) rest() bool {
	x := c.asking
	if !x.asking {
		return false
	}
	x.asking = false
	return x.origin.link.park(x.answerBy)
}

// serveAnswer serves what is left of a request that has been let go of, and then what
// came behind it.
func (c *clientConn) serveAnswer() {
	x := c.asking
	c.asking = nil
	keep := x.resume()
	if x.asking { // another
		c.asking = x
		return
	}
	c.answered(x, keep, len(c.part) > 0)
	c.follow(c.part)
}

// follow serves what came behind a request that has left the resident loop, for which no
// further byte may ever wake us.
func (c *clientConn) follow(rest []byte) {
	c.partial = false
	if c.over || len(rest) == 0 {
		c.part = nil
		return
	}
	buf := getBuffer(len(rest))
	have := c.consume(buf, copy(buf.b, rest))
	if !c.holds() {
		c.keep(buf, have)
	}
}

// serveUpload serves the request whose body was not all there, outside the
// resident loop, where reading may wait, or sets c.asking; then what came behind the body.
func (c *clientConn) serveUpload() {
	x := c.upload
	c.upload, x.rests = nil, x.mayBePrompt()
	keep, leftover := x.serveUpload()
	if x.asking { // with its whole body, behind which nothing was read
		c.asking, c.part = x, nil
		return
	}
	whole := x.up.whole
	c.end(x)
	c.busy.Store(false)
	c.quiet = time.Now()
	c.started = c.quiet
	if c.last(keep) {
		c.over, c.unread = true, !whole
		return
	}
	c.follow(leftover)
}

// nextXID returns a number for a request that the next ones do not have, on this
// connection or, most likely, any other.
func (c *clientConn) nextXID() uint32 {
	c.xid += 0x9e3779b9
	return c.xid
}

// refuse answers a request whose head has no end and ends the connection.
func (c *clientConn) refuse(err error) { c.reject(newExchange(c), err) }

// reject answers a request that has no meaning and ends the connection.
func (c *clientConn) reject(x *exchange, err error) {
	c.over, c.unread = true, true
	x.refuse(err.(*malformed))
	x.free()
}

// Bounds of a lingering close: what we still take from a client that we have
// answered for the last time.
const (
	lingerTime  = time.Second
	lingerBytes = 256 << 10
)

// linger ends our half of the connection and takes what the client still sends,
// for a while: closing with unread bytes would send a reset, which can destroy
// the answer before the client has read it.
func (c *clientConn) linger() {
	c.closeWrite()
	due := time.Now().Add(lingerTime)
	buf := getBuffer(0)
	defer buf.free()
	for left := lingerBytes; left > 0; {
		n, err := c.link.read(buf.b, due)
		if err != nil && err != errInterrupted {
			return
		}
		left -= n
	}
}

// closeWrite ends our half of the connection. Over TLS there is no closing alert behind an
// answer that is not whole.
func (c *clientConn) closeWrite() {
	l := c.link
	if c.secure && c.short {
		l = c.tls.link.inner
	}
	l.closeWrite()
}

// drain asks an idle connection to end now; a busy one ends after its answer, and a
// tunnel, which has no end of its own, is broken.
func (c *clientConn) drain() {
	if t := c.tunnel.Load(); t != nil {
		t.end(failNone, errDraining)
	} else if m := c.mux.Load(); m != nil {
		m.Drain()
	} else if !c.busy.Load() {
		c.link.interrupt()
	}
}

// cut ends the connection, whatever it is doing, and the origin's.
func (c *clientConn) cut() {
	c.abandon()
	c.cutStreams()
	c.link.close()
}

// abandon ends what the exchange under way has of an origin.
func (c *clientConn) abandon() {
	c.dead.Store(true) // before the look: connect looks the other way round
	if o := c.origin.Load(); o != nil {
		o.link.close()
	}
}
