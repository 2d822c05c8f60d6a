package dial

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"headwater/dial/dialtest"
	"headwater/service"
)

// newNetwork has a resolver that knows the names in hosts, and those of ns if
// that is not nil.
func newNetwork(t testing.TB, ns *dialtest.NameServer, hosts ...string) *Network {
	t.Helper()
	file := filepath.Join(t.TempDir(), "hosts")
	if err := os.WriteFile(file, []byte(strings.Join(hosts, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := ResolverConfig{Hosts: file, Server: netip.MustParseAddrPort("127.0.0.1:1")}
	if ns != nil {
		cfg.Server = ns.Addr
	}
	r := NewResolver(cfg)
	t.Cleanup(r.Close)
	return &Network{Resolver: r}
}

// listen returns where somebody listens for as long as t runs.
func listen(t testing.TB, network, address string) Endpoint {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	at := l.Addr().(*net.TCPAddr).AddrPort()
	return Endpoint{Host: at.Addr().String(), Port: at.Port()}
}

// listenAll returns a port on which somebody listens at all hosts.
func listenAll(t testing.TB, hosts ...string) int64 {
	t.Helper()
	for range 20 {
		first := listen(t, "tcp", net.JoinHostPort(hosts[0], "0"))
		free := true
		for _, host := range hosts[1:] {
			l, err := net.Listen("tcp", net.JoinHostPort(host, fmt.Sprint(first.Port)))
			if free = free && err == nil; err == nil {
				t.Cleanup(func() { l.Close() })
			}
		}
		if free {
			return int64(first.Port)
		}
	}
	t.Fatalf("no port is free at %v", hosts)
	return 0
}

func open(t testing.TB, n *Network, edit func(*service.Backend)) *Origin {
	t.Helper()
	p, _, err := NewPlan(backend(edit), Rules{})
	if err != nil {
		t.Fatal(err)
	}
	o := n.Open(p)
	t.Cleanup(o.Close)
	return o
}

// dialled connects within limit, and ends the connection with the test.
func dialled(t testing.TB, o *Origin, limit time.Duration) (*net.TCPConn, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	c, err := o.Dial(ctx)
	if err == nil {
		t.Cleanup(func() { c.Close() })
	}
	return c, err
}

func TestDialAddress(t *testing.T) {
	hosts := []string{"127.0.0.1"}
	if l, err := net.Listen("tcp6", "[::1]:0"); err == nil { // or this machine has no IPv6
		l.Close()
		hosts = append(hosts, "::1")
	}
	for _, host := range hosts {
		e := listen(t, "tcp", net.JoinHostPort(host, "0"))
		o := open(t, new(Network), func(b *service.Backend) { b.Address, b.Port = host, int64(e.Port) })
		if err := o.Wait(context.Background()); err != nil {
			t.Error(err)
		}
		c, err := dialled(t, o, 10*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.RemoteAddr().String(); got != e.String() || o.Secure() {
			t.Errorf("connected to %s, secure %v; want %s", got, o.Secure(), e)
		}
	}
}

// Connections to a name go to all its addresses alike.
func TestDialSpreads(t *testing.T) {
	port := listenAll(t, "127.0.0.2", "127.0.0.3", "127.0.0.4")
	n := newNetwork(t, nil, "127.0.0.2 origin.test", "127.0.0.3 origin.test", "127.0.0.4 origin.test")
	o := open(t, n, func(b *service.Backend) { b.Address, b.Port = "Origin.test", port })
	count := map[string]int{}
	for range 12 {
		c, err := dialled(t, o, 10*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		count[c.RemoteAddr().(*net.TCPAddr).IP.String()]++
	}
	for _, addr := range o.Addresses() {
		if got := count[addr.String()]; got != 4 {
			t.Errorf("%d connections to %s, want 4", got, addr)
		}
	}
	c, err := o.DialTo(context.Background(), netip.MustParseAddr("127.0.0.4"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if got := c.RemoteAddr().(*net.TCPAddr).IP.String(); got != "127.0.0.4" {
		t.Errorf("DialTo went to %s", got)
	}
}

// prefer_ipv6 decides which family is tried first.
func TestDialPrefers(t *testing.T) {
	if l, err := net.Listen("tcp6", "[::1]:0"); err != nil {
		t.Skip("only on another system: this one has no IPv6")
	} else {
		l.Close()
	}
	port := listenAll(t, "127.0.0.1", "::1")
	n := newNetwork(t, nil, "127.0.0.1 origin.test", "::1 origin.test")
	for prefer, want := range map[bool]string{false: "127.0.0.1", true: "::1"} {
		o := open(t, n, func(b *service.Backend) { b.Address, b.Port, b.PreferIPv6 = "origin.test", port, prefer })
		c, err := dialled(t, o, 10*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.RemoteAddr().(*net.TCPAddr).IP.String(); got != want {
			t.Errorf("prefer_ipv6 %v: connected to %s", prefer, got)
		}
	}
}

// A name is looked up by a real resolver; the first caller waits for that.
func TestDialName(t *testing.T) {
	ns := dialtest.NewNameServer(t)
	ns.Set("origin.test 3600 CNAME other.test", "other.test 3600 A 127.0.0.1")
	e := listen(t, "tcp4", "127.0.0.1:0")
	n := newNetwork(t, ns)
	at := func(host string) *Origin {
		return open(t, n, func(b *service.Backend) { b.Address, b.Port = host, int64(e.Port) })
	}
	if _, err := dialled(t, at("origin.test"), 10*time.Second); err != nil {
		t.Errorf("the name: %v", err)
	}
	_, err := dialled(t, at("nowhere.test"), 10*time.Second)
	if !errors.Is(err, ErrNoAddress) || !errors.Is(err, errNoSuchName) {
		t.Errorf("a name that is not there: %v", err)
	}
	if got, want := reasonOf(err), "No healthy IP available for the backend"; got != want {
		t.Errorf("reason %q, want %q", got, want)
	}
}

// The look-up is part of the time that a connection may take.
func TestDialWaitsForTheNameInItsTime(t *testing.T) {
	ns := dialtest.NewNameServer(t)
	ns.Respond(func([]byte, bool) [][]byte { return nil })
	o := open(t, newNetwork(t, ns), func(b *service.Backend) { b.Address = "slow.test" })
	if _, err := dialled(t, o, 50*time.Millisecond); !errors.Is(err, ErrTimeout) {
		t.Errorf("%v, want the timeout", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var e *Error
	if _, err := o.Dial(ctx); !errors.As(err, &e) || e.Cause != Canceled || errors.Is(err, ErrTimeout) {
		t.Errorf("%v, want that it was cancelled", err)
	}
	if err := o.Wait(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Wait: %v", err)
	}
}

func TestDialRefused(t *testing.T) {
	port := freePort(t)
	o := open(t, new(Network), func(b *service.Backend) { b.Port = int64(port) })
	_, err := dialled(t, o, 10*time.Second)
	var e *Error
	if !errors.As(err, &e) || e.Cause != Refused || e.Addr.Port() != port || !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("%v", err)
	}
	if got, want := reasonOf(err), "Connection refused"; got != want {
		t.Errorf("reason %q, want %q", got, want)
	}
}

// What the operator does not permit is not connected to, nor is anything sent.
func TestDialPermit(t *testing.T) {
	port := listenAll(t, "127.0.0.2", "127.0.0.3")
	n := newNetwork(t, nil, "127.0.0.2 origin.test", "127.0.0.3 origin.test", "127.0.0.2 inside.test")
	n.Permit = func(to netip.AddrPort) bool { return to.Addr() != netip.MustParseAddr("127.0.0.2") }
	at := func(host string) *Origin {
		return open(t, n, func(b *service.Backend) { b.Address, b.Port = host, port })
	}
	o := at("origin.test")
	for range 4 {
		c, err := dialled(t, o, 10*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.RemoteAddr().(*net.TCPAddr).IP.String(); got != "127.0.0.3" {
			t.Errorf("connected to %s", got)
		}
	}
	for _, host := range []string{"127.0.0.2", "inside.test"} {
		_, err := dialled(t, at(host), 10*time.Second)
		var e *Error
		if !errors.As(err, &e) || e.Cause != Denied || e.Side() != SideEdge {
			t.Errorf("%s: %v", host, err)
		}
	}
}

// Each cause of the table stands for the system errors that bring it about.
func TestCauses(t *testing.T) {
	v4, v6 := netip.MustParseAddrPort("192.0.2.1:80"), netip.MustParseAddrPort("[2001:db8::1]:80")
	system := func(number syscall.Errno) error {
		return &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", number)}
	}
	tests := []struct {
		err       error
		to        netip.AddrPort
		cause     Cause
		reason    string
		side      Side
		elsewhere bool
	}{
		{system(syscall.ECONNREFUSED), v4, Refused, "Connection refused", SideOrigin, true},
		{system(syscall.ETIMEDOUT), v4, TimedOut, "Connection timed out", SideOrigin, true},
		{os.ErrDeadlineExceeded, v4, TimedOut, "Connection timed out", SideOrigin, true},
		{system(syscall.ENETUNREACH), v6, Unreachable, "Network unreachable", SideOrigin, true},
		{system(syscall.EHOSTUNREACH), v4, Unreachable, "Network unreachable", SideOrigin, true},
		{system(syscall.EADDRNOTAVAIL), v6, Unreachable, "Network unreachable", SideOrigin, true},
		{system(syscall.EADDRNOTAVAIL), v4, Exhausted, "Service Unavailable", SideEdge, false},
		{system(syscall.EMFILE), v4, Exhausted, "Service Unavailable", SideEdge, false},
		{system(syscall.ENOBUFS), v4, Exhausted, "Service Unavailable", SideEdge, false},
		{system(syscall.ECONNRESET), v4, Ended, "backend read error", SideOrigin, true},
		{io.EOF, v4, Ended, "backend read error", SideOrigin, true},
		{errors.New("odd"), v4, Broken, "backend read error", SideOrigin, true},
	}
	for _, tt := range tests {
		e := failed(context.Background(), tt.to, tt.err)
		if e.Cause != tt.cause || e.Reason() != tt.reason || e.Side() != tt.side || e.Elsewhere() != tt.elsewhere {
			t.Errorf("%v: cause %d, %q, side %d, elsewhere %v", tt.err, e.Cause, e.Reason(), e.Side(), e.Elsewhere())
		}
		if !errors.Is(e, tt.err) || !strings.Contains(e.Error(), tt.err.Error()) || !strings.Contains(e.Error(), tt.to.String()) {
			t.Errorf("%v is told as %v", tt.err, e)
		}
		if got := errors.Is(e, ErrTimeout); got != (tt.cause == TimedOut) {
			t.Errorf("%v: ErrTimeout %v", tt.err, got)
		}
	}
}

// Each reason that an error page can show is explained.
func TestReasonsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../docs/errors.md")
	if err != nil {
		t.Fatal(err)
	}
	for cause, row := range causes {
		if row.reason != "" && !strings.Contains(string(text), "`"+row.reason+"`") {
			t.Errorf("docs/errors.md does not explain %q of cause %d", row.reason, cause)
		}
	}
	for _, reason := range []string{"self signed certificate", "self signed certificate in certificate chain", "unable to get local issuer certificate",
		"unable to verify the first certificate", "certificate has expired", "certificate is not yet valid", "invalid CA certificate",
		"path length constraint exceeded", "unsupported certificate purpose", "permitted subtree violation", "unhandled critical extension"} {
		if !strings.Contains(string(text), "`"+reason+"`") {
			t.Errorf("docs/errors.md does not explain %q", reason)
		}
	}
}

// Addresses that are not usable are left out, and none is as good as no address.
func TestDialAmong(t *testing.T) {
	hosts := []string{"127.0.0.1", "127.0.0.2", "127.0.0.3"}
	port := listenAll(t, hosts...)
	o := open(t, newNetwork(t, nil, "127.0.0.1 pool.test", "127.0.0.2 pool.test", "127.0.0.3 pool.test"), func(b *service.Backend) {
		b.Address, b.Port = "pool.test", port
	})
	unusable := map[string]bool{"127.0.0.2": true}
	usable := func(a netip.Addr) bool { return !unusable[a.String()] }
	reached := map[string]int{}
	for range 10 {
		c, err := o.DialAmong(t.Context(), usable)
		if err != nil {
			t.Fatal(err)
		}
		reached[c.RemoteAddr().(*net.TCPAddr).IP.String()]++
		c.Close()
	}
	if reached["127.0.0.2"] > 0 || reached["127.0.0.1"] == 0 || reached["127.0.0.3"] == 0 {
		t.Errorf("reached %v", reached)
	}
	unusable["127.0.0.1"], unusable["127.0.0.3"] = true, true
	if _, err := o.DialAmong(t.Context(), usable); !errors.Is(err, ErrNoAddress) {
		t.Errorf("none is usable: %v", err)
	}
}

// A lateContext ends after the first look at it.
type lateContext struct {
	context.Context
	looks int
}

func (c *lateContext) Err() error {
	if c.looks++; c.looks == 1 {
		return nil
	}
	return context.DeadlineExceeded
}

// The poller's deadline may pass before the context's timer has run.
func TestEndBetweenTwoLooks(t *testing.T) {
	err := &net.OpError{Op: "dial", Net: "tcp", Err: os.ErrDeadlineExceeded}
	if got := failed(&lateContext{Context: context.Background()}, netip.AddrPort{}, err).Cause; got != TimedOut {
		t.Errorf("cause %d, want %d", got, TimedOut)
	}
}
