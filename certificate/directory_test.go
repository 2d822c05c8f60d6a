package certificate

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"headwater/dial/dialtest"
)

// files is what to put into a directory: texts by name.
type files map[string]string

func (f files) write(t testing.TB, dir string) {
	t.Helper()
	for name, text := range f {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// both returns a certificate and its key in one text.
func both(t testing.TB, c tls.Certificate) string {
	chain, key := dialtest.PEM(t, c)
	return chain + key
}

// shown shakes hands with a client and returns the certificate that it saw.
func shown(t testing.TB, d *Directory, client *tls.Config) (*x509.Certificate, error) {
	t.Helper()
	ours, theirs := net.Pipe()
	defer ours.Close()
	defer theirs.Close()
	go tls.Server(ours, &tls.Config{GetCertificate: d.Certificate, SessionTicketsDisabled: true}).Handshake()
	c := tls.Client(theirs, client)
	c.SetDeadline(time.Now().Add(30 * time.Second))
	if err := c.Handshake(); err != nil {
		return nil, err
	}
	return c.ConnectionState().PeerCertificates[0], nil
}

func TestCertificate(t *testing.T) {
	a := dialtest.NewAuthority(t, "root")
	old := func(c *x509.Certificate) { c.NotBefore = c.NotBefore.Add(-time.Hour) }
	expired := func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }
	have := map[string]tls.Certificate{
		"a.example":        a.Issue([]string{"a.example", "www.a.example"}),
		"a.example-rsa":    a.IssueRSA([]string{"a.example"}),
		"a.example-old":    a.Issue([]string{"a.example"}, old),
		"b.example-newest": a.Issue([]string{"b.example"}, expired),
		"b.example":        a.Issue([]string{"b.example"}, old),
		"default":          a.Issue([]string{"default.example"}),
		"wild":             a.Issue([]string{"*.a.example", "*.EXAMPLE"}),
	}
	dir := t.TempDir()
	for name, c := range have {
		files{name + ".pem": both(t, c)}.write(t, dir)
	}
	d, err := Open(dir, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	rsa := &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}}
	for _, tt := range []struct {
		name   string
		client *tls.Config
		want   string
	}{
		{"a.example", nil, "a.example"},
		{"A.Example", nil, "a.example"},
		{"a.example", rsa, "a.example-rsa"},
		{"www.a.example", nil, "a.example"},
		{"x.a.example", nil, "wild"},
		{"y.x.a.example", nil, "default"},
		{"c.example", nil, "wild"},
		{"example", nil, "default"},
		{"b.example", nil, "b.example"},
		{"elsewhere.test", nil, "default"},
		{"elsewhere.test", rsa, "a.example-rsa"},
		{"", nil, "default"},
		{"www.a.example", rsa, ""},
	} {
		client := &tls.Config{}
		if tt.client != nil {
			client = tt.client.Clone()
		}
		client.ServerName, client.InsecureSkipVerify = tt.name, true
		c, err := shown(t, d, client)
		if tt.want == "" {
			if err == nil {
				t.Errorf("%q agreed on a certificate that the client cannot do with", tt.name)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", tt.name, err)
			continue
		}
		for name, had := range have {
			if bytes.Equal(c.Raw, had.Certificate[0]) && name != tt.want {
				t.Errorf("%q is shown %s, want %s", tt.name, name, tt.want)
			}
		}
	}
}

func TestCovers(t *testing.T) {
	address := func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.IPv6loopback, net.IPv4(127, 0, 0, 1)} }
	c := dialtest.NewAuthority(t, "root").Issue([]string{"a.example", "*.b.example"}, address)
	dir := t.TempDir()
	files{"x.pem": both(t, c)}.write(t, dir)
	d, err := Open(dir, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	served, _ := d.Certificate(&tls.ClientHelloInfo{})
	for host, want := range map[string]bool{
		"a.example": true, "A.example": true, "b.example": false, "x.b.example": true, "y.x.b.example": false,
		"127.0.0.1": true, "[::1]": true, "127.0.0.2": false, "": false,
	} {
		if got := d.Covers(served, host); got != want {
			t.Errorf("Covers(%q) = %t, want %t", host, got, want)
		}
	}
}

func TestOpenFails(t *testing.T) {
	a := dialtest.NewAuthority(t, "root")
	chain, key := dialtest.PEM(t, a.Issue([]string{"a.example"}))
	_, other := dialtest.PEM(t, a.Issue([]string{"a.example"}))
	nameless := both(t, a.Issue(nil))
	for want, have := range map[string]files{
		"has no certificate":             {"a.txt": chain, ".a.pem": chain + key},
		"a.pem: failed to find":          {"a.pem": "nonsense"},
		"a.pem: found a certificate":     {"a.pem": chain},
		"a.pem: private key does not":    {"a.pem": chain, "a.key": other},
		"a.pem: the certificate is for":  {"a.pem": nameless},
		"a.key: more than 1048576 bytes": {"a.pem": chain, "a.key": strings.Repeat(" ", maxFile+1)},
		"a.ocsp: the issuer's":           {"a.pem": chain + key, "a.ocsp": "x"},
	} {
		dir := t.TempDir()
		have.write(t, dir)
		_, err := Open(dir, slog.New(slog.DiscardHandler))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%v: %v, want %q", slices.Sorted(maps.Keys(have)), err, want)
		}
	}
	if _, err := Open(filepath.Join(t.TempDir(), "none"), nil); err == nil {
		t.Error("a directory that is not there opens")
	}
}

// What is changed is seen; what is broken changes nothing, and is told once.
func TestRefresh(t *testing.T) {
	a := dialtest.NewAuthority(t, "root")
	first, second := a.Issue([]string{"a.example"}), a.Issue([]string{"a.example"})
	dir := t.TempDir()
	files{"a.pem": both(t, first)}.write(t, dir)
	var log bytes.Buffer
	d, err := Open(dir, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	must := func(what string, want tls.Certificate) {
		t.Helper()
		d.Refresh()
		got, err := shown(t, d, &tls.Config{ServerName: "a.example", InsecureSkipVerify: true})
		if err != nil || !bytes.Equal(got.Raw, want.Certificate[0]) {
			t.Errorf("%s: another certificate, %v", what, err)
		}
	}
	must("unchanged", first)
	chain, key := dialtest.PEM(t, second)
	files{"a.pem": chain}.write(t, dir)
	must("the key is not there yet", first)
	must("the key is not there yet", first)
	if n := strings.Count(log.String(), "level=ERROR"); n != 1 {
		t.Errorf("%d errors for one: %s", n, &log)
	}
	files{"a.key": key}.write(t, dir)
	must("both are there", second)
	os.Remove(filepath.Join(dir, "a.pem"))
	must("nothing is there", second)
	files{"b.pem": both(t, first), "a.key": ""}.write(t, dir)
	must("another file", first)
	if err := os.Symlink(t.TempDir(), filepath.Join(dir, "c.pem")); err != nil {
		t.Fatal(err)
	}
	must("a link to a directory", first)
}

// What is no file is not waited for: neither at the start nor later, when it keeps the
// certificates as they were.
func TestPipe(t *testing.T) {
	c := dialtest.NewAuthority(t, "root").Issue([]string{"a.example"})
	chain, key := dialtest.PEM(t, c)
	for pipe, have := range map[string]files{
		"b.pem":  {"a.pem": chain + key},
		"a.key":  {"a.pem": chain},
		"a.ocsp": {"a.pem": chain + key},
	} {
		dir := t.TempDir()
		have.write(t, dir)
		d, openErr := Open(dir, slog.New(slog.DiscardHandler))
		if err := syscall.Mkfifo(filepath.Join(dir, pipe), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir, slog.New(slog.DiscardHandler)); err == nil || !strings.HasSuffix(err.Error(), pipe+": not a regular file") {
			t.Errorf("%s: %v", pipe, err)
		}
		if openErr != nil {
			continue // there was no key
		}
		d.Refresh()
		if got, err := shown(t, d, &tls.Config{InsecureSkipVerify: true}); err != nil || !bytes.Equal(got.Raw, c.Certificate[0]) {
			t.Errorf("%s: another certificate, %v", pipe, err)
		}
	}
}

// A text that opens as a certificate makes one that a server can use.
func FuzzParse(f *testing.F) {
	chain, key := dialtest.PEM(f, dialtest.NewAuthority(f, "root").Issue([]string{"a.example", "*.b.example"}))
	f.Add([]byte(chain), []byte(key))
	f.Add([]byte(chain+key), []byte(chain+key))
	f.Add([]byte("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"), []byte(key))
	f.Fuzz(func(t *testing.T, chain, key []byte) {
		pair, err := parse(chain, key)
		if err != nil {
			return
		}
		s := &set{all: []*certificate{{pair, "x.pem"}}, exact: map[string][]*certificate{}, wild: map[string][]*certificate{}}
		s.index(time.Now())
		if s.choose(&tls.ClientHelloInfo{ServerName: "x.a.example"}) != pair {
			t.Error("the only certificate is not the default")
		}
	})
}
