package message

import (
	"encoding/binary"
	"math/bits"
)

// Bytes repeated over a word, for tests of eight at a time.
const (
	everyByte = 0x0101010101010101
	highBits  = 0x80 * everyByte
)

// IsValue reports whether b can be a field's value: it has no control character but
// tabs (RFC 9110 section 5.5).
func IsValue(b []byte) bool { return EndOfValue(b) == len(b) }

// EndOfValue is how many bytes of b can be a field's value.
//
// It looks at words. In a word w, a byte below n has its high bit set in
// (w - n*everyByte) &^ w, if no lower one has; one that equals n is 0 in
// w ^ n*everyByte, and so below 1.
func EndOfValue(b []byte) int {
	at := 0
	for at+8 <= len(b) {
		w := binary.LittleEndian.Uint64(b[at:])
		del := w ^ 0x7f*everyByte
		control := ((w-0x20*everyByte)&^w | (del-everyByte)&^del) & highBits
		if control == 0 {
			at += 8
			continue
		}
		if at += bits.TrailingZeros64(control) / 8; b[at] != '\t' {
			return at
		}
		at++
	}
	for ; at < len(b); at++ {
		if c := b[at]; c < ' ' && c != '\t' || c == 0x7f {
			break
		}
	}
	return at
}
