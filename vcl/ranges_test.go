package vcl

import (
	"math/rand/v2"
	"net/netip"
	"testing"
)

// inEntries is what an ACL means: in an entry, and in no exception.
func inEntries(entries []ACLEntry, ip netip.Addr) (in bool) {
	for _, e := range entries {
		if unmap(e.Prefix).Contains(ip) {
			if e.Negated {
				return false
			}
			in = true
		}
	}
	return in
}

func TestACLIsWhatItsEntriesSay(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	// Few bits, so that entries overlap, touch and repeat each other, at both ends
	// of the address space.
	address := func() netip.Addr {
		edge := byte(r.IntN(2) * 0xff)
		if r.IntN(2) == 0 {
			return netip.AddrFrom4([4]byte{edge, edge, edge, edge ^ byte(r.IntN(16))})
		}
		b := [16]byte{0: edge, 1: edge, 6: edge, 7: edge ^ byte(r.IntN(4)), 8: edge, 14: edge, 15: edge ^ byte(r.IntN(16))}
		return netip.AddrFrom16(b)
	}
	for range 2000 {
		var entries []ACLEntry
		for range r.IntN(6) {
			ip := address()
			bits := ip.BitLen() - r.IntN(6)
			if r.IntN(4) == 0 {
				bits = r.IntN(ip.BitLen() + 1)
			}
			entries = append(entries, ACLEntry{netip.PrefixFrom(ip, bits), r.IntN(3) == 0})
		}
		a := NewACL("a", entries)
		for range 50 {
			if ip := address(); a.Has(ip) != inEntries(entries, ip) {
				t.Fatalf("%v has %v: %v", entries, ip, a.Has(ip))
			}
		}
	}
}

func TestACLOfOtherSpellings(t *testing.T) {
	a := NewACL("a", []ACLEntry{{Prefix: netip.MustParsePrefix("::ffff:10.0.0.0/104")}, {Prefix: netip.MustParsePrefix("fe80::/10")}})
	for text, want := range map[string]bool{
		"10.1.2.3": true, "::ffff:10.1.2.3": true, "11.0.0.0": false, "fe80::1%eth0": true, "::a01:203": false,
	} {
		if got := a.Has(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
	if a.Has(netip.Addr{}) {
		t.Error("it has what is no address")
	}
}
