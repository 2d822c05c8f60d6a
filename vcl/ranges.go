package vcl

import (
	"cmp"
	"encoding/binary"
	"net/netip"
	"slices"
)

// An address is an IP address as a number of 128 bits.
type address struct{ hi, lo uint64 }

func addressOf(ip netip.Addr) address {
	if ip.Is4() {
		b := ip.As4()
		return address{0, uint64(binary.BigEndian.Uint32(b[:]))}
	}
	b := ip.As16()
	return address{binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])}
}

func (a address) compare(b address) int {
	return cmp.Or(cmp.Compare(a.hi, b.hi), cmp.Compare(a.lo, b.lo))
}

func (a address) less(b address) bool { return a.hi < b.hi || a.hi == b.hi && a.lo < b.lo }

// next is the address behind a, which is not the last one.
func (a address) next() address {
	if a.lo++; a.lo == 0 {
		a.hi++
	}
	return a
}

// before is the address before a, which is not the first one.
func (a address) before() address {
	if a.lo == 0 {
		a.hi--
	}
	a.lo--
	return a
}

// An ipRange is all addresses from one to another, both included.
type ipRange struct{ from, to address }

// rangeOf is the range of a network, which has no host bits.
func rangeOf(p netip.Prefix) ipRange {
	s := ipRange{from: addressOf(p.Addr()), to: addressOf(p.Addr())}
	switch host := p.Addr().BitLen() - p.Bits(); {
	case host > 64:
		s.to.hi |= 1<<(host-64) - 1
		s.to.lo = 1<<64 - 1
	case host == 64:
		s.to.lo = 1<<64 - 1
	default:
		s.to.lo |= 1<<host - 1
	}
	return s
}

// Ranges are a set of addresses of one family: sorted, and none overlaps another.
type ranges []ipRange

// has reports whether a is in the set.
func (all ranges) has(a address) bool {
	low, high := 0, len(all)
	for low < high {
		if middle := int(uint(low+high) / 2); all[middle].to.less(a) {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low < len(all) && !a.less(all[low].from)
}

// union makes a set of ranges in any order.
func union(all []ipRange) (set ranges) {
	slices.SortFunc(all, func(a, b ipRange) int { return a.from.compare(b.from) })
	for _, s := range all {
		last := len(set) - 1
		switch {
		case last < 0 || set[last].to.less(s.from):
			set = append(set, s)
		case set[last].to.less(s.to):
			set[last].to = s.to
		}
	}
	return set
}

// without is what is left of the set when another is taken out of it.
func (all ranges) without(out ranges) (left ranges) {
	for _, s := range all {
		for len(out) > 0 && out[0].to.less(s.from) {
			out = out[1:]
		}
		gone := false
		for _, o := range out {
			if s.to.less(o.from) {
				break
			}
			if s.from.less(o.from) {
				left = append(left, ipRange{s.from, o.from.before()})
			}
			if gone = !o.to.less(s.to); gone {
				break
			}
			s.from = o.to.next()
		}
		if !gone {
			left = append(left, s)
		}
	}
	return left
}
