package edge

import (
	"net/netip"
	"slices"
	"time"

	"headwater/dial"
	"headwater/probe"
	"headwater/report"
)

// Backends tells how the backends of the service's active version do; nil if it
// has none.
func (e *Edge) Backends(service string) *report.Backends {
	s := e.active(service)
	if s == nil {
		return nil
	}
	now := time.Now()
	told := &report.Backends{Service: s.service, Version: s.version, At: now, Backends: []report.Backend{}}
	for _, b := range s.listed() {
		one := b.report(now)
		one.Healthy = s.well(b, now)
		told.Backends = append(told.Backends, one)
	}
	return told
}

// listed are the backends that are told of, and of each shield one node, for all of
// them: what is counted goes by the name, which the program and the API may both have
// given.
func (s *site) listed() (all []*backend) {
	told := map[string]bool{}
	for _, b := range s.reached() {
		if !told[b.name] {
			told[b.name] = true
			all = append(all, b)
		}
	}
	return all
}

// well reports whether requests may be sent to a backend, or to any node of a shield.
func (s *site) well(b *backend, now time.Time) bool {
	if b.node == nil {
		return b.healthy()
	}
	return slices.ContainsFunc(s.nodes, func(n *backend) bool { return n.name == b.name && n.node.up(now) })
}

// active returns the site that serves a service, or nil.
func (e *Edge) active(service string) *site {
	e.change.Lock()
	defer e.change.Unlock()
	if a := e.services[service]; a != nil {
		return a.site
	}
	return nil
}

func (b *backend) report(now time.Time) report.Backend {
	at := b.plan.Endpoint
	secure, _, _ := b.plan.TLS()
	open, used := b.pool.count()
	told := report.Backend{
		Name: b.name, Address: string(b.address), Port: int(at.Port), TLS: secure,
		Health: b.health(),
		Connections: report.Connections{
			Open: open, Idle: open - used, Used: b.connections(), Limit: b.maxConn,
		},
		Resolution: b.resolution(),
		Places:     []report.Place{},
	}
	t := b.tallied()
	if t == nil { // nothing was sent to it yet
		none := new(counts).report()
		told.Recent, told.Total = none, none
		return told
	}
	recent, since, total := t.read()
	told.Recent, told.Total = recent.report(), total.report()
	told.Recent.Seconds, told.Total.Seconds = now.Sub(since).Seconds(), now.Sub(t.born).Seconds()
	told.Places = t.report()
	return told
}

// health tells what the probe knows, nil without one.
func (b *backend) health() *report.Health {
	if b.checkup == nil {
		return nil
	}
	s := b.checkup.probe.Status()
	told := &report.Health{
		Interval: report.MillisOf(s.Interval), Timeout: report.MillisOf(s.Timeout),
		Window: s.Window, Threshold: s.Threshold, Expected: s.Expected,
		SharedBy: len(s.Backends), Addresses: []report.Probed{},
	}
	for i := range s.Addresses {
		if a := &s.Addresses[i]; b.tells(a.Addr.Addr()) {
			told.Addresses = append(told.Addresses, probed(a))
		}
	}
	return told
}

// tells reports whether the backend's owner is told of one of its addresses: not of
// one that a name leads to and the operator forbids.
func (b *backend) tells(ip netip.Addr) bool {
	_, err := netip.ParseAddr(b.plan.Endpoint.Host)
	return err == nil || b.pool.origin.Permits(ip)
}

func probed(a *probe.Address) report.Probed {
	told := report.Probed{
		Address: a.Addr.Addr().String(), Healthy: a.Healthy, Since: a.Since, Passed: a.Passed,
		Tries: a.Tries, Failed: a.Failed, Next: a.Next, Results: []report.Tried{},
	}
	for _, r := range a.Results {
		told.Results = append(told.Results, report.Tried{
			At: r.At, Took: report.MillisOf(r.Took), Outcome: r.Outcome.String(), Status: r.Status, Reason: r.Reason,
		})
	}
	return told
}

func (b *backend) resolution() report.Resolution {
	r := b.pool.origin.Resolved()
	told := report.Resolution{Addresses: []string{}, Forbidden: r.Forbidden}
	for _, ip := range r.Addrs {
		told.Addresses = append(told.Addresses, ip.String())
	}
	if !r.Expires.IsZero() {
		told.Expires = &r.Expires
	}
	switch {
	case r.Err != nil:
		told.Failure = dial.LookupText(b.plan.Endpoint.Host, r.Err)
	case r.Pending:
		told.Failure = "the name has not been looked up yet"
	}
	return told
}

func (c *counts) report() report.Outcomes {
	a := &c.answers
	return report.Outcomes{
		Fetches: c.fetches(),
		Answers: report.Answers{
			Informational: a[1], Successful: a[2], Redirects: a[3], ClientErrors: a[4], ServerErrors: a[5], Other: a[0],
		},
		Failures:  c.reasons(),
		Connect:   c.connect.report(),
		FirstByte: c.firstByte.report(),
	}
}

// reasons are the failures that there were. Those that have the same words, and
// are the same side's doing, are one.
func (c *counts) reasons() []report.Failure {
	told := []report.Failure{}
	for f, n := range c.failures {
		if n += c.broken[f]; n == 0 {
			continue
		}
		d := &failures[f]
		i := slices.IndexFunc(told, func(r report.Failure) bool { return r.Reason == d.reason && r.Side == d.side.String() })
		if i < 0 {
			i = len(told)
			told = append(told, report.Failure{Reason: d.reason, Side: d.side.String()})
		}
		told[i].Count += n
	}
	return told
}

func (s *spread) report() report.Latency {
	at := func(q float64) float64 { return float64(s.quantile(q).Microseconds()) / 1000 }
	return report.Latency{Count: s.count(), P50: at(0.5), P90: at(0.9), P99: at(0.99), P999: at(0.999)}
}

// report tells of the places, in the order of their addresses.
func (t *tally) report() []report.Place {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := slices.SortedFunc(slices.Values(t.places), func(a, b *place) int { return a.at.Compare(b.at) })
	told := make([]report.Place, len(all))
	for i, p := range all {
		told[i] = report.Place{Address: p.at.String(), Fetches: p.fetches.Load(), Failures: p.failures.Load(), Errors: p.errors.Load()}
	}
	return told
}
