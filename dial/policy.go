package dial

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// ErrForbidden is what an [Error] wraps whose cause is Denied.
var ErrForbidden = errors.New("the origin policy forbids the address")

// A Policy says to which addresses connections to origins may go. The zero value
// lets them go everywhere.
type Policy struct {
	public   bool // nothing but what the whole internet can reach
	networks []ruled
}

// A ruled network is one that the operator has a rule of his own for.
type ruled struct {
	prefix netip.Prefix
	allow  bool
}

// The words of a policy.
const (
	policyAny    = "any"
	policyPublic = "public"
	policyAllow  = "allow:"
	policyDeny   = "deny:"
)

// ParsePolicy reads a policy: "any" or "public", and behind it any number of
// "allow:NETWORK" and "deny:NETWORK", with commas between. A NETWORK is a prefix
// or an address.
func ParsePolicy(text string) (*Policy, error) {
	base, rest, more := strings.Cut(text, ",")
	p := &Policy{}
	switch strings.TrimSpace(base) {
	case policyAny:
	case policyPublic:
		p.public = true
	default:
		return nil, fmt.Errorf("%q is neither %q nor %q", base, policyAny, policyPublic)
	}
	for more {
		var rule string
		rule, rest, more = strings.Cut(rest, ",")
		n, err := parseRuled(strings.TrimSpace(rule))
		if err != nil {
			return nil, err
		}
		p.networks = append(p.networks, n)
	}
	return p, nil
}

func parseRuled(rule string) (ruled, error) {
	network, allow := strings.CutPrefix(rule, policyAllow)
	if !allow {
		var deny bool
		if network, deny = strings.CutPrefix(rule, policyDeny); !deny {
			return ruled{}, fmt.Errorf("%q begins with neither %q nor %q", rule, policyAllow, policyDeny)
		}
	}
	if ip, err := netip.ParseAddr(network); err == nil {
		ip = ip.Unmap().WithZone("")
		return ruled{netip.PrefixFrom(ip, ip.BitLen()), allow}, nil
	}
	prefix, err := netip.ParsePrefix(network)
	if err != nil {
		return ruled{}, fmt.Errorf("%q is no network", network)
	}
	if ip := prefix.Addr(); ip.Is4In6() && prefix.Bits() >= 96 {
		prefix = netip.PrefixFrom(ip.Unmap(), prefix.Bits()-96)
	}
	return ruled{prefix.Masked(), allow}, nil
}

// String returns the text that the policy was made of, written in one way.
func (p *Policy) String() string {
	text := policyAny
	if p.public {
		text = policyPublic
	}
	for _, n := range p.networks {
		if n.allow {
			text += "," + policyAllow + n.prefix.String()
		} else {
			text += "," + policyDeny + n.prefix.String()
		}
	}
	return text
}

// Open reports whether the policy forbids nothing.
func (p *Policy) Open() bool { return !p.public && len(p.networks) == 0 }

// Permit is for [Network.Permit]. The narrowest network of the operator's that
// holds the address decides, a denial before a permission; without one what the
// policy begins with does. An address that stands for one of IPv4, which whoever
// translates it would connect to, has to be permitted as both.
func (p *Policy) Permit(to netip.AddrPort) bool {
	ip := to.Addr().Unmap().WithZone("")
	if inner, translated := embedded(ip); translated && !p.permits(inner) {
		return false
	}
	return p.permits(ip)
}

func (p *Policy) permits(ip netip.Addr) bool {
	bits, allowed := -1, !p.public || public(ip)
	for _, n := range p.networks {
		if !n.prefix.Contains(ip) {
			continue
		}
		switch b := n.prefix.Bits(); {
		case b > bits:
			bits, allowed = b, n.allow
		case b == bits:
			allowed = allowed && n.allow
		}
	}
	return allowed
}

// The forms in which an IPv6 address holds one of IPv4 that a translator or relay
// sends to: NAT64's well-known prefix (RFC 6052) and 6to4 (RFC 3056).
var (
	nat64   = netip.MustParsePrefix("64:ff9b::/96")
	sixToV4 = netip.MustParsePrefix("2002::/16")
)

// embedded returns the IPv4 address that ip stands for, if it stands for one.
func embedded(ip netip.Addr) (netip.Addr, bool) {
	b := ip.As16()
	switch {
	case nat64.Contains(ip):
		return netip.AddrFrom4([4]byte(b[12:16])), true
	case sixToV4.Contains(ip):
		return netip.AddrFrom4([4]byte(b[2:6])), true
	}
	return netip.Addr{}, false
}

// unicast6 is all of IPv6 that is given out to be reached from everywhere.
var unicast6 = netip.MustParsePrefix("2000::/3")

// special are networks that nobody on the internet is reached at, or that mean
// something else on each network (IANA's registries of special-purpose addresses):
// this host, private use, carriers' shared space, link-local with the metadata of
// clouds, protocol assignments, documentation, benchmarks, multicast and what is
// reserved. 168.63.129.16 looks public, and is what Azure's machines have their
// metadata and keys from.
var special = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
	"192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
	"198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3", "168.63.129.16/32",
	"2001::/23", "2001:db8::/32", "3fff::/20",
)

func prefixes(all ...string) []netip.Prefix {
	parsed := make([]netip.Prefix, len(all))
	for i, text := range all {
		parsed[i] = netip.MustParsePrefix(text)
	}
	return parsed
}

// public reports whether ip is one that the whole internet can reach. NAT64's
// prefix is, as far as what stands in it is.
func public(ip netip.Addr) bool {
	if ip.Is6() && !unicast6.Contains(ip) && !nat64.Contains(ip) {
		return false
	}
	for _, p := range special {
		if p.Contains(ip) {
			return false
		}
	}
	return true
}
