package main

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var secureLine = regexp.MustCompile(`(?m)^headwater: the edge is on https://(\S+) too$`)

// The demo speaks TLS with an authority that it has made, and prints what makes a
// client trust that.
func TestDemoOverTLS(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	i := launch(map[string]string{tokenVariable: testToken}, nil,
		"serve", "-demo", "-api", "127.0.0.1:0", "-edge", "127.0.0.1:0", "-edge-tls", "127.0.0.1:0", "-data", data)
	defer i.stop()
	if err := i.waitReady(); err != nil {
		t.Fatal(err)
	}
	at := secureLine.FindStringSubmatch(i.stdout.String())
	if at == nil {
		t.Fatalf("no line about TLS in %s", i.stdout)
	}
	root := filepath.Join(data, "tls", "ca", "root.pem")
	if line := "curl -i --cacert " + root + " https://" + at[1] + "/hello"; !strings.Contains(i.stdout.String(), line) {
		t.Errorf("no %q in %s", line, i.stdout)
	}
	text, err := os.ReadFile(root)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	defer transport.CloseIdleConnections()
	answer, err := (&http.Client{Transport: transport}).Get("https://" + at[1] + "/hello")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if body, err := io.ReadAll(answer.Body); answer.StatusCode != 200 || err != nil {
		t.Errorf("%d %q, %v", answer.StatusCode, body, err)
	}
	_, told := i.scrape(t, testToken)
	expires := answer.TLS.PeerCertificates[0].NotAfter
	for _, wrong := range told.off(map[string]float64{
		`headwater_certificate_expiry_seconds{source="file",certificate="development.pem"}`: float64(expires.Unix()),
	}) {
		t.Error(wrong)
	}
}

func TestTLSFlags(t *testing.T) {
	empty := t.TempDir()
	for _, tt := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"-edge-cert", empty}, exitUsage, "-edge-cert needs -edge-tls"},
		{[]string{"-edge-tls", "127.0.0.1:0", "-data", inMemory}, exitUsage, "-edge-tls needs -edge-cert"},
		{[]string{"-edge-tls", "127.0.0.1:0", "-edge-cert", empty}, exitFail, "has no certificate"},
		{[]string{"-edge-tls", "127.0.0.1:0", "-edge-cert", filepath.Join(empty, "none")}, exitFail, "no such file"},
		{[]string{"-acme-ca", "https://ca.example/"}, exitUsage, "-acme-ca and -acme-ca-root need -acme-email"},
		{[]string{"-acme-email", "a@b.example"}, exitUsage, "-acme-email needs -edge-tls"},
		{[]string{"-acme-email", "a@b.example", "-edge-tls", "127.0.0.1:0", "-edge-cert", empty, "-data", inMemory}, exitUsage, "-acme-email needs a data directory"},
		{[]string{"-acme-email", "A <a@b.example>", "-edge-tls", "127.0.0.1:0"}, exitUsage, "is no mail address"},
		{[]string{"-acme-email", "a@b.example", "-edge-tls", "127.0.0.1:0", "-acme-ca", "http://ca.example/"}, exitUsage, "is no URL of https"},
		{[]string{"-acme-email", "a@b.example", "-edge-tls", "127.0.0.1:0", "-acme-ca-root", filepath.Join(empty, "none")}, exitUsage, "-acme-ca-root: open"},
		{[]string{"-edge-tls", "nonsense"}, exitFail, "edge TLS address nonsense"},
	} {
		args := append([]string{"serve", "-api", "127.0.0.1:0", "-edge", "127.0.0.1:0", "-data", filepath.Join(t.TempDir(), "data")}, tt.args...)
		i := launch(map[string]string{tokenVariable: testToken}, nil, args...)
		code, err := i.wait()
		if err != nil || code != tt.code || !strings.Contains(i.stderr.String(), tt.want) {
			t.Errorf("%v: code %d, %v, %s; want %d, %q", tt.args, code, err, i.stderr, tt.code, tt.want)
		}
	}
}
