package edge

import (
	"slices"
	"time"

	"headwater/internal/message"
	"headwater/vcl"
)

// Limits of a hop to a shield, beside those of the backends.
const (
	hopConnectTime   = time.Second
	hopHandshakeTime = 2 * time.Second  // more, with TLS
	hopGrace         = time.Second      // for the shield to say first what went wrong
	hopIdleTime      = 30 * time.Second // within the time that clients have between requests
)

// A shield is the destination that is a POP: another one than this edge's.
type shield struct {
	nodes []*backend // one for each node
}

// healthy does not ask which nodes are down: directors keep what they have counted,
// and that changes by itself.
func (s *shield) healthy() bool {
	return slices.ContainsFunc(s.nodes, (*backend).healthy)
}

func (s *shield) usable(c *choice) bool {
	now := time.Now()
	return slices.ContainsFunc(s.nodes, func(b *backend) bool { return b.usable(c) && b.node.up(now) })
}

// pick goes by the hash of the request, so that all edges go to one node for one
// object.
func (s *shield) pick(c *choice) (*backend, failure) {
	now := time.Now()
	from := scale(hashOf(0, c.key), int64(len(s.nodes)))
	for i := range s.nodes {
		if b := s.nodes[(int(from)+i)%len(s.nodes)]; b.usable(c) && b.node.take(now) {
			return b, failNone
		}
	}
	return nil, failNoBackend
}

func (s *shield) tries() int { return max(len(s.nodes), 1) }

func (s *shield) first() *backend {
	if len(s.nodes) == 0 {
		return nil
	}
	return s.nodes[0]
}

// addShield compiles a shield director.
func (s *site) addShield(b *vcl.Backend, h *home) (warnings []string) {
	nodes, known := h.shield(b.Director.Shield, b.Director.TLS)
	if !known {
		warnings = append(warnings, "No POP here is the shield '"+b.Director.Shield+"': what would pass it goes to its origin directly")
	}
	to := &shield{}
	for _, n := range nodes {
		limits := s.hopLimits()
		if secure, _, _ := n.plan.TLS(); secure {
			limits.Connect += hopHandshakeTime
		}
		to.nodes = append(to.nodes, &backend{
			name: b.Name, index: int32(len(s.backends) + len(s.nodes) + len(to.nodes)), slot: int32(b.Index), node: n, plan: n.plan, address: []byte(n.plan.Endpoint.Host),
			terms: terms{idle: hopIdleTime}, limits: limits,
		})
	}
	s.directors[b.Index-len(s.backends)] = to
	s.nodes = append(s.nodes, to.nodes...)
	return warnings
}

// hopLimits are the timeouts of a fetch from a shield, where all that an origin may
// take comes first: of the site's most patient backend, and twice, since the shield's
// program may ask once more.
func (s *site) hopLimits() vcl.Timeouts {
	t := vcl.Timeouts{Connect: hopConnectTime, FirstByte: hopGrace, BetweenBytes: hopGrace}
	for i := range s.backends {
		l := &s.backends[i].limits
		t.FirstByte = longer(t.FirstByte, l.FirstByte, 2*(l.Connect+l.FirstByte)+hopGrace)
		t.BetweenBytes = longer(t.BetweenBytes, l.BetweenBytes, l.BetweenBytes+hopGrace)
	}
	return t
}

// longer is a limit for a hop that is so already and gets a backend behind it. One of
// 0 is none.
func longer(so, limit, hop time.Duration) time.Duration {
	if so == 0 || limit == 0 {
		return 0
	}
	return max(so, hop)
}

// fetchThrough fetches from a node of a shield. One that is gone leads to another, as
// members of directors do, and when there is none left to the origin behind the shield, if the program has
// said which that is: then req.backend is that origin, and done is false.
func (x *exchange) fetchThrough(s *shield) (f failure, done bool) {
	c := &x.choice
	for {
		b, f := s.pick(c)
		if f != failNone {
			if x.unshield() {
				return failNone, false
			}
			return x.unpicked(s, f), true
		}
		x.event.cause = nil
		f = x.fetchFrom(b)
		if !x.elsewhere(f) {
			return f, true
		}
		c.tried.add(b)
		x.event.retries++
	}
}

// unshield makes req.backend what the shield in it stands before, if that is known.
func (x *exchange) unshield() bool {
	v := &x.vcl
	if v.Unshielded == nil || v.Backend != v.Shield {
		return false
	}
	v.Backend, v.Shield, v.Unshielded = v.Unshielded, nil, nil
	return true
}

// noteNode keeps whether a fetch has reached its node, as far as it tells. A warm
// connection that the node has ended does not.
func (x *exchange) noteNode(n *node, f failure) {
	reached := x.connected && !x.ended
	if x.stage() != nil || !reached && (x.connected || !f.unconnected()) {
		return
	}
	if n.found(reached, time.Now()) {
		x.c.edge.cfg.Log.Warn("node of a POP", "address", n.address, "reached", reached, "cause", x.event.cause)
	}
}

// hopHost is the Host that a shield is sent, by which it finds the service: the one
// that the program has left, if that is one of the service's, else the client's.
func (x *exchange) hopHost(said []byte) []byte {
	if t := x.c.edge.table.Load(); t != nil {
		if s := t.find(said); s != nil && s.service == x.site.service {
			return said
		}
	}
	return message.Bytes(x.vcl.HostHeader)
}
