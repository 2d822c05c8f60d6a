package message

import "encoding/binary"

// Bytes repeated over a word, for tests of eight at a time.
const (
	everyByte = 0x0101010101010101
	highBits  = 0x80 * everyByte
)

// IsValue reports whether b can be a field's value: it has no control character but
// tabs (RFC 9110 section 5.5).
//
// It looks at words. In a word w, a byte below n has its high bit set in
// (w - n*everyByte) &^ w, if no lower one has; one that equals n is 0 in
// w ^ n*everyByte, and so below 1. Words with a tab are looked at again.
func IsValue(b []byte) bool {
	for ; len(b) >= 8; b = b[8:] {
		w := binary.LittleEndian.Uint64(b)
		del := w ^ 0x7f*everyByte
		control := (w-0x20*everyByte)&^w | (del-everyByte)&^del
		if control&highBits != 0 && EndOfValue(b[:8]) < 8 {
			return false
		}
	}
	return EndOfValue(b) == len(b)
}

// EndOfValue is how many bytes of b can be a field's value.
func EndOfValue(b []byte) int {
	for i, c := range b {
		if c < ' ' && c != '\t' || c == 0x7f {
			return i
		}
	}
	return len(b)
}
