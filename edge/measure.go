package edge

import (
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"headwater/metric"
)

// A traffic counts what came of a service's requests. It outlives versions. Made by
// itself it is one line of the caches.
type traffic struct {
	answers  [classes]atomic.Uint64
	sent     atomic.Uint64 // bytes, to clients
	failures atomic.Pointer[[len(failures)]atomic.Uint64]
}

func (t *traffic) faulty() *[len(failures)]atomic.Uint64 { return lazily(&t.failures) }

// countRequest takes in the end of an exchange. One that nobody sent is not counted,
// as its site serves nobody.
func (e *Edge) countRequest(x *exchange) {
	if x.site == nil {
		if f := x.event.failure; f != failNone {
			e.unrouted[f].Add(1)
		}
		return
	}
	t := x.site.traffic
	if t == nil {
		return
	}
	t.answers[classOf(x.resp.Status)].Add(1)
	t.sent.Add(uint64(x.event.written))
	if f := x.event.failure; f != failNone {
		t.faulty()[f].Add(1)
	}
}

// Measure adds what the edge counts, as that of a POP.
func (e *Edge) Measure(p *metric.Reading, pop string) {
	sites, at := e.sites(), p.POP(pop)
	for _, s := range sites {
		if p.Shows(s.about.Customer, s.service) {
			s.measure(at.Service(s.service))
		}
	}
	if !p.Whole {
		return
	}
	e.mu.Lock()
	clients := len(e.clients)
	e.mu.Unlock()
	at.Add(metric.ActiveServices, float64(len(sites)))
	at.Add(metric.ClientConnections, float64(clients))
	at.Add(metric.Panics, float64(e.Panics()))
	eachFailure(func(f int) uint64 { return e.unrouted[f].Load() }, func(side, reason string, n uint64) {
		at.Add(metric.Unrouted, float64(n), side, reason)
	})
}

// sites are those that serve, in order. An activation waits only while they are
// listed.
func (e *Edge) sites() (all []*site) {
	e.change.Lock()
	for _, a := range e.services {
		if a.site != nil {
			all = append(all, a.site)
		}
	}
	e.change.Unlock()
	slices.SortFunc(all, func(a, b *site) int { return strings.Compare(a.service, b.service) })
	return all
}

// eachFailure calls do for each reason and side that failures of some number have,
// with the sum of those that share them.
func eachFailure(count func(f int) uint64, do func(side, reason string, n uint64)) {
	type key struct {
		side   side
		reason string
	}
	sums, order := map[key]uint64{}, []key{}
	for f, d := range failures {
		n := count(f)
		if n == 0 {
			continue
		}
		k := key{d.side, d.reason}
		if sums[k] == 0 {
			order = append(order, k)
		}
		sums[k] += n
	}
	for _, k := range order {
		do(k.side.String(), k.reason, sums[k])
	}
}

// statusOf names a class.
func statusOf(class int) string {
	if class == 0 {
		return "other"
	}
	return strconv.Itoa(class) + "xx"
}

func (s *site) measure(p metric.Subject) {
	t := s.traffic
	for class := range t.answers {
		if n := t.answers[class].Load(); n > 0 {
			p.Add(metric.Requests, float64(n), statusOf(class))
		}
	}
	p.Add(metric.SentBytes, float64(t.sent.Load()))
	if failed := t.failures.Load(); failed != nil {
		eachFailure(func(f int) uint64 { return failed[f].Load() }, func(side, reason string, n uint64) {
			p.Add(metric.RequestFailures, float64(n), side, reason)
		})
	}
	now := time.Now()
	for _, b := range s.listed() {
		healthy := 0.0
		if s.well(b, now) {
			healthy = 1
		}
		of := p.Backend(b.name)
		of.Add(metric.BackendHealthy, healthy)
		b.measure(of)
	}
	s.measurePools(p)
}

// measurePools tells of each endpoint once, with all that is open to it.
func (s *site) measurePools(p metric.Subject) {
	type state struct{ open, used int }
	seen, at := map[*pool]bool{}, map[string]state{}
	for _, b := range s.reached() {
		if seen[b.pool] {
			continue
		}
		seen[b.pool] = true
		open, used := b.pool.count()
		sum := at[b.plan.Endpoint.String()]
		at[b.plan.Endpoint.String()] = state{sum.open + open, sum.used + used}
	}
	for endpoint, n := range at {
		p.Add(metric.PoolConnections, float64(n.open-n.used), endpoint, "idle")
		p.Add(metric.PoolConnections, float64(n.used), endpoint, "in_use")
	}
}

func (b *backend) measure(p metric.Subject) {
	b.measureAddresses(p)
	p.Add(metric.BackendConnections, float64(b.connections()))
	p.Add(metric.BackendConnectionLimit, float64(b.maxConn))
	tally := b.tallied()
	if tally == nil {
		return // nothing was sent to it yet
	}
	_, _, total := tally.read()
	for class, n := range total.answers {
		if n > 0 {
			p.Add(metric.BackendAnswers, float64(n), statusOf(class))
		}
	}
	eachFailure(func(f int) uint64 { return total.failures[f] + total.broken[f] }, func(side, reason string, n uint64) {
		p.Add(metric.BackendFailures, float64(n), side, reason)
	})
	p.AddHistogram(metric.BackendConnect, total.connect.histogram())
	p.AddHistogram(metric.BackendFirstByte, total.firstByte.histogram())
}

func (b *backend) measureAddresses(p metric.Subject) {
	if b.checkup == nil {
		p.Add(metric.BackendAddresses, float64(len(b.pool.origin.Addresses())), "unchecked")
		return
	}
	healthy, sick := b.checkup.probe.Count()
	p.Add(metric.BackendAddresses, float64(healthy), "healthy")
	p.Add(metric.BackendAddresses, float64(sick), "sick")
}

// The bounds of the buckets that metrics tell: powers of two of a microsecond, from
// a quarter of a millisecond to half a minute.
const (
	leastBound = 8
	mostBound  = 25
)

var bounds = func() (all []float64) {
	for exponent := leastBound; exponent <= mostBound; exponent++ {
		all = append(all, float64(uint64(1)<<exponent)/1e6)
	}
	return all
}()

func (s *spread) histogram() *metric.Histogram {
	h := &metric.Histogram{Bounds: bounds, Counts: make([]uint64, 0, len(bounds)), All: s.count(), Sum: float64(s.micros) / 1e6}
	var below uint64
	i := 0
	for exponent := leastBound; exponent <= mostBound; exponent++ {
		for ; bucketFloor(i) < 1<<exponent; i++ {
			below += s.n[i]
		}
		h.Counts = append(h.Counts, below)
	}
	return h
}
