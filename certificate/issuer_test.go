package certificate

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"headwater/certificate/acmetest"
	"headwater/dial/dialtest"
)

// patience bounds every wait for what should come soon. It is long for machines that
// do much else.
const patience = 60 * time.Second

// plain is a Sealer that hides nothing, but does tell contexts apart.
type plain struct{}

func (plain) Seal(text, context string) (string, error) {
	return context + "|" + base64.StdEncoding.EncodeToString([]byte(text)), nil
}

func (plain) Open(sealed, context string) (string, error) {
	text, is := strings.CutPrefix(sealed, context+"|")
	raw, err := base64.StdEncoding.DecodeString(text)
	if !is || err != nil {
		return "", errors.New("another context")
	}
	return string(raw), nil
}

// A journal is a log that can be waited for.
type journal struct {
	mu      sync.Mutex
	text    strings.Builder
	changed chan struct{}
}

func newJournal() *journal { return &journal{changed: make(chan struct{})} }

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	close(j.changed)
	j.changed = make(chan struct{})
	return j.text.Write(b)
}

// await waits until the log has n lines with a text.
func (j *journal) await(t *testing.T, n int, text string) string {
	t.Helper()
	late := time.After(patience)
	for {
		j.mu.Lock()
		have, changed := j.text.String(), j.changed
		j.mu.Unlock()
		if strings.Count(have, text) >= n {
			return have
		}
		select {
		case <-changed:
		case <-late:
			t.Fatalf("no %d lines with %q in:\n%s", n, text, have)
		}
	}
}

// wants has every name with one of these ends wanted, by an owner that is the end.
func wants(ends ...string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for _, end := range ends {
			if strings.HasSuffix(name, end) {
				return end, true
			}
		}
		return "", false
	}
}

// run has the issuer work until stop is called, or the test ends.
func run(t *testing.T, i *Issuer) (stop func()) {
	ctx, end := context.WithCancel(context.Background())
	over := make(chan struct{})
	go func() {
		defer close(over)
		i.Run(ctx)
	}()
	stop = func() {
		end()
		<-over
	}
	t.Cleanup(stop)
	return stop
}

// serve is where clients and authorities shake hands with what i has. It returns the
// port.
func serve(t *testing.T, i *Issuer) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0),
		TLSConfig: &tls.Config{
			NextProtos: []string{"http/1.1", "acme-tls/1"},
			GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
				if c := i.Validation(hello); c != nil {
					return c, nil
				}
				return i.Certificate(hello), nil
			},
		},
	}
	go server.ServeTLS(l, "", "")
	t.Cleanup(func() { server.Close() })
	return l.Addr().(*net.TCPAddr).Port
}

func dialed(t *testing.T, port int, name string) (*x509.Certificate, error) {
	t.Helper()
	d := tls.Dialer{NetDialer: &net.Dialer{Timeout: patience}, Config: &tls.Config{ServerName: name, InsecureSkipVerify: true}}
	c, err := d.Dial("tcp", (&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}).String())
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return c.(*tls.Conn).ConnectionState().PeerCertificates[0], nil
}

// A certificate is made anew before it has expired, and again, and what is shown
// changes without a handshake that fails.
func TestRenewal(t *testing.T) {
	names := dialtest.NewNameServer(t)
	names.Set("a.test 60 A 127.0.0.1")
	a := acmetest.New(t, names.Addr.String(), 10*time.Second) // none may expire before it is here
	log := newJournal()
	i, err := OpenIssuer(IssuerConfig{
		Directory: a.Directory, Roots: a.Server(), Email: "ops@example.com", Dir: t.TempDir(), Sealer: plain{},
		Wanted: wants("a.test"), Log: slog.New(slog.NewTextHandler(log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	port := serve(t, i)
	a.Serve(1, port)
	run(t, i)
	first, err := dialed(t, port, "a.test")
	if err != nil {
		log.await(t, 1, "msg=certificate")
		if first, err = dialed(t, port, "a.test"); err != nil {
			t.Fatal(err)
		}
	}
	log.await(t, 3, "msg=certificate")
	later, err := dialed(t, port, "a.test")
	if err != nil || later.Equal(first) || !later.NotAfter.After(first.NotAfter) {
		t.Errorf("the same certificate, %v", err)
	}
}

// refusing is an authority that has nothing for anybody.
func refusing(t *testing.T) *httptest.Server {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusForbidden)
		io.WriteString(w, `{"type":"urn:ietf:params:acme:error:unauthorized","detail":"not you"}`)
	}))
	t.Cleanup(s.Close)
	return s
}

// What cannot be renewed stays as it is, is told of, and is asked for again later. Names
// that are not wanted are not asked for, but keep what they have: they may be wanted again.
func TestAuthorityRefuses(t *testing.T) {
	authority, dir, log := refusing(t), t.TempDir(), newJournal()
	pool := x509.NewCertPool()
	pool.AddCert(authority.Certificate())
	cfg := IssuerConfig{
		Directory: authority.URL, Roots: pool, Email: "ops@example.com", Dir: dir, Sealer: plain{},
		Wanted: wants("a.test"), Log: slog.New(slog.NewTextHandler(log, nil)),
	}
	kept, err := openKept(cfg)
	if err != nil {
		t.Fatal(err)
	}
	due := func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(10*time.Minute)
	}
	root := dialtest.NewAuthority(t, "root")
	for _, name := range []string{"a.test", "b.test", "c.test"} {
		if err := kept.write(name, &ordered{text: []byte(both(t, root.Issue([]string{name}, due)))}); err != nil {
			t.Fatal(err)
		}
	}
	move := filepath.Join(kept.dir, certificatesDir)
	if err := os.Rename(filepath.Join(move, "c.test"), filepath.Join(move, "d.a.test")); err != nil {
		t.Fatal(err)
	}
	i, err := OpenIssuer(cfg)
	if err != nil {
		t.Fatal(err)
	}
	log.await(t, 1, "d.a.test: another context")
	run(t, i)
	port := serve(t, i)
	said := log.await(t, 1, "msg=\"no certificate\"")
	for _, want := range []string{"name=a.test", "again=5s", "not you"} {
		if !strings.Contains(said, want) {
			t.Errorf("no %q in %s", want, said)
		}
	}
	if c, err := dialed(t, port, "a.test"); err != nil || c.DNSNames[0] != "a.test" {
		t.Errorf("%v, %v", c, err)
	}
	if c, err := dialed(t, port, "b.test"); err != nil || c.DNSNames[0] != "b.test" {
		t.Errorf("%v, %v", c, err)
	}
	if _, err := os.Stat(filepath.Join(move, "b.test")); err != nil {
		t.Error(err)
	}
	if strings.Contains(said, "name=b.test") {
		t.Errorf("a name that nobody wants is asked for: %s", said)
	}
}

// Who has a certificate to lose goes first, but for those that fail again and again, then
// owners by turns, then whose orders have failed less, and no more are under way than may be.
func TestTurns(t *testing.T) {
	i := &Issuer{
		cfg:   IssuerConfig{Wanted: wants(".test", ".other")},
		kept:  kept{dir: t.TempDir()},
		turns: map[string]time.Time{},
	}
	now := time.Now()
	good := &tls.Certificate{Leaf: &x509.Certificate{NotAfter: now.Add(time.Hour)}}
	expired := &tls.Certificate{Leaf: &x509.Certificate{NotAfter: now.Add(-time.Hour)}}
	for _, n := range []struct {
		name     string
		ago      time.Duration
		failures int
		shown    *tls.Certificate
	}{
		{"failing.test", time.Hour, 3, nil},
		{"old.test", 2 * time.Minute, 0, nil},
		{"new.test", time.Minute, 0, nil},
		{"renewed.test", time.Second, 5, good},
		{"moved.test", 2 * time.Hour, 20, good},
		{"expired.test", 2 * time.Hour, 10, expired},
		{"later.test", -time.Minute, 0, nil},
		{"a.other", time.Second, 1, nil},
		{"b.other", time.Second, 2, nil},
		{"unwanted.example", time.Hour, 0, nil},
	} {
		one := i.add(n.name, now.Add(-n.ago))
		one.failures = n.failures
		one.shown.Store(n.shown)
	}
	turn := func(after time.Duration, want string) {
		t.Helper()
		if n, _ := i.next(now.Add(after)); n == nil || n.name != want {
			t.Fatalf("%+v has its turn, want %s", n, want)
		}
	}
	turn(0, "renewed.test")
	turn(1, "a.other")
	turn(2, "old.test")
	turn(3, "b.other")
	if n, _ := i.next(now); n != nil {
		t.Errorf("%+v is the fifth at a time", n)
	}
	i.under = 0
	turn(4, "new.test")
	turn(5, "failing.test")
	turn(6, "expired.test")
	turn(7, "moved.test")
	i.under = 0
	if n, pause := i.next(now); n != nil || pause != time.Minute {
		t.Errorf("%+v has its turn; the next look in %v", n, pause)
	}
	if i.get("unwanted.example") != nil {
		t.Error("a name that nobody wants is remembered")
	}
}

// A name that nobody wants is forgotten when its certificate has expired.
func TestForgotten(t *testing.T) {
	i := &Issuer{cfg: IssuerConfig{Wanted: wants("nothing")}, kept: kept{dir: t.TempDir()}}
	now := time.Now()
	i.add("a.test", now).shown.Store(&tls.Certificate{Leaf: &x509.Certificate{NotAfter: now.Add(90 * time.Minute)}})
	file := filepath.Join(i.kept.dir, certificatesDir, "a.test")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for after, stays := range []bool{true, true, false} {
		i.next(now.Add(time.Duration(after) * time.Hour))
		_, err := os.Stat(file)
		if (i.get("a.test") != nil) != stays || (err == nil) != stays {
			t.Errorf("after %d hours: %v, %v", after, i.get("a.test"), err)
		}
	}
}

// However many names are due, nobody looks at them while no order may begin, and a
// handshake does not wait for who looks.
func TestLookingIsNoBurden(t *testing.T) {
	i := &Issuer{kept: kept{dir: t.TempDir()}, turns: map[string]time.Time{}}
	c := new(tls.Certificate)
	looks := 0
	i.cfg.Wanted = func(string) (string, bool) {
		looks++
		if got := i.Certificate(&tls.ClientHelloInfo{ServerName: "a.test"}); got != c { // would wait for ever
			t.Errorf("certificate %v", got)
		}
		return "", true
	}
	now := time.Now()
	i.add("a.test", now.Add(time.Hour)).shown.Store(c)
	i.add("due.test", now)
	i.pace.full = now.Add(burst * refill)
	if n, pause := i.next(now); n != nil || pause != refill || looks > 0 {
		t.Errorf("%+v has its turn; the next look in %v; %d looks", n, pause, looks)
	}
	if n, _ := i.next(now.Add(refill)); n == nil || looks != 1 {
		t.Errorf("%+v has its turn after %d looks", n, looks)
	}
}

// A fault in what speaks with the authority is an error of one name.
func TestOrderIsContained(t *testing.T) {
	log := newJournal()
	i, err := OpenIssuer(IssuerConfig{
		Directory: "https://127.0.0.1:1/", Dir: t.TempDir(), Sealer: plain{},
		Wanted: wants("a.test"), Log: slog.New(slog.NewTextHandler(log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	i.client = nil
	if _, err := i.contained(t.Context(), "a.test", methods[0]); err == nil || !strings.Contains(err.Error(), "panic: ") {
		t.Error(err)
	}
}
