package edge

import (
	"slices"
	"strconv"
	"testing"
	"unsafe"
)

// What each request touches of its site, its backend and what is counted of both takes few
// lines of the caches, none of which may be there.
func TestLines(t *testing.T) {
	if strconv.IntSize < 64 {
		return // where all of it is smaller
	}
	const line = 64
	var of tally
	w := unsafe.Offsetof(of.window)
	for name, at := range map[string]struct{ from, to uintptr }{
		"the tally's answers":       {0, w + unsafe.Offsetof(of.window.firstByte)},
		"the tally's usual octaves": {w + unsafe.Offsetof(of.window.firstByte), w + unsafe.Offsetof(of.window.firstByte) + unsafe.Offsetof(of.window.firstByte.near)},
		"the tally's first place":   {unsafe.Offsetof(of.first), unsafe.Offsetof(of.first) + unsafe.Sizeof(of.first)},
		"what counts the service":   {0, unsafe.Sizeof(traffic{})},
		"where a site has the rest": {0, unsafe.Offsetof(site{}.backends) + unsafe.Sizeof(site{}.backends)},
	} {
		if at.from/line != (at.to-1)/line {
			t.Errorf("%s: bytes %d to %d, which are of several lines", name, at.from, at.to)
		}
	}
	// The runtime puts a word before what is larger and has pointers.
	if n := unsafe.Sizeof(of); n > 512 {
		t.Errorf("a tally takes %d bytes", n)
	}
	for name, within := range map[string]bool{
		"a tally": somewhere[tally](line), "a service's traffic": somewhere[traffic](line), "a site": somewhere[site](line),
	} {
		if within {
			t.Errorf("%s begins within a line", name)
		}
	}
}

// From its second request on a site knows where what is counted of its first backend is.
func TestTouch(t *testing.T) {
	new(site).touch() // which has neither
	counted := newTally()
	s := &site{traffic: new(traffic), backends: make([]backend, 1)}
	for _, want := range []*tally{nil, counted, counted} {
		if s.touch(); s.first.Load() != want {
			t.Errorf("the site knows of %p, want %p", s.first.Load(), want)
		}
		s.backends[0].tally.Store(counted)
	}
}

// somewhere reports whether the runtime has some of a type begin within a line.
func somewhere[T any](line uintptr) bool {
	some := make([]*T, 64)
	for i := range some {
		some[i] = new(T)
	}
	return slices.ContainsFunc(some, func(v *T) bool { return uintptr(unsafe.Pointer(v))%line != 0 })
}
