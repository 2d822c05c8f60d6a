package dial

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"time"
)

// A verifier judges an origin's certificate, whatever name was sent in the
// handshake. It runs for each connection, resumed ones among them, so that a
// session does not outlive the trust that it began with.
type verifier struct {
	roots *x509.CertPool // nil means the system's
	name  string         // a host name or an IP address
}

// verify is for [tls.Config.VerifyConnection]. Time comes before trust and trust
// before the name, which is the order in which OpenSSL's last word is found.
func (v *verifier) verify(s tls.ConnectionState) error {
	certs := s.PeerCertificates
	if len(certs) == 0 {
		return &Error{Cause: Uncertified, Err: errors.New("the origin sent no certificate")}
	}
	options := x509.VerifyOptions{Roots: v.roots, Intermediates: x509.NewCertPool()}
	for _, c := range certs[1:] {
		options.Intermediates.AddCert(c)
	}
	chains, err := certs[0].Verify(options)
	if err != nil {
		return &Error{Cause: Uncertified, Text: openSSLText(certs, err), Err: err}
	}
	if err := v.checkName(certs[0], chains); err != nil {
		return &Error{Cause: Misnamed, Err: err}
	}
	return nil
}

// checkName accepts the common name of a certificate that has no other names, as
// Fastly does and crypto/x509 does not, unless an authority of the chain limits
// the names it speaks for: crypto/x509 does not hold common names to that.
func (v *verifier) checkName(leaf *x509.Certificate, chains [][]*x509.Certificate) error {
	err := leaf.VerifyHostname(v.name)
	nameless := len(leaf.DNSNames)+len(leaf.IPAddresses)+len(leaf.EmailAddresses)+len(leaf.URIs) == 0
	if err == nil || !nameless || leaf.Subject.CommonName == "" || limited(chains) {
		return err
	}
	old := *leaf
	old.DNSNames = []string{leaf.Subject.CommonName}
	return old.VerifyHostname(v.name)
}

// limited reports whether each chain has an authority with name constraints.
func limited(chains [][]*x509.Certificate) bool {
	for _, chain := range chains {
		free := true
		for _, c := range chain {
			free = free && len(c.PermittedDNSDomains)+len(c.ExcludedDNSDomains)+
				len(c.PermittedIPRanges)+len(c.ExcludedIPRanges) == 0
		}
		if free {
			return false
		}
	}
	return true
}

// openSSLText returns what OpenSSL 1.1.1 says of a chain that crypto/x509 refused
// (X509_verify_cert_error_string).
func openSSLText(certs []*x509.Certificate, err error) string {
	var invalid x509.CertificateInvalidError
	var critical x509.UnhandledCriticalExtension
	switch {
	case errors.As(err, &invalid):
		return invalidText(invalid)
	case errors.As(err, &critical):
		return "unhandled critical extension"
	case errors.As(err, new(x509.UnknownAuthorityError)), errors.As(err, new(x509.SystemRootsError)):
		return unknownText(certs)
	}
	return "certificate rejected"
}

func invalidText(e x509.CertificateInvalidError) string {
	switch e.Reason {
	case x509.Expired:
		if e.Cert != nil && time.Now().Before(e.Cert.NotBefore) {
			return "certificate is not yet valid"
		}
		return "certificate has expired"
	case x509.NotAuthorizedToSign:
		return "invalid CA certificate"
	case x509.TooManyIntermediates:
		return "path length constraint exceeded"
	case x509.IncompatibleUsage:
		return "unsupported certificate purpose"
	case x509.CANotAuthorizedForThisName:
		return "permitted subtree violation"
	}
	return "certificate rejected"
}

// unknownText tells how far the certificates lead that the origin sent, none of
// which an authority that is trusted has signed.
func unknownText(certs []*x509.Certificate) string {
	last, steps := certs[0], 0
	for ; steps < len(certs) && !selfSigned(last); steps++ {
		issuer := issuerOf(last, certs)
		if issuer == nil {
			break
		}
		if issuer.BasicConstraintsValid && !issuer.IsCA {
			return "invalid CA certificate"
		}
		last = issuer
	}
	switch {
	case selfSigned(last) && steps == 0:
		return "self signed certificate"
	case selfSigned(last):
		return "self signed certificate in certificate chain"
	case steps == 0:
		return "unable to verify the first certificate"
	}
	return "unable to get local issuer certificate"
}

// issuerOf finds it by name, as far as an explanation needs it: signatures have
// been looked at, and would cost an origin's victim much.
func issuerOf(c *x509.Certificate, among []*x509.Certificate) *x509.Certificate {
	for _, a := range among {
		if a != c && bytes.Equal(a.RawSubject, c.RawIssuer) {
			return a
		}
	}
	return nil
}

func selfSigned(c *x509.Certificate) bool { return bytes.Equal(c.RawSubject, c.RawIssuer) }
