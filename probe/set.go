package probe

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"headwater/dial"
	"headwater/service"
)

// Config is what a [Set] is made of.
type Config struct {
	// Network reaches origins, and says which it must not reach.
	Network *dial.Network

	// Log gets a line for each change of health; nil discards them.
	Log *slog.Logger

	// Epoch is added to after each change of a backend's health, at once; nil is
	// nobody's.
	Epoch *atomic.Uint64

	// Changed is called for each change of health, one after the other in the order
	// of each probe; nil is nobody. The next tries wait for it. It must not join or
	// leave.
	Changed func(Change)

	// Caught is told of panics, within recover, and under locks of the set: it may call
	// nothing of that. nil logs them.
	Caught func(panicked any)
}

// A Change is one change of an address's health or, where Addr is not valid, of a
// backend's alone, since its name has got addresses or lost them.
type Change struct {
	At       time.Time
	Customer string
	Backends []Ref // all that share the probe, in order
	Addr     netip.AddrPort
	Healthy  bool // the address, or else the backend, is so now
	Backend  bool // whether the backend is healthy now
	Turned   bool // whether the backend has become so by this change

	Forbidden bool   // the operator forbids Addr, which is not for customers
	Reason    string // of one that is sick
}

// A Ref names a backend across the versions of its service.
type Ref struct{ Service, Backend string }

// A Member is one backend that wants to be probed.
type Member struct {
	Customer string
	Ref
	ShareKey string // "" is the service's ID
	Plan     *dial.Plan
	Check    *service.Healthcheck
}

// key is what a probe is known by.
type key struct {
	customer, share string
	endpoint        dial.Endpoint
	definition      definition
}

// key leaves out what does not shape a probe's connections.
func (m *Member) key() key {
	k := key{m.Customer, m.ShareKey, m.Plan.Endpoint, newDefinition(m.Check)}
	if k.share == "" {
		k.share = m.Service
	}
	k.endpoint.KeepAlive, k.endpoint.PreferIPv6 = net.KeepAliveConfig{}, false
	return k
}

// A Set is the probes of one edge, counted by the backends that refer to them.
type Set struct {
	cfg   Config
	began time.Time
	limit int             // of a customer's tries at a time
	live  context.Context // ends with Close
	kill  context.CancelFunc

	// attempt makes one try; tests put another in its place.
	attempt func(context.Context, *Probe, netip.Addr) Result

	owned   sync.WaitGroup
	telling sync.Mutex // held while changes are told; before mu

	mu     sync.Mutex // no request takes it
	closed bool
	probes map[key]*Probe
	queues map[string]*queue // by customer
	untold []Change
}

// NewSet returns a set without probes. Close ends it.
func NewSet(cfg Config) *Set {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Epoch == nil {
		cfg.Epoch = new(atomic.Uint64)
	}
	if cfg.Caught == nil {
		cfg.Caught = func(panicked any) {
			cfg.Log.Error("panicked", "panic", panicked, "stack", string(debug.Stack()))
		}
	}
	s := &Set{cfg: cfg, began: time.Now(), limit: maxRunning, probes: map[key]*Probe{}, queues: map[string]*queue{}}
	s.live, s.kill = context.WithCancel(context.Background())
	s.attempt = func(ctx context.Context, p *Probe, addr netip.Addr) Result {
		return p.definition.try(ctx, p.origin, addr)
	}
	return s
}

// Join gives a backend its probe, which begins if nobody had it. Each Join needs a
// Leave with the same Ref.
func (s *Set) Join(m Member) *Probe {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := m.key()
	p := s.probes[k]
	if p == nil {
		p = s.open(k, m.Plan)
	}
	p.members[m.Ref]++
	return p
}

// open begins a probe.
func (s *Set) open(k key, plan *dial.Plan) *Probe {
	own := *plan
	own.Endpoint.KeepAlive = net.KeepAliveConfig{} // connections do not live for so long
	p := &Probe{
		key: k, definition: &k.definition, set: s, queue: s.queues[k.customer],
		origin:  s.cfg.Network.Open(&own),
		members: map[Ref]int{}, records: map[netip.Addr]*record{},
	}
	if p.queue == nil {
		p.queue = &queue{}
		s.queues[k.customer] = p.queue
	}
	p.queue.probes++
	s.probes[k] = p
	p.unwatch = p.origin.Watch(func() { s.readdress(p) })
	p.readdress()
	return p
}

// Leave takes a backend's probe back. With the last one the probe ends.
func (s *Set) Leave(p *Probe, r Ref) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.members[r]--; p.members[r] == 0 {
		delete(p.members, r)
	}
	if len(p.members) > 0 {
		return
	}
	delete(s.probes, p.key)
	if p.queue.probes--; p.queue.probes == 0 {
		delete(s.queues, p.key.customer)
	}
	s.end(p)
}

// end stops all that p does. Under mu.
func (s *Set) end(p *Probe) {
	if p.ended {
		return
	}
	p.ended = true
	p.unwatch()
	for _, r := range p.records {
		r.end()
	}
	p.origin.Close()
}

// Close ends all probes, whoever still refers to them, and waits for the tries that
// go on. What is known stays known.
func (s *Set) Close() {
	s.mu.Lock()
	s.closed = true
	for _, p := range s.probes {
		s.end(p)
	}
	s.mu.Unlock()
	s.kill()
	s.owned.Wait()
}

// readdress takes in that a probe's name has other addresses.
func (s *Set) readdress(p *Probe) {
	if s.moved(p) {
		defer s.owned.Done()
		s.tell()
	}
}

// moved takes that in. If it reports true the caller is one of those that Close waits for.
func (s *Set) moved(p *Probe) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.contain()
	if p.ended {
		return false
	}
	if p.readdress() {
		s.untold = append(s.untold, p.change())
	}
	s.owned.Add(1)
	return true
}

// tell tells of the changes that nobody has told of yet.
func (s *Set) tell() {
	if !s.owes() {
		return
	}
	s.telling.Lock()
	defer s.telling.Unlock()
	s.mu.Lock()
	changes := s.untold
	s.untold = nil
	s.mu.Unlock()
	for _, c := range changes {
		s.say(c)
	}
}

func (s *Set) owes() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.untold) > 0
}

// log writes one line, however many backends share the probe.
func (s *Set) log(c *Change) {
	if len(c.Backends) == 0 {
		return
	}
	first, what := c.Backends[0], "backend"
	about := []any{"customer", c.Customer, "service", first.Service, "backend", first.Backend, "shared_by", len(c.Backends)}
	if c.Addr.IsValid() {
		what = "address"
		about = append(about, "address", c.Addr, "backend_healthy", c.Backend)
	}
	if c.Healthy {
		s.cfg.Log.Info(what+" is healthy", about...)
		return
	}
	s.cfg.Log.Warn(what+" is sick", append(about, "reason", c.Reason)...)
}
