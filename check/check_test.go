package check_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"headwater/check"
	"headwater/dial"
	"headwater/dial/dialtest"
	"headwater/report"
	"headwater/service"
)

const name = "origin.test"

// origin answers each request with 204, over TLS if config is not nil, and returns
// its port.
func origin(t *testing.T, config *tls.Config) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	if config != nil {
		l = tls.NewListener(l, config)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go answer(c)
		}
	}()
	return port
}

func answer(c net.Conn) {
	defer c.Close()
	status := 204
	if _, err := http.ReadRequest(bufio.NewReader(c)); err != nil {
		status = 400
	}
	fmt.Fprintf(c, "HTTP/1.1 %d OK\r\n\r\n", status)
	io.Copy(io.Discard, c)
}

// checker knows one name.
func checker(t *testing.T, policy string) *check.Checker {
	t.Helper()
	names := dialtest.NewNameServer(t)
	names.Set(name + " 60 A 127.0.0.1")
	resolver := dial.NewResolver(dial.ResolverConfig{Server: names.Addr})
	t.Cleanup(resolver.Close)
	p, err := dial.ParsePolicy(policy)
	if err != nil {
		t.Fatal(err)
	}
	return &check.Checker{Network: &dial.Network{Resolver: resolver, Permit: p.Permit}}
}

func backend(port int, sets ...func(*service.Backend)) *service.Backend {
	b := service.BackendKind.Default().(*service.Backend)
	b.Name, b.Address, b.Port, b.ConnectTimeout = "origin", name, int64(port), 10_000
	for _, set := range sets {
		set(b)
	}
	return b
}

func secure(ca string, sets ...func(*service.Backend)) func(*service.Backend) {
	return func(b *service.Backend) {
		n := name
		b.UseSSL, b.SSLCertHostname, b.SSLSNIHostname, b.SSLCACert = true, &n, &n, &ca
		for _, set := range sets {
			set(b)
		}
	}
}

func healthcheck(expected int64) *service.Healthcheck {
	h := service.HealthcheckKind.Default().(*service.Healthcheck)
	h.Name, h.Host, h.Path, h.ExpectedResponse, h.Timeout = "ping", name, "/health", expected, 10_000
	return h
}

// Each fault is found at its step, in the words that clients would be told, and
// with those of whoever noticed it.
func TestCheck(t *testing.T) {
	root := dialtest.NewAuthority(t, "root")
	issued := func(names []string, edits ...func(*x509.Certificate)) *tls.Config {
		return &tls.Config{Certificates: []tls.Certificate{root.Issue(names, edits...)}}
	}
	good := issued([]string{name})
	wants := func(version uint16) *tls.Config {
		c := good.Clone()
		c.ClientAuth, c.ClientCAs, c.MaxVersion = tls.RequireAndVerifyClientCert, root.Pool(), version
		return c
	}
	old := good.Clone()
	old.MinVersion, old.MaxVersion = tls.VersionTLS10, tls.VersionTLS10
	chain, key := dialtest.PEM(t, root.Issue([]string{"edge.test"}, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }))
	identified := func(b *service.Backend) { b.SSLClientCert, b.SSLClientKey = &chain, &key }
	expired := func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = time.Now().Add(-48*time.Hour), time.Now().Add(-24*time.Hour)
	}
	closed := origin(t, nil)

	tests := []struct {
		name     string
		backend  *service.Backend
		check    *service.Healthcheck
		policy   string
		problem  string // "" for none
		cause    string // part of what is told, in text
		wantText string // another
	}{
		{"in clear", backend(origin(t, nil)), healthcheck(204), "any", "", "204, as expected", "1 address"},
		{"an address", backend(closed, func(b *service.Backend) { b.Address = "127.0.0.1" }), nil, "any", "", "none: nothing was asked", "address      127.0.0.1"},
		{"another status", backend(origin(t, nil)), healthcheck(200), "any", "127.0.0.1: health check: status 204, not 200", "204, and 200 is expected", "HEAD /health HTTP/1.1"},
		{"TLS", backend(origin(t, good), secure(root.PEM())), healthcheck(204), "any", "", "TLS 1.3, TLS_", "sent origin.test, certificate checked for origin.test"},
		{"expired", backend(origin(t, issued([]string{name}, expired)), secure(root.PEM())), healthcheck(204), "any", "127.0.0.1: TLS: certificate has expired", "EXPIRED 1 days ago", "for origin.test"},
		{"another's name", backend(origin(t, issued([]string{"other.test"})), secure(root.PEM())), nil, "any", "127.0.0.1: TLS: hostname doesn't match against certificate", "for other.test", "agreed on TLS 1.3"},
		{"self-signed", backend(origin(t, &tls.Config{Certificates: []tls.Certificate{dialtest.SelfSigned(t, []string{name})}}), secure(root.PEM())), nil, "any",
			"127.0.0.1: TLS: self signed certificate", "certificate signed by unknown authority", ""},
		{"not checked", backend(origin(t, issued([]string{"other.test"}, expired)), secure(root.PEM(), func(b *service.Backend) { b.SSLCheckCert = false })), healthcheck(204), "any", "", "not checked", "204, as expected"},
		{"wants a client certificate, TLS 1.3", backend(origin(t, wants(tls.VersionTLS13)), secure(root.PEM())), nil, "any", "127.0.0.1: TLS: SSL handshake error", "certificate required", "wanted, and the backend has none"},
		{"wants a client certificate, TLS 1.2", backend(origin(t, wants(tls.VersionTLS12)), secure(root.PEM())), nil, "any", "127.0.0.1: TLS: SSL handshake error", "remote error: tls: handshake failure", "wanted, and the backend has none"},
		{"gets a client certificate", backend(origin(t, wants(tls.VersionTLS13)), secure(root.PEM(), identified)), healthcheck(204), "any", "", "wanted, and shown", "204, as expected"},
		{"TLS 1.0 only", backend(origin(t, old), secure(root.PEM())), nil, "any", "127.0.0.1: TLS: SSL handshake error", "protocol version", ""},
		{"no TLS there", backend(closed, secure(root.PEM())), nil, "any", "127.0.0.1: TLS: SSL handshake error", "", ""},
		{"refused", backend(refused(t)), healthcheck(204), "any", "127.0.0.1: connect: Connection refused", "connection refused", ""},
		{"no such name", backend(80, func(b *service.Backend) { b.Address = "nowhere.test" }), nil, "any", "nowhere.test: look-up of nowhere.test: no such host", "dns          failed", ""},
		{"forbidden", backend(closed, func(b *service.Backend) { b.Address = "127.0.0.1" }), healthcheck(204), "public",
			"127.0.0.1: connect: No healthy IP available for the backend", "the origin policy forbids the address", ""},
		{"forbidden, by name", backend(closed), healthcheck(204), "public", "origin.test: the origin policy forbids 1 of its addresses", "0 addresses and 1 forbidden", ""},
		{"contradicts itself", backend(closed, secure(root.PEM(), func(b *service.Backend) { b.SSLCertHostname = nil })), nil, "any",
			"configuration: Backend 'origin': Mandatory SSL cert checks require specifying cert hostname: set 'ssl_cert_hostname', or clear 'ssl_check_cert'", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			told := checker(t, tt.policy).Check(t.Context(), tt.backend, tt.check)
			if got := strings.Join(told.Problems, "\n"); got != tt.problem || told.Passed != (tt.problem == "") {
				t.Errorf("passed %t, problems %q, want %q", told.Passed, got, tt.problem)
			}
			text := told.Text(time.Now())
			for _, part := range []string{tt.cause, tt.wantText} {
				if !strings.Contains(text, part) {
					t.Errorf("%q is not told:\n%s", part, text)
				}
			}
			if strings.Contains(text, "PRIVATE KEY") {
				t.Errorf("a secret is told:\n%s", text)
			}
		})
	}
}

// What is the operator's, its name servers and where names of its network lead, is
// not told.
func TestOperatorsNetworkIsNotTold(t *testing.T) {
	forbidden := checker(t, "public")
	nobody := dial.NewResolver(dial.ResolverConfig{Server: netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(refused(t)))})
	t.Cleanup(nobody.Close)
	for name, tt := range map[string]struct {
		checker *check.Checker
		cause   string
	}{
		"no name server": {&check.Checker{Network: &dial.Network{Resolver: nobody}}, "origin.test: look-up of origin.test: name server: read: connection refused"},
		"an inner name":  {forbidden, "origin.test: the origin policy forbids 1 of its addresses"},
	} {
		told := tt.checker.Check(t.Context(), backend(80), healthcheck(204))
		if got := strings.Join(told.Problems, "\n"); got != tt.cause {
			t.Errorf("%s: problems %q, want %q", name, got, tt.cause)
		}
		if text := told.Text(time.Now()); strings.Contains(text, "127.0.0.1") {
			t.Errorf("%s: an address is told:\n%s", name, text)
		}
	}
}

func refused(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// Whatever an origin puts into its certificate, a terminal can show it.
func TestHostileCertificate(t *testing.T) {
	root := dialtest.NewAuthority(t, "root")
	names := []string{name}
	for i := range 200 {
		names = append(names, fmt.Sprintf("%d.test", i))
	}
	leaf := root.Issue(names, func(c *x509.Certificate) {
		c.Subject.CommonName = "\x1b[2J" + strings.Repeat("long", 1000)
		c.NotAfter = time.Now().Add(30 * time.Hour)
	})
	b := backend(origin(t, &tls.Config{Certificates: []tls.Certificate{leaf}}), secure(root.PEM()))
	told := checker(t, "any").Check(t.Context(), b, nil)
	if !told.Passed || len(told.Warnings) != 1 || told.Warnings[0] != "127.0.0.1: the certificate expires in 1 days" {
		t.Errorf("problems %q, warnings %q", told.Problems, told.Warnings)
	}
	c := told.Addresses[0].TLS.Chain[0]
	if len(c.Names) != 20 || c.MoreNames != 181 || len(c.Subject) > 310 {
		t.Errorf("%d names and %d more, a subject of %d", len(c.Names), c.MoreNames, len(c.Subject))
	}
	if text := told.Text(time.Now()); strings.ContainsRune(text, '\x1b') {
		t.Errorf("an escape sequence is told: %q", text)
	}
}

// One that has expired, and is not checked, is warned of in the past.
func TestExpiredCertificate(t *testing.T) {
	leaf := dialtest.NewAuthority(t, "root").Issue([]string{name}, func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = time.Now().Add(-480*time.Hour), time.Now().Add(-241*time.Hour)
	})
	b := backend(origin(t, &tls.Config{Certificates: []tls.Certificate{leaf}}), secure("", func(b *service.Backend) {
		b.SSLCACert, b.SSLCheckCert = nil, false
	}))
	told := checker(t, "any").Check(t.Context(), b, nil)
	if !slices.Contains(told.Warnings, "127.0.0.1: the certificate expired 10 days ago") {
		t.Errorf("warnings %q", told.Warnings)
	}
}

// silence takes a connection, tells when something comes there, and says nothing.
func silence(t *testing.T) (port int, spoken <-chan struct{}) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	begun := make(chan struct{})
	go func() {
		if c, err := l.Accept(); err == nil {
			c.Read(make([]byte, 1))
			close(begun)
			io.Copy(io.Discard, c)
			c.Close()
		}
	}()
	return l.Addr().(*net.TCPAddr).Port, begun
}

// A check ends with whoever wanted it.
func TestCheckEnds(t *testing.T) {
	port, spoken := silence(t)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-spoken
		cancel()
	}()
	told := checker(t, "any").Check(ctx, backend(port, secure("", func(b *service.Backend) {
		b.SSLCACert, b.ConnectTimeout = nil, 3_600_000
	})), nil)
	if len(told.Problems) != 1 || told.Took >= report.MillisOf(check.Most) {
		t.Errorf("problems %q after %v", told.Problems, told.Took)
	}
	if step := told.Addresses[0].TLS; step == nil || step.Passed {
		t.Errorf("%+v", step)
	}
}

// An origin that says nothing has its connect_timeout.
func TestSilentOrigin(t *testing.T) {
	port, _ := silence(t)
	told := checker(t, "any").Check(t.Context(), backend(port, secure("", func(b *service.Backend) {
		b.SSLCACert, b.ConnectTimeout = nil, 1000
	})), nil)
	if got := strings.Join(told.Problems, "\n"); got != "127.0.0.1: TLS: Connection timed out" {
		t.Errorf("problems %q", got)
	}
	if step := told.Addresses[0].TLS; step.Took < 1 || step.Passed {
		t.Errorf("%+v", step)
	}
}

// A name counts as known before only if others have it in use: not because it was
// found while the check began.
func TestKnownBefore(t *testing.T) {
	c, b := checker(t, "any"), backend(origin(t, nil))
	if told := c.Check(t.Context(), b, nil); told.Names.Known {
		t.Error("a name that nobody uses is known")
	}
	plan, _, err := dial.NewPlan(b, c.Rules)
	if err != nil {
		t.Fatal(err)
	}
	user := c.Network.Open(plan)
	defer user.Close()
	if err := user.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if told := c.Check(t.Context(), b, nil); !told.Names.Known {
		t.Error("a name that is in use is not known")
	}
	if user.KnownBefore() {
		t.Error("who was first says that the name was known")
	}
}
