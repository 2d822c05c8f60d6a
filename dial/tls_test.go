package dial

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"headwater/dial/dialtest"
	"headwater/service"
)

// A tlsOrigin is a server of crypto/tls. It tells of each handshake, good or not,
// and says "hello" after a good one.
type tlsOrigin struct {
	endpoint Endpoint
	seen     chan handshakeSeen
}

type handshakeSeen struct {
	state  tls.ConnectionState
	protos []string // that the client offered
	err    error
}

func startTLS(t testing.TB, config *tls.Config) *tlsOrigin {
	t.Helper()
	o := &tlsOrigin{seen: make(chan handshakeSeen, 8)}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := l.Addr().(*net.TCPAddr).AddrPort()
	o.endpoint = Endpoint{Host: at.Addr().String(), Port: at.Port()}
	config.SetSessionTicketKeys([][32]byte{{1}}) // which the clones below share
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			o.serve(c, config.Clone())
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return o
}

func (o *tlsOrigin) serve(tcp net.Conn, config *tls.Config) {
	defer tcp.Close()
	tcp.SetDeadline(time.Now().Add(10 * time.Second))
	var seen handshakeSeen
	c := tls.Server(tcp, config)
	config.GetConfigForClient = func(h *tls.ClientHelloInfo) (*tls.Config, error) {
		seen.protos = h.SupportedProtos
		return nil, nil
	}
	seen.err = c.Handshake()
	seen.state = c.ConnectionState()
	o.seen <- seen
	if seen.err == nil {
		io.WriteString(c, "hello")
		io.Copy(io.Discard, c)
	}
}

// open makes an Origin of a backend that reaches o.
func (o *tlsOrigin) open(t testing.TB, edit func(*service.Backend)) *Origin {
	t.Helper()
	p, _, err := NewPlan(backend(func(b *service.Backend) {
		b.Address, b.Port, b.UseSSL = o.endpoint.Host, int64(o.endpoint.Port), true
		edit(b)
	}), Rules{})
	if err != nil {
		t.Fatal(err)
	}
	opened := new(Network).Open(p)
	t.Cleanup(opened.Close)
	return opened
}

// greet connects as an edge would and returns what both sides make of it. The
// error may come with the first read (see IsAlert).
func (o *tlsOrigin) greet(t testing.TB, from *Origin) (client tls.ConnectionState, server handshakeSeen, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	tcp, err := from.Dial(ctx)
	if err != nil {
		t.Fatal(err)
	}
	c, err := from.Handshake(ctx, tcp)
	if err != nil {
		return client, <-o.seen, err
	}
	defer c.Close()
	hello := make([]byte, 5)
	_, err = io.ReadFull(c, hello)
	return c.ConnectionState(), <-o.seen, err
}

// identity returns an authority's certificate, and a client certificate with its
// key that it has signed, as PEM.
func identity(t testing.TB) (ca, cert, key string) {
	t.Helper()
	a := dialtest.NewAuthority(t, "clients' authority")
	cert, key = dialtest.PEM(t, a.Issue([]string{"edge.test"}))
	return a.PEM(), cert, key
}

// reasonOf returns what the error page would say, "" for no error.
func reasonOf(err error) string {
	var e *Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return e.Reason()
	case IsAlert(err):
		return causes[Alerted].reason
	}
	return "unexpected: " + err.Error()
}

// Each field of a backend that is about TLS, against servers that it meets and
// servers that it does not.
func TestTLSFields(t *testing.T) {
	root := dialtest.NewAuthority(t, "root")
	ca, other := root.PEM(), dialtest.NewAuthority(t, "another root").PEM()
	good, goodRSA := root.Issue([]string{"origin.test"}), root.IssueRSA([]string{"origin.test"})
	clients := dialtest.NewAuthority(t, "clients")
	clientCert, clientKey := dialtest.PEM(t, clients.Issue([]string{"edge.test"}))
	strangerCert, strangerKey := dialtest.PEM(t, dialtest.NewAuthority(t, "strangers").Issue([]string{"edge.test"}))

	serves := func(c tls.Certificate) *tls.Config { return &tls.Config{Certificates: []tls.Certificate{c}} }
	with := func(c *tls.Config, edit func(*tls.Config)) *tls.Config { edit(c); return c }
	upTo := func(lowest, highest uint16) *tls.Config {
		return with(serves(good), func(c *tls.Config) { c.MinVersion, c.MaxVersion = lowest, highest })
	}
	rsa12 := func(suites ...uint16) *tls.Config {
		return with(serves(goodRSA), func(c *tls.Config) { c.MaxVersion, c.CipherSuites = tls.VersionTLS12, suites })
	}
	mutual := with(serves(good), func(c *tls.Config) { c.ClientAuth, c.ClientCAs = tls.RequireAndVerifyClientCert, clients.Pool() })

	tests := []struct {
		name   string
		server *tls.Config
		edit   func(*service.Backend) // of one with ssl_ca_cert and ssl_cert_hostname that fit good
		reason string
		check  func(t *testing.T, client tls.ConnectionState, server handshakeSeen)
	}{
		{"all is well", serves(good), func(b *service.Backend) {}, "", func(t *testing.T, client tls.ConnectionState, server handshakeSeen) {
			if !slices.Equal(server.protos, []string{"http/1.1"}) {
				t.Errorf("offered %q by ALPN", server.protos)
			}
			if client.Version != tls.VersionTLS13 {
				t.Errorf("version %x", client.Version)
			}
		}},
		{"an origin without HTTP/1.1", with(serves(good), func(c *tls.Config) { c.NextProtos = []string{"other"} }), func(b *service.Backend) {}, "SSL handshake error", nil},

		// Names.
		{"ssl_cert_hostname is not sent", serves(good), func(b *service.Backend) {}, "", sni("")},
		{"ssl_cert_hostname of another", serves(good), func(b *service.Backend) { b.SSLCertHostname = new("other.test") }, "hostname doesn't match against certificate", nil},
		{"ssl_cert_hostname in another case", serves(good), func(b *service.Backend) { b.SSLCertHostname = new("Origin.TEST") }, "", nil},
		{"ssl_sni_hostname is not checked", serves(good), func(b *service.Backend) { b.SSLSNIHostname = new("sni.test") }, "", sni("sni.test")},
		{"ssl_sni_hostname is no name to check", serves(good), func(b *service.Backend) {
			b.SSLCertHostname, b.SSLSNIHostname = new("other.test"), new("origin.test")
		}, "hostname doesn't match against certificate", nil},
		{"ssl_sni_hostname that is an address is not sent", serves(good), func(b *service.Backend) { b.SSLSNIHostname = new("192.0.2.1") }, "", sni("")},
		{"ssl_hostname for both", serves(good), func(b *service.Backend) { b.SSLCertHostname, b.SSLHostname = nil, new("origin.test") }, "", sni("origin.test")},
		{"ssl_hostname below ssl_cert_hostname", serves(good), func(b *service.Backend) { b.SSLHostname = new("old.test") }, "", sni("old.test")},
		{"ssl_hostname below ssl_sni_hostname", serves(good), func(b *service.Backend) {
			b.SSLCertHostname, b.SSLSNIHostname, b.SSLHostname = nil, new("sni.test"), new("origin.test")
		}, "", sni("sni.test")},
		{"ssl_hostname is checked", serves(good), func(b *service.Backend) { b.SSLCertHostname, b.SSLHostname = nil, new("old.test") }, "hostname doesn't match against certificate", nil},

		// Whether and by whom the certificate is trusted.
		{"ssl_check_cert off: wrong name", serves(good), func(b *service.Backend) { b.SSLCheckCert, b.SSLCertHostname = false, new("other.test") }, "", nil},
		{"ssl_check_cert off: no name", serves(good), func(b *service.Backend) { b.SSLCheckCert, b.SSLCertHostname = false, nil }, "", sni("")},
		{"ssl_check_cert off: self signed", serves(dialtest.SelfSigned(t, nil)), func(b *service.Backend) { b.SSLCheckCert = false }, "", nil},
		{"ssl_ca_cert of another", serves(good), func(b *service.Backend) { b.SSLCACert = &other }, "unable to verify the first certificate", nil},
		{"ssl_ca_cert of several", serves(good), func(b *service.Backend) { b.SSLCACert = new(other + ca) }, "", nil},
		{"ssl_ca_cert unset: the system's", serves(system.Issue([]string{"origin.test"})), func(b *service.Backend) { b.SSLCACert = nil }, "", nil},
		{"ssl_ca_cert unset: not the system's", serves(good), func(b *service.Backend) { b.SSLCACert = nil }, "unable to verify the first certificate", nil},
		{"ssl_ca_cert is in the system's place", serves(system.Issue([]string{"origin.test"})), func(b *service.Backend) {}, "unable to verify the first certificate", nil},

		// Client certificates.
		{"ssl_client_cert", mutual, func(b *service.Backend) { b.SSLClientCert, b.SSLClientKey = &clientCert, &clientKey }, "", func(t *testing.T, _ tls.ConnectionState, server handshakeSeen) {
			if got := server.state.PeerCertificates; len(got) == 0 || !slices.Equal(got[0].DNSNames, []string{"edge.test"}) {
				t.Errorf("the origin saw %v", got)
			}
		}},
		{"ssl_client_cert that nobody asks for", serves(good), func(b *service.Backend) { b.SSLClientCert, b.SSLClientKey = &clientCert, &clientKey }, "", nil},
		{"no ssl_client_cert where one is wanted", mutual, func(b *service.Backend) {}, "SSL handshake error", nil},
		{"no ssl_client_cert where one is wanted, TLS 1.2", mutual, func(b *service.Backend) { b.MaxTLSVersion = new("1.2") }, "SSL handshake error", nil},
		{"ssl_client_cert of another authority", mutual, func(b *service.Backend) { b.SSLClientCert, b.SSLClientKey = &strangerCert, &strangerKey }, "SSL handshake error", func(t *testing.T, _ tls.ConnectionState, server handshakeSeen) {
			if !errors.As(server.err, new(*tls.CertificateVerificationError)) {
				t.Errorf("the certificate was not shown: %v", server.err)
			}
		}},

		// Versions.
		{"an origin of TLS 1.0", upTo(tls.VersionTLS10, tls.VersionTLS10), func(b *service.Backend) {}, "SSL handshake error", nil},
		{"min_tls_version 1.0", upTo(tls.VersionTLS10, tls.VersionTLS10), func(b *service.Backend) { b.MinTLSVersion = new("1.0") }, "", version(tls.VersionTLS10)},
		{"min_tls_version 1.1", upTo(tls.VersionTLS10, tls.VersionTLS11), func(b *service.Backend) { b.MinTLSVersion = new("1.1") }, "", version(tls.VersionTLS11)},
		{"min_tls_version 1.1, but 1.0", upTo(tls.VersionTLS10, tls.VersionTLS10), func(b *service.Backend) { b.MinTLSVersion = new("1.1") }, "SSL handshake error", nil},
		{"min_tls_version 1.3", serves(good), func(b *service.Backend) { b.MinTLSVersion = new("1.3") }, "", version(tls.VersionTLS13)},
		{"min_tls_version 1.3, but 1.2", upTo(tls.VersionTLS10, tls.VersionTLS12), func(b *service.Backend) { b.MinTLSVersion = new("1.3") }, "SSL handshake error", nil},
		{"max_tls_version 1.2", serves(good), func(b *service.Backend) { b.MaxTLSVersion = new("1.2") }, "", version(tls.VersionTLS12)},
		{"max_tls_version 1.1 without a min", upTo(tls.VersionTLS10, tls.VersionTLS13), func(b *service.Backend) { b.MaxTLSVersion = new("1.1") }, "", version(tls.VersionTLS11)},
		{"max_tls_version 1", upTo(tls.VersionTLS10, tls.VersionTLS13), func(b *service.Backend) { b.MaxTLSVersion = new("1") }, "", version(tls.VersionTLS10)},
		{"max_tls_version 1.2, but 1.3", upTo(tls.VersionTLS13, tls.VersionTLS13), func(b *service.Backend) { b.MaxTLSVersion = new("1.2") }, "SSL handshake error", nil},

		// Cipher suites.
		{"ssl_ciphers", rsa12(), func(b *service.Backend) { b.SSLCiphers = new("ECDHE-RSA-AES256-GCM-SHA384:FOO") }, "", suiteIs(tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384)},
		{"ssl_ciphers without a common one", rsa12(tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256), func(b *service.Backend) { b.SSLCiphers = new("CHACHA20") }, "SSL handshake error", nil},
		{"ssl_ciphers with key exchange by RSA", rsa12(tls.TLS_RSA_WITH_AES_128_CBC_SHA), func(b *service.Backend) { b.SSLCiphers = new("AES128-SHA") }, "", suiteIs(tls.TLS_RSA_WITH_AES_128_CBC_SHA)},
		{"ssl_ciphers that do not name it", rsa12(tls.TLS_RSA_WITH_AES_128_CBC_SHA), func(b *service.Backend) { b.SSLCiphers = new("HIGH") }, "SSL handshake error", nil},
		{"ssl_ciphers with 3DES", rsa12(tls.TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA), func(b *service.Backend) { b.SSLCiphers = new("3DES") }, "", suiteIs(tls.TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA)},
		{"ssl_ciphers unset", rsa12(tls.TLS_RSA_WITH_AES_128_CBC_SHA, tls.TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA), func(b *service.Backend) {}, "SSL handshake error", nil},
		{"ssl_ciphers says nothing of TLS 1.3", serves(good), func(b *service.Backend) { b.SSLCiphers = new("AES128-SHA") }, "", version(tls.VersionTLS13)},
		{"ssl_ciphers that leave nothing", serves(good), func(b *service.Backend) { b.SSLCiphers = new("DHE") }, "", version(tls.VersionTLS13)},
		{"ssl_ciphers that leave nothing, but 1.2", rsa12(), func(b *service.Backend) { b.SSLCiphers = new("DHE") }, "SSL handshake error", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := startTLS(t, tt.server)
			from := server.open(t, func(b *service.Backend) {
				b.SSLCACert, b.SSLCertHostname = &ca, new("origin.test")
				tt.edit(b)
			})
			client, seen, err := server.greet(t, from)
			if got := reasonOf(err); got != tt.reason {
				t.Fatalf("reason %q, want %q (%v)", got, tt.reason, err)
			}
			if tt.check != nil {
				tt.check(t, client, seen)
			}
		})
	}
}

func sni(want string) func(*testing.T, tls.ConnectionState, handshakeSeen) {
	return func(t *testing.T, _ tls.ConnectionState, server handshakeSeen) {
		if got := server.state.ServerName; got != want {
			t.Errorf("SNI %q, want %q", got, want)
		}
	}
}

func version(want uint16) func(*testing.T, tls.ConnectionState, handshakeSeen) {
	return func(t *testing.T, client tls.ConnectionState, _ handshakeSeen) {
		if got := client.Version; got != want {
			t.Errorf("%s, want %s", tls.VersionName(got), tls.VersionName(want))
		}
	}
}

func suiteIs(want uint16) func(*testing.T, tls.ConnectionState, handshakeSeen) {
	return func(t *testing.T, client tls.ConnectionState, _ handshakeSeen) {
		if got := client.CipherSuite; got != want {
			t.Errorf("%s, want %s", tls.CipherSuiteName(got), tls.CipherSuiteName(want))
		}
	}
}

// Every fault of a certificate has OpenSSL's words.
func TestCertificateFaults(t *testing.T) {
	root := dialtest.NewAuthority(t, "root")
	stranger := dialtest.NewAuthority(t, "stranger")
	shop := []string{"origin.test"}
	expired := func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = time.Now().Add(-48*time.Hour), time.Now().Add(-24*time.Hour)
	}
	future := func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = time.Now().Add(24*time.Hour), time.Now().Add(48*time.Hour)
	}
	common := func(name string) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.Subject.CommonName = name }
	}
	bare := func(c tls.Certificate) tls.Certificate { c.Certificate = c.Certificate[:1]; return c }
	withRoot := func(c tls.Certificate, a *dialtest.Authority) tls.Certificate {
		c.Certificate = append(c.Certificate, a.Cert.Raw)
		return c
	}
	narrow := root.Intermediate("narrow", func(c *x509.Certificate) {
		c.PermittedDNSDomainsCritical, c.PermittedDNSDomains = true, []string{"elsewhere.test"}
	})
	tests := []struct {
		name string
		cert tls.Certificate
		want string
	}{
		{"expired", root.Issue(shop, expired), "certificate has expired"},
		{"not yet valid", root.Issue(shop, future), "certificate is not yet valid"},
		{"signed by itself", dialtest.SelfSigned(t, shop), "self signed certificate"},
		{"a stranger's, with its root", withRoot(stranger.Issue(shop), stranger), "self signed certificate in certificate chain"},
		{"a stranger's, without", stranger.Issue(shop), "unable to verify the first certificate"},
		{"a stranger's, through another", stranger.Intermediate("between").Issue(shop), "unable to get local issuer certificate"},
		{"through another", root.Intermediate("between").Issue(shop), ""},
		{"through another that is not sent", bare(root.Intermediate("between").Issue(shop)), "unable to verify the first certificate"},
		{"through another that has expired", root.Intermediate("between", expired).Issue(shop), "certificate has expired"},
		{"through one that may not sign", root.Intermediate("between", func(c *x509.Certificate) { c.IsCA = false }).Issue(shop), "invalid CA certificate"},
		{"through too many", root.Intermediate("no further", func(c *x509.Certificate) { c.MaxPathLenZero = true }).Intermediate("too far").Issue(shop), "path length constraint exceeded"},
		{"for clients", root.Issue(shop, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }), "unsupported certificate purpose"},
		{"of an authority for other names", narrow.Issue(shop), "permitted subtree violation"},
		{"of another name", root.Issue([]string{"other.test", "www.origin.test"}), "hostname doesn't match against certificate"},
		{"expired and of another name", root.Issue([]string{"other.test"}, expired), "certificate has expired"},
		{"with a wildcard", root.Issue([]string{"*.test"}), ""},
		{"with a common name alone", root.Issue(nil, common("origin.test")), ""},
		{"with a common wildcard alone", root.Issue(nil, common("*.test")), ""},
		{"with a common name beside others", root.Issue([]string{"other.test"}, common("origin.test")), "hostname doesn't match against certificate"},
		{"with a common name of an authority for others", narrow.Issue(nil, common("origin.test")), "hostname doesn't match against certificate"},
		{"without any name", root.Issue(nil), "hostname doesn't match against certificate"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := startTLS(t, &tls.Config{Certificates: []tls.Certificate{tt.cert}})
			from := server.open(t, func(b *service.Backend) { b.SSLCACert, b.SSLCertHostname = new(root.PEM()), new("origin.test") })
			_, _, err := server.greet(t, from)
			if got := reasonOf(err); got != tt.want {
				t.Errorf("reason %q, want %q (%v)", got, tt.want, err)
			}
			var e *Error
			if errors.As(err, &e) && (e.Side() != SideOrigin || !e.Elsewhere() || e.Addr.Port() != server.endpoint.Port) {
				t.Errorf("side %v, elsewhere %v, to %v", e.Side(), e.Elsewhere(), e.Addr)
			}
		})
	}
}

// A certificate that is itself in ssl_ca_cert is trusted, whoever signed it, and
// an address can be a certificate's name.
func TestPinnedCertificate(t *testing.T) {
	self := dialtest.SelfSigned(t, []string{"origin.test"})
	pin, _ := dialtest.PEM(t, self)
	server := startTLS(t, &tls.Config{Certificates: []tls.Certificate{self}})
	from := server.open(t, func(b *service.Backend) { b.SSLCACert, b.SSLCertHostname = &pin, new("origin.test") })
	if _, _, err := server.greet(t, from); err != nil {
		t.Errorf("pinned: %v", err)
	}

	root := dialtest.NewAuthority(t, "root")
	address := root.Issue(nil, func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)} })
	server = startTLS(t, &tls.Config{Certificates: []tls.Certificate{address}})
	for name, want := range map[string]string{"127.0.0.1": "", "127.0.0.2": "hostname doesn't match against certificate"} {
		from := server.open(t, func(b *service.Backend) { b.SSLCACert, b.SSLCertHostname = new(root.PEM()), &name })
		if _, _, err := server.greet(t, from); reasonOf(err) != want {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
}

// A pool resumes its own sessions, and no other pool does: crypto/tls finds them
// by the name sent alone, so that one cache for two would give one backend the
// identity of another.
func TestSessionsStayWithTheirPool(t *testing.T) {
	root := dialtest.NewAuthority(t, "root")
	clients := dialtest.NewAuthority(t, "clients")
	cert, key := dialtest.PEM(t, clients.Issue([]string{"edge.test"}))
	for _, highest := range []string{"1.2", "1.3"} {
		t.Run("TLS "+highest, func(t *testing.T) {
			server := startTLS(t, &tls.Config{Certificates: []tls.Certificate{root.Issue([]string{"origin.test"})},
				ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: clients.Pool()})
			plain := func(b *service.Backend) {
				b.SSLCACert, b.SSLHostname, b.MaxTLSVersion = new(root.PEM()), new("origin.test"), &highest
			}
			known := server.open(t, func(b *service.Backend) { plain(b); b.SSLClientCert, b.SSLClientKey = &cert, &key })
			unknown := server.open(t, plain)
			again := server.open(t, func(b *service.Backend) { plain(b); b.SSLClientCert, b.SSLClientKey = &cert, &key })
			steps := []struct {
				name             string
				from             *Origin
				resumed, certain bool
			}{
				{"the first", known, false, true},
				{"the second", known, true, true},
				{"one without a certificate", unknown, false, false},
				{"its second", unknown, true, false},
				{"another pool with the certificate", again, false, true},
			}
			for _, step := range steps {
				_, seen, err := server.greet(t, step.from)
				if err != nil {
					t.Fatalf("%s: %v", step.name, err)
				}
				if seen.state.DidResume != step.resumed || len(seen.state.PeerCertificates) > 0 != step.certain {
					t.Errorf("%s: resumed %v, certificates %d; want %v, %v", step.name, seen.state.DidResume, len(seen.state.PeerCertificates), step.resumed, step.certain)
				}
			}
		})
	}
}

// The certificate of a session is checked again when that is resumed.
func TestResumedSessionsAreChecked(t *testing.T) {
	root := dialtest.NewAuthority(t, "root")
	server := startTLS(t, &tls.Config{Certificates: []tls.Certificate{root.Issue([]string{"origin.test"})}})
	named := func(name string) *Origin {
		return server.open(t, func(b *service.Backend) {
			b.SSLCACert, b.SSLSNIHostname, b.SSLCertHostname = new(root.PEM()), new("origin.test"), &name
		})
	}
	right, wrong := named("origin.test"), named("other.test")
	if _, _, err := server.greet(t, right); err != nil {
		t.Fatal(err)
	}
	wrong.tls.ClientSessionCache = right.tls.ClientSessionCache
	_, seen, err := server.greet(t, wrong)
	if !seen.state.DidResume {
		t.Error("the session was not resumed, so that nothing is shown")
	}
	if got := reasonOf(err); got != "hostname doesn't match against certificate" {
		t.Errorf("reason %q (%v)", got, err)
	}
}

// An opaque connection has no deadlines and is not one of TCP.
type opaque struct {
	net.Conn
	once   sync.Once
	closed chan struct{}
}

func (o *opaque) SetDeadline(time.Time) error      { return errors.ErrUnsupported }
func (o *opaque) SetReadDeadline(time.Time) error  { return errors.ErrUnsupported }
func (o *opaque) SetWriteDeadline(time.Time) error { return errors.ErrUnsupported }

func (o *opaque) Close() error {
	o.once.Do(func() { close(o.closed) })
	return o.Conn.Close()
}

// A handshake needs no more of a connection than Read, Write and Close, ends in
// time, and leaves nothing open when it fails.
func TestHandshakeFailures(t *testing.T) {
	tests := []struct {
		name  string
		says  string // before it ends the connection, or waits for that
		waits bool
		cause Cause
		text  string
	}{
		{"says nothing", "", true, TimedOut, "deadline"},
		{"speaks HTTP", "HTTP/1.1 400 Bad Request\r\n\r\n", true, Incompatible, "TLS handshake"},
		{"closes", "", false, Ended, "EOF"},
		{"sends an alert", "\x15\x03\x03\x00\x02\x02\x50", true, Alerted, "internal error"},
		{"sends half a record", "\x16\x03\x03\x10\x00", false, Ended, "EOF"},
	}
	p, _, err := NewPlan(backend(func(b *service.Backend) { b.UseSSL, b.SSLCheckCert = true, false }), Rules{})
	if err != nil {
		t.Fatal(err)
	}
	from := new(Network).Open(p)
	defer from.Close()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ours, theirs := net.Pipe()
			conn := &opaque{Conn: ours, closed: make(chan struct{})}
			var origin sync.WaitGroup
			origin.Go(func() {
				defer theirs.Close()
				theirs.Read(make([]byte, 64<<10))
				io.WriteString(theirs, tt.says)
				if tt.waits {
					<-conn.closed
				}
			})
			limit := 10 * time.Second
			if tt.cause == TimedOut {
				limit = 50 * time.Millisecond
			}
			ctx, cancel := context.WithTimeout(context.Background(), limit)
			defer cancel()
			_, err := from.Handshake(ctx, conn)
			var e *Error
			if !errors.As(err, &e) || e.Cause != tt.cause || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("%v, want cause %d with %q", err, tt.cause, tt.text)
			}
			<-conn.closed
			origin.Wait()
		})
	}
}
