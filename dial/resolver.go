package dial

import (
	"context"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// ResolverConfig is what a [Resolver] is made of. The zero value looks names up
// as the system is set to.
type ResolverConfig struct {
	// Server is the only name server to ask, in the place of all that ResolvConf
	// says, if it is valid. Hosts counts all the same.
	Server netip.AddrPort

	ResolvConf string // the file of name servers; "" is /etc/resolv.conf
	Hosts      string // the file of names; "" is /etc/hosts

	// Log gets a line whenever a name begins to fail, is given up or works again;
	// nil discards it.
	Log *slog.Logger
}

// A Resolver keeps the addresses of the names that somebody has acquired up to
// date, for all services together. No reader of addresses waits for it, but for
// a name that has never been looked up.
type Resolver struct {
	lookup func(context.Context, string) (answer, error)
	log    *slog.Logger
	slots  chan struct{} // bounds the look-ups that go on at a time

	live  context.Context // ends with Close
	kill  context.CancelFunc
	owned sync.WaitGroup

	mu    sync.Mutex
	names map[string]*Name
}

// Times of a name's life. TTLs are as the name server says, within bounds: one of
// 0 must not make a look-up a request, nor a mistake last for a week.
const (
	minTTL = time.Second
	maxTTL = time.Hour

	// After a look-up that failed the next one follows after firstRetry, then
	// twice that, up to lastRetry. "There is no such name" is a failure like
	// another, and its own TTL counts up to lastRetry.
	firstRetry = time.Second
	lastRetry  = 30 * time.Second

	// keepStale is how long the last good addresses are used after their TTL
	// has run out.
	keepStale = 5 * time.Minute

	maxLookups = 256
)

// An answer is what one look-up found.
type answer struct {
	addrs []netip.Addr
	ttl   time.Duration
}

// NewResolver returns a resolver that knows no name yet. Close ends it.
func NewResolver(cfg ResolverConfig) *Resolver {
	return newResolver(newStub(cfg).lookup, cfg.Log)
}

func newResolver(lookup func(context.Context, string) (answer, error), log *slog.Logger) *Resolver {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	r := &Resolver{lookup: lookup, log: log, slots: make(chan struct{}, maxLookups), names: map[string]*Name{}}
	r.live, r.kill = context.WithCancel(context.Background())
	return r
}

// Close ends all look-ups. Addresses that are known stay known.
func (r *Resolver) Close() {
	r.kill()
	r.owned.Wait()
}

// A Name is a host name whose addresses are kept up to date for as long as
// somebody holds it.
type Name struct {
	host     string
	resolver *Resolver
	refs     int                // under the resolver's mu, as are the watchers
	watchers map[*func()]func() // who is told of other addresses
	stop     context.CancelFunc
	stopped  <-chan struct{}

	state atomic.Pointer[resolution] // nil until known is closed
	known chan struct{}

	failures int       // look-ups in a row; this and what follows are keep's alone
	until    time.Time // when the addresses may be used no longer, while look-ups fail
}

// A resolution is what is known of a name: addresses or, if there are none, why.
type resolution struct {
	addresses
	err     error
	expires time.Time // when the next look-up begins, if this one was the last
}

// Acquire returns the name of host, and begins to look it up if nobody else holds
// it. Each Acquire needs a Release.
func (r *Resolver) Acquire(host string) *Name {
	n, _ := r.acquire(host)
	return n
}

// acquire also reports whether the name had been looked up by then, for others.
func (r *Resolver) acquire(host string) (n *Name, known bool) {
	host = strings.ToLower(host)
	r.mu.Lock()
	defer r.mu.Unlock()
	n = r.names[host]
	known = n != nil && n.state.Load() != nil
	if n == nil {
		n = &Name{host: host, resolver: r, known: make(chan struct{})}
		var ctx context.Context
		ctx, n.stop = context.WithCancel(r.live)
		n.stopped = ctx.Done()
		r.names[host] = n
		r.owned.Go(func() { n.keep(ctx) })
	}
	n.refs++
	return n, known
}

// Release gives one hold up. With the last one the look-ups end.
func (n *Name) Release() {
	r := n.resolver
	r.mu.Lock()
	defer r.mu.Unlock()
	if n.refs--; n.refs == 0 {
		delete(r.names, n.host)
		n.stop()
	}
}

// wait returns what is known of the name. Until something is, it waits; the error
// is ctx's, or that look-ups have ended.
func (n *Name) wait(ctx context.Context) (*resolution, error) {
	if s := n.state.Load(); s != nil {
		return s, nil
	}
	select {
	case <-n.known:
		return n.state.Load(), nil
	case <-n.stopped:
		return nil, &Error{Cause: NoAddress, Err: net.ErrClosed}
	case <-ctx.Done():
		return nil, &lookupError{n.host, ctx.Err()}
	}
}

// keep looks the name up whenever its addresses have served their time.
func (n *Name) keep(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		a, err := n.lookup(ctx)
		if ctx.Err() != nil {
			return
		}
		timer.Reset(n.learn(a, err, time.Now()))
	}
}

func (n *Name) lookup(ctx context.Context) (answer, error) {
	select {
	case n.resolver.slots <- struct{}{}:
		defer func() { <-n.resolver.slots }()
	case <-ctx.Done():
		return answer{}, ctx.Err()
	}
	return n.resolver.lookup(ctx, n.host)
}

// learn takes in what a look-up found and returns how long that is good for.
func (n *Name) learn(a answer, err error, now time.Time) time.Duration {
	if err == nil {
		if n.failures > 0 {
			n.resolver.log.Info("look-up works again", "host", n.host)
		}
		ttl := min(max(a.ttl, minTTL), maxTTL)
		n.failures, n.until = 0, now.Add(ttl+keepStale)
		n.publish(&resolution{addresses: newAddresses(a.addrs), expires: now.Add(ttl)})
		return ttl
	}
	retry := min(firstRetry<<min(n.failures, 10), lastRetry)
	retry = max(retry, min(a.ttl, lastRetry))
	if n.failures++; n.failures == 1 {
		n.resolver.log.Warn("look-up fails", "host", n.host, "error", err)
	}
	if left := n.until.Sub(now); left > 0 {
		return min(retry, left)
	}
	if s := n.state.Load(); s != nil && len(s.all) > 0 {
		n.resolver.log.Error("addresses are given up", "host", n.host, "error", err)
	}
	n.publish(&resolution{err: err, expires: now.Add(retry)})
	return retry
}

// publish makes s what is known, and tells the watchers if that is something else.
func (n *Name) publish(s *resolution) {
	was := n.state.Swap(s)
	if was == nil {
		close(n.known)
	}
	if was != nil && slices.Equal(was.all, s.all) {
		return
	}
	n.resolver.mu.Lock()
	watchers := slices.Collect(maps.Values(n.watchers))
	n.resolver.mu.Unlock()
	for _, changed := range watchers {
		changed()
	}
}

// watch is [Origin.Watch].
func (n *Name) watch(changed func()) (stop func()) {
	n.resolver.mu.Lock()
	defer n.resolver.mu.Unlock()
	if n.watchers == nil {
		n.watchers = map[*func()]func(){}
	}
	n.watchers[&changed] = changed
	return func() {
		n.resolver.mu.Lock()
		defer n.resolver.mu.Unlock()
		delete(n.watchers, &changed)
	}
}
