package certificate

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/acme"
)

// What an Issuer bounds. An order is all that is said with the authority to get one
// certificate.
const (
	maxOrders   = 4               // under way at a time
	orderTime   = 2 * time.Minute // that one may take
	lookAgain   = time.Hour       // at the latest, for names that are due
	maxWaiting  = 256             // handshakes that wait for the first certificate of their name
	helloWaits  = 8 * time.Second // that each of them does
	maxResponse = 1 << 20         // bytes of one answer of the authority
)

// A Sealer hides what is on disk from whoever reads the files alone. What was sealed
// in one context does not open in another.
type Sealer interface {
	Seal(plain, context string) (sealed string, err error)
	Open(sealed, context string) (plain string, err error)
}

// An IssuerConfig is what an [Issuer] goes by. All of it but Roots is needed.
type IssuerConfig struct {
	// Directory is the URL of the authority's directory (RFC 8555 section 7.1.1).
	Directory string

	// Roots are those of the certificate that the authority's own server has; nil
	// is the system's.
	Roots *x509.CertPool

	// Email is told to the authority, which may write there when something is wrong.
	Email string

	// Dir is where the account and the certificates are kept, sealed by Sealer.
	Dir    string
	Sealer Sealer

	// Wanted reports whether a certificate may be asked for, and for whom: owners have
	// their orders by turns. name is in lower case, and has no wildcard. Any number of
	// goroutines call it.
	Wanted func(name string) (owner string, wanted bool)

	Log *slog.Logger
}

// An Issuer has certificates made by an authority that speaks ACME (RFC 8555), each
// for one name, when a client first asks for a name that is wanted. It makes them
// anew when a third of their life is left. Any number of goroutines may ask it; [Run]
// does the work.
//
// [Run]: Issuer.Run
type Issuer struct {
	cfg    IssuerConfig
	kept   kept
	client *acme.Client
	proofs proofs

	registering sync.Mutex // held while the account is asked for
	registered  bool

	waiting atomic.Int32  // handshakes that wait
	wake    chan struct{} // tells Run that a name may be due
	ended   chan struct{} // closed when Run has ended

	made, failed atomic.Uint64 // orders, since the process began

	keeping sync.Mutex // held while waits are written

	names sync.Map // of *named, by name; changed under mu, and read by handshakes without it

	mu    sync.Mutex
	under int                  // orders
	turns map[string]time.Time // when an order of each owner was last begun
	pace  pace
}

// A named is one name for which a certificate is there or wanted.
type named struct {
	name  string
	shown atomic.Pointer[tls.Certificate] // nil while there is none
	tried chan struct{}                   // closed when the first order is over

	// Under the issuer's mutex.
	due      time.Time // when to ask for a certificate
	failures int       // since the last one was had
	under    bool      // an order is under way
}

// OpenIssuer reads what is kept in the directory, and makes a key for an account if
// there is none. It does not speak with the authority.
func OpenIssuer(cfg IssuerConfig) (*Issuer, error) {
	kept, err := openKept(cfg)
	if err != nil {
		return nil, err
	}
	key, err := kept.account()
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		TLSClientConfig:       &tls.Config{RootCAs: cfg.Roots},
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: 30 * time.Second,
		IdleConnTimeout:       30 * time.Second,
		MaxIdleConnsPerHost:   maxOrders,
	}
	i := &Issuer{
		cfg: cfg, kept: kept,
		client: &acme.Client{
			Key: key, DirectoryURL: cfg.Directory, UserAgent: "headwater",
			HTTPClient: &http.Client{Transport: bounded{transport}},
		},
		wake:  make(chan struct{}, 1),
		ended: make(chan struct{}),
		turns: map[string]time.Time{},
	}
	for name, c := range kept.all() {
		n := i.add(name, renewalOf(c.Leaf))
		n.shown.Store(c)
		close(n.tried)
	}
	i.recall(time.Now())
	return i, nil
}

// add is for whoever holds the mutex, or is alone.
func (i *Issuer) add(name string, due time.Time) *named {
	n := &named{name: name, due: due, tried: make(chan struct{})}
	i.names.Store(name, n)
	return n
}

// get returns what there is of a name, nil if that is nothing.
func (i *Issuer) get(name string) *named {
	n, _ := i.names.Load(name)
	known, _ := n.(*named)
	return known
}

// Certificate returns the certificate of the name that a client asks for, nil if
// there is none. If the name is wanted, and nobody has asked for it before, one is
// ordered, for which the client waits a while.
func (i *Issuer) Certificate(hello *tls.ClientHelloInfo) *tls.Certificate {
	n := i.find(hello.ServerName)
	if n == nil {
		return nil
	}
	if c := n.shown.Load(); c != nil {
		return c
	}
	if i.waiting.Add(1) <= maxWaiting {
		n.await(hello.Context(), i.ended)
	}
	i.waiting.Add(-1)
	return n.shown.Load()
}

// find returns what there is of a name, nil if nothing is to be.
func (i *Issuer) find(serverName string) *named {
	name := canonical(serverName)
	n := i.get(name)
	if n != nil || !orderable(name) {
		return n
	}
	if _, wanted := i.cfg.Wanted(name); !wanted {
		return nil
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if n = i.get(name); n == nil {
		n = i.add(name, time.Now())
		i.rouse()
	}
	return n
}

// await waits until the first order for the name is over.
func (n *named) await(ctx context.Context, ended <-chan struct{}) {
	most := time.NewTimer(helloWaits)
	defer most.Stop()
	select {
	case <-n.tried:
	case <-most.C:
	case <-ctx.Done():
	case <-ended:
	}
}

// rouse has Run look for names that are due.
func (i *Issuer) rouse() {
	select {
	case i.wake <- struct{}{}:
	default: // it will
	}
}

// Run orders what is due until ctx ends and no order is under way. It is called once.
func (i *Issuer) Run(ctx context.Context) {
	defer close(i.ended)
	defer i.client.HTTPClient.CloseIdleConnections()
	var orders sync.WaitGroup
	defer orders.Wait()
	for ctx.Err() == nil {
		n, pause := i.next(time.Now())
		if n != nil {
			i.keepWaits()
			orders.Go(func() { i.try(ctx, n) })
			continue
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
		case <-i.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// next returns a name to order a certificate for, or how long to wait for one. A name
// that is due and not wanted any more is forgotten, once it has nothing to lose.
func (i *Issuer) next(now time.Time) (first *named, pause time.Duration) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.under == maxOrders { // the end of an order wakes Run
		return nil, lookAgain
	}
	if wait := i.pace.wait(now); wait > 0 { // whatever is due: there may be very many names
		return nil, wait
	}
	first, owner, pause := i.pick(now)
	if first == nil {
		return nil, pause
	}
	i.pace.take(now)
	first.under = true
	i.under++
	maps.DeleteFunc(i.turns, func(_ string, at time.Time) bool { return now.Sub(at) > lookAgain })
	i.turns[owner] = now
	return first, 0
}

// pick returns the name whose turn it is, and whose it is, or when the next one is due.
func (i *Issuer) pick(now time.Time) (first *named, turn string, pause time.Duration) {
	pause = lookAgain
	for _, known := range i.names.Range {
		n := known.(*named)
		if n.under {
			continue
		}
		if now.Before(n.due) {
			pause = min(pause, n.due.Sub(now))
			continue
		}
		owner, wanted := i.cfg.Wanted(n.name)
		if !wanted {
			i.release(n, now)
		} else if first == nil || i.before(now, n, owner, first, turn) {
			first, turn = n, owner
		}
	}
	return first, turn, pause
}

// release forgets a name that is due and not wanted. While its certificate is good that
// waits: a service that is active again should not have to ask for another.
func (i *Issuer) release(n *named, now time.Time) {
	if c := n.shown.Load(); c != nil && now.Before(c.Leaf.NotAfter) {
		n.due = now.Add(lookAgain)
		return
	}
	i.names.Delete(n.name)
	i.kept.remove(n.name)
}

// before reports whether a has its turn before b, where both are due: whose renewal is
// urgent, then whose owner has had no turn for longer, then whose orders have failed
// less, then who waits longer.
func (i *Issuer) before(now time.Time, a *named, ownerA string, b *named, ownerB string) bool {
	urgentA, urgentB := a.urgent(now), b.urgent(now)
	turnA, turnB := i.turns[ownerA], i.turns[ownerB]
	switch {
	case urgentA != urgentB:
		return urgentA
	case !turnA.Equal(turnB):
		return turnA.Before(turnB)
	case a.failures != b.failures:
		return a.failures < b.failures
	}
	return a.due.Before(b.due)
}

// urgent reports whether n has a certificate to lose. Names that lead elsewhere by now,
// whose orders fail for ever, must not keep others from theirs.
func (n *named) urgent(now time.Time) bool {
	c := n.shown.Load()
	return c != nil && now.Before(c.Leaf.NotAfter) && n.failures < len(pauses)
}

// try orders a certificate. What goes wrong harms nobody who is served: the name's
// certificate stays what it was.
func (i *Issuer) try(ctx context.Context, n *named) {
	i.mu.Lock()
	method := methods[n.failures%len(methods)]
	i.mu.Unlock()
	c, err := i.contained(ctx, n.name, method)
	if err == nil {
		if err := i.kept.write(n.name, c); err != nil {
			i.cfg.Log.Error("certificate is not kept", "name", n.name, "error", err)
		}
		i.made.Add(1)
		n.shown.Store(c.Certificate)
		i.cfg.Log.Info("certificate", "name", n.name, "from", i.cfg.Directory, "by", method, "expires", c.Leaf.NotAfter)
	}
	i.settle(ctx, n, err, method)
	i.keepWaits()
}

// contained is order, where a fault in what reads the authority's answers is an error.
func (i *Issuer) contained(ctx context.Context, name, method string) (c *ordered, err error) {
	defer func() {
		if p := recover(); p != nil {
			c, err = nil, fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return i.order(ctx, name, method)
}

// settle says when to ask for the name again. An order that the end of ctx cuts short has
// not failed: its name is due as it was.
func (i *Issuer) settle(ctx context.Context, n *named, err error, method string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	switch {
	case err == nil:
		n.failures, n.due = 0, nextRenewal(n.shown.Load().Leaf, time.Now())
	case ctx.Err() == nil:
		pause := backoff(n.failures)
		n.failures, n.due = n.failures+1, time.Now().Add(pause)
		i.failed.Add(1)
		i.cfg.Log.Warn("no certificate", "name", n.name, "from", i.cfg.Directory, "by", method, "again", pause, "error", err)
	}
	n.under = false
	i.under--
	select {
	case <-n.tried:
	default:
		close(n.tried)
	}
	i.rouse()
}
