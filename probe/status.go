package probe

import (
	"net/netip"
	"slices"
	"time"
)

// A Status is what a probe knew at one time. It is its reader's to keep.
type Status struct {
	Healthy  bool
	Backends []Ref // all that share the probe, in order

	Interval, Timeout time.Duration
	Window, Threshold int
	Expected          int       // the status that passes
	Addresses         []Address // in order; none while the name has none, or is not known yet
}

// An Address is what a probe knows of one of its addresses.
type Address struct {
	Addr    netip.AddrPort
	Healthy bool
	Since   time.Time // when it became healthy or sick, or known
	Passed  int       // of the last Window tries, those at the start among them
	Tries   int64     // since it is known; those that were skipped do not count
	Failed  int64     // of Tries
	Next    time.Time // when the next try is due; in the past while one goes on
	Results []Result  // the last ten at most, oldest first
}

// Status returns what the probe knows.
func (p *Probe) Status() Status {
	p.set.mu.Lock()
	defer p.set.mu.Unlock()
	d := p.definition
	s := Status{
		Healthy: p.Healthy(), Backends: p.refs(),
		Interval: d.interval, Timeout: d.timeout, Window: d.window, Threshold: d.threshold, Expected: d.expected,
	}
	for _, r := range p.records {
		s.Addresses = append(s.Addresses, r.address())
	}
	slices.SortFunc(s.Addresses, func(a, b Address) int { return a.Addr.Compare(b.Addr) })
	return s
}

func (r *record) address() Address {
	return Address{
		Addr:    netip.AddrPortFrom(r.addr, r.probe.key.endpoint.Port),
		Healthy: r.healthy,
		Since:   r.since,
		Passed:  r.window.passed,
		Tries:   r.tries,
		Failed:  r.failed,
		Next:    r.due,
		Results: slices.Concat(r.recent[r.oldest:], r.recent[:r.oldest]),
	}
}
