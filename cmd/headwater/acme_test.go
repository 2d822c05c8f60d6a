package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"headwater/certificate/acmetest"
	"headwater/dial/dialtest"
)

// An enrolled instance gets its certificates from an authority.
type enrolled struct {
	*instance
	secure string // where it speaks TLS
	data   string
}

// enrol starts one on a data directory.
func enrol(t *testing.T, a *acmetest.Authority, data string) *enrolled {
	t.Helper()
	root := filepath.Join(t.TempDir(), "root.pem")
	if err := os.WriteFile(root, a.ServerPEM, 0o600); err != nil {
		t.Fatal(err)
	}
	i := launch(map[string]string{tokenVariable: testToken, "HEADWATER_ACME_EMAIL": "ops@example.com"}, nil,
		"serve", "-api", "127.0.0.1:0", "-edge", "127.0.0.1:0", "-edge-tls", "127.0.0.1:0", "-data", data,
		"-acme-ca", a.Directory, "-acme-ca-root", root)
	t.Cleanup(func() { i.stop() })
	if err := i.waitReady(); err != nil {
		t.Fatal(err, i.stderr)
	}
	return &enrolled{i, secureLine.FindStringSubmatch(i.stdout.String())[1], data}
}

func portOf(t *testing.T, address string) int {
	t.Helper()
	_, port, err := net.SplitHostPort(address)
	n, bad := strconv.Atoi(port)
	if err != nil || bad != nil {
		t.Fatal(address)
	}
	return n
}

// publish makes an active service of these domains, which says what it is asked.
func (f *enrolled) publish(t *testing.T, domains ...string) {
	t.Helper()
	var s struct{ ID string }
	if err := json.Unmarshal([]byte(f.mustCall(t, "POST", "/service", "name="+domains[0])), &s); err != nil {
		t.Fatal(err)
	}
	at := "/service/" + s.ID + "/version/1"
	for _, name := range domains {
		f.mustCall(t, "POST", at+"/domain", "name="+name)
	}
	f.mustCall(t, "POST", at+"/backend", "name=none", "address=127.0.0.1", "port=1")
	f.mustCall(t, "POST", at+"/response_object", "name=own", "status=200", "response=OK", "content=the service's own")
	f.mustCall(t, "PUT", "/service/"+s.ID+"/version/1/activate")
}

// shake shakes hands as a client that trusts roots, and returns the certificate.
func (f *enrolled) shake(name string, roots *x509.CertPool, protocols ...string) (*x509.Certificate, error) {
	config := &tls.Config{ServerName: name, RootCAs: roots, NextProtos: protocols}
	d := tls.Dialer{NetDialer: &net.Dialer{Timeout: patience}, Config: config}
	c, err := d.Dial("tcp", f.secure)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return c.(*tls.Conn).ConnectionState().PeerCertificates[0], nil
}

// await shakes hands once there is a certificate: an authority takes its time.
func (f *enrolled) await(t *testing.T, name string, roots *x509.CertPool) *x509.Certificate {
	t.Helper()
	c, err := f.shake(name, roots)
	if err == nil {
		return c
	}
	for range 4 {
		if err = f.stderr.waitFor("msg=certificate name=" + name + " "); err == nil {
			break
		}
	}
	if err == nil {
		c, err = f.shake(name, roots)
	}
	if err != nil {
		t.Fatalf("%s: %v; %s", name, err, f.stderr)
	}
	return c
}

// A certificate is fetched for the domain of an active service when a client first
// asks for it, by TLS alone, is kept where nobody can read it, and serves without the
// authority.
func TestACME(t *testing.T) {
	names := dialtest.NewNameServer(t)
	a := acmetest.New(t, names.Addr.String(), 90*24*time.Hour)
	f := enrol(t, a, filepath.Join(t.TempDir(), "data"))
	names.Set("shop.test 60 A 127.0.0.1")
	a.Serve(1, portOf(t, f.secure)) // no HTTP: nobody listens on port 1
	f.publish(t, "shop.test", "*.wild.test")

	c := f.await(t, "shop.test", a.Roots())
	for _, name := range []string{"unknown.test", "a.wild.test", "", "127.0.0.1", "x.shop.test"} {
		if c, err := f.shake(name, a.Roots()); err == nil {
			t.Errorf("%q is shown %v", name, c.DNSNames)
		}
	}
	if again, err := f.shake("SHOP.test", a.Roots()); err != nil || !again.Equal(c) {
		t.Errorf("another certificate, %v", err)
	}
	if c, err := f.shake("shop.test", a.Roots(), "acme-tls/1"); err == nil {
		t.Errorf("who looks without a reason is shown %v", c.DNSNames)
	}
	if n := a.Orders(); n != 1 {
		t.Errorf("%d orders for one name", n)
	}
	f.checkKept(t)
	_, told := f.scrape(t, testToken)
	for _, wrong := range told.off(map[string]float64{
		`headwater_certificate_expiry_seconds{source="acme",certificate="shop.test"}`: float64(c.NotAfter.Unix()),
		`headwater_certificate_orders_total{result="made"}`:                           1,
	}) {
		t.Error(wrong)
	}

	a.Close()
	if code, err := f.stop(); code != exitOK || err != nil {
		t.Fatalf("code %d, %v: %s", code, err, f.stderr)
	}
	f = enrol(t, a, f.data)
	if again, err := f.shake("shop.test", a.Roots()); err != nil || !again.Equal(c) {
		t.Errorf("after a start without the authority: another certificate, %v", err)
	}
}

// checkKept looks that files are their owner's alone, and that no key is in them.
func (f *enrolled) checkKept(t *testing.T) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(filepath.Join(f.data, "acme"), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || e.Name()[0] == '.' { // one that is being written
			return err
		}
		files++
		text, err := os.ReadFile(path)
		if at, bad := e.Info(); bad != nil || at.Mode().Perm() != 0o600 || strings.Contains(string(text), "PRIVATE") {
			t.Errorf("%s: %v, %v, %.20s", path, at.Mode(), bad, text)
		}
		return err
	})
	if err != nil || files != 3 {
		t.Errorf("%d files, %v; want an account, a certificate and waits", files, err)
	}
}

// Where the authority cannot look by TLS it is asked to look by HTTP. Paths that it
// does not ask for are the service's own.
func TestACMEByHTTP(t *testing.T) {
	names := dialtest.NewNameServer(t)
	a := acmetest.New(t, names.Addr.String(), 90*24*time.Hour)
	f := enrol(t, a, filepath.Join(t.TempDir(), "data"))
	names.Set("shop.test 60 A 127.0.0.1")
	a.Serve(portOf(t, f.edge), 1)
	f.publish(t, "shop.test")

	if _, err := f.shake("shop.test", a.Roots()); err == nil {
		t.Fatal("the authority has looked at port 1")
	}
	if err := f.stderr.waitFor("no certificate"); err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequest("GET", "http://"+f.edge+"/.well-known/acme-challenge/own", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "shop.test"
	if own, err := exchange(http.DefaultTransport, r); err != nil || own.body != "the service's own" {
		t.Errorf("%+v, %v", own, err)
	}
	f.await(t, "shop.test", a.Roots())
}
