package edge

// A held client is one that speaks HTTP/2, and to which its streams put off what they have to
// write until all events that have come are dealt with. Then it goes out together, without waiting.
// In a rush it also waits for those that have come meanwhile: what many streams are answered in one
// write costs the client less, and us.

// heldClients are those of a lot.
type heldClients struct {
	clients   []*clientConn
	prolonged bool // they have waited for one batch more
}

// hold holds c, or the client whose stream that is.
func (l *lot) hold(c *clientConn) {
	if c.stream != nil {
		c = c.stream.client
	}
	m := c.mux.Load()
	if m == nil || !c.keeps || len(l.held.clients) > 0 && l.held.clients[len(l.held.clients)-1] == c {
		return
	}
	m.Hold()
	l.held.clients = append(l.held.clients, c)
}

// prolong has those who are held wait for one batch more in a rush, if that is there; a look
// that finds none does not count as one. Requests to origins do not wait for it. It returns a
// client that has to go on first, nil for none.
func (l *lot) prolong() (c *clientConn) {
	defer l.contain()
	if l.at < l.n || l.held.prolonged || len(l.held.clients) == 0 || !l.rush.on.Load() {
		return nil
	}
	if c = l.outbox.next(); c != nil {
		return c
	}
	l.held.prolonged = true
	if n, _ := epollWait(l.fd, l.events[:], 0); n > 0 {
		l.rush.batches++
		l.took(l, n)
	}
	return nil
}

// release has what was put off be written.
func (l *lot) release() {
	h := &l.held
	h.prolonged = false
	for len(h.clients) > 0 {
		last := len(h.clients) - 1
		c := h.clients[last]
		h.clients[last], h.clients = nil, h.clients[:last]
		l.releaseOne(c)
	}
}

// releaseOne contains a bug itself: whoever releases has others to care for.
func (l *lot) releaseOne(c *clientConn) {
	defer l.contain()
	c.mux.Load().Release()
}
