package edge

import (
	"errors"
	"math/bits"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"headwater/dial"
)

// A tally is the record of what came of fetching from one backend, since the edge
// began and of late. It belongs to a gauge, so that it outlives versions as that
// does. Requests count into the window of the moment, with a few atomic additions;
// the sweeper goes on to the next window ([tally.turn]). It informs and decides
// nothing.
type tally struct {
	now  atomic.Pointer[window]
	born time.Time

	mu      sync.Mutex // a request takes it only with a connection that it had to make
	windows [windows]window
	began   [windows]time.Time // zero for those that were not used yet
	at      int                // which is now
	past    counts             // of what the windows do not hold any more
	places  map[netip.Addr]*place
	placed  uint64 // how often a place was looked up
}

// The windows of late. What is told of late is of the last one to one and a third
// minutes.
const (
	windows    = 4
	windowTime = 20 * time.Second
)

// A window counts what happened in windowTime. What every fetch adds to comes first,
// together: processors hand such memory to and fro.
type window struct {
	answers   [classes]atomic.Uint32
	firstByte histogram                    // from the request's last byte to the end of the answer's head
	failures  [len(failures)]atomic.Uint32 // in the place of an answer
	broken    [len(failures)]atomic.Uint32 // of an answer that had begun
	connect   histogram                    // of connections that were made
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
// two minutes.
type histogram struct {
	micros atomic.Uint64 // of all together
	n      [buckets]atomic.Uint32
}

const (
	leastExponent = 6 // bucket 0 is for all below 64 microseconds
	octaves       = 21
	eighths       = 8
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
	h.n[bucketOf(micros)].Add(1)
	h.micros.Add(micros)
}

// A place is what is known of one of a backend's addresses, since it was first
// connected to.
type place struct {
	fetches  atomic.Uint64
	failures atomic.Uint64
	errors   atomic.Uint64 // answers of 500 and above

	used uint64 // the tally's count of look-ups at the last one, under its mu
}

// maxPlaces bounds the addresses that are told apart; those that were not
// connected to for longest are forgotten.
const maxPlaces = 32

func newTally() *tally {
	t := &tally{born: time.Now(), places: map[netip.Addr]*place{}}
	t.began[0] = t.born
	t.now.Store(&t.windows[0])
	return t
}

// count returns the gauge's tally. A backend that nothing is sent to has none.
func (g *gauge) count() *tally {
	if t := g.tally.Load(); t != nil {
		return t
	}
	g.tally.CompareAndSwap(nil, newTally())
	return g.tally.Load()
}

// place returns that of an address.
func (t *tally) place(at netip.Addr) *place {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.places[at]
	if p == nil {
		t.forget()
		p = &place{}
		t.places[at] = p
	}
	t.placed++
	p.used = t.placed
	return p
}

// forget makes room for one more place.
func (t *tally) forget() {
	if len(t.places) < maxPlaces {
		return
	}
	var oldest netip.Addr
	least := t.placed + 1
	for at, p := range t.places {
		if p.used < least {
			oldest, least = at, p.used
		}
	}
	delete(t.places, oldest)
}

// turn begins the next window if the present one has had its time. What the next
// one held goes to the past: a request that was slow to count loses nothing.
func (t *tally) turn(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if now.Sub(t.began[t.at]) < windowTime {
		return
	}
	t.at = (t.at + 1) % windows
	w := &t.windows[t.at]
	w.each(&t.past, func(from *atomic.Uint32, to *uint64) { *to += uint64(from.Swap(0)) })
	t.past.connect.micros += w.connect.micros.Swap(0)
	t.past.firstByte.micros += w.firstByte.micros.Swap(0)
	t.began[t.at] = now
	t.now.Store(w)
}

// each pairs the counters of w with those of c.
func (w *window) each(c *counts, do func(from *atomic.Uint32, to *uint64)) {
	for i := range w.answers {
		do(&w.answers[i], &c.answers[i])
	}
	for i := range w.failures {
		do(&w.failures[i], &c.failures[i])
		do(&w.broken[i], &c.broken[i])
	}
	for i := range w.connect.n {
		do(&w.connect.n[i], &c.connect.n[i])
		do(&w.firstByte.n[i], &c.firstByte.n[i])
	}
}

// count takes in how a fetch has ended: with an answer's head, or a failure.
func (x *exchange) count(f failure) {
	w := x.backend.gauge.count().now.Load()
	x.answered = x.clock()
	if f != failNone {
		w.failures[f].Add(1)
	} else {
		w.answers[classOf(x.beresp.Status)].Add(1)
		if !x.asked.IsZero() {
			w.firstByte.add(x.answered.Sub(x.asked))
		}
	}
	if p := x.place; p != nil {
		p.count(f, x.beresp.Status)
	}
}

func (p *place) count(f failure, status int) {
	p.fetches.Add(1)
	switch {
	case f != failNone:
		p.failures.Add(1)
	case status >= 500:
		p.errors.Add(1)
	}
}

// connected takes in how long a connection took to make, if it was made.
func (t *tally) connected(took time.Duration, err error) {
	if err == nil {
		t.now.Load().connect.add(took)
	}
}

// placeOf returns the place that err tells of, nil if it tells of none. One that
// the operator forbids was not connected to, and is none.
func (t *tally) placeOf(err error) *place {
	var e *dial.Error
	if !errors.As(err, &e) || !e.Addr.IsValid() || e.Cause == dial.Denied {
		return nil
	}
	return t.place(e.Addr.Addr())
}

// countBroken takes in what an answer's body came to that had begun well. What a
// client breaks off is not its origin's doing.
func (x *exchange) countBroken(f failure) {
	if failures[f].side != sideOrigin {
		return
	}
	x.backend.gauge.count().now.Load().broken[f].Add(1)
	if x.place != nil {
		x.place.failures.Add(1)
	}
}

// countRefused takes in that a destination had nothing for a fetch, where that is
// one backend.
func countRefused(to destination, f failure) {
	if b, alone := to.(*backend); alone && b.gauge != nil {
		b.gauge.count().now.Load().failures[f].Add(1)
	}
}
