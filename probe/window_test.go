package probe

import (
	"math/rand/v2"
	"testing"
)

// A window counts what a plain list of the last outcomes would.
func TestWindow(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, size := range []int{1, 2, 5, 63, 64, 65, 5000} {
		initial := random.IntN(size + 1)
		w := newWindow(size, initial)
		list := make([]bool, size)
		for i := range initial {
			list[size-1-i] = true
		}
		for i := range 3*size + 10 {
			passed := 0
			for _, p := range list {
				if p {
					passed++
				}
			}
			if w.passed != passed {
				t.Fatalf("window of %d with %d at first: %d passed after %d tries, want %d", size, initial, w.passed, i, passed)
			}
			outcome := random.IntN(3) > 0
			w.add(outcome)
			list = append(list[1:], outcome)
		}
	}
}
