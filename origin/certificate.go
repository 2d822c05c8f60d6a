package origin

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"strings"
	"sync"
	"time"
)

// lifetime is how long certificates are valid: they are made anew at each start.
const lifetime = 90 * 24 * time.Hour

// maxLeaves is how many certificates for servers are kept.
const maxLeaves = 1024

// certificates are those of a server: its authority's, and all that this has signed.
type certificates struct {
	root, between, stranger *signer
	client                  tls.Certificate
	key                     *ecdsa.PrivateKey // of all leaves

	mu     sync.Mutex
	leaves map[wanted]*tls.Certificate
}

// A signer is an authority, or one between an authority and a leaf.
type signer struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// A leaf is what is wrong with a server's certificate. The zero value is a good one.
type leaf struct {
	begin, end time.Duration // from now; 0 for times that are right
	name       string        // in the place of all others
	self       bool
	untrusted  bool
	incomplete bool
}

// A wanted is a leaf for a name.
type wanted struct {
	leaf
	serverName string
}

func newCertificates() (*certificates, error) {
	c := &certificates{leaves: map[wanted]*tls.Certificate{}}
	var err error
	if c.key, err = newKey(); err != nil {
		return nil, err
	}
	if c.root, err = newSigner("Headwater test origin", nil); err != nil {
		return nil, err
	}
	if c.between, err = newSigner("Headwater test origin, intermediate", c.root); err != nil {
		return nil, err
	}
	if c.stranger, err = newSigner("Headwater test origin, unknown", nil); err != nil {
		return nil, err
	}
	c.client, err = c.newClient()
	return c, err
}

func newKey() (*ecdsa.PrivateKey, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }

// newSigner makes an authority that above has signed, or itself.
func newSigner(name string, above *signer) (*signer, error) {
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	template, err := newTemplate(name)
	if err != nil {
		return nil, err
	}
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign
	s := &signer{cert: template, key: key}
	if above == nil {
		above = s
	}
	der, err := above.sign(template, key)
	if err != nil {
		return nil, err
	}
	s.cert, err = x509.ParseCertificate(der)
	return s, err
}

func (s *signer) sign(template *x509.Certificate, key *ecdsa.PrivateKey) ([]byte, error) {
	return x509.CreateCertificate(rand.Reader, template, s.cert, &key.PublicKey, s.key)
}

func newTemplate(name string) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name},
		NotBefore: now.Add(-24 * time.Hour), NotAfter: now.Add(lifetime),
		KeyUsage: x509.KeyUsageDigitalSignature,
	}, nil
}

// newClient makes the certificate for clients.
func (c *certificates) newClient() (tls.Certificate, error) {
	key, err := newKey()
	if err != nil {
		return tls.Certificate{}, err
	}
	template, err := newTemplate("client of the test origin")
	if err != nil {
		return tls.Certificate{}, err
	}
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	der, err := c.root.sign(template, key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}

// get returns the certificate that is wanted for a server name, "" for none.
func (c *certificates) get(l leaf, serverName string) (*tls.Certificate, error) {
	w := wanted{l, strings.ToLower(serverName)}
	c.mu.Lock()
	defer c.mu.Unlock()
	if made := c.leaves[w]; made != nil {
		return made, nil
	}
	made, err := c.newLeaf(w)
	if err != nil {
		return nil, err
	}
	if len(c.leaves) == maxLeaves {
		clear(c.leaves)
	}
	c.leaves[w] = made
	return made, nil
}

func (c *certificates) newLeaf(w wanted) (*tls.Certificate, error) {
	template, err := newTemplate("test origin")
	if err != nil {
		return nil, err
	}
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	if w.begin != 0 {
		template.NotBefore = time.Now().Add(w.begin)
	}
	if w.end != 0 {
		template.NotAfter = time.Now().Add(w.end)
	}
	template.DNSNames = w.names()
	if w.name == "" {
		template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	}
	by, above := c.signerOf(w.leaf, template)
	der, err := by.sign(template, c.key)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: append([][]byte{der}, above...), PrivateKey: c.key}, nil
}

// signerOf returns who signs a leaf, and what is sent between it and the authority.
func (c *certificates) signerOf(l leaf, template *x509.Certificate) (by *signer, above [][]byte) {
	switch {
	case l.self:
		return &signer{template, c.key}, nil
	case l.untrusted:
		return c.stranger, nil
	case l.incomplete:
		return c.between, nil
	}
	return c.between, [][]byte{c.between.cert.Raw}
}

// names returns what a certificate is for: the server's name, with its first label,
// which may be a fault's, and without.
func (w wanted) names() []string {
	if w.name != "" {
		return []string{w.name}
	}
	all := []string{"localhost"}
	if w.serverName != "" {
		all = append(all, w.serverName)
	}
	if _, above, _ := strings.Cut(w.serverName, "."); above != "" {
		all = append(all, above)
	}
	return all
}

func (c *certificates) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(c.root.cert)
	return pool
}

// CA returns the certificate of the authority that has signed the server's, in PEM.
func (s *Server) CA() []byte { return certificatePEM(s.certs.root.cert.Raw) }

// ClientCert returns a client certificate that the server trusts, in PEM.
func (s *Server) ClientCert() []byte { return certificatePEM(s.certs.client.Certificate[0]) }

// ClientKey returns the key of ClientCert, in PEM.
func (s *Server) ClientKey() []byte {
	der, err := x509.MarshalPKCS8PrivateKey(s.certs.client.PrivateKey)
	if err != nil {
		panic(err) // it is a key of ours
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func certificatePEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
