package edge

import (
	"testing"
	"time"
)

// A buffer goes by what the last read brought, and an answer's by how fast that was.
func TestBufferSuits(t *testing.T) {
	const all = -1 // that there is room for
	tests := []struct {
		name      string
		have      int
		n         int
		took      time.Duration
		fit, suit int
	}{
		{"little", smallBuffer, 100, 0, smallBuffer, smallBuffer},
		{"all", smallBuffer, all, 0, bigBuffer, bigBuffer},
		{"much", bigBuffer, smallBuffer, 0, bigBuffer, bigBuffer},
		{"little after much", bigBuffer, 100, 0, smallBuffer, smallBuffer},
		{"all, fast", bigBuffer, all, slowPiece, bigBuffer, longBuffer},
		{"all, slowly", bigBuffer, all, slowPiece + 1, bigBuffer, bigBuffer},
		{"fast", longBuffer, 100, slowPiece, longBuffer, longBuffer},
		{"not fast any more", longBuffer, all, slowPiece + 1, longBuffer, bigBuffer},
	}
	for _, tt := range tests {
		have := func() (*buffer, int) {
			b := newBufferOf(t, tt.have)
			if tt.n == all {
				return b, len(b.room())
			}
			return b, tt.n
		}
		b, n := have()
		if b = b.fit(n); len(b.b) != tt.fit {
			t.Errorf("%s: fit has %d", tt.name, len(b.b))
		}
		b.free()
		b, n = have()
		if b = b.suit(n, tt.took); len(b.b) != tt.suit {
			t.Errorf("%s: suit has %d", tt.name, len(b.b))
		}
		b.free()
	}
	if n := longInUse.Load(); n != 0 {
		t.Errorf("%d long buffers in use", n)
	}
}

func newBufferOf(t *testing.T, size int) *buffer {
	t.Helper()
	switch size {
	case smallBuffer:
		return getBuffer(0)
	case bigBuffer:
		return getBuffer(smallBuffer)
	}
	b := getLong()
	if b == nil {
		t.Fatal("no long buffer")
	}
	return b
}

// There are so many long buffers, and who has none goes on with what it has.
func TestLongBuffersAreFew(t *testing.T) {
	var all []*buffer
	for b := getLong(); b != nil; b = getLong() {
		all = append(all, b)
	}
	if len(all) != maxLong {
		t.Errorf("%d long buffers, want %d", len(all), maxLong)
	}
	b := getBuffer(smallBuffer)
	defer b.free()
	if got := b.suit(len(b.room()), 0); got != b {
		t.Errorf("another buffer: %d", len(got.b))
	}
	for _, b := range all {
		b.free()
	}
	if b := getLong(); b == nil {
		t.Error("none afterwards")
	} else {
		b.free()
	}
}
