package service

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math"
	"net/netip"
	"strings"
)

// Bounds of values. Numbers fit what the edge makes of them: a duration in
// nanoseconds must not overflow.
const (
	maxName    = 255
	maxHost    = 253
	maxPEM     = 256 << 10
	maxCerts   = 100
	maxMillis  = math.MaxInt32
	maxSeconds = math.MaxInt32
	maxCount   = math.MaxInt32
)

// checkName accepts any name that can travel in a path segment: "/" and blanks
// do, as %2F and %20; "." and ".." do not survive clients that clean paths.
func checkName(name string) error {
	if strings.TrimSpace(name) == "" || name == "." || name == ".." {
		return Errorf(Invalid, "'%s' is not a valid name", name)
	}
	return nil
}

type addressClass int

const (
	isHostname addressClass = iota
	isIPv4
	isIPv6
)

func addressKind(address string) addressClass {
	ip, err := netip.ParseAddr(address)
	switch {
	case err != nil:
		return isHostname
	case ip.Is4():
		return isIPv4
	}
	return isIPv6
}

// checkAddress accepts a host name or a bare IP address: no scheme, port, path
// or credentials.
func checkAddress(address string) error {
	if addressKind(address) == isIPv4 || validIPv6(address) || validHostname(address) {
		return nil
	}
	return Errorf(Invalid, "'%s' is not a host name or an IP address", address)
}

func checkHostname(name string) error {
	if addressKind(name) != isHostname || !validHostname(name) {
		return Errorf(Invalid, "'%s' is not a host name", name)
	}
	return nil
}

func checkIPv4(address string) error {
	if addressKind(address) != isIPv4 {
		return Errorf(Invalid, "'%s' is not an IPv4 address", address)
	}
	return nil
}

func checkIPv6(address string) error {
	if !validIPv6(address) {
		return Errorf(Invalid, "'%s' is not an IPv6 address", address)
	}
	return nil
}

// validIPv6 refuses zones: an interface name means nothing on another machine.
func validIPv6(address string) bool {
	ip, err := netip.ParseAddr(address)
	return err == nil && ip.Is6() && ip.Zone() == ""
}

// validHostname follows RFC 1123 section 2.1 with "_" allowed, as names in use
// have it. A name whose last label is all digits is a mistyped address (RFC 3696
// section 2): forms such as 127.1 or 0x7f000001 must not reach a resolver that
// would take them for one.
func validHostname(name string) bool {
	if len(name) > maxHost {
		return false
	}
	labels := strings.Split(name, ".")
	for _, label := range labels {
		if !validLabel(label) {
			return false
		}
	}
	last := labels[len(labels)-1]
	return !numeric(last)
}

func validLabel(label string) bool {
	if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
		return false
	}
	for i := range len(label) {
		c := label[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return true
}

// numeric reports whether a URL parser would read label as a number (WHATWG
// URL, "ends in a number"): decimal, octal or hexadecimal.
func numeric(label string) bool {
	hex := false
	if len(label) > 1 && label[0] == '0' && label[1]|0x20 == 'x' {
		label, hex = label[2:], true
	}
	for i := range len(label) {
		c := label[i]
		if !(c >= '0' && c <= '9' || hex && (c|0x20 >= 'a' && c|0x20 <= 'f')) {
			return false
		}
	}
	return true
}

func checkTLSName(name string) error {
	if !validHostname(name) && addressKind(name) == isHostname {
		return Errorf(Invalid, "'%s' is not a host name or an IP address", name)
	}
	return nil
}

// checkHostHeader accepts what may stand in a Host field: a host and perhaps a
// port (RFC 9110 section 7.2). The words of the error are Fastly's own.
func checkHostHeader(host string) error {
	if validHostHeader(host) {
		return nil
	}
	return Errorf(Invalid, "'%s' is not a valid Host header", host)
}

func validHostHeader(host string) bool {
	if _, err := netip.ParseAddrPort(host); err == nil {
		return true
	}
	if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
		return validIPv6(host[1 : len(host)-1])
	}
	name, port, found := strings.Cut(host, ":")
	if found && (port == "" || len(port) > 5 || strings.Trim(port, "0123456789") != "") {
		return false
	}
	return addressKind(name) == isIPv4 || validHostname(name)
}

// checkDomain accepts a host name or *.suffix.
func checkDomain(name string) error {
	if !validHostname(strings.TrimPrefix(name, "*.")) && addressKind(name) == isHostname {
		return Errorf(Invalid, "'%s' is not a valid domain name", name)
	}
	return nil
}

func checkTLSVersion(version string) error {
	switch version {
	case "1", "1.0", "1.1", "1.2", "1.3":
		return nil
	}
	return Errorf(Invalid, "'%s' is not a TLS version: use 1.0, 1.1, 1.2 or 1.3", version)
}

// checkCertificates accepts one or more PEM certificates and nothing else.
func checkCertificates(text string) error {
	rest := []byte(strings.TrimSpace(text))
	for n := 0; len(rest) > 0; n++ {
		var block *pem.Block
		block, rest = pem.Decode(rest)
		if block == nil || block.Type != "CERTIFICATE" {
			return Errorf(Invalid, "the certificate is not valid PEM")
		}
		if n == maxCerts {
			return Errorf(Invalid, "more than %d certificates", maxCerts)
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			return Wrap(Invalid, err, "the PEM block holds no valid certificate")
		}
		rest = []byte(strings.TrimSpace(string(rest)))
	}
	return nil
}

// checkPrivateKey accepts one PEM private key of a type that crypto/tls can
// sign with. The error never quotes the text.
func checkPrivateKey(text string) error {
	block, rest := pem.Decode([]byte(strings.TrimSpace(text)))
	if block == nil || len(strings.TrimSpace(string(rest))) > 0 || !strings.HasSuffix(block.Type, "PRIVATE KEY") {
		return Errorf(Invalid, "the private key is not valid PEM")
	}
	if !parsesAsKey(block.Bytes) {
		return Errorf(Invalid, "the PEM block holds no usable private key")
	}
	return nil
}

func parsesAsKey(der []byte) bool {
	if _, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		return true
	}
	if _, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return true
	}
	_, err := x509.ParseECPrivateKey(der)
	return err == nil
}

// checkPair reports whether cert and key belong together.
func checkPair(cert, key string) error {
	if _, err := tls.X509KeyPair([]byte(cert), []byte(key)); err != nil {
		return Errorf(Invalid, "'ssl_client_key' does not belong to 'ssl_client_cert'")
	}
	return nil
}
