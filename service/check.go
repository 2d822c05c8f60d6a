package service

import (
	"math"
	"net/netip"
	"strconv"
	"strings"
)

// Bounds of values. Numbers fit what the edge makes of them: a duration in
// nanoseconds must not overflow.
const (
	maxName    = 255
	maxHost    = 253
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

// checkHostHeader accepts what may stand in a Host field: a host and perhaps a
// port (RFC 9110 section 7.2). The words of the error are Fastly's own.
func checkHostHeader(host string) error {
	if validHostHeader(host) {
		return nil
	}
	return Errorf(Invalid, "'%s' is not a valid Host header", host)
}

func validHostHeader(host string) bool {
	name := host
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		if _, err := strconv.ParseUint(host[i+1:], 10, 16); err != nil {
			return false
		}
		name = host[:i]
	}
	if strings.HasPrefix(name, "[") && strings.HasSuffix(name, "]") {
		return validIPv6(name[1 : len(name)-1])
	}
	return addressKind(name) == isIPv4 || validHostname(name)
}

// checkDomain accepts a host name, *.suffix, or a bare IP address.
func checkDomain(name string) error {
	if validHostname(strings.TrimPrefix(name, "*.")) || addressKind(name) == isIPv4 || validIPv6(name) {
		return nil
	}
	return Errorf(Invalid, "'%s' is not a valid domain name", name)
}

// checkShareKey accepts what Fastly documents: letters and digits.
func checkShareKey(key string) error {
	for i := range len(key) {
		if c := key[i]; !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9') {
			return Errorf(Invalid, "'share_key' must be letters and digits only")
		}
	}
	return nil
}
