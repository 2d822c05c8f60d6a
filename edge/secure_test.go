package edge_test

import (
	"crypto/tls"
	"crypto/x509"
	"html"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"headwater/dial/dialtest"
	"headwater/edge"
	"headwater/edge/edgetest"
	"headwater/service"
)

// A secureOrigin is a server of net/http behind crypto/tls. It answers what it
// got: the body, or the path.
type secureOrigin struct {
	port int

	mu    sync.Mutex
	conns map[string]int // requests by connection
	seen  []tls.ConnectionState
}

func newSecureOrigin(t *testing.T, config *tls.Config) *secureOrigin {
	t.Helper()
	o := &secureOrigin{conns: map[string]int{}}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.mu.Lock()
		o.conns[r.RemoteAddr]++
		if o.conns[r.RemoteAddr] == 1 {
			o.seen = append(o.seen, *r.TLS)
		}
		o.mu.Unlock()
		if r.Method == "GET" {
			io.WriteString(w, strings.Repeat(r.URL.Path, 1<<14))
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("origin: %v", err)
		}
		w.Write(body)
	}))
	s.TLS = config
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	o.port = s.Listener.Addr().(*net.TCPAddr).Port
	return o
}

// states returns what the origin saw of each connection.
func (o *secureOrigin) states() []tls.ConnectionState {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.seen)
}

// securely makes a backend speak TLS to an origin that has root's certificate for
// origin.test.
func securely(root *dialtest.Authority, sets ...edgetest.Set) edgetest.Set {
	return func(b *service.Backend) {
		b.UseSSL, b.SSLHostname, b.SSLCACert = true, new("origin.test"), new(root.PEM())
		for _, set := range sets {
			set(b)
		}
	}
}

func certified(root *dialtest.Authority, edits ...func(*x509.Certificate)) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{root.Issue([]string{"origin.test"}, edits...)}}
}

// Requests go over TLS as they go without, many over one connection.
func TestSecureOrigin(t *testing.T) {
	root := dialtest.NewAuthority(t, "root")
	edgetest.Both(t, func(t *testing.T, plain bool) {
		o := newSecureOrigin(t, certified(root))
		e := edgetest.Start(t, edge.Config{PlainIO: plain}, edgetest.Snapshot(edgetest.BackendAt("127.0.0.1", o.port, securely(root))))
		c := e.Dial(t)
		for range 3 {
			if a := c.Get(edgetest.Host, "/some/path"); a.Status != 200 || string(a.Body) != strings.Repeat("/some/path", 1<<14) {
				t.Fatalf("%d %s, %d bytes", a.Status, a.Reason, len(a.Body))
			}
		}
		body := strings.Repeat("0123456789abcdef", 1<<14)
		c.Send(post("/", len(body)) + body)
		if a := c.AnswerTo("POST"); a.Status != 200 || string(a.Body) != body {
			t.Errorf("%d %s, %d bytes", a.Status, a.Reason, len(a.Body))
		}
		if got := o.states(); len(got) != 1 || got[0].ServerName != "origin.test" {
			t.Errorf("%d connections, the first to %q", len(got), got[0].ServerName)
		}
	})
}

// Programs can tell how an answer came.
func TestProgramsSeeTLS(t *testing.T) {
	root := dialtest.NewAuthority(t, "root")
	secure := newSecureOrigin(t, certified(root))
	clear := edgetest.NewTLSOrigin(t, nil, edgetest.Reply("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
	told := func(id string, b *service.Backend) *service.Snapshot {
		return edgetest.With(t, edgetest.Service(id, 1, []string{id}, b), service.SnippetKind,
			"name=tell", "type=fetch", "content=set beresp.http.Saw = backend.conn.is_tls \" \" backend.conn.tls_protocol;")
	}
	e := edgetest.Start(t, edge.Config{},
		told("new", edgetest.BackendAt("127.0.0.1", secure.port, securely(root))),
		told("old", edgetest.BackendAt("127.0.0.1", secure.port, securely(root, func(b *service.Backend) { b.MaxTLSVersion = new("1.2") }))),
		told("clear", edgetest.Backend(clear)))
	for host, want := range map[string]string{"new": "1 TLSv1.3", "old": "1 TLSv1.2", "clear": "0 (null)"} {
		if a := e.Dial(t).Get(host, "/"); a.Status != 200 || a.Fields.Get("Saw") != want {
			t.Errorf("%s: %d, saw %q, want %q", host, a.Status, a.Fields.Get("Saw"), want)
		}
	}
}

// What is wrong with an origin's TLS is the reason on the page and in the log,
// and no request gets there.
func TestInsecureOrigins(t *testing.T) {
	root := dialtest.NewAuthority(t, "root")
	clients := dialtest.NewAuthority(t, "clients")
	past := func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour)
	}
	old := certified(root)
	old.MinVersion, old.MaxVersion = tls.VersionTLS10, tls.VersionTLS10
	private := func(highest uint16) *tls.Config {
		c := certified(root)
		c.ClientAuth, c.ClientCAs, c.MaxVersion = tls.RequireAndVerifyClientCert, clients.Pool(), highest
		return c
	}
	tests := []struct {
		name   string
		config *tls.Config
		set    edgetest.Set
		reason string
	}{
		{"expired", certified(root, past), nil, "certificate has expired"},
		{"signed by itself", &tls.Config{Certificates: []tls.Certificate{dialtest.SelfSigned(t, []string{"origin.test"})}}, nil, "self signed certificate"},
		{"a stranger's", certified(dialtest.NewAuthority(t, "stranger")), nil, "unable to verify the first certificate"},
		{"another's", certified(root), func(b *service.Backend) { b.SSLCertHostname = new("other.test") }, "hostname doesn't match against certificate"},
		{"of TLS 1.0", old, nil, "SSL handshake error"},
		{"that wants a client certificate, TLS 1.2", private(tls.VersionTLS12), nil, "SSL handshake error"},
		{"that wants a client certificate, TLS 1.3", private(tls.VersionTLS13), nil, "SSL handshake error"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			edgetest.Both(t, func(t *testing.T, plain bool) {
				o := newSecureOrigin(t, tt.config)
				events, logger := edgetest.NewEvents(t)
				set := securely(root)
				if tt.set != nil {
					set = securely(root, tt.set)
				}
				e := edgetest.Start(t, edge.Config{PlainIO: plain, AccessLog: logger},
					edgetest.Snapshot(edgetest.BackendAt("127.0.0.1", o.port, set)))
				for _, request := range []string{get("/"), post("/", 3) + "abc"} {
					c := e.Dial(t)
					c.Send(request)
					if a := c.Answer(); a.Status != 503 || a.Reason != tt.reason || !strings.Contains(html.UnescapeString(string(a.Body)), tt.reason) {
						t.Errorf("%d %s, want %s\n%s", a.Status, a.Reason, tt.reason, a.Body)
					}
					if got := events.Next(); got["reason"].String() != tt.reason || got["side"].String() != "origin" || got["cause"].String() == "" {
						t.Errorf("event %v", got)
					}
				}
				if got := len(o.states()); got != 0 {
					t.Errorf("%d requests got there", got)
				}
			})
		})
	}
}

// An origin may want to know who we are, and a service that cannot tell gets
// nothing by way of one that can.
func TestClientCertificate(t *testing.T) {
	root, clients := dialtest.NewAuthority(t, "root"), dialtest.NewAuthority(t, "clients")
	cert, key := dialtest.PEM(t, clients.Issue([]string{"edge.test"}))
	edgetest.Both(t, func(t *testing.T, plain bool) {
		config := certified(root)
		config.ClientAuth, config.ClientCAs = tls.RequireAndVerifyClientCert, clients.Pool()
		o := newSecureOrigin(t, config)
		known := securely(root, func(b *service.Backend) { b.SSLClientCert, b.SSLClientKey = &cert, &key })
		e := edgetest.Start(t, edge.Config{PlainIO: plain},
			edgetest.Service("known", 1, []string{"known"}, edgetest.BackendAt("127.0.0.1", o.port, known)),
			edgetest.Service("unknown", 1, []string{"unknown"}, edgetest.BackendAt("127.0.0.1", o.port, securely(root))))
		for range 2 {
			if a := e.Dial(t).Get("known", "/"); a.Status != 200 {
				t.Errorf("known: %d %s", a.Status, a.Reason)
			}
			if a := e.Dial(t).Get("unknown", "/"); a.Status != 503 || a.Reason != "SSL handshake error" {
				t.Errorf("unknown: %d %s", a.Status, a.Reason)
			}
		}
		for _, s := range o.states() {
			if len(s.PeerCertificates) == 0 || s.PeerCertificates[0].DNSNames[0] != "edge.test" {
				t.Errorf("the origin served %v", s.PeerCertificates)
			}
		}
	})
}

// The handshake is part of connect_timeout.
func TestConnectTimeoutCoversHandshake(t *testing.T) {
	root := dialtest.NewAuthority(t, "root")
	edgetest.Both(t, func(t *testing.T, plain bool) {
		o := edgetest.NewTLSOrigin(t, nil, func(c *edgetest.Conn) { c.AwaitClose() })
		e := edgetest.Start(t, edge.Config{PlainIO: plain}, edgetest.Snapshot(edgetest.Backend(o, securely(root, func(b *service.Backend) { b.ConnectTimeout = 150 }))))
		c := e.Dial(t)
		began := time.Now()
		if a := c.Get(edgetest.Host, "/"); a.Status != 503 || a.Reason != "Connection timed out" {
			t.Errorf("%d %s", a.Status, a.Reason)
		}
		within(t, "handshake", time.Since(began), 150*time.Millisecond)
	})
}

// An activation that changes nothing about connections keeps them, and one that
// changes who is trusted does not.
func TestSecureConnectionsOutliveActivations(t *testing.T) {
	root := dialtest.NewAuthority(t, "root")
	o := newSecureOrigin(t, certified(root))
	e := edgetest.Start(t, edge.Config{}, edgetest.Service("s", 1, []string{"s"}, edgetest.BackendAt("127.0.0.1", o.port, securely(root))))
	steps := []struct {
		name  string
		set   edgetest.Set
		conns int
	}{
		{"the first", func(b *service.Backend) {}, 1},
		{"another comment", func(b *service.Backend) { b.Comment = "new" }, 1},
		{"other versions of TLS", func(b *service.Backend) { b.MinTLSVersion = new("1.3") }, 2},
	}
	for i, step := range steps {
		if err := e.Apply(edgetest.Service("s", i+2, []string{"s"}, edgetest.BackendAt("127.0.0.1", o.port, securely(root, step.set)))); err != nil {
			t.Fatal(err)
		}
		if a := e.Dial(t).Get("s", "/"); a.Status != 200 {
			t.Errorf("%s: %d %s", step.name, a.Status, a.Reason)
		}
		if got := len(o.states()); got != step.conns {
			t.Errorf("%s: %d connections, want %d", step.name, got, step.conns)
		}
	}
}
