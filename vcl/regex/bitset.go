package regex

import "math/bits"

// A bitset is a set of small numbers. Those that meet have one length.
type bitset []uint64

func newBitset(words int) bitset { return make(bitset, words) }

func (b bitset) add(i int)      { b[i>>6] |= 1 << (i & 63) }
func (b bitset) has(i int) bool { return b[i>>6]&(1<<(i&63)) != 0 }

func (b bitset) union(c bitset) {
	for i, w := range c {
		b[i] |= w
	}
}

// intersect makes b what both c and d have.
func (b bitset) intersect(c, d bitset) {
	for i := range b {
		b[i] = c[i] & d[i]
	}
}

func (b bitset) overlaps(c bitset) bool {
	for i, w := range c {
		if b[i]&w != 0 {
			return true
		}
	}
	return false
}

func (b bitset) empty() bool {
	for _, w := range b {
		if w != 0 {
			return false
		}
	}
	return true
}

// each calls f with every member.
func (b bitset) each(f func(int)) {
	for i, w := range b {
		for ; w != 0; w &= w - 1 {
			f(i*64 + bits.TrailingZeros64(w))
		}
	}
}
