package probe

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"headwater/dial"
)

// A Probe is one running health check of one endpoint. Requests may ask it at any
// time, also after it has ended: then it answers what it knew last.
type Probe struct {
	key        key
	definition *definition
	set        *Set
	queue      *queue
	origin     *dial.Origin
	unwatch    func()

	state atomic.Pointer[state]

	// Under the set's mu.
	ended   bool
	members map[Ref]int
	records map[netip.Addr]*record
}

// A state is what requests are told. It never changes.
type state struct {
	healthy  bool
	homeless bool         // the name has no address
	sick     []netip.Addr // unmapped
	well     int          // addresses that are not sick
}

// Healthy reports whether a request may be sent to the backend.
func (p *Probe) Healthy() bool { return p.state.Load().healthy }

// Homeless reports whether the backend is sick since its name has no address.
func (p *Probe) Homeless() bool { return p.state.Load().homeless }

// Usable reports whether a connection to one of the backend's addresses may be made,
// or used. Addresses that nothing is known of may.
func (p *Probe) Usable(addr netip.Addr) bool {
	sick := p.state.Load().sick
	return len(sick) == 0 || !slices.Contains(sick, addr.Unmap())
}

// Count returns how many of the backend's addresses are healthy and how many are not.
// It costs the same whatever shares the probe, and no try waits for it.
func (p *Probe) Count() (healthy, sick int) {
	s := p.state.Load()
	return s.well, len(s.sick)
}

// A record is what is known of one address. All of it is under the set's mu.
type record struct {
	probe   *Probe
	addr    netip.Addr
	window  window
	healthy bool
	since   time.Time // when it became so
	tries   int64     // that counted
	failed  int64     // of them

	recent []Result // the newest keepResults, a ring
	oldest int      // in recent, once that is full

	timer  *time.Timer // for the next try
	due    time.Time
	cancel func() // ends the try that goes on; nil between tries
	ended  bool
}

// keepResults is how many results of an address are kept to be shown.
const keepResults = 10

// readdress begins records of addresses that are new, and ends those of addresses
// that are gone, and reports whether the backend becomes healthy or sick by that. Under mu.
func (p *Probe) readdress() (turned bool) {
	now := p.origin.Addresses()
	for addr, r := range p.records {
		if !slices.Contains(now, addr) {
			delete(p.records, addr)
			r.end()
		}
	}
	for _, addr := range now {
		if p.records[addr] == nil {
			p.records[addr] = p.newRecord(addr)
		}
	}
	return p.conclude()
}

func (p *Probe) newRecord(addr netip.Addr) *record {
	d := p.definition
	r := &record{probe: p, addr: addr, window: newWindow(d.window, d.initial), healthy: d.optimistic(), since: time.Now()}
	if !p.set.closed {
		r.schedule(time.Now().Add(d.firstDelay()))
	}
	return r
}

// end stops what a record does, but for a try that goes on: that is cut short.
func (r *record) end() {
	r.ended = true
	if r.timer != nil {
		r.timer.Stop()
	}
	if r.cancel != nil {
		r.cancel()
	}
}

// conclude makes the state of what is in the records, and reports whether the backend
// becomes healthy or sick by that. Before the name is known it is what an address
// begins with. Under mu.
func (p *Probe) conclude() (turned bool) {
	s := &state{}
	if len(p.records) == 0 {
		s.homeless = p.origin.Known()
		s.healthy = !s.homeless && p.definition.optimistic()
	}
	for addr, r := range p.records {
		if r.healthy {
			s.healthy = true
			s.well++
		} else {
			s.sick = append(s.sick, addr.Unmap())
		}
	}
	was := p.state.Swap(s)
	if turned = was != nil && was.healthy != s.healthy; turned {
		p.set.cfg.Epoch.Add(1)
	}
	return turned
}

// learn takes in a try, and reports whether that changes the address's health.
func (r *record) learn(result Result) (changed bool) {
	r.remember(result)
	if result.Outcome == Skipped {
		return false
	}
	r.tries++
	if result.Outcome != Passed {
		r.failed++
	}
	r.window.add(result.Outcome == Passed)
	healthy := r.window.passed >= r.probe.definition.threshold
	if healthy == r.healthy {
		return false
	}
	r.healthy, r.since = healthy, result.At.Add(result.Took)
	return true
}

func (r *record) remember(result Result) {
	if len(r.recent) < keepResults {
		r.recent = append(r.recent, result)
		return
	}
	r.recent[r.oldest] = result
	r.oldest = (r.oldest + 1) % keepResults
}

// change is that of the backend alone. Under mu.
func (p *Probe) change() Change {
	now := p.state.Load()
	c := Change{At: time.Now(), Customer: p.key.customer, Backends: p.refs(), Healthy: now.healthy, Backend: now.healthy, Turned: true}
	switch {
	case now.healthy:
	case now.homeless:
		c.Reason = dial.ErrNoAddress.Error()
	default:
		c.Reason = "all addresses are sick"
	}
	return c
}

// refs are the backends that share the probe. Under mu.
func (p *Probe) refs() []Ref {
	return slices.SortedFunc(maps.Keys(p.members), func(a, b Ref) int {
		return cmp.Or(cmp.Compare(a.Service, b.Service), cmp.Compare(a.Backend, b.Backend))
	})
}
