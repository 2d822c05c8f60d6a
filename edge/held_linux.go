package edge

// A held client is one that speaks HTTP/2, and to which its streams put off what they have to
// write until all events that have come are dealt with. Then it goes out together, without waiting.

// hold holds c, or the client whose stream that is.
func (l *lot) hold(c *clientConn) {
	if c.stream != nil {
		c = c.stream.client
	}
	m := c.mux.Load()
	if m == nil || !c.keeps || len(l.held) > 0 && l.held[len(l.held)-1] == c {
		return
	}
	m.Hold()
	l.held = append(l.held, c)
}

// release has what was put off be written.
func (l *lot) release() {
	for len(l.held) > 0 {
		last := len(l.held) - 1
		c := l.held[last]
		l.held[last], l.held = nil, l.held[:last]
		l.releaseOne(c)
	}
}

// releaseOne contains a bug itself: whoever releases has others to care for.
func (l *lot) releaseOne(c *clientConn) {
	defer l.contain()
	c.mux.Load().Release()
}
