package check

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"strings"
	"unicode"

	"headwater/dial"
	"headwater/report"
)

// Bounds of what is told of an origin's certificates, which may hold anything.
const (
	maxChain = 10
	maxNames = 20
	maxText  = 300
)

// secure tells what was seen of a handshake.
func (r *run) secure(seen *dial.Inspection, step report.Step) *report.TLS {
	_, sni, name := r.plan.TLS()
	told := &report.TLS{Step: step, SNI: sni, Name: name, ClientCertificate: "not wanted", Chain: []report.Certificate{}}
	switch {
	case seen.Shown:
		told.ClientCertificate = "shown"
	case seen.Asked:
		told.ClientCertificate = "wanted"
	}
	if !seen.Agreed {
		return told
	}
	told.Version, told.Cipher = tls.VersionName(seen.State.Version), tls.CipherSuiteName(seen.State.CipherSuite)
	told.ALPN = plain(seen.State.NegotiatedProtocol)
	for _, c := range seen.State.PeerCertificates[:min(len(seen.State.PeerCertificates), maxChain)] {
		told.Chain = append(told.Chain, certificate(c))
	}
	return told
}

func certificate(c *x509.Certificate) report.Certificate {
	told := report.Certificate{
		Subject: plain(c.Subject.String()), Issuer: plain(c.Issuer.String()),
		Names: []string{}, Key: keyOf(c), NotBefore: c.NotBefore, NotAfter: c.NotAfter,
	}
	for _, name := range c.DNSNames {
		told.Names = append(told.Names, plain(name))
		if len(told.Names) == maxNames {
			break
		}
	}
	for _, ip := range c.IPAddresses {
		if len(told.Names) < maxNames {
			told.Names = append(told.Names, ip.String())
		}
	}
	told.MoreNames = len(c.DNSNames) + len(c.IPAddresses) - len(told.Names)
	return told
}

func keyOf(c *x509.Certificate) string {
	switch k := c.PublicKey.(type) {
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA %d", k.N.BitLen())
	case *ecdsa.PublicKey:
		return "ECDSA " + k.Curve.Params().Name
	case ed25519.PublicKey:
		return "Ed25519"
	}
	return c.PublicKeyAlgorithm.String()
}

// plain is text that may come from an origin, so that it can be shown on a
// terminal: on one line, without what is not to be printed, and not too long.
func plain(text string) string {
	text = strings.Map(func(c rune) rune {
		if unicode.IsPrint(c) {
			return c
		}
		return unicode.ReplacementChar
	}, text)
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "") + "..."
	}
	return text
}
