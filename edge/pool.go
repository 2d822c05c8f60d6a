package edge

import (
	"maps"
	"slices"
	"sync"

	"headwater/dial"
)

// A poolKey is what two backends must share to share connections. Connections
// are never shared between services, so a service's credentials and the state of
// its connections stay its own.
type poolKey struct {
	service  string
	endpoint dial.Endpoint
}

// A pool keeps the idle connections to one endpoint of one service, newest
// first in use. It outlives versions: it lives as long as some compiled version
// refers to it.
type pool struct {
	key    poolKey
	origin *dial.Origin

	mu     sync.Mutex
	idle   []*originConn
	used   int // connections that exchanges have
	closed bool
}

// get returns a warm connection that is fit for a request, or nil. Connections
// that the origin has ended, or has sent something on unasked, are closed on the
// way: what they hold might be taken for the answer to the next request. The look
// is a system call for each request, and has to be as late as it can.
func (p *pool) get() *originConn {
	for {
		p.mu.Lock()
		last := len(p.idle) - 1
		if last < 0 {
			p.mu.Unlock()
			return nil
		}
		c := p.idle[last]
		p.idle[last] = nil
		p.idle = p.idle[:last]
		p.used++
		p.mu.Unlock()
		if !c.link.stale() {
			return c
		}
		p.drop(c)
	}
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
	return len(p.idle) + p.used, p.used
}

// put takes back a connection whose last answer was read to its end.
func (p *pool) put(c *originConn) {
	p.mu.Lock()
	p.used--
	if !p.closed {
		p.idle = append(p.idle, c)
		p.mu.Unlock()
		return
	}
	p.mu.Unlock()
	c.link.close()
}

// sweep closes the idle connections that their origin has ended, so that they
// do not hold descriptors until somebody asks for them.
func (p *pool) sweep() {
	p.mu.Lock()
	idle := p.idle
	p.idle = nil
	p.mu.Unlock()
	kept := idle[:0]
	for _, c := range idle {
		if c.link.stale() {
			c.link.close()
		} else {
			kept = append(kept, c)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		closeAll(kept)
		return
	}
	p.idle = append(kept, p.idle...)
}

// close ends the pool: idle connections now, those in use when they come back.
func (p *pool) close() {
	p.mu.Lock()
	idle := p.idle
	p.idle, p.closed = nil, true
	p.mu.Unlock()
	closeAll(idle)
}

func closeAll(conns []*originConn) {
	for _, c := range conns {
		c.link.close()
	}
}

// A poolSet holds the pools of an edge, counted by the compiled backends that
// refer to them. Only configuration changes and the sweeper take its lock;
// requests reach their pool through their backend.
type poolSet struct {
	network *dial.Network

	mu    sync.Mutex
	pools map[poolKey]*countedPool
}

type countedPool struct {
	pool
	refs int
}

func newPoolSet(network *dial.Network) *poolSet {
	return &poolSet{network: network, pools: map[poolKey]*countedPool{}}
}

// acquire returns the pool of what service and plan say, with one more reference.
func (s *poolSet) acquire(service string, plan *dial.Plan) *pool {
	key := poolKey{service: service, endpoint: plan.Endpoint}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.pools[key]
	if p == nil {
		p = &countedPool{pool: pool{key: key, origin: s.network.Open(plan)}}
		s.pools[key] = p
	}
	p.refs++
	return &p.pool
}

// release gives one reference back; the last one closes the pool.
func (s *poolSet) release(key poolKey) {
	s.mu.Lock()
	p := s.pools[key]
	p.refs--
	last := p.refs == 0
	if last {
		delete(s.pools, key)
	}
	s.mu.Unlock()
	if last {
		p.close()
		p.origin.Close()
	}
}

// sweep sweeps every pool.
func (s *poolSet) sweep() {
	for _, p := range s.all() {
		p.sweep()
	}
}

// closeAll closes every pool, whoever still refers to it.
func (s *poolSet) closeAll() {
	for _, p := range s.all() {
		p.close()
	}
}

func (s *poolSet) all() []*countedPool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Values(s.pools))
}
