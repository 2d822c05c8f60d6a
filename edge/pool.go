package edge

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"headwater/dial"
)

// A poolKey is what two backends must share to share connections. Customers never
// share any, so that a customer's credentials and the state of its connections stay its
// own. Its services do: a thousand of them that send to one origin need no more
// connections than one, and find the same few in the caches.
type poolKey struct {
	customer string
	endpoint dial.Endpoint
	terms    terms
	hop      bool // to a node of a POP, which the operator has named
}

// terms are how far a connection is used; 0 is no limit.
type terms struct {
	idle time.Duration // between two requests
	life time.Duration
	uses int
}

// timed reports whether the terms depend on the time.
func (t *terms) timed() bool { return t.idle > 0 || t.life > 0 }

// over reports whether a connection that waits has waited or lived too long.
func (t *terms) over(c *originConn, now time.Time) bool {
	return t.idle > 0 && now.Sub(c.rested) >= t.idle || t.life > 0 && now.Sub(c.born) >= t.life
}

// A pool keeps the idle connections to one endpoint of one customer, those of each lot on a
// shelf, newest first in use. It outlives versions: it lives as long as some compiled version
// of any service refers to it.
type pool struct {
	key    poolKey
	origin *dial.Origin
	swept  *roster[pool] // for those that have connections

	mu      sync.Mutex
	shelves []shelf // by the places of lots
	used    int     // connections that exchanges have
	listed  bool    // in swept
	closed  bool

	// Of a sweep under way, or the last one.
	sweeps uint32 // how many there were
	looked bool   // it looks at one that is nowhere else
}

// A shelf has the idle connections of one lot, the newest last.
type shelf struct {
	idle []*originConn
	seen []*originConn // those that a sweep under way has looked at, older than those of idle
}

// get returns a warm connection that is fit for a request, or nil. Connections
// that the origin has ended, or has sent something on unasked, are closed on the
// way: what they hold might be taken for the answer to the next request. The look is a system
// call, and has to be as late as it can. Those to addresses that a check, which may be nil,
// finds sick are left to backends that it is not for. Those of the lot near the client, which
// may be nil, are preferred, and others become that lot's if the caller leads it.
func (p *pool) get(check *checkup, client *clientConn) *originConn {
	var now time.Time
	if p.key.terms.timed() {
		now = time.Now()
	}
	near, leads := client.near(), client.leads()
	for c := p.newest(check, near); c != nil; c = p.newest(check, near) {
		if !p.key.terms.over(c, now) {
			if c.move(leads); !c.link.stale(leads) {
				return c
			}
		}
		p.drop(c)
	}
	return nil
}

// newest takes the connection of a lot that came back last, of those that a check has nothing
// against: whoever leads that lot has client and origin in its caches, and wakes nobody. If there
// is none, it takes the newest of the next lot that has one. It returns nil if no lot has.
func (p *pool) newest(check *checkup, near *lot) *originConn {
	p.mu.Lock()
	defer p.mu.Unlock()
	first := near.place()
	for i := range p.shelves {
		if c := p.shelves[(first+i)%len(p.shelves)].take(check); c != nil {
			p.used++
			return c
		}
	}
	return nil
}

// take takes the newest connection that a check has nothing against, nil if there is none.
func (s *shelf) take(check *checkup) *originConn {
	for _, conns := range [...]*[]*originConn{&s.idle, &s.seen} {
		for i := len(*conns) - 1; i >= 0; i-- {
			if c := (*conns)[i]; check.passes(c) {
				*conns = slices.Delete(*conns, i, i+1)
				return c
			}
		}
	}
	return nil
}

// shelfOf returns the one of a lot, under the lock and until the next call.
func (p *pool) shelfOf(of *lot) *shelf {
	for len(p.shelves) <= of.place() {
		p.shelves = append(p.shelves, shelf{})
	}
	return &p.shelves[of.place()]
}

// add makes a new connection one of the pool's, in use.
func (p *pool) add() {
	p.mu.Lock()
	p.used++
	p.mu.Unlock()
}

// drop closes a connection in use.
func (p *pool) drop(c *originConn) {
	c.link.close()
	p.mu.Lock()
	p.used--
	p.mu.Unlock()
}

// count returns how many connections there are, and how many of them are in use.
func (p *pool) count() (open, used int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	open = p.used
	for _, s := range p.shelves {
		open += len(s.idle) + len(s.seen)
	}
	if p.looked {
		open++
	}
	return open, p.used
}

// put takes back a connection whose last answer was read to its end.
func (p *pool) put(c *originConn) {
	t := &p.key.terms
	if t.timed() {
		c.rested = time.Now()
	}
	if t.uses > 0 && c.served >= t.uses || t.over(c, c.rested) {
		p.drop(c)
		return
	}
	p.mu.Lock()
	p.used--
	if !p.closed {
		c.swept = p.sweeps
		s := p.shelfOf(c.lot)
		s.idle = append(s.idle, c)
		wakes := !p.listed
		p.listed = true
		p.mu.Unlock()
		if wakes {
			p.swept.add(p)
		}
		return
	}
	p.mu.Unlock()
	c.link.close()
}

// sweep closes the idle connections that have had their time or that their origin
// has ended, so that they do not hold descriptors until somebody asks for them. It takes
// one at a time, so that the others are there for whoever asks meanwhile, and none that has come
// back since the last sweep began: what is in use is looked at there. It reports whether
// there are connections left, now or soon.
func (p *pool) sweep() (stays bool) {
	now := time.Now()
	p.startSweep()
	var c *originConn
	defer func() {
		if stays = p.endSweep(c != nil); c != nil { // a panic
			p.lay(c, false)
		}
	}()
	for c = p.lift(); c != nil; c = p.lift() {
		p.lay(c, !p.key.terms.over(c, now) && !c.link.stale(nil))
	}
	return stays // which is up to endSweep
}

// startSweep has seen grow where idle shrinks: in its first places.
func (p *pool) startSweep() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sweeps++
	for i := range p.shelves {
		s := &p.shelves[i]
		s.seen = s.idle[:0]
	}
}

// lift takes the oldest connection of a shelf that the sweep has still to look at, nil if there is
// none. They are in the order of that.
func (p *pool) lift() *originConn {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.shelves {
		if s := &p.shelves[i]; len(s.idle) > 0 && s.idle[0].swept+1 < p.sweeps {
			c := s.idle[0]
			s.idle, p.looked = s.idle[1:], true
			return c
		}
	}
	return nil
}

// lay puts it back where it was, or closes it.
func (p *pool) lay(c *originConn, fit bool) {
	p.mu.Lock()
	p.looked = false
	if fit = fit && !p.closed; fit {
		s := p.shelfOf(c.lot)
		s.seen = append(s.seen, c)
	}
	p.mu.Unlock()
	if !fit {
		c.link.close()
	}
}

// endSweep puts the connections together again: after a panic those that the sweep has not
// come to stay. It reports whether the pool stays listed, as it does after a panic whatever it has.
func (p *pool) endSweep(panicked bool) (stays bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return panicked
	}
	p.listed = p.used > 0 || panicked
	for i := range p.shelves {
		s := &p.shelves[i]
		s.idle, s.seen = append(s.seen, s.idle...), nil
		clear(s.idle[len(s.idle):cap(s.idle)]) // where others were
		p.listed = p.listed || len(s.idle) > 0
	}
	return p.listed
}

// close ends the pool: idle connections now, those in use when they come back, and one that
// is looked at after that.
func (p *pool) close() {
	p.mu.Lock()
	shelves := p.shelves
	p.shelves, p.closed = nil, true
	p.mu.Unlock()
	for _, s := range shelves {
		closeAll(s.idle)
		closeAll(s.seen)
	}
}

func closeAll(conns []*originConn) {
	for _, c := range conns {
		c.link.close()
	}
}

// A gaugeKey names a backend across the versions of its service.
type gaugeKey struct{ service, backend string }

// A gauge has the tally of one backend, whatever its version.
type gauge struct {
	tally atomic.Pointer[tally] // nil until there is something to count
	awake *roster[tally]
}

// A poolSet holds the pools and gauges of an edge, counted by the compiled
// backends that refer to them. Only configuration changes and the sweeper take
// its lock; requests reach their pool through their backend.
type poolSet struct {
	network *dial.Network

	mu     sync.Mutex
	pools  map[poolKey]*counted[pool]
	gauges map[gaugeKey]*counted[gauge]

	warm  roster[pool]
	awake roster[tally]
}

// counted is a value with the number of those who refer to it.
type counted[T any] struct {
	value T
	refs  int
}

func newPoolSet(network *dial.Network) *poolSet {
	return &poolSet{network: network, pools: map[poolKey]*counted[pool]{}, gauges: map[gaugeKey]*counted[gauge]{}}
}

// join gives a backend of a site its pool and its gauge.
func (s *poolSet) join(of *site, b *backend) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := poolKey{customer: of.about.Customer, endpoint: b.plan.Endpoint, terms: b.terms, hop: b.node != nil}
	p := s.pools[key]
	if p == nil {
		p = &counted[pool]{value: pool{key: key, origin: s.way(key).Open(b.plan), swept: &s.warm}}
		s.pools[key] = p
	}
	name := gaugeKey{of.service, b.name}
	g := s.gauges[name]
	if g == nil {
		g = &counted[gauge]{value: gauge{awake: &s.awake}}
		s.gauges[name] = g
	}
	p.refs++
	g.refs++
	b.pool, b.gauge = &p.value, &g.value
}

// way is the network of a pool. What origins may not be is no matter of POPs.
func (s *poolSet) way(key poolKey) *dial.Network {
	if key.hop {
		return &dial.Network{Resolver: s.network.Resolver, Log: s.network.Log}
	}
	return s.network
}

// leave takes them back. The last backend to leave a pool closes it.
func (s *poolSet) leave(of *site, b *backend) {
	s.mu.Lock()
	name := gaugeKey{of.service, b.name}
	if g := s.gauges[name]; g.refs == 1 {
		delete(s.gauges, name)
	} else {
		g.refs--
	}
	p := s.pools[b.pool.key]
	p.refs--
	last := p.refs == 0
	if last {
		delete(s.pools, b.pool.key)
	}
	s.mu.Unlock()
	if last {
		p.value.close()
		p.value.origin.Close()
	}
}

// sweep sweeps every pool that has connections, and turns every tally that is due.
// Caught is told of panics, within recover.
func (s *poolSet) sweep(caught func(panicked any)) {
	s.warm.sweep((*pool).sweep, caught)
	now := time.Now()
	s.awake.sweep(func(t *tally) bool { return t.turn(now) }, caught)
}

// closeAll closes every pool, whoever still refers to it.
func (s *poolSet) closeAll() {
	for _, p := range s.all() {
		p.value.close()
	}
}

func (s *poolSet) all() []*counted[pool] {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Values(s.pools))
}
