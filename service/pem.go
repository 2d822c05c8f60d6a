package service

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"strings"
)

// Bounds of what a client may have us parse, and the edge work with. Time to
// check and use an RSA key grows with the cube of its length.
const (
	maxPEM    = 1 << 20 // the API may allow less
	maxCerts  = 100
	maxKeyDER = 5 << 10 // holds an RSA key of maxRSA bits
	minRSA    = 1024    // crypto/tls signs with nothing shorter
	maxRSA    = 8192    // nor does it verify anything longer
)

// checkTLSVersion accepts the names of versions that Fastly takes.
func checkTLSVersion(version string) error {
	if TLSVersion(version) == 0 {
		return Errorf(Invalid, "'%s' is not a TLS version: use 1.0, 1.1, 1.2 or 1.3", version)
	}
	return nil
}

// TLSVersion returns crypto/tls's number of a version that Fastly takes, 0 for any
// other.
func TLSVersion(name string) uint16 {
	switch name {
	case "1", "1.0":
		return tls.VersionTLS10
	case "1.1":
		return tls.VersionTLS11
	case "1.2":
		return tls.VersionTLS12
	case "1.3":
		return tls.VersionTLS13
	}
	return 0
}

// checkCertificates accepts one or more PEM certificates and nothing else but
// the remarks that tools write before each.
func checkCertificates(text string) error {
	rest := []byte(text)
	for n := 0; n == 0 || len(strings.TrimSpace(string(rest))) > 0; n++ {
		var block *pem.Block
		block, rest = pem.Decode(rest)
		if block == nil || block.Type != "CERTIFICATE" {
			return Errorf(Invalid, "the certificate is not valid PEM")
		}
		if n == maxCerts {
			return Errorf(Invalid, "more than %d certificates", maxCerts)
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return Wrap(Invalid, err, "the PEM block holds no valid certificate")
		}
		if key, ok := cert.PublicKey.(*rsa.PublicKey); ok && key.N.BitLen() > maxRSA {
			return Errorf(Invalid, "the certificate has an RSA key of more than %d bits", maxRSA)
		}
	}
	return nil
}

// checkPrivateKey accepts one PEM private key that crypto/tls can sign with,
// perhaps after the parameters of its curve. The error never quotes the text.
func checkPrivateKey(text string) error {
	block, rest := pem.Decode([]byte(text))
	if block != nil && block.Type == "EC PARAMETERS" {
		block, rest = pem.Decode(rest)
	}
	if block == nil || len(strings.TrimSpace(string(rest))) > 0 || !strings.HasSuffix(block.Type, "PRIVATE KEY") {
		return Errorf(Invalid, "the private key is not valid PEM")
	}
	if len(block.Bytes) > maxKeyDER {
		return Errorf(Invalid, "the private key is longer than an RSA key of %d bits", maxRSA)
	}
	switch key := parseKey(block.Bytes).(type) {
	case *ecdsa.PrivateKey, ed25519.PrivateKey:
		return nil
	case *rsa.PrivateKey:
		if bits := key.N.BitLen(); bits < minRSA || bits > maxRSA {
			return Errorf(Invalid, "an RSA key must have %d to %d bits", minRSA, maxRSA)
		}
		return nil
	}
	return Errorf(Invalid, "the PEM block holds no usable private key")
}

// parseKey returns the key in one of the three encodings in use, or nil.
func parseKey(der []byte) any {
	if key, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		return key
	}
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key
	}
	if key, err := x509.ParseECPrivateKey(der); err == nil {
		return key
	}
	return nil
}

// checkPair reports whether cert and key, both valid, belong together.
func checkPair(cert, key string) error {
	if _, err := tls.X509KeyPair([]byte(cert), []byte(key)); err != nil {
		return Errorf(Invalid, "'ssl_client_key' does not belong to 'ssl_client_cert'")
	}
	return nil
}
