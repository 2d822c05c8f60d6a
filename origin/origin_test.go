package origin_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"headwater/origin"
)

func get(target string) string { return "GET " + target + " HTTP/1.1\r\nHost: o.test\r\n\r\n" }

// Whatever the page tells of is shown by one of the pages of testdata, or by a test
// here.
func TestHelpTellsWhatIsShown(t *testing.T) {
	var shown strings.Builder
	paths, err := filepath.Glob("testdata/pages/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range append(paths, "origin_test.go") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		shown.Write(text)
	}
	told := regexp.MustCompile(`(?m)^  /?([a-z0-9-]+) `).FindAllStringSubmatch(origin.Help(), -1)
	if len(told) < 25 {
		t.Fatalf("the page tells of %d things", len(told))
	}
	for _, name := range told {
		if use := regexp.MustCompile(`[/?&"]` + name[1] + `\b`); !use.MatchString(shown.String()) {
			t.Errorf("nothing shows %s", name[1])
		}
	}
}

// The page is at /, and at /help, and on the command line.
func TestPageTellsItself(t *testing.T) {
	addr := start(t)
	for _, target := range []string{"/", "/help", "/x?help"} {
		if got := say(t, addr, get(target)); !strings.HasSuffix(got, "\n\n"+origin.Help()) {
			t.Errorf("%s: %s", target, got)
		}
	}
}

// Nothing comes before a delay is over, and a pause lies between two pieces.
func TestDelays(t *testing.T) {
	const d = 60 * time.Millisecond
	for target, least := range map[string]time.Duration{"/delay/60ms": d, "/pause/60ms/body/3": 2 * d, "/pause/60ms/piece/2/body/3/chunked": d} {
		t.Run(target, func(t *testing.T) {
			t.Parallel()
			c := dial(t, start(t))
			began := time.Now()
			io.WriteString(c, get(target+"?last"))
			all, err := io.ReadAll(c)
			if err != nil || !strings.HasPrefix(string(all), "HTTP/1.1 200 OK\r\n") {
				t.Errorf("%q, %v", all, err)
			}
			if took := time.Since(began); took < least {
				t.Errorf("the answer took %v", took)
			}
		})
	}
}

// A client that goes away while it waits is noticed, as is one that has sent its next
// request before it did.
func TestWaitsEndWithTheClient(t *testing.T) {
	s, l := serve(t)
	gone := dial(t, l.Addr().String())
	io.WriteString(gone, get("/delay/10m"))
	gone.CloseWrite()
	if all, err := io.ReadAll(gone); len(all) > 0 || err != nil {
		t.Errorf("%q, %v", all, err)
	}
	ahead := dial(t, l.Addr().String())
	io.WriteString(ahead, get("/delay/1ms")+get("/last"))
	if all, err := io.ReadAll(ahead); strings.Count(string(all), "200 OK") != 2 || err != nil {
		t.Errorf("%q, %v", all, err)
	}
	shutdown(s)
}

// Shutdown waits for answers under way, and for nothing else: not for connections
// that are idle, that hang, or whose handshake goes on.
func TestShutdown(t *testing.T) {
	s, plain := serve(t)
	secure := listen(t)
	go s.ServeTLS(secure, "silent")
	idle, hung, deaf, busy := dial(t, plain.Addr().String()), dial(t, plain.Addr().String()), dial(t, secure.Addr().String()), dial(t, plain.Addr().String())
	begun := func(c net.Conn) {
		t.Helper()
		if _, err := io.ReadFull(c, make([]byte, len("HTTP/1.1 200 OK"))); err != nil {
			t.Fatal(err)
		}
	}
	io.WriteString(idle, get("/body/0"))
	io.WriteString(hung, get("/hang/1/body/2"))
	io.WriteString(busy, get("/pause/50ms/body/4"))
	begun(idle)
	begun(hung)
	begun(busy)
	failed := make(chan error, 1)
	go func() { failed <- tls.Client(deaf, &tls.Config{ServerName: "x"}).Handshake() }()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	s.Shutdown(ctx)
	if ctx.Err() != nil {
		t.Error("Shutdown waited for what does not end")
	}
	if err := <-failed; err == nil {
		t.Error("a handshake with a silent origin succeeded")
	}
	if rest, err := io.ReadAll(busy); !strings.HasSuffix(string(rest), "0123") || err != nil {
		t.Errorf("the answer under way ended as %q, %v", rest, err)
	}
	if c, err := net.Dial("tcp", plain.Addr().String()); err == nil {
		c.Close()
		t.Error("the listener goes on")
	}
}

// What clients that do and that do not trust the origin make of each fault.
func TestTLSFaults(t *testing.T) {
	s, plain := serve(t)
	listener := listen(t)
	go s.ServeTLS(listener, origin.Good)
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(s.CA()) {
		t.Fatal("no authority")
	}
	client, err := tls.X509KeyPair(s.ClientCert(), s.ClientKey())
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string // in the handshake
		verify string // the name to check for, if that is another
		most   uint16
		with   []tls.Certificate
		want   string // in the error; "" for none
	}{
		{name: "good.shop.test"},
		{name: "good.shop.test", verify: "shop.test"},
		{name: "www.shop.test"},
		{name: "localhost"},
		{name: "", verify: "127.0.0.1"},
		{name: "expired.localhost", want: "expired"},
		{name: "EXPIRED.localhost", want: "expired"},
		{name: "future.localhost", want: "expired or is not yet valid"},
		{name: "wronghost.localhost", want: "valid for wronghost.invalid, not"},
		{name: "selfsigned.localhost", want: "unknown authority"},
		{name: "untrusted.localhost", want: "unknown authority"},
		{name: "incomplete.localhost", want: "unknown authority"},
		{name: "tls10.localhost", want: "protocol version"},
		{name: "tls10.localhost", most: tls.VersionTLS10},
		{name: "tls12.localhost"},
		{name: "tls12.localhost", most: tls.VersionTLS11, want: "protocol version"},
		{name: "clientcert.localhost", want: "certificate required"},
		{name: "clientcert.localhost", with: []tls.Certificate{client}},
	} {
		config := &tls.Config{ServerName: tt.name, RootCAs: roots, MaxVersion: tt.most, Certificates: tt.with}
		if tt.verify != "" {
			config.InsecureSkipVerify = true
			config.VerifyConnection = func(state tls.ConnectionState) error {
				between := x509.NewCertPool()
				for _, c := range state.PeerCertificates[1:] {
					between.AddCert(c)
				}
				_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, DNSName: tt.verify})
				return err
			}
		}
		if tt.most != 0 {
			config.MinVersion = tt.most
		}
		got, err := sayTLS(t, listener.Addr().String(), config, get("/echo?last"))
		switch {
		case tt.want == "" && (err != nil || !strings.Contains(got, `"server_name": "`+tt.name+`"`)):
			t.Errorf("%s for %q: %v, %s", tt.name, tt.verify, err, got)
		case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
	for target, want := range map[string][]byte{"/ca": s.CA(), "/client-cert": s.ClientCert(), "/client-key": s.ClientKey()} {
		if got := say(t, plain.Addr().String(), get(target)); !strings.HasSuffix(got, "\n\n"+string(want)) {
			t.Errorf("%s: %s", target, got)
		}
	}
}

func sayTLS(t *testing.T, addr string, config *tls.Config, text string) (string, error) {
	c := tls.Client(dial(t, addr), config)
	defer c.Close()
	if _, err := io.WriteString(c, text); err != nil {
		return "", err
	}
	got, err := io.ReadAll(c)
	return string(got), err
}

// A fault that the listener has is met by clients that name no other.
func TestFaultOfTheListener(t *testing.T) {
	s, _ := serve(t)
	l := listen(t)
	go s.ServeTLS(l, "expired")
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(s.CA())
	if _, err := sayTLS(t, l.Addr().String(), &tls.Config{ServerName: "shop.test", RootCAs: roots}, get("/")); err == nil || !strings.Contains(err.Error(), "expired") {
		t.Error(err)
	}
	if _, err := sayTLS(t, l.Addr().String(), &tls.Config{ServerName: "good.shop.test", RootCAs: roots}, get("/?last")); err != nil {
		t.Error(err)
	}
	if err := s.ServeTLS(listen(t), "perfect"); err == nil || !strings.Contains(err.Error(), "there are good, expired") {
		t.Error(err)
	}
}

// Messages of a WebSocket come back as they went; a ping gets its pong, a close its
// close, and what is no frame, or a huge one, the end.
func TestWebSocket(t *testing.T) {
	const ask = "GET /upgrade HTTP/1.1\r\nHost: o.test\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n"
	addr := start(t)
	masked := func(first byte, text string) string {
		return string([]byte{first, 0x80 | byte(len(text)), 1, 2, 3, 4}) + xor(text)
	}
	long := strings.Repeat("long", 100)
	for _, tt := range []struct{ name, sent, want string }{
		{"text", masked(0x81, "hello"), "\x81\x05hello"},
		{"two frames", masked(0x01, "hel") + masked(0x80, "lo"), "\x01\x03hel\x80\x02lo"},
		{"16 bits of length", "\x82\xfe\x01\x90\x01\x02\x03\x04" + xor(long), "\x82\x7e\x01\x90" + long},
		{"64 bits of length", "\x82\xff\x00\x00\x00\x00\x00\x00\x00\x01\x01\x02\x03\x04" + xor("a"), "\x82\x01a"},
		{"ping and pong", masked(0x89, "p") + masked(0x8a, "q"), "\x8a\x01p"},
		{"close, and what is behind it", masked(0x88, "\x03\xe8") + masked(0x81, "x"), "\x88\x02\x03\xe8"},
		{"not masked", "\x81\x01a", ""},
		{"reserved bits", masked(0xc1, "a"), ""},
		{"too long", "\x82\xff\x00\x00\x00\x00\x00\x10\x00\x01\x01\x02\x03\x04", ""},
		{"far too long", "\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x02\x03\x04", ""},
	} {
		c := dial(t, addr)
		io.WriteString(c, ask+tt.sent)
		c.CloseWrite()
		in := bufio.NewReader(c)
		for line := ""; line != "\r\n"; {
			var err error
			if line, err = in.ReadString('\n'); err != nil {
				t.Fatal(err)
			}
		}
		if got, _ := io.ReadAll(in); string(got) != tt.want {
			t.Errorf("%s: %q", tt.name, got)
		}
	}
}

// xor masks with the key of the frames above.
func xor(text string) string {
	b := []byte(text)
	for i := range b {
		b[i] ^= byte(i%4 + 1)
	}
	return string(b)
}
