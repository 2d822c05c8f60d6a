package edge

import (
	"io"
	"math/rand/v2"
	"time"

	"headwater/edge/h2"
)

// A connection that speaks HTTP/2 lives in the same resident loop as others. What
// it brings is fed to an h2.Conn, which hands out streams. Each is served as a connection
// with one request would be (stream.go): by whoever leads the lot, as long as nothing has to be
// waited for but its origin. What all have to send by the end of a batch of events goes out together.

// prefaced reports whether b begins a connection that speaks HTTP/2 in clear, by
// prior knowledge, or may yet turn out to.
func (c *clientConn) prefaced(b []byte) (is, may bool) {
	if !c.edge.cfg.H2C || c.secure || c.requests > 0 || c.blank {
		return false, false
	}
	n := min(len(b), len(h2.Preface))
	may = string(b[:n]) == h2.Preface[:n]
	return may && n == len(h2.Preface), may
}

// startMux makes HTTP/2 the connection's protocol. Nothing of it has been taken yet.
func (c *clientConn) startMux() {
	c.keeps = c.link.share()
	m := h2.New(h2.Config{
		Common: c.edge.common,
		Open:   c.open,
		Write:  c.writeMux,
		Spawn:  c.spawn,
		Wake:   c.link.interrupt,
	}, time.Now())
	c.mux.Store(m)
	if c.edge.draining.Load() { // drain may have looked before
		m.Drain()
	}
}

// writeMux writes for HTTP/2.
func (c *clientConn) writeMux(b []byte, wait bool) (all bool, err error) {
	if wait {
		_, err := c.link.write(b, c.edge.cfg.Client.Write)
		return err == nil, err
	}
	if err := c.link.keep(b); err != nil {
		return false, err
	}
	return c.link.flush()
}

// spawn runs f for HTTP/2.
func (c *clientConn) spawn(f func()) {
	c.edge.owned.Add(1)
	go c.runSpawned(f) // not by owned.Go, for which each write would make one more closure
}

func (c *clientConn) runSpawned(f func()) {
	defer c.edge.owned.Done()
	defer c.containSpawned()
	f()
}

// feed gives HTTP/2 the first have bytes of buf, moves what is left to its front,
// and returns how much that is.
func (c *clientConn) feed(m *h2.Conn, buf *buffer, have int) int {
	now := time.Now()
	used, err := m.Feed(buf.b[:have], now)
	if used > 0 && !m.InHead() {
		c.started = now
	}
	c.partial = used < have || m.InHead()
	if err != nil {
		c.over, c.unread, c.parting = true, true, err
	}
	return copy(buf.b, buf.b[used:have])
}

// muxDue is when the wait for the next frame is over. While requests are under way
// each has times of its own, and the connection's is looked at anew when it comes.
func (c *clientConn) muxDue(m *h2.Conn) time.Time {
	times := &c.edge.cfg.Client
	quiet, none := m.Quiet()
	if !none {
		quiet = time.Now()
	}
	due := quiet.Add(times.Idle)
	if head := c.started.Add(times.Header); c.partial && head.Before(due) {
		return head
	}
	return due
}

// muxEnded reports whether the connection is over when reading ended with err.
func (c *clientConn) muxEnded(m *h2.Conn, err error) bool {
	if err == errTimeout {
		if time.Now().Before(c.muxDue(m)) {
			return false // streams have come and gone since
		}
		err = &h2.Fault{Code: h2.NoError, Why: "idle"}
	}
	c.unread = err != io.EOF // what the client sends meanwhile must not destroy what it was told
	c.parting = err
	return true
}

// leaveMux ends a connection that is over: what can still be told is, and streams
// under way find that nobody listens.
func (c *clientConn) leaveMux(m *h2.Conn) {
	m.Finish(c.parting)
	if c.unread {
		c.linger()
	}
	c.link.close()
	m.Join()
}

// open has a request of HTTP/2 served: by this goroutine when it has dealt with the
// connection, if it leads a lot, else by another.
func (c *clientConn) open(s *h2.Stream) {
	c.requests++
	st := clientStreams.Get().(*clientStream)
	st.client, st.stream = c, s
	k := &st.conn
	k.edge, k.link, k.stream, k.lot = c.edge, st, st, c.lot
	k.remote, k.peer, k.secure, k.tls = c.remote, c.peer, c.secure, c.tls
	k.requests, k.xid, k.started = c.requests, rand.Uint32(), time.Now()
	s.Own(k)
	if c.dead.Load() {
		k.abandon()
	}
	if w := c.worker; w != nil {
		w.opened = append(w.opened, k)
	} else {
		c.edge.give(task{client: k})
	}
}

// cutStreams has the exchanges of HTTP/2 that are under way end with their
// connection.
func (c *clientConn) cutStreams() {
	if m := c.mux.Load(); m != nil {
		m.Each(func(owner any) { owner.(*clientConn).abandon() })
	}
}

// protocol is the client's, as programs name it.
func (x *exchange) protocol() string {
	switch {
	case x.c.stream != nil:
		return "HTTP/2"
	case x.req.http10:
		return "HTTP/1.0"
	}
	return "HTTP/1.1"
}
