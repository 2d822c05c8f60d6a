package edge_test

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"headwater/certificate"
	"headwater/dial/dialtest"
	"headwater/edge"
	"headwater/edge/edgetest"
)

// A secureEdge is an edge whose clients speak TLS, with certificates in a directory.
type secureEdge struct {
	*edgetest.Edge
	addr string // where it does
	dir  string
	from *certificate.Directory
	root *dialtest.Authority
}

// startSecure starts one with a certificate for [edgetest.Host] and *.wild.example
// from an authority of its own.
func startSecure(t testing.TB, cfg edge.Config, origin *edgetest.Origin) *secureEdge {
	t.Helper()
	s := &secureEdge{dir: t.TempDir(), root: dialtest.NewAuthority(t, "root")}
	s.install(t, "a", s.root.Issue([]string{edgetest.Host, "*.wild.example"}))
	var err error
	if s.from, err = certificate.Open(s.dir, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr = l.Addr().String()
	domains := []string{edgetest.Host, "x.wild.example", "other.example", "127.0.0.1"}
	s.Edge = edgetest.Start(t, cfg, edgetest.Service("test", 1, domains, edgetest.Backend(origin)))
	served := make(chan error, 1)
	go func() { served <- s.ServeTLS(l, s.from) }()
	t.Cleanup(func() { l.Close() })
	return s
}

// install puts a certificate into the directory.
func (s *secureEdge) install(t testing.TB, name string, c tls.Certificate) {
	t.Helper()
	chain, key := dialtest.PEM(t, c)
	next := filepath.Join(s.dir, ".next")
	if err := os.WriteFile(next, []byte(chain+key), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(next, filepath.Join(s.dir, name+".pem")); err != nil {
		t.Fatal(err)
	}
}

// trusting returns what a client needs to believe the edge.
func (s *secureEdge) trusting() *tls.Config {
	return &tls.Config{ServerName: edgetest.Host, RootCAs: s.root.Pool()}
}

func (s *secureEdge) dial(t testing.TB) *edgetest.Client {
	t.Helper()
	return edgetest.DialTLS(t, s.addr, s.trusting())
}

func TestClientTLS(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		o := edgetest.NewOrigin(t, edgetest.Handle(echo))
		s := startSecure(t, edge.Config{PlainIO: plain}, o)
		c := s.dial(t)
		for range 3 {
			if a := c.Get(edgetest.Host, "/"); a.Status != 200 {
				t.Fatalf("%d %s", a.Status, a.Reason)
			}
		}
		r := o.Next()
		for name, want := range map[string]string{
			"Fastly-SSL": "1", "X-Forwarded-For": "127.0.0.1", "X-Forwarded-Host": edgetest.Host, "X-Forwarded-Server": "cache-local1-LOCAL",
		} {
			if got := r.Fields.Get(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		if p := c.TLS.ConnectionState().NegotiatedProtocol; p != "" {
			t.Errorf("protocol %q for a client that offers none", p)
		}
	})
}

// A list that the client has begun goes on; what is one value stays the client's.
func TestClientTLSForwarding(t *testing.T) {
	o := edgetest.NewOrigin(t, edgetest.Handle(echo))
	s := startSecure(t, edge.Config{}, o)
	s.dial(t).Send(get("/", "X-Forwarded-For: 1.1.1.1", "X-Forwarded-For: 2.2.2.2", "Fastly-SSL: yes", "X-Forwarded-Host: h"))
	r := o.Next()
	for name, want := range map[string]string{
		"Fastly-SSL": "yes", "X-Forwarded-For": "1.1.1.1, 2.2.2.2, 127.0.0.1", "X-Forwarded-Host": "h, " + edgetest.Host,
	} {
		if got := r.Fields.All(name); len(got) != 1 || got[0] != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestMisdirected(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		s := startSecure(t, edge.Config{PlainIO: plain}, edgetest.NewOrigin(t, edgetest.Handle(echo)))
		for host, want := range map[string]int{
			edgetest.Host: 200, "TEST.example:8443": 200, "x.wild.example": 200, "y.wild.example": 500,
			"other.example": 421, "127.0.0.1": 421, "[::1]:443": 421, "unknown.example": 421, "x.y.wild.example": 421,
		} {
			c := s.dial(t)
			if a := c.Get(edgetest.Host, "/"); a.Status != 200 {
				t.Fatalf("%d %s", a.Status, a.Reason)
			}
			a := c.Get(host, "/")
			if a.Status != want {
				t.Errorf("%s: %d %s, want %d", host, a.Status, a.Reason, want)
			}
			if want != 421 {
				continue
			}
			sum := sha256.Sum256(c.TLS.ConnectionState().PeerCertificates[0].Raw)
			text := fmt.Sprintf("Requested host does not match any Subject Alternative Names (SANs) on TLS certificate [%x] in use with this connection.\n", sum)
			if a.Reason != "Misdirected Request" || a.Fields.Get("Content-Type") != "text/plain; charset=utf-8" || string(a.Body) != text {
				t.Errorf("%s: %s, %v, %q", host, a.Reason, a.Fields, a.Body)
			}
			c.MustClose()
		}
	})
}

// A session that is resumed is held to the certificate of its name as any other.
func TestResumedSession(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		s := startSecure(t, edge.Config{}, edgetest.NewOrigin(t, edgetest.Handle(echo)))
		client := s.trusting()
		client.MaxVersion, client.ClientSessionCache = version, tls.NewLRUClientSessionCache(1)
		for i := range 3 {
			c := edgetest.DialTLS(t, s.addr, client)
			if a := c.Get(edgetest.Host, "/"); a.Status != 200 {
				t.Errorf("%d %s", a.Status, a.Reason)
			}
			if a := c.Get("other.example", "/"); a.Status != 421 {
				t.Errorf("%d %s for another host", a.Status, a.Reason)
			}
			if got := c.TLS.ConnectionState().DidResume; got != (i > 0) {
				t.Errorf("version %x, connection %d: resumed %t", version, i, got)
			}
		}
	}
}

// Who speaks no TLS, or an old one, or other protocols, is not served, and disturbs
// nobody.
func TestClientTLSRefuses(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		o := edgetest.NewOrigin(t, edgetest.Handle(echo))
		s := startSecure(t, edge.Config{PlainIO: plain}, o)
		for _, sent := range []string{
			get("/"), "SSH-2.0-x\r\n", strings.Repeat("\x00", 5), "\x16\x03\x01\xff\xff" + strings.Repeat("a", 1<<16), "\x16\x03\x01\x00\x05\x01\xff\xff\xff\x00",
			"\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10", "\x15\x03\x01\x00\x02\x02\x28", "\x17\x03\x03\x00\x01a",
		} {
			c := edgetest.DialClear(t, s.addr)
			c.Push(sent)
			if rest, _ := c.Closed(); strings.Contains(rest, "HTTP/") || len(rest) > 7 {
				t.Errorf("%.20q is answered with %q", sent, rest)
			}
		}
		for name, client := range map[string]*tls.Config{
			"TLS 1.1":        {MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10},
			"other protocol": {NextProtos: []string{"ftp"}},
			"RSA exchange":   {MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_GCM_SHA256}},
			"CBC":            {MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}},
		} {
			client.InsecureSkipVerify = true
			conn, err := tls.Dial("tcp", s.addr, client)
			if err == nil {
				conn.Close()
				t.Errorf("%s is agreed on", name)
			}
		}
		if a := s.dial(t).Get(edgetest.Host, "/"); a.Status != 200 || len(o.Served) != 1 {
			t.Errorf("%d %s, %d requests", a.Status, a.Reason, len(o.Served))
		}
	})
}

// A handshake has as long as a request's head, however it is spent, and keeps nobody
// else waiting.
func TestSlowHandshake(t *testing.T) {
	t.Parallel()
	edgetest.Both(t, func(t *testing.T, plain bool) {
		s := startSecure(t, edge.Config{PlainIO: plain, Client: edge.Timeouts{Header: 3 * time.Second}}, edgetest.NewOrigin(t, edgetest.Handle(echo)))
		hello := new(recorded)
		tls.Client(hello, s.trusting()).Handshake()
		var slow []*edgetest.Client
		for _, sent := range []int{0, 1, 5, 100, hello.Len()} {
			c := edgetest.DialClear(t, s.addr)
			c.Send(hello.String()[:sent])
			slow = append(slow, c)
		}
		if a := s.dial(t).Get(edgetest.Host, "/"); a.Status != 200 {
			t.Errorf("%d %s", a.Status, a.Reason)
		}
		for i, c := range slow {
			if _, err := c.Closed(); errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("handshake %d is left open", i)
			}
		}
	})
}

// recorded takes what a client says, and gives it no answer.
type recorded struct {
	bytes.Buffer
	net.Conn
}

func (r *recorded) Write(b []byte) (int, error) { return r.Buffer.Write(b) }
func (r *recorded) Read([]byte) (int, error)    { return 0, io.EOF }
func (r *recorded) Close() error                { return nil }

// What programs see of the handshake.
func TestClientTLSVariables(t *testing.T) {
	o := edgetest.NewOrigin(t, edgetest.Handle(echo))
	s := startSecure(t, edge.Config{}, o)
	text := "sub vcl_recv {\n#FASTLY recv\n"
	for _, name := range []string{
		"req.is_ssl", "req.protocol", "fastly_info.edge.is_tls", "tls.client.protocol", "tls.client.cipher", "tls.client.servername",
		"tls.client.ciphers_list", "tls.client.ciphers_list_sha", "tls.client.tlsexts_list", "tls.client.ja3_md5", "tls.client.ja4",
		"tls.client.iana_chosen_cipher_id", "tls.client.handshake_sent_bytes",
	} {
		text += "set req.http.X-" + strings.NewReplacer(".", "-", "_", "-").Replace(name) + " = " + name + ";\n"
	}
	program := edgetest.WithVCL(t, edgetest.Service("test", 2, []string{edgetest.Host}, edgetest.Backend(o)), text+"return(pass);\n}\n")
	if err := s.Apply(program); err != nil {
		t.Fatal(err)
	}
	client := s.trusting()
	client.MaxVersion, client.CipherSuites = tls.VersionTLS12, []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384}
	client.NextProtos = []string{"http/1.1"}
	edgetest.DialTLS(t, s.addr, client).Get(edgetest.Host, "/")
	fields := o.Next().Fields
	for name, want := range map[string]string{
		"req-is-ssl": "1", "req-protocol": "https", "fastly-info-edge-is-tls": "1",
		"tls-client-protocol": "TLSv1.2", "tls-client-cipher": "ECDHE-ECDSA-AES256-GCM-SHA384", "tls-client-servername": edgetest.Host,
		"tls-client-ciphers-list": "C02C", "tls-client-ciphers-list-sha": "*", "tls-client-tlsexts-list": "*", "tls-client-ja3-md5": "*",
		"tls-client-ja4": "t12d01*", "tls-client-iana-chosen-cipher-id": "49196", "tls-client-handshake-sent-bytes": "*",
	} {
		got := fields.Get("X-" + name)
		if beginning, open := strings.CutSuffix(want, "*"); !strings.HasPrefix(got, beginning) || got == "" || got == "0" || !open && got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if ja4 := fields.Get("X-tls-client-ja4"); len(ja4) != 36 || ja4[8:10] != "h1" {
		t.Errorf("ja4 of a client that offers http/1.1: %s", ja4)
	}
	client.MaxVersion, client.CipherSuites = 0, nil
	edgetest.DialTLS(t, s.addr, client).Get(edgetest.Host, "/")
	fields = o.Next().Fields
	if ja4, chosen := fields.Get("X-tls-client-ja4"), fields.Get("X-tls-client-iana-chosen-cipher-id"); !strings.HasPrefix(ja4, "t13d") || chosen == "0" {
		t.Errorf("with TLS 1.3: ja4 %s, suite %s", ja4, chosen)
	}
}

// The end of a connection is told, unless its last answer broke off.
func TestClosingAlert(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		o := edgetest.NewOrigin(t, edgetest.Paths(map[string]func(*edgetest.Conn, *edgetest.Request){
			"/whole": func(c *edgetest.Conn, r *edgetest.Request) { c.Write(ok("whole")) },
			"/broken": func(c *edgetest.Conn, r *edgetest.Request) {
				c.Write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n")
				c.Close()
			},
		}))
		s := startSecure(t, edge.Config{PlainIO: plain}, o)
		client := s.trusting()
		client.MaxVersion = tls.VersionTLS12 // where the kind of a record is not hidden
		for request, want := range map[string]bool{
			get("/whole", "Connection: close"):                   true,
			"GET /whole HTTP/1.0\r\nHost: test.example\r\n\r\n":  true,
			"nonsense\r\n\r\n":                                   true,
			"GET /broken HTTP/1.0\r\nHost: test.example\r\n\r\n": false,
			get("/broken"):                       false,
			chunkedPost("/broken") + "0\r\n\r\n": false,
		} {
			tcp, err := net.Dial("tcp", s.addr)
			if err != nil {
				t.Fatal(err)
			}
			defer tcp.Close()
			tcp.SetDeadline(time.Now().Add(10 * time.Second))
			seen := &kinds{Conn: tcp}
			c := tls.Client(seen, client)
			io.WriteString(c, request)
			_, err = io.ReadAll(c)
			reset := strings.Contains(request, "HTTP/1.0") && !want
			if got := seen.last == 21; got != want || errors.Is(err, syscall.ECONNRESET) != reset {
				t.Errorf("%.20q: closing alert %t, want %t; %v", request, got, want, err)
			}
		}
	})
}

// kinds notes the kind of the last record.
type kinds struct {
	net.Conn
	last byte
	left int    // of the record
	head []byte // of the next one
}

func (k *kinds) Read(b []byte) (int, error) {
	n, err := k.Conn.Read(b)
	for _, c := range b[:n] {
		if k.left > 0 {
			k.left--
			continue
		}
		if k.head = append(k.head, c); len(k.head) == 5 {
			k.last, k.left, k.head = k.head[0], int(k.head[3])<<8|int(k.head[4]), nil
		}
	}
	return n, err
}

// A client that has said all it will is answered, and one that is gone is found out.
func TestClientTLSHalfClosed(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		s := startSecure(t, edge.Config{PlainIO: plain}, edgetest.NewOrigin(t, edgetest.Handle(echo)))
		c := s.dial(t)
		c.Send(get("/"))
		c.TLS.CloseWrite()
		c.TCP.CloseWrite()
		if a := c.Answer(); a.Status != 200 || a.Err != nil {
			t.Errorf("%d %s, %v", a.Status, a.Reason, a.Err)
		}
		c.MustClose()
		idle := s.dial(t)
		idle.TLS.CloseWrite() // and TCP stays open
		idle.MustClose()
	})
}

// Certificates change under load: no request fails, connections stay, and new ones
// see what is there.
func TestCertificatesChangeUnderLoad(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		s := startSecure(t, edge.Config{PlainIO: plain}, edgetest.NewOrigin(t, edgetest.Handle(echo)))
		kept := s.dial(t)
		first := kept.TLS.ConnectionState().PeerCertificates[0]
		var stop atomic.Bool
		var load sync.WaitGroup
		for range 4 {
			load.Go(func() {
				for !stop.Load() {
					if err := once(s.addr, s.trusting()); err != nil {
						t.Errorf("during a change: %v", err)
						return
					}
				}
			})
		}
		var last tls.Certificate
		for range 20 {
			last = s.root.Issue([]string{edgetest.Host})
			s.install(t, "a", last)
			s.from.Refresh()
			if a := kept.Get(edgetest.Host, "/"); a.Status != 200 {
				t.Fatalf("%d %s on a connection from before", a.Status, a.Reason)
			}
		}
		stop.Store(true)
		load.Wait()
		now := s.dial(t).TLS.ConnectionState().PeerCertificates[0]
		if now.Equal(first) || !bytes.Equal(now.Raw, last.Certificate[0]) {
			t.Error("a new connection sees an old certificate")
		}
	})
}

// once makes one request on a connection of its own.
func once(addr string, client *tls.Config) error {
	c, err := tls.Dial("tcp", addr, client)
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(c, get("/", "Connection: close")); err != nil {
		return err
	}
	answer, err := io.ReadAll(c)
	if err == nil && !bytes.HasPrefix(answer, []byte("HTTP/1.1 200 ")) {
		err = fmt.Errorf("%.40q", answer)
	}
	return err
}

// Draining ends what waits, with an alert, and a cut what shakes hands.
func TestClientTLSDrain(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		s := startSecure(t, edge.Config{PlainIO: plain}, edgetest.NewOrigin(t, edgetest.Handle(echo)))
		idle, mute := s.dial(t), edgetest.DialClear(t, s.addr)
		idle.Get(edgetest.Host, "/")
		mute.Send("\x16\x03\x01")
		if err := <-shutdown(s.Edge, 10*time.Second); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		idle.MustClose()
		if _, err := mute.Closed(); err != nil && !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("in the handshake: %v", err)
		}
	})
}
