package certificate

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"headwater/internal/durable"
)

// Where the development authority and its certificate are, below a [Directory]'s
// path. The key of the authority is beside its certificate.
const (
	authorityDir    = "ca"
	rootFile        = "root.pem"
	rootKeyFile     = "root.key"
	developmentFile = "development.pem"
)

// How long they are good for, and how long before its end a certificate is made
// anew. Clients refuse certificates of more than 398 days.
const (
	authorityLife   = 10 * 365 * 24 * time.Hour
	developmentLife = 365 * 24 * time.Hour
	renewal         = 30 * 24 * time.Hour
)

// near are the networks that a development authority may speak for: this machine
// and those that are nobody's own.
var near = []string{
	"127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16",
	"::1/128", "fc00::/7", "fe80::/10",
}

// Develop makes sure that dir has a certificate for this machine: for localhost,
// the loopback addresses, and those of hosts that are names under localhost or
// addresses of private networks. An authority of the directory's own signs it, whose
// root certificate is in the file that is returned. It can speak for nothing beyond
// such names, so that whoever trusts it risks no more. What a crash has left in dir and
// stays there is logged.
func Develop(dir string, log *slog.Logger, hosts ...string) (root string, err error) {
	at := filepath.Join(dir, authorityDir)
	if err := durable.MakeDir(at); err != nil {
		return "", err
	}
	durable.Sweep(log, dir, at)
	root = filepath.Join(at, rootFile)
	ca, err := openAuthority(root, filepath.Join(at, rootKeyFile))
	if err != nil {
		return "", err
	}
	path, hosts := filepath.Join(dir, developmentFile), append([]string{"localhost", "127.0.0.1", "::1"}, hosts...)
	slices.Sort(hosts)
	hosts = slices.DeleteFunc(slices.Compact(hosts), func(host string) bool { return !ca.permits(host) })
	if c, _, err := load(path, time.Now()); err == nil && ca.good(c, hosts) {
		return root, nil
	}
	return root, ca.issue(path, hosts)
}

// An authority signs certificates for development.
type authority struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// openAuthority reads the authority from its files, and makes one where there are
// none. One of which only a part is there is an error: clients may trust it.
func openAuthority(certFile, keyFile string) (*authority, error) {
	_, noCert := os.Stat(certFile)
	_, noKey := os.Stat(keyFile)
	if errors.Is(noCert, fs.ErrNotExist) && errors.Is(noKey, fs.ErrNotExist) {
		return newAuthority(certFile, keyFile)
	}
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", certFile, err)
	}
	key, ok := pair.PrivateKey.(crypto.Signer)
	if !ok || !pair.Leaf.IsCA {
		return nil, fmt.Errorf("%s is no certificate of an authority", certFile)
	}
	return &authority{pair.Leaf, key}, nil
}

func newAuthority(certFile, keyFile string) (*authority, error) {
	template, err := template("Headwater development CA", authorityLife)
	if err != nil {
		return nil, err
	}
	template.IsCA, template.MaxPathLenZero = true, true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	template.PermittedDNSDomainsCritical = true
	template.PermittedDNSDomains = []string{"localhost"}
	for _, text := range near {
		_, network, err := net.ParseCIDR(text)
		if err != nil {
			return nil, err
		}
		template.PermittedIPRanges = append(template.PermittedIPRanges, network)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	text, err := encode(key)
	if err == nil {
		err = durable.Write(keyFile, text)
	}
	if err == nil {
		err = durable.Write(certFile, encodeCertificate(der))
	}
	return &authority{cert, key}, err
}

// permits reports whether the authority can speak for host.
func (ca *authority) permits(host string) bool {
	ip := net.ParseIP(host)
	if ip == nil {
		return host == "localhost" || strings.HasSuffix(host, ".localhost")
	}
	return slices.ContainsFunc(ca.cert.PermittedIPRanges, func(n *net.IPNet) bool { return n.Contains(ip) })
}

// good reports whether c is the authority's, for all hosts, and for some time.
func (ca *authority) good(c *certificate, hosts []string) bool {
	for _, host := range hosts {
		if c.Leaf.VerifyHostname(host) != nil {
			return false
		}
	}
	return c.Leaf.CheckSignatureFrom(ca.cert) == nil && time.Until(c.Leaf.NotAfter) > renewal
}

// issue writes a new certificate and its key.
func (ca *authority) issue(path string, hosts []string) error {
	template, err := template("localhost", developmentLife)
	if err != nil {
		return err
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.CreateCertificate(rand.Reader, template, ca.cert, key.Public(), ca.key)
	if err != nil {
		return err
	}
	text, err := encode(key)
	if err != nil {
		return err
	}
	return durable.Write(path, append(encodeCertificate(der), text...))
}

// template is what all certificates have. Authorities differ in their names: a
// client that trusts two must not take one for the other.
func template(name string, life time.Duration) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	now := time.Now()
	return &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{Organization: []string{"Headwater"}, CommonName: name, SerialNumber: serial.Text(36)},
		NotBefore:             now.Add(-time.Hour),
		NotAfter:              now.Add(life),
		BasicConstraintsValid: true,
	}, nil
}

func encode(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), err
}

func encodeCertificate(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
