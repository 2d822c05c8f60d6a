package vcl

import (
	"net/netip"
	"slices"
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

// networks are the entries of an ACL by prefix, and the lengths of prefixes that
// occur.
type networks struct {
	entries   map[netip.Prefix]bool // whether it is in
	four, six []int
}

// NewACL returns an ACL of these entries.
func NewACL(name string, entries []ACLEntry) *ACL {
	a := &ACL{Name: name}
	a.Swap(entries)
	return a
}

// Swap replaces all entries. Of two with one prefix the negated one counts.
func (a *ACL) Swap(entries []ACLEntry) {
	n := &networks{entries: make(map[netip.Prefix]bool, len(entries))}
	for _, e := range entries {
		p := unmap(e.Prefix)
		was, twice := n.entries[p]
		n.entries[p] = !e.Negated && (was || !twice)
		lengths := &n.six
		if p.Addr().Is4() {
			lengths = &n.four
		}
		if !slices.Contains(*lengths, p.Bits()) {
			*lengths = append(*lengths, p.Bits())
		}
	}
	a.nets.Store(n)
}

// unmap makes an IPv4 network of one that is written in IPv6, without its host
// bits.
func unmap(p netip.Prefix) netip.Prefix {
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked()
}

// Has reports whether the ACL has ip: an exception that holds it decides, however
// long the prefixes are. What is no address is in no ACL.
func (a *ACL) Has(ip netip.Addr) bool {
	if a == nil || !ip.IsValid() {
		return false
	}
	n, ip := a.nets.Load(), ip.Unmap().WithZone("")
	lengths := n.six
	if ip.Is4() {
		lengths = n.four
	}
	has := false
	for _, bits := range lengths {
		if p, err := ip.Prefix(bits); err == nil {
			in, found := n.entries[p]
			if found && !in {
				return false
			}
			has = has || found
		}
	}
	return has
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
