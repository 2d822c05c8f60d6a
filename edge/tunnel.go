package edge

import (
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

var (
	errTunnelIdle = errors.New("nothing came either way")
	errDraining   = errors.New("the edge is shutting down")
)

// A tunnel carries bytes both ways between a client and an origin that have changed
// the protocol of their connections. Each way ends by itself, at its sender's end,
// which the receiver is told; what breaks one way, too long a silence and the edge's
// own end break both.
//
// The way from the client has a goroutine of its own, owned by the exchange, which
// carries the other way itself and does not end before it.
type tunnel struct {
	x      *exchange
	origin *originConn
	idle   time.Duration
	began  time.Time
	last   atomic.Int64 // when something last came, after began
	done   chan struct{}

	up, down way

	broken  sync.Once
	failure failure // of whoever was the first to break it
	cause   error
}

// A way is one direction of a tunnel. While little comes it holds few bytes of memory.
type way struct {
	from, to    link
	read, write failure // of either
	bytes       int64
	few         [512]byte
	buf         *buffer
}

// room is what the next read goes into.
func (w *way) room() []byte {
	if w.buf == nil {
		return w.few[:]
	}
	return w.buf.room()
}

// fit picks it by what the last one brought.
func (w *way) fit(n int) {
	switch {
	case w.buf != nil && n <= len(w.few):
		w.free()
	case w.buf != nil:
		w.buf = w.buf.fit(n)
	case n == len(w.few):
		w.buf = getBuffer(0)
	}
}

func (w *way) free() {
	if w.buf != nil {
		w.buf.free()
		w.buf = nil
	}
}

// tunnel tells the client that the origin has agreed, and carries until both have
// ended.
func (x *exchange) tunnel() bool {
	x.tunnelled = true
	for p := range upgradesTo(&x.beresp.Fields) {
		x.event.protocol = p // the outermost, if there are layers
	}
	if x.out.home == nil {
		x.out = newOutput()
	}
	x.out.b = append(x.appendHead(x.out.b[:0], framedNone, -1, true), x.first...)
	if f := x.write(x.out.b); f != failNone {
		x.event.failure = f
		x.disconnect(false)
		return false
	}
	x.out.free() // it may last long
	t := newTunnel(x)
	x.c.tunnel.Store(t)
	go t.carryUp()
	if x.c.edge.draining.Load() { // whose look came too early to see it
		t.end(failNone, errDraining)
	}
	t.carry(&t.down)
	<-t.done
	x.c.tunnel.Store(nil)
	x.disconnect(false)
	t.settle()
	return false
}

func newTunnel(x *exchange) *tunnel {
	t := &tunnel{x: x, origin: x.origin, idle: x.c.edge.cfg.Client.Tunnel, began: time.Now(), done: make(chan struct{})}
	t.up = way{from: x.c.link, to: x.origin.link, read: failClientRead, write: failWrite}
	t.down = way{from: x.origin.link, to: x.c.link, read: failRead, write: failClientWrite, bytes: int64(len(x.first))}
	return t
}

// carryUp carries what the client sends, beginning with what came behind its request.
func (t *tunnel) carryUp() {
	defer close(t.done)
	defer t.contain()
	if early := t.x.behind; len(early) > 0 && !t.pass(&t.up, early) {
		return
	}
	t.carry(&t.up)
}

// carry carries one way to its end.
func (t *tunnel) carry(w *way) {
	defer w.free()
	for {
		n, err := t.wait(w)
		switch {
		case err == io.EOF, err == io.ErrUnexpectedEOF: // of TLS without its closing alert, which many leave out
			w.to.closeWrite()
			return
		case err == errTunnelIdle:
			t.end(failTunnelIdle, err)
			return
		case err != nil:
			t.end(w.read, err)
			return
		}
		if !t.pass(w, w.room()[:n]) {
			return
		}
		w.fit(n)
	}
}

// wait waits for bytes on one way for as long as some come on either.
func (t *tunnel) wait(w *way) (int, error) {
	for {
		due := t.began.Add(time.Duration(t.last.Load()) + t.idle)
		n, err := w.from.read(w.room(), due)
		switch {
		case err == nil:
			t.last.Store(int64(time.Since(t.began)))
			return n, nil
		case err == errTimeout && time.Duration(t.last.Load())+t.idle <= time.Since(t.began):
			return 0, errTunnelIdle
		case err != errTimeout && err != errInterrupted:
			return 0, err
		}
	}
}

// pass sends bytes on. Who takes none for too long breaks the tunnel.
func (t *tunnel) pass(w *way, b []byte) bool {
	n, err := w.to.write(b, t.idle)
	w.bytes += int64(n)
	if err != nil {
		t.end(w.write, err)
	}
	return err == nil
}

// end breaks the tunnel, if nobody has, and both its ways. A failure of one side
// reaches the other as a reset, which tells it from an end.
func (t *tunnel) end(f failure, cause error) {
	t.broken.Do(func() {
		t.failure, t.cause = f, cause
		if f != failNone && f != failTunnelIdle {
			t.origin.link.tear(true)
			t.x.c.link.tear(true)
		}
		t.origin.link.close()
		t.x.c.link.close()
	})
}

// settle notes in the event what became of the tunnel, when both ways have ended.
func (t *tunnel) settle() {
	t.broken.Do(func() {}) // or wait for who is at it
	e := &t.x.event
	e.failure, e.cause, e.completed = t.failure, t.cause, t.cause == nil
	e.requestBody, e.responseBody = t.up.bytes, t.down.bytes
	e.written += t.down.bytes - int64(len(t.x.first))
}

// contain, deferred by the way from the client, ends a panic: see clientConn.contain.
func (t *tunnel) contain() {
	p := recover()
	if p == nil {
		return
	}
	t.x.c.edge.notePanic(p)
	t.x.up.panicked = true
	t.end(failInternal, errPanic)
}
