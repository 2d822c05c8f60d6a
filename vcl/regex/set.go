package regex

import "math/bits"

// A set is a set of bytes.
type set [4]uint64

func (s *set) add(c byte)      { s[c>>6] |= 1 << (c & 63) }
func (s *set) has(c byte) bool { return s[c>>6]&(1<<(c&63)) != 0 }

func (s *set) addRange(lo, hi byte) {
	for c := int(lo); c <= int(hi); c++ {
		s.add(byte(c))
	}
}

func (s *set) union(t set) {
	for i := range s {
		s[i] |= t[i]
	}
}

func (s set) inverted() set {
	for i := range s {
		s[i] = ^s[i]
	}
	return s
}

func (s set) overlaps(t set) bool {
	return s[0]&t[0]|s[1]&t[1]|s[2]&t[2]|s[3]&t[3] != 0
}

func (s set) len() int {
	return bits.OnesCount64(s[0]) + bits.OnesCount64(s[1]) + bits.OnesCount64(s[2]) + bits.OnesCount64(s[3])
}

// first returns the smallest byte of s, which must not be empty.
func (s set) first() byte {
	for i, w := range s {
		if w != 0 {
			return byte(i*64 + bits.TrailingZeros64(w))
		}
	}
	return 0
}

// folded adds the other case of each ASCII letter.
func (s set) folded() set {
	for c := byte('a'); c <= 'z'; c++ {
		upper := c - 'a' + 'A'
		if s.has(c) {
			s.add(upper)
		} else if s.has(upper) {
			s.add(c)
		}
	}
	return s
}

func setOf(chars string) (s set) {
	for i := range len(chars) {
		s.add(chars[i])
	}
	return s
}

func setRanges(pairs string) (s set) {
	for i := 0; i+1 < len(pairs); i += 2 {
		s.addRange(pairs[i], pairs[i+1])
	}
	return s
}

var (
	digits     = setRanges("09")
	words      = setRanges("09AZaz__")
	spaces     = setRanges("\t\r  ")
	horizontal = setOf("\t \xa0")
	vertical   = setRanges("\n\r\x85\x85")
	newline    = setOf("\n")
	notNewline = newline.inverted()
	anyByte    = set{}.inverted()
)
