package message

import (
	"bytes"
	"testing"
)

// IsValue looks at eight bytes at a time: every byte has to count at every place.
func TestIsValue(t *testing.T) {
	for n := range 20 {
		for at := range n {
			for c := range 256 {
				b := bytes.Repeat([]byte("\tx\x80 "), 5)[:n]
				b[at] = byte(c)
				want := c >= ' ' && c != 0x7f || c == '\t'
				if got := IsValue(b); got != want {
					t.Errorf("IsValue(%q) = %v", b, got)
				}
				if got := EndOfValue(b); got < n != !want || !want && got != at {
					t.Errorf("EndOfValue(%q) = %d", b, got)
				}
			}
		}
	}
}
