package edge

// choose begins a choice for a fetch, of what directors go by.
func (x *exchange) choose() *choice {
	x.event.sent = 0
	c := &x.choice
	*c = choice{key: x.vcl.HashKey, client: x.c.remote, tried: c.tried[:0]}
	if x.vcl.HasIdentity {
		c.client = x.vcl.Identity
	}
	return c
}

// unpicked is the end of a fetch for which no backend was picked.
func (x *exchange) unpicked(to destination, f failure) failure {
	if x.recorder != nil {
		x.recorder.noFetch(x, f)
	}
	countRefused(to, f)
	return f
}

// elsewhere reports whether another member of a director, another node of a shield or
// the origin behind that may be tried after f:
// where no connection was to be had, and once where one has ended before any byte of
// an answer. Nothing of a request may be gone that must not go twice; a reused
// connection may have taken some of it before.
func (x *exchange) elsewhere(f failure) bool {
	if x.up.done != nil || !x.harmless() {
		return false
	}
	if !x.connected {
		return f.unconnected()
	}
	return (f == failRead || f == failWrite) && x.ended && x.move()
}

// move gives a request up to another member that the last one may have seen: a GET or
// HEAD without a body, and once for a fetch.
func (x *exchange) move() bool {
	switch string(x.bereq.Method) {
	case "GET", "HEAD":
		first := !x.choice.moved
		x.choice.moved = true
		return first && x.whole && len(x.rest) == 0
	}
	return false
}
