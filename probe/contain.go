package probe

import (
	"context"
	"net/netip"
	"time"
)

// A panic is a bug of ours that what an origin sent has found, or whoever is told of
// changes. It costs the step that had it: a try counts for nothing, and the next one
// comes when it is due.

// faulty is the reason of a try that a panic has ended.
const faulty = "a fault of the edge's own"

// contain, deferred around one step of what the set does, ends a panic.
func (s *Set) contain() {
	if p := recover(); p != nil {
		s.cfg.Caught(p)
	}
}

// try makes one try of a record's address.
func (s *Set) try(ctx context.Context, p *Probe, addr netip.Addr) (result Result) {
	result = Result{At: time.Now(), Outcome: Skipped, Reason: faulty}
	defer s.contain()
	return s.attempt(ctx, p, addr)
}

// learn takes in what came of a try. Under mu.
func (s *Set) learn(r *record, result Result) {
	defer s.contain()
	if !r.learn(result) {
		return
	}
	p := r.probe
	turned := p.conclude()
	c := p.change()
	c.Turned, c.Forbidden = turned, !p.origin.Permits(r.addr)
	c.Addr, c.Healthy, c.Reason = netip.AddrPortFrom(r.addr, p.key.endpoint.Port), r.healthy, result.Reason
	s.untold = append(s.untold, c)
}

// say tells of one change.
func (s *Set) say(c Change) {
	defer s.contain()
	s.log(&c)
	if s.cfg.Changed != nil {
		s.cfg.Changed(c)
	}
}
