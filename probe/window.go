package probe

// A window is the outcomes of the last tries of one address, a bit each.
type window struct {
	bits   []uint64
	size   int
	next   int // where the next outcome goes, in the place of the oldest
	passed int // how many bits are set
}

// newWindow returns the window of an address that nothing is known of: the newest
// initial outcomes are passed.
func newWindow(size, initial int) window {
	w := window{bits: make([]uint64, (size+63)/64), size: size}
	for range size - initial {
		w.add(false)
	}
	for range initial {
		w.add(true)
	}
	return w
}

func (w *window) add(passed bool) {
	word, bit := &w.bits[w.next/64], uint64(1)<<(w.next%64)
	if *word&bit != 0 {
		w.passed--
	}
	*word &^= bit
	if passed {
		*word |= bit
		w.passed++
	}
	if w.next++; w.next == w.size {
		w.next = 0
	}
}
