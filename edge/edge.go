package edge

import (
	"context"
	"log/slog"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"headwater/dial"
	"headwater/edge/h2"
	"headwater/internal/message"
	"headwater/probe"
	"headwater/service"
	"headwater/vcl"
)

// Timeouts bound what a client may take its time over. A zero field gets its
// default.
type Timeouts struct {
	Header time.Duration // a whole request head, from its first byte; default 10 s
	Body   time.Duration // between two reads of a request body; default 30 s
	Write  time.Duration // between two writes of an answer; default 30 s
	Idle   time.Duration // between two requests; default 60 s
	Tunnel time.Duration // with nothing in a tunnel either way; default 10 min
}

func (t *Timeouts) fill() {
	for _, f := range []struct {
		d   *time.Duration
		def time.Duration
	}{{&t.Header, 10 * time.Second}, {&t.Body, 30 * time.Second}, {&t.Write, 30 * time.Second}, {&t.Idle, time.Minute}, {&t.Tunnel, 10 * time.Minute}} {
		if *f.d == 0 {
			*f.d = f.def
		}
	}
}

// Config is what an [Edge] is made of. The zero value works.
type Config struct {
	// Identity names this edge in X-Served-By and error pages, in the form
	// cache-<pop><node>-<POP>.
	Identity string

	// Fleet are the POPs that the edge knows, with its own, which is the one that
	// Identity names; nil is none. Whatever shield a backend has, requests then go to
	// their origin.
	Fleet *Fleet

	Client Timeouts

	// Network reaches origins; nil is one of the edge's own, that looks names up
	// as the system is set to. Edges of one process should share one.
	Network *dial.Network

	// Rules are for what backends say of connections.
	Rules dial.Rules

	// AccessLog gets one event a request; nil logs none.
	AccessLog *AccessLog

	// TraceKey signs the tokens of requests that are to be traced; nil traces
	// none.
	TraceKey []byte

	// Log gets what an operator should know; nil discards it.
	Log *slog.Logger

	// HealthChanged is called for each change of a backend's health, as [probe.Config]
	// says; nil is nobody. Log has a line for each in any case.
	HealthChanged func(probe.Change)

	// Validation returns what an authority that asks in clear whether a name is ours
	// has to get (RFC 8555 section 8.3), by the host, in lower case, and the path, which
	// begins with /.well-known/acme-challenge/; nil if the request is not for that. It
	// may be nil. No call of it may wait.
	Validation func(host, path string) []byte

	// H2C speaks HTTP/2 with clients that begin with its preface, in clear.
	H2C bool

	// Rush is for the one edge of a process that is to be busy: on Linux threads of its wait where
	// the scheduler does not see it, for up to a millisecond, and each is kept on a processor.
	Rush bool

	// PlainIO drives sockets through net.Conn even where system calls of our own
	// are faster.
	PlainIO bool
}

// An Edge serves the traffic of all active services. Make one with [New], give
// it versions with [Edge.Apply] and listeners with [Edge.Serve], end it with
// [Edge.Shutdown].
type Edge struct {
	cfg    Config
	server vcl.Server     // what programs can know of this edge
	marks  message.Fields // see marksOf
	common *h2.Common     // those, for HTTP/2
	home   home
	table  atomic.Pointer[table]
	pools  *poolSet
	probes *probe.Set

	originMarks markCache // those that are of no service

	healthEpoch atomic.Uint64 // how often any backend has become healthy or sick

	change    sync.Mutex // of table and services; no request takes it
	services  map[string]*activation
	items     items
	shared    sharedSet
	questions sync.Mutex // held while one is answered, see question
	traces    traces

	date     atomic.Pointer[dateStamp]
	draining atomic.Bool
	drain    chan struct{} // closed when draining begins
	owned    sync.WaitGroup

	resolver *dial.Resolver // the edge's own, if it was given no network

	live context.Context // ends when Shutdown cuts what is left
	kill context.CancelFunc

	mu      sync.Mutex
	clients map[*clientConn]struct{}
	doors   map[door]struct{}
	lots    lots
	crew    crew

	panics   atomic.Int64                 // that were contained
	unrouted [len(failures)]atomic.Uint64 // requests that found no site

	pipes pipes
}

// An activation is what the edge knows of a service: the newest edition seen and
// the site it compiled to, nil when the service is not active.
type activation struct {
	changing sync.Mutex // held from compiling a version to serving it

	edition service.Edition
	site    *site
	traffic *traffic
}

// New returns an edge that knows no service yet.
func New(cfg Config) *Edge {
	cfg.Client.fill()
	if cfg.Identity == "" {
		cfg.Identity = "cache-local1-LOCAL"
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	var own *dial.Resolver
	if cfg.Network == nil {
		own = dial.NewResolver(dial.ResolverConfig{Log: cfg.Log})
		cfg.Network = &dial.Network{Resolver: own, Log: cfg.Log}
	}
	e := &Edge{
		resolver: own,
		cfg:      cfg,
		pools:    newPoolSet(cfg.Network),
		services: map[string]*activation{},
		items:    items{holders: map[string]map[string]*held{}},
		drain:    make(chan struct{}),
		clients:  map[*clientConn]struct{}{},
		doors:    map[door]struct{}{},
	}
	e.probes = probe.NewSet(probe.Config{Network: cfg.Network, Log: cfg.Log, Epoch: &e.healthEpoch, Changed: cfg.HealthChanged, Caught: e.notePanic})
	e.server, e.marks, e.common = serverOf(cfg.Identity), marksOf(cfg.Identity), commonOf(cfg.Identity)
	e.home = homeOf(cfg.Fleet, cfg.Identity)
	e.live, e.kill = context.WithCancel(context.Background())
	e.table.Store(&table{})
	if !cfg.PlainIO {
		e.lots.open(e)
	}
	e.owned.Go(e.sweepPools)
	return e
}

// serverOf reads what programs can know of an edge out of its name, which has the
// form cache-<pop><node>-<POP>.
func serverOf(identity string) vcl.Server {
	s := vcl.Server{Identity: identity, Hostname: identity}
	if i := strings.LastIndexByte(identity, '-'); i >= 0 {
		s.Hostname, s.Datacenter = identity[:i], identity[i+1:]
	}
	s.POP = s.Datacenter
	return s
}

// Check compiles s and changes nothing. It returns what its owner should know; an
// error is [service.Invalid] and names the object and field.
func (e *Edge) Check(s *service.Snapshot) (warnings []string, err error) {
	site, warnings, err := e.build(&e.items, s)
	if err == nil {
		err = site.checkAddresses(e.cfg.Network)
	}
	return warnings, err
}

// Apply makes the snapshots the active versions of their services, one without
// objects and with version 0 meaning none. When it returns, the next request is
// served by them; requests under way end as they began. A snapshot older than
// what the edge has is ignored. If one does not compile none is applied. Names of
// backends that are new get a moment to be looked up before it returns, so that
// the first request need not wait for that.
func (e *Edge) Apply(snapshots ...*service.Snapshot) error {
	applied, err := e.apply(snapshots)
	e.await(applied)
	return err
}

func (e *Edge) apply(snapshots []*service.Snapshot) (compiled []*site, err error) {
	defer e.hold(snapshots)()
	if compiled, err = e.readyAll(snapshots); err != nil {
		return nil, err
	}
	e.change.Lock()
	defer e.change.Unlock()
	next := draftTable(e.table.Load())
	var gone []*site
	for i, s := range snapshots {
		was, applied := e.enter(next, s, compiled[i])
		if !applied {
			continue
		}
		e.items.forget(s)
		if was != nil {
			gone = append(gone, was)
		}
	}
	e.table.Store(next.table())
	// Only now: a pool that old and new site share must not close in between.
	for _, s := range gone {
		e.leave(s)
	}
	return compiled, nil
}

// hold keeps other changes of the same services waiting until release is called.
// Those of other services go on: a version that takes long to compile is in the
// way of nobody else's.
func (e *Edge) hold(snapshots []*service.Snapshot) (release func()) {
	held := map[string]*activation{}
	e.change.Lock()
	for _, s := range snapshots {
		if e.services[s.Service] == nil {
			e.services[s.Service] = &activation{traffic: new(traffic)}
		}
		held[s.Service] = e.services[s.Service]
	}
	e.change.Unlock()
	// In the same order for all, so that no two wait for each other.
	for _, id := range slices.Sorted(maps.Keys(held)) {
		held[id].changing.Lock()
	}
	return func() {
		for _, a := range held {
			a.changing.Unlock()
		}
	}
}

func (e *Edge) leave(s *site) {
	for _, b := range s.reached() {
		e.unwatch(b)
		e.pools.leave(s, b)
	}
}

// lookupTime is how long a change waits for the names that it brings.
const lookupTime = time.Second

// await returns when all names of sites have been looked up once, or lookupTime
// has passed.
func (e *Edge) await(sites []*site) {
	ctx, cancel := context.WithTimeout(e.live, lookupTime)
	defer cancel()
	for _, s := range sites {
		if s == nil {
			continue
		}
		for _, b := range s.reached() {
			if b.pool != nil { // which it has unless a newer version was there
				b.pool.origin.Wait(ctx)
			}
		}
	}
}

// enter puts one service into the table under construction and returns the site
// that it replaces.
func (e *Edge) enter(t *tableDraft, s *service.Snapshot, now *site) (was *site, applied bool) {
	a := e.services[s.Service]
	if s.Edition().Before(a.edition) {
		return nil, false
	}
	was = a.site
	a.edition, a.site = s.Edition(), now
	t.remove(was)
	if now != nil {
		now.traffic = a.traffic
		for _, b := range now.reached() {
			e.pools.join(now, b)
			e.watch(b)
		}
		t.add(now)
	}
	return was, true
}

// Serve accepts clients from l until [Edge.Shutdown], and then returns nil. It
// owns l. The listener must be one of TCP.
func (e *Edge) Serve(l net.Listener) error { return e.accept(l, nil) }

// ServeTLS is [Edge.Serve] for clients that speak TLS, who are shown certificates
// from there.
func (e *Edge) ServeTLS(l net.Listener, from Certificates) error {
	return e.accept(l, newOffer(from))
}

// newLink picks the kind of link for a connection to an origin, which belongs to it from
// now on, and tells its lot: near, if there is one.
func (e *Edge) newLink(tcp *net.TCPConn, near *lot) (link, *lot) {
	if !e.cfg.PlainIO {
		if l, in := e.lots.adopt(tcp, near); l != nil {
			return l, in
		}
	}
	return newPlainLink(tcp), nil
}

// Shutdown stops accepting, lets requests under way finish until ctx ends, then
// cuts what is left. Afterwards the edge holds no connection and no goroutine.
func (e *Edge) Shutdown(ctx context.Context) error {
	e.mu.Lock()
	if e.draining.Swap(true) {
		e.mu.Unlock()
		return nil
	}
	close(e.drain)
	doors := slices.Collect(maps.Keys(e.doors))
	e.mu.Unlock()
	for _, d := range doors {
		d.Close() // may wait for a client that is let in
	}
	e.drainClients(ctx)
	e.crew.disband()

	finished := make(chan struct{})
	go func() {
		e.owned.Wait()
		close(finished)
	}()
	var err error
	select {
	case <-finished:
	case <-ctx.Done():
		err = ctx.Err()
		e.kill()
		e.pools.closeAll()
		e.mu.Lock()
		for c := range e.clients {
			c.cut()
		}
		e.mu.Unlock()
		<-finished
	}
	e.kill()
	e.lots.close()
	e.crew.all.Wait()
	e.pipes.close()
	e.change.Lock()
	defer e.change.Unlock()
	for _, a := range e.services {
		if a.site != nil {
			e.leave(a.site)
			a.site = nil
		}
	}
	e.probes.Close()
	if e.resolver != nil {
		e.resolver.Close()
	}
	return err
}

// sweepInterval is how long an idle connection that its origin has ended, or that
// has had its time, may hold its descriptor; twice that if it was in use of late.
const sweepInterval = time.Second

func (e *Edge) sweepPools() {
	tick := time.NewTicker(sweepInterval)
	defer tick.Stop()
	for {
		select {
		case <-e.drain:
			return
		case <-tick.C:
			e.sweepOnce()
		}
	}
}

func (e *Edge) sweepOnce() {
	defer e.outlive()
	e.pools.sweep(e.notePanic)
}

// A dateStamp is the Date field of one second.
type dateStamp struct {
	unix int64
	text []byte
}

// dateAt returns now as an IMF-fixdate. It formats once a second.
func (e *Edge) dateAt(now time.Time) []byte {
	d := e.date.Load()
	if unix := now.Unix(); d == nil || d.unix != unix {
		d = &dateStamp{unix, now.UTC().AppendFormat(nil, "Mon, 02 Jan 2006 15:04:05 GMT")}
		e.date.Store(d)
	}
	return d.text
}
