package edge

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// A window counts what happens in windowTime. What a backend never has takes no room:
// failures, and durations that are far from its usual ones.
type window struct {
	answers   [classes]atomic.Uint32
	firstByte histogram                 // from the request's last byte to the end of the answer's head
	connect   atomic.Pointer[histogram] // of connections that were made
	faults    atomic.Pointer[faults]
}

// faults count what went wrong.
type faults struct {
	failures [len(failures)]atomic.Uint32 // in the place of an answer
	broken   [len(failures)]atomic.Uint32 // of an answer that had begun
}

func (w *window) faulty() *faults { return lazily(&w.faults) }

// lazily returns what p points to, which the first to ask makes.
func lazily[T any](p *atomic.Pointer[T]) *T {
	if v := p.Load(); v != nil {
		return v
	}
	p.CompareAndSwap(nil, new(T))
	return p.Load()
}

// classes are those of an answer's status by its hundreds; 0 is for all that is
// none of HTTP's.
const classes = 6

func classOf(status int) int {
	if c := status / 100; c < classes {
		return c
	}
	return 0
}

// A histogram counts durations in buckets that are an eighth of a power of two
// wide: what is read from it is within 7 % of the truth, from 64 microseconds to
// two minutes. The eight buckets of an octave lie together. Most durations are like the
// first: its octave and those beside it are near, which is one line of the caches or two,
// and others are made when they are needed.
type histogram struct {
	micros atomic.Uint64 // of all together
	lowest atomic.Uint32 // of the octaves that are near, and one more; 0 until there are any
	near   [nearOctaves * eighths]atomic.Uint32
	far    atomic.Pointer[[(buckets + eighths - 1) / eighths]atomic.Pointer[octave]]
}

// An octave is the buckets of one power of two.
type octave [eighths]atomic.Uint32

const (
	leastExponent = 6 // bucket 0 is for all below 64 microseconds
	octaves       = 21
	eighths       = 8
	nearOctaves   = 3
	buckets       = octaves*eighths + 2 // and one for what is above all
)

func bucketOf(micros uint64) int {
	exponent := bits.Len64(micros) - 1
	switch {
	case exponent < leastExponent:
		return 0
	case exponent >= leastExponent+octaves:
		return buckets - 1
	}
	return (exponent-leastExponent)*eighths + int(micros>>(exponent-3)&7) + 1
}

// bucketFloor is the least number of microseconds that bucket i is for.
func bucketFloor(i int) uint64 {
	if i == 0 {
		return 0
	}
	return uint64(eighths+(i-1)%eighths) << (leastExponent - 3 + (i-1)/eighths)
}

func (h *histogram) add(d time.Duration) {
	micros := uint64(max(d.Microseconds(), 0))
	h.bucket(bucketOf(micros)).Add(1)
	h.micros.Add(micros)
}

// bucket returns the counter of a bucket.
func (h *histogram) bucket(i int) *atomic.Uint32 {
	if h.lowest.Load() == 0 {
		h.lowest.CompareAndSwap(0, uint32(max(i/eighths-1, 0)+1))
	}
	if near := i - int(h.lowest.Load()-1)*eighths; near >= 0 && near < len(h.near) {
		return &h.near[near]
	}
	return &lazily(&lazily(&h.far)[i/eighths])[i%eighths]
}

// octave returns the counters of an octave, nil if it has none.
func (h *histogram) octave(i int) []atomic.Uint32 {
	lowest := int(h.lowest.Load())
	if near := i - (lowest - 1); lowest > 0 && near >= 0 && near < nearOctaves {
		return h.near[near*eighths:][:eighths]
	}
	if far := h.far.Load(); far != nil && far[i].Load() != nil {
		return far[i].Load()[:]
	}
	return nil
}

// each calls do for the buckets that there are, and those beside them. A nil histogram has
// none.
func (h *histogram) each(do func(bucket int, n *atomic.Uint32)) {
	for i := 0; h != nil && i < buckets; i += eighths {
		some := h.octave(i / eighths)
		for j := range some[:min(len(some), buckets-i)] {
			do(i+j, &some[j])
		}
	}
}

// The places of the counters of a window in a row of all that there can be.
const (
	atAnswers   = 0
	atFailures  = atAnswers + classes
	atBroken    = atFailures + len(failures)
	atConnect   = atBroken + len(failures)
	atFirstByte = atConnect + buckets
	atMicros    = atFirstByte + buckets // of connect, and then of firstByte
)

// each calls do for the counters of w in their order, and sum for those that add up
// microseconds.
func (w *window) each(do func(at int, n *atomic.Uint32), sum func(at int, n *atomic.Uint64)) {
	for i := range w.answers {
		do(atAnswers+i, &w.answers[i])
	}
	if f := w.faults.Load(); f != nil {
		for i := range f.failures {
			do(atFailures+i, &f.failures[i])
		}
		for i := range f.broken {
			do(atBroken+i, &f.broken[i])
		}
	}
	connect := w.connect.Load()
	connect.each(func(bucket int, n *atomic.Uint32) { do(atConnect+bucket, n) })
	w.firstByte.each(func(bucket int, n *atomic.Uint32) { do(atFirstByte+bucket, n) })
	if connect != nil {
		sum(atMicros, &connect.micros)
	}
	sum(atMicros+1, &w.firstByte.micros)
}

// take empties w into a record that begins with what r has.
func (w *window) take(r record) record {
	w.each(func(at int, n *atomic.Uint32) {
		if n.Load() != 0 {
			r = append(r, cell{at, uint64(n.Swap(0))})
		}
	}, func(at int, n *atomic.Uint64) {
		if n.Load() != 0 {
			r = append(r, cell{at, n.Swap(0)})
		}
	})
	return r
}

// look is take, and leaves w as it is.
func (w *window) look() (r record) {
	add := func(at int, n uint64) {
		if n != 0 {
			r = append(r, cell{at, n})
		}
	}
	w.each(func(at int, n *atomic.Uint32) { add(at, uint64(n.Load())) }, func(at int, n *atomic.Uint64) { add(at, n.Load()) })
	return r
}
