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
// a name that has never been looked up. Between its look-ups a name has no goroutine.
type Resolver struct {
	lookup func(context.Context, string) (answer, error)
	log    *slog.Logger

	live  context.Context // ends with Close
	kill  context.CancelFunc
	owned sync.WaitGroup // those who look up

	mu      sync.Mutex
	names   map[string]*Name
	due     queue // to be looked up
	retries queue // the same, after a failure: they take longest, and let the others go first
	lookers int
	closed  bool
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
	r := &Resolver{lookup: lookup, log: log, names: map[string]*Name{}}
	r.live, r.kill = context.WithCancel(context.Background())
	return r
}

// Close ends all look-ups. Addresses that are known stay known.
func (r *Resolver) Close() {
	r.mu.Lock()
	r.closed = true
	for _, n := range r.names {
		n.end()
	}
	r.mu.Unlock()
	r.kill()
	r.owned.Wait()
}

// A Name is a host name whose addresses are kept up to date for as long as
// somebody holds it.
type Name struct {
	host     string
	resolver *Resolver

	// Under the resolver's mu.
	refs     int
	ended    bool
	watchers map[*func()]func() // who is told of other addresses
	timer    *time.Timer        // for the next look-up; nil before the first has ended
	cancel   context.CancelFunc // of the one that goes on, else nil

	state atomic.Pointer[resolution] // nil until it has been looked up
	known chan struct{}              // closed then, or when look-ups end before that

	failures int       // look-ups in a row; this and what follows are a look-up's alone while it goes on
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
		r.names[host] = n
		r.want(n)
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
		n.end()
	}
}

// end ends the look-ups. Its caller has the resolver's mu.
func (n *Name) end() {
	if n.ended {
		return
	}
	n.ended = true
	if n.state.Load() == nil {
		close(n.known)
	}
	if n.timer != nil {
		n.timer.Stop()
	}
	if n.cancel != nil {
		n.cancel()
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
		if s := n.state.Load(); s != nil {
			return s, nil
		}
		return nil, &Error{Cause: NoAddress, Err: net.ErrClosed}
	case <-ctx.Done():
		return nil, &lookupError{n.host, ctx.Err()}
	}
}

// want has a name looked up as soon as one of maxLookups has time for it. Its caller
// has mu.
func (r *Resolver) want(n *Name) {
	if r.closed {
		n.end()
	}
	if n.ended {
		return
	}
	if n.failures > 0 {
		r.retries.add(n)
	} else {
		r.due.add(n)
	}
	if r.lookers < maxLookups {
		r.lookers++
		r.owned.Go(r.look)
	}
}

// look looks names up as long as any is due.
func (r *Resolver) look() {
	for n, ctx := r.next(); n != nil; n, ctx = r.next() {
		a, err := r.find(ctx, n.host)
		if ctx.Err() == nil {
			n.again(n.learn(a, err, time.Now()))
		}
	}
}

// find is lookup, whose panic is a failure like another.
func (r *Resolver) find(ctx context.Context, host string) (a answer, err error) {
	defer contain(r.log, &err)
	return r.lookup(ctx, host)
}

// next returns the name that is due for longest, and what its look-up goes on in; nil
// if there is none, which ends one who looks up.
func (r *Resolver) next() (*Name, context.Context) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := r.due.take()
	if n == nil {
		n = r.retries.take()
	}
	if n == nil {
		r.lookers--
		return nil, nil
	}
	var ctx context.Context
	ctx, n.cancel = context.WithCancel(r.live)
	return n, ctx
}

// A queue is names in the order in which they came.
type queue []*Name

func (q *queue) add(n *Name) { *q = append(*q, n) }

// take takes out the first one whose look-ups have not ended, nil if there is none.
func (q *queue) take() *Name {
	for len(*q) > 0 {
		n := (*q)[0]
		(*q)[0] = nil
		*q = (*q)[1:]
		if !n.ended {
			return n
		}
	}
	*q = nil
	return nil
}

// again has the name looked up again in a while.
func (n *Name) again(in time.Duration) {
	r := n.resolver
	r.mu.Lock()
	defer r.mu.Unlock()
	n.cancel()
	n.cancel = nil
	switch {
	case n.ended:
	case n.timer == nil:
		n.timer = time.AfterFunc(in, func() {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.want(n)
		})
	default:
		n.timer.Reset(in)
	}
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
	n.resolver.mu.Lock()
	was := n.state.Swap(s)
	if was == nil && !n.ended {
		close(n.known)
	}
	n.resolver.mu.Unlock()
	if was != nil && slices.Equal(was.all, s.all) {
		return
	}
	n.resolver.mu.Lock()
	watchers := slices.Collect(maps.Values(n.watchers))
	n.resolver.mu.Unlock()
	for _, changed := range watchers {
		n.resolver.tell(changed)
	}
}

// tell calls a watcher, whose panic is kept from the others and from the look-ups to come.
func (r *Resolver) tell(changed func()) {
	var told error
	defer contain(r.log, &told)
	changed()
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
