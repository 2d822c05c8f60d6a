package edge

// A held client is one that speaks HTTP/2, and to which its streams put off what they have to
// write until all events that have come are dealt with. Then it goes out together, without waiting.

// hold holds c, or the client whose stream that is.
func (l *lot) hold(c *clientConn) {
	if c.stream != nil {
		c = c.stream.client
	}
	m := c.mux.Load()
	if m == nil || c.keepFn == nil || len(l.held) > 0 && l.held[len(l.held)-1] == c {
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
		l.outbox.take(c, l.rush.on.Load())
	}
}

// take writes what there is for a client, or takes it to the outbox in a rush.
func (o *outbox) take(c *clientConn, rush bool) {
	m := c.mux.Load()
	if !m.Release(c.keepFn) {
		return
	}
	l := carrierOf(c.link)
	if !rush || !o.open() || !l.acquire() {
		m.Sent(l.flush())
		return
	}
	if len(o.letters) == outboxLetters {
		o.send()
	}
	o.letters = append(o.letters, letter{link: l, client: c, text: l.claim()})
}

// carrierOf is the link that carries what is written to l, which is shared.
func carrierOf(l link) *lotLink {
	if secured, ok := l.(*tlsLink); ok {
		l = secured.inner
	}
	return l.(*lotLink)
}
