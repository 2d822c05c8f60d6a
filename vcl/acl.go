package vcl

import (
	"net/netip"
	"sync/atomic"

	"headwater/vcl/syntax"
)

// An ACL is a set of addresses. What it holds can be replaced while programs look
// at it.
type ACL struct {
	Name string
	nets atomic.Pointer[networks]
}

// An ACLEntry is an address or a network, or the exception of it.
type ACLEntry struct {
	Prefix  netip.Prefix
	Negated bool
}

// networks are the addresses of an ACL.
type networks struct{ four, six ranges }

// NewACL returns an ACL of these entries.
func NewACL(name string, entries []ACLEntry) *ACL {
	a := &ACL{Name: name}
	a.Swap(entries)
	return a
}

// Swap replaces all entries. What an exception holds is not in the ACL, however long
// the prefixes are.
func (a *ACL) Swap(entries []ACLEntry) {
	var four, six struct{ in, out []ipRange }
	for _, e := range entries {
		p := unmap(e.Prefix)
		family := &six
		if p.Addr().Is4() {
			family = &four
		}
		if e.Negated {
			family.out = append(family.out, rangeOf(p))
		} else {
			family.in = append(family.in, rangeOf(p))
		}
	}
	a.nets.Store(&networks{
		four: union(four.in).without(union(four.out)),
		six:  union(six.in).without(union(six.out)),
	})
}

// unmap makes an IPv4 network of one that is written in IPv6, without its host
// bits.
func unmap(p netip.Prefix) netip.Prefix {
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked()
}

// Has reports whether the ACL has ip. What is no address is in no ACL.
func (a *ACL) Has(ip netip.Addr) bool {
	if a == nil || !ip.IsValid() {
		return false
	}
	n := a.nets.Load()
	if ip = ip.Unmap(); ip.Is4() {
		return n.four.has(addressOf(ip))
	}
	return n.six.has(addressOf(ip))
}

// acl compiles a declaration.
func (c *compiler) acl(d *syntax.ACL) {
	a := c.options.ACLs[d.Name.Text]
	if a == nil {
		a = NewACL(d.Name.Text, c.entries(d))
	}
	c.acls[d.Name.Text] = a
}

func (c *compiler) entries(d *syntax.ACL) (all []ACLEntry) {
	for _, e := range d.Entries {
		if e.Address == "localhost" && e.Bits < 0 {
			for _, text := range []string{"127.0.0.1/32", "::1/128"} {
				all = append(all, ACLEntry{netip.MustParsePrefix(text), e.Negated})
			}
			continue
		}
		ip, err := netip.ParseAddr(e.Address)
		if err != nil || ip.Zone() != "" {
			c.failf(e.Pos, "%q is no IP address", e.Address)
			continue
		}
		bits := e.Bits
		if bits < 0 {
			bits = ip.BitLen()
		}
		if bits > ip.BitLen() {
			c.failf(e.Pos, "a network of %s has at most %d bits", e.Address, ip.BitLen())
			continue
		}
		all = append(all, ACLEntry{netip.PrefixFrom(ip, bits), e.Negated})
	}
	return all
}
