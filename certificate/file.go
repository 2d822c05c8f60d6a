package certificate

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/crypto/ocsp"
)

// maxFile bounds the files that are read, in bytes.
const maxFile = 1 << 20

// A certificate is one that was read from a file.
type certificate struct {
	*tls.Certificate
	file string // its base name
}

// names are those that the certificate is for.
func (c *certificate) names() []string {
	names := append([]string(nil), c.Leaf.DNSNames...)
	for _, ip := range c.Leaf.IPAddresses {
		names = append(names, ip.String())
	}
	return names
}

// load reads NAME.pem and what belongs to it. A response of the issuer that is too
// old is left out, and warned of.
func load(path string, now time.Time) (c *certificate, warning string, err error) {
	chain, err := readFile(path)
	if err != nil {
		return nil, "", err
	}
	base := strings.TrimSuffix(path, ".pem")
	key, err := readFile(base + ".key")
	if errors.Is(err, fs.ErrNotExist) {
		key, err = chain, nil
	}
	if err != nil {
		return nil, "", err
	}
	pair, err := parse(chain, key)
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", path, err)
	}
	response, err := readFile(base + ".ocsp")
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, "", err
	default:
		if warning, err = staple(pair, response, now); err != nil {
			return nil, "", fmt.Errorf("%s.ocsp: %w", base, err)
		}
	}
	if now.After(pair.Leaf.NotAfter) {
		warning = "the certificate has expired"
	}
	if warning != "" {
		warning = fmt.Sprintf("%s: %s", path, warning)
	}
	return &certificate{pair, filepath.Base(path)}, warning, nil
}

// readFile reads a file, or the one that a link leads to. Opening anything else may
// wait for ever: a pipe does, until somebody writes.
func readFile(path string) ([]byte, error) {
	if at, err := os.Stat(path); err != nil {
		return nil, err
	} else if !at.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: not a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxFile {
		return nil, fmt.Errorf("%s: more than %d bytes", path, maxFile)
	}
	return text, nil
}

// parse makes a certificate of a chain and a key in PEM, which may be one text.
func parse(chain, key []byte) (*tls.Certificate, error) {
	pair, err := tls.X509KeyPair(chain, key)
	if err != nil {
		return nil, errors.New(strings.TrimPrefix(err.Error(), "tls: "))
	}
	if len(pair.Leaf.DNSNames)+len(pair.Leaf.IPAddresses) == 0 {
		return nil, errors.New("the certificate is for no name: it has no subject alternative names")
	}
	return &pair, nil
}

// staple gives the certificate a response of its issuer.
func staple(pair *tls.Certificate, response []byte, now time.Time) (warning string, err error) {
	if len(pair.Certificate) < 2 {
		return "", errors.New("the issuer's certificate is not there to check it with")
	}
	issuer, err := x509.ParseCertificate(pair.Certificate[1])
	if err != nil {
		return "", err
	}
	r, err := ocsp.ParseResponseForCert(response, pair.Leaf, issuer)
	switch {
	case err != nil:
		return "", err
	case r.Status != ocsp.Good:
		return "the issuer's response does not say that the certificate is good: clients are not given it", nil
	case !r.NextUpdate.IsZero() && now.After(r.NextUpdate):
		return "the issuer's response is too old: clients are not given it", nil
	}
	pair.OCSPStaple = bytes.Clone(response)
	return "", nil
}
