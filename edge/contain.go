package edge

import (
	"errors"
	"runtime/debug"
)

// A panic is a bug of ours that a request has found. It costs that request's client
// its connection, and nobody else anything: what the exchange held is closed and
// left to the collector, never used again.

var errPanic = errors.New("panic")

// Panics counts the bugs of ours that requests, and what the edge does besides, ran into. Log has a stack for each.
func (e *Edge) Panics() int64 { return e.panics.Load() }

// notePanic counts a panic and logs where it happened. It is called by the function
// that recovers.
func (e *Edge) notePanic(p any) {
	e.panics.Add(1)
	e.cfg.Log.Error("panicked", "panic", p, "stack", string(debug.Stack()))
}

// outlive, deferred around one step of what the edge does for itself, ends a panic and
// has the next step come.
func (e *Edge) outlive() {
	if p := recover(); p != nil {
		e.notePanic(p)
	}
}

// contain, deferred by the goroutine that serves the connection, ends a panic. The
// client gets nothing more.
func (c *clientConn) contain() {
	p := recover()
	if p == nil {
		return
	}
	c.edge.notePanic(p)
	c.conclude()
	if m := c.mux.Load(); m != nil {
		c.cut()
		m.Finish(nil) // or its streams would wait for a reader that is gone
		return
	}
	x := c.exchange
	if x == nil {
		return
	}
	x.up.stop.Store(true)
	x.disconnect(false)
	c.link.close()
	if x.up.done != nil {
		<-x.up.done // which both ends have gone from
		x.up.letGo()
	}
	if t := c.tunnel.Load(); t != nil {
		<-t.done // likewise
	}
}

// containSpawned, deferred by what HTTP/2 does beside its exchanges, ends a panic, and
// the connection with it.
func (c *clientConn) containSpawned() {
	if p := recover(); p != nil {
		c.edge.notePanic(p)
		c.link.close()
	}
}

// contain, deferred by the upload, ends a panic. The exchange finds both its
// connections closed.
func (u *upload) contain() {
	p := recover()
	if p == nil {
		return
	}
	u.x.c.edge.notePanic(p)
	u.failure, u.cause, u.panicked = failInternal, errPanic, true
	u.x.c.cut()
}
