package certificate

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
)

func TestDevelop(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tls")
	root, err := Develop(dir, slog.New(slog.DiscardHandler), "demo.localhost", "192.168.1.5", "8.8.8.8", "example.com")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(root)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	d, err := Open(dir, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]bool{
		"localhost": true, "demo.localhost": true, "127.0.0.1": true, "::1": true, "192.168.1.5": true,
		"8.8.8.8": false, "example.com": false,
	} {
		if _, err := shown(t, d, &tls.Config{ServerName: host, RootCAs: pool}); (err == nil) != want {
			t.Errorf("%s: %v", host, err)
		}
	}
	filepath.WalkDir(dir, func(path string, e fs.DirEntry, _ error) error {
		if f, err := e.Info(); err != nil || f.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, f.Mode())
		}
		return nil
	})
}

// The authority is for life; the certificate until another host comes.
func TestDevelopAgain(t *testing.T) {
	dir := t.TempDir()
	develop := func(hosts ...string) (root, leaf []byte) {
		t.Helper()
		path, err := Develop(dir, slog.New(slog.DiscardHandler), hosts...)
		if err != nil {
			t.Fatal(err)
		}
		root, _ = os.ReadFile(path)
		leaf, _ = os.ReadFile(filepath.Join(dir, developmentFile))
		return root, leaf
	}
	root, leaf := develop()
	if r, l := develop(); !bytes.Equal(r, root) || !bytes.Equal(l, leaf) {
		t.Error("a second call makes something anew")
	}
	if r, l := develop("10.0.0.1"); !bytes.Equal(r, root) || bytes.Equal(l, leaf) {
		t.Error("another host makes another authority, or no other certificate")
	}
	if err := os.WriteFile(filepath.Join(dir, developmentFile), []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	develop()
	if _, err := Open(dir, slog.New(slog.DiscardHandler)); err != nil {
		t.Error(err)
	}
	if err := os.Remove(filepath.Join(dir, authorityDir, rootKeyFile)); err != nil {
		t.Fatal(err)
	}
	if _, err := Develop(dir, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("an authority without its key opens")
	}
}

// An authority that many trust must not be good for the rest of the world.
func TestDevelopmentAuthoritySpeaksForNoOthers(t *testing.T) {
	dir := t.TempDir()
	root, err := Develop(dir, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ca, err := openAuthority(root, filepath.Join(dir, authorityDir, rootKeyFile))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(ca.cert)
	for host, want := range map[string]bool{"x.localhost": true, "example.com": false, "8.8.8.8": false} {
		path := filepath.Join(t.TempDir(), "x.pem")
		if err := ca.issue(path, []string{host}); err != nil {
			t.Fatal(err)
		}
		pair, err := tls.LoadX509KeyPair(path, path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := pair.Leaf.Verify(x509.VerifyOptions{Roots: pool, DNSName: host}); (err == nil) != want {
			t.Errorf("%s: %v", host, err)
		}
	}
}
