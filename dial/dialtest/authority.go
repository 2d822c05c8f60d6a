// Package dialtest has what tests of reaching origins need: a name server,
// certificates of any kind of fault, and a port that answers nobody.
package dialtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"testing"
	"time"
)

// An Authority signs certificates. It is one itself.
type Authority struct {
	Cert *x509.Certificate
	key  *ecdsa.PrivateKey

	above [][]byte // what leads from it to a root, that root left out
	t     testing.TB
}

// NewAuthority makes a root. Each edit may change its certificate before that is
// signed.
func NewAuthority(t testing.TB, name string, edits ...func(*x509.Certificate)) *Authority {
	t.Helper()
	a := &Authority{t: t, key: newKey(t)}
	template := authority(name, edits)
	a.Cert = a.parse(a.sign(template, template, &a.key.PublicKey))
	return a
}

// Intermediate makes an authority that a has signed.
func (a *Authority) Intermediate(name string, edits ...func(*x509.Certificate)) *Authority {
	a.t.Helper()
	i := &Authority{t: a.t, key: newKey(a.t)}
	der := a.sign(authority(name, edits), a.Cert, &i.key.PublicKey)
	i.Cert, i.above = a.parse(der), append([][]byte{der}, a.above...)
	return i
}

// Issue makes a certificate for an origin or a client, with all that leads to the
// root but the root. The names are DNS names.
func (a *Authority) Issue(names []string, edits ...func(*x509.Certificate)) tls.Certificate {
	a.t.Helper()
	key := newKey(a.t)
	der := a.sign(leaf(names, edits), a.Cert, &key.PublicKey)
	return tls.Certificate{Certificate: append([][]byte{der}, a.above...), PrivateKey: key}
}

// IssueRSA is Issue with an RSA key, which some cipher suites need.
func (a *Authority) IssueRSA(names []string) tls.Certificate {
	a.t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		a.t.Fatal(err)
	}
	der := a.sign(leaf(names, nil), a.Cert, &key.PublicKey)
	return tls.Certificate{Certificate: append([][]byte{der}, a.above...), PrivateKey: key}
}

// SelfSigned makes a certificate that nobody else has signed.
func SelfSigned(t testing.TB, names []string) tls.Certificate {
	t.Helper()
	a := &Authority{t: t, key: newKey(t)}
	template := leaf(names, nil)
	return tls.Certificate{Certificate: [][]byte{a.sign(template, template, &a.key.PublicKey)}, PrivateKey: a.key}
}

// PEM returns the authority's certificate, for ssl_ca_cert.
func (a *Authority) PEM() string { return certificatePEM(a.Cert.Raw) }

// Pool returns a pool of the authority alone.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.Cert)
	return pool
}

// PEM returns the texts of a certificate with its chain, and of its key.
func PEM(t testing.TB, c tls.Certificate) (chain, key string) {
	t.Helper()
	for _, der := range c.Certificate {
		chain += certificatePEM(der)
	}
	der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	return chain, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func certificatePEM(der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func authority(name string, edits []func(*x509.Certificate)) *x509.Certificate {
	c := template(pkix.Name{CommonName: name})
	c.IsCA, c.BasicConstraintsValid = true, true
	c.KeyUsage = x509.KeyUsageCertSign
	edit(c, edits)
	return c
}

func leaf(names []string, edits []func(*x509.Certificate)) *x509.Certificate {
	c := template(pkix.Name{Organization: []string{"origin of a test"}})
	c.DNSNames = names
	c.KeyUsage = x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment
	c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	edit(c, edits)
	return c
}

func template(subject pkix.Name) *x509.Certificate {
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		panic(err)
	}
	now := time.Now()
	return &x509.Certificate{SerialNumber: serial, Subject: subject, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour)}
}

func edit(c *x509.Certificate, edits []func(*x509.Certificate)) {
	for _, e := range edits {
		e(c)
	}
}

func (a *Authority) sign(template, parent *x509.Certificate, key any) []byte {
	a.t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	return der
}

func (a *Authority) parse(der []byte) *x509.Certificate {
	a.t.Helper()
	c, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return c
}
