package dial

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync/atomic"
)

// A Network is what connections are made with.
type Network struct {
	// Resolver looks names up. Without one only addresses can be reached.
	Resolver *Resolver

	// Permit is asked about each address before anything is sent there, also
	// about those that a name resolves to; nil permits all.
	Permit func(netip.AddrPort) bool

	// Log gets a line for each panic that a connection ends with; nil discards it.
	Log *slog.Logger
}

// Permits reports whether anything may be sent to an address.
func (n *Network) Permits(to netip.AddrPort) bool { return n.Permit == nil || n.Permit(to) }

// An Origin is one endpoint as one pool reaches it. Nothing of it is shared
// between pools but the addresses that its name resolves to: a TLS session of one
// cannot be resumed by another, with what may be another's identity. Its methods
// may be called from any goroutine.
type Origin struct {
	network *Network
	plan    *Plan
	name    *Name // nil for an address
	before  bool  // the name was known when this was opened
	literal addresses
	tls     *tls.Config
	turn    atomic.Uint32 // which of the addresses the next connection tries first
}

// sessions is how many TLS sessions an origin keeps: crypto/tls stores them by
// the name sent or, without one, by address and port.
const sessions = maxAddresses

var errAllUnusable = errors.New("no address is fit for use")

// Open begins to resolve the plan's host. Whoever calls it has to call Close.
func (n *Network) Open(p *Plan) *Origin {
	o := &Origin{network: n, plan: p}
	if ip, err := netip.ParseAddr(p.Endpoint.Host); err == nil {
		o.literal = newAddresses([]netip.Addr{ip})
	} else {
		o.name, o.before = n.Resolver.acquire(p.Endpoint.Host)
	}
	if p.secured != nil {
		o.tls = p.secured.config.Clone()
		o.tls.ClientSessionCache = tls.NewLRUClientSessionCache(sessions)
	}
	return o
}

// Close gives the name back. Connections live on.
func (o *Origin) Close() {
	if o.name != nil {
		o.name.Release()
	}
}

// Secure reports whether connections need a [Origin.Handshake].
func (o *Origin) Secure() bool { return o.tls != nil }

// Wait returns when the host has been looked up once, whatever came of it, or
// ctx ends.
func (o *Origin) Wait(ctx context.Context) error {
	if o.name == nil {
		return nil
	}
	_, err := o.name.wait(ctx)
	return err
}

// Known reports whether the host has been looked up once, whatever came of it.
func (o *Origin) Known() bool { return o.name == nil || o.name.state.Load() != nil }

// KnownBefore reports whether others had the host looked up when the origin was
// opened.
func (o *Origin) KnownBefore() bool { return o.name == nil || o.before }

// Watch has changed called whenever the addresses are others, or none any more,
// from the goroutine that looks them up: changed must not wait for anything. The
// last call may begin just before stop returns. An origin without a name never
// changes.
func (o *Origin) Watch(changed func()) (stop func()) {
	if o.name == nil {
		return func() {}
	}
	return o.name.watch(changed)
}

// Addresses returns where the origin is now, in no order; nobody may change it.
func (o *Origin) Addresses() []netip.Addr {
	if o.name == nil {
		return o.literal.all
	}
	if s := o.name.state.Load(); s != nil {
		return s.all
	}
	return nil
}

// Dial opens a TCP connection before ctx ends, to one of the origin's addresses,
// each of which gets its turn to be tried first. It waits for a name only if that
// has never been looked up. The error is an [*Error].
func (o *Origin) Dial(ctx context.Context) (*net.TCPConn, error) {
	return o.DialAmong(ctx, nil)
}

// DialAmong is Dial that leaves out the addresses for which usable is false; nil
// leaves out none. If that are all of them, it is as if there was no address.
func (o *Origin) DialAmong(ctx context.Context, usable func(netip.Addr) bool) (*net.TCPConn, error) {
	known := o.literal
	if o.name != nil {
		s, err := o.name.wait(ctx)
		if err != nil {
			return nil, failed(ctx, netip.AddrPort{}, err)
		}
		if len(s.all) == 0 {
			return nil, &Error{Cause: NoAddress, Err: s.err}
		}
		known = s.addresses
	}
	order := known.order(o.plan.Endpoint.PreferIPv6, o.turn.Add(1)-1)
	if usable != nil {
		order = slices.DeleteFunc(order, func(a netip.Addr) bool { return !usable(a) })
		if len(order) == 0 {
			return nil, &Error{Cause: NoAddress, Err: errAllUnusable}
		}
	}
	return race(ctx, order, o.connect)
}

// DialTo is Dial to one of the addresses, for whoever looks after each.
func (o *Origin) DialTo(ctx context.Context, addr netip.Addr) (*net.TCPConn, error) {
	return o.connect(ctx, addr)
}

// Handshake makes a TLS connection of conn before ctx ends. It goes through
// conn's Read and Write alone, and through Close to cut it short, so that conn
// may be anything. If it fails conn is closed, and the error is an [*Error].
func (o *Origin) Handshake(ctx context.Context, conn net.Conn) (*tls.Conn, error) {
	return o.network.handshake(ctx, conn, o.tls)
}

func (o *Origin) connect(ctx context.Context, addr netip.Addr) (conn *net.TCPConn, err error) {
	defer contain(o.network.Log, &err)
	to := netip.AddrPortFrom(addr, o.plan.Endpoint.Port)
	if !o.network.Permits(to) {
		return nil, &Error{Cause: Denied, Addr: to, Err: ErrForbidden}
	}
	d := net.Dialer{KeepAlive: -1, KeepAliveConfig: o.plan.Endpoint.KeepAlive}
	c, err := d.DialContext(ctx, "tcp", to.String())
	if err != nil {
		return nil, failed(ctx, to, err)
	}
	return c.(*net.TCPConn), nil
}
