package certificate

import (
	"bytes"
	"crypto/tls"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"
)

// Clients are given what the issuer says, while it is good.
func TestStaple(t *testing.T) {
	dir := t.TempDir()
	if _, err := Develop(dir, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	root, key := filepath.Join(dir, authorityDir, rootFile), filepath.Join(dir, authorityDir, rootKeyFile)
	ca, err := openAuthority(root, key)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, developmentFile)
	leaf, _ := os.ReadFile(path)
	issuer, _ := os.ReadFile(root)
	// The issuer's certificate has to come second.
	chain, private, _ := bytes.Cut(leaf, []byte("-----BEGIN PRIVATE KEY-----"))
	files{developmentFile: string(chain) + string(issuer) + "-----BEGIN PRIVATE KEY-----" + string(private)}.write(t, dir)
	pair, err := tls.LoadX509KeyPair(path, path)
	if err != nil {
		t.Fatal(err)
	}
	say := func(status int, next time.Time) string {
		r, err := ocsp.CreateResponse(ca.cert, ca.cert, ocsp.Response{
			Status: status, SerialNumber: pair.Leaf.SerialNumber, ThisUpdate: time.Now().Add(-2 * time.Hour), NextUpdate: next,
		}, ca.key)
		if err != nil {
			t.Fatal(err)
		}
		return string(r)
	}
	later := time.Now().Add(time.Hour)
	for _, tt := range []struct {
		name, response string
		given          bool
		log            string
	}{
		{"good", say(ocsp.Good, later), true, ""},
		{"too old", say(ocsp.Good, time.Now().Add(-time.Hour)), false, "too old"},
		{"revoked", say(ocsp.Revoked, later), false, "does not say that the certificate is good"},
	} {
		files{"development.ocsp": tt.response}.write(t, dir)
		var log bytes.Buffer
		d, err := Open(dir, slog.New(slog.NewTextHandler(&log, nil)))
		if err != nil {
			t.Fatal(err)
		}
		c, _ := d.Certificate(&tls.ClientHelloInfo{})
		if given := string(c.OCSPStaple) == tt.response; given != tt.given || !strings.Contains(log.String(), tt.log) {
			t.Errorf("%s: given %t, want %t; log %s", tt.name, given, tt.given, &log)
		}
	}
	response := []byte(say(ocsp.Good, later))
	response[len(response)-300] ^= 1
	files{"development.ocsp": string(response)}.write(t, dir)
	if _, err := Open(dir, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("a response that the issuer did not sign is taken")
	}
}
