package edge

import (
	"cmp"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"headwater/dial"
)

// A tally counts the connections that requests to one backend have, and is the record of
// what came of its fetches, since the edge began and of late. It belongs to a gauge, so
// that it outlives versions as that does. Requests count into its window, with a few
// atomic additions, which the sweeper empties into records ([tally.turn]). One that has
// counted nothing of late is asleep, and the sweeper does not look at it. It informs, and
// decides nothing but whether there is room under max_conn. What a request touches comes
// first, in three lines of the caches (see TestLines).
type tally struct {
	used   atomic.Int64          // connections that requests have, and those that are being made for them
	last   atomic.Pointer[place] // that was looked up
	asleep atomic.Bool
	window window
	placed uint64 // how often one was found among places, under mu
	first  place  // the first one that there was
	born   time.Time

	// A request takes it only to wake the tally, or with a connection that is new to the
	// backend and to another address than the last such.
	mu     sync.Mutex
	began  time.Duration     // after born: of what the window has
	late   [windows - 1]late // what it had before
	oldest int               // of late
	past   record            // what late does not hold any more
	places []*place
}

// A late is what a window had that began so long after the tally was born.
type late struct {
	began time.Duration
	record
}

// The windows of late, one of which is open. What is told of late is of the last one to
// one and a third minutes.
const (
	windows    = 4
	windowTime = 20 * time.Second
)

// A place is what is known of one of a backend's addresses, since it was first
// connected to.
type place struct {
	fetches  atomic.Uint64
	at       netip.Addr
	failures atomic.Uint64
	errors   atomic.Uint64 // answers of 500 and above

	used uint64 // the tally's placed when it was last found, under its mu
}

// maxPlaces bounds the addresses that are told apart; those that were not
// connected to for longest are forgotten.
const maxPlaces = 32

func newTally() *tally { return &tally{born: time.Now()} }

// count returns the gauge's tally, awake. A backend that nothing is sent to has none.
func (g *gauge) count() *tally {
	t := g.tally.Load()
	if t == nil {
		if made := newTally(); g.tally.CompareAndSwap(nil, made) {
			g.awake.add(made)
		}
		t = g.tally.Load()
	}
	if t.asleep.Load() && t.wake(time.Now()) {
		g.awake.add(t)
	}
	return t
}

// count is that of its gauge.
func (b *backend) count() *tally {
	t := b.tally.Load()
	if t == nil || t.asleep.Load() {
		t = b.gauge.count()
		b.tally.Store(t)
	}
	return t
}

// tallied returns the backend's tally, nil if nothing was sent to it yet, or if it serves
// nobody.
func (b *backend) tallied() *tally {
	if t := b.tally.Load(); t != nil || b.gauge == nil {
		return t
	}
	return b.gauge.tally.Load()
}

// enter counts one more connection, unless there are limit of them; a limit of 0 is none.
func (t *tally) enter(limit int64) bool {
	if n := t.used.Add(1); limit > 0 && n > limit {
		t.leave()
		return false
	}
	return true
}

func (t *tally) leave() { t.used.Add(-1) }

// connections counts those that requests have.
func (b *backend) connections() int64 {
	if t := b.tallied(); t != nil {
		return t.used.Load()
	}
	return 0
}

// room reports whether one more would enter, now.
func (b *backend) room() bool { return b.maxConn == 0 || b.connections() < b.maxConn }

// wake opens a window, as if there had been others all the time, and reports whether the
// tally was asleep. What a request has counted while it fell asleep is past.
func (t *tally) wake(now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.asleep.Load() {
		return false
	}
	t.past.add(t.window.take(nil))
	t.began, t.oldest = now.Sub(t.born), 0
	for i := range t.late {
		t.late[i].began = max(0, t.began-time.Duration(len(t.late)-i)*windowTime)
	}
	t.asleep.Store(false)
	return true
}

// turn opens another window if the present one has had its time. A request that is slow
// to count loses nothing: it counts into the next one. It reports whether there is
// anything that will have to be turned again.
func (t *tally) turn(now time.Time) (stays bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	age := now.Sub(t.born)
	if age-t.began < windowTime {
		return true
	}
	last := &t.late[t.oldest]
	t.past.add(last.record)
	last.began, last.record = t.began, t.window.take(last.record[:0])
	t.began, t.oldest = age, (t.oldest+1)%len(t.late)
	for i := range t.late {
		stays = stays || len(t.late[i].record) > 0
	}
	if !stays {
		for i := range t.late {
			t.late[i].record = nil
		}
		t.asleep.Store(true)
	}
	return stays
}

// since is when what is told of late begins.
func (t *tally) since() time.Time {
	from := t.began
	for i := range t.late {
		from = min(from, t.late[i].began)
	}
	if t.asleep.Load() {
		from = max(from, time.Since(t.born)-(windows-1)*windowTime)
	}
	return t.born.Add(from)
}

// read returns what the tally has, of late, which is since when it says, and in
// all.
func (t *tally) read() (recent counts, since time.Time, total counts) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.asleep.Load() {
		t.past.add(t.window.take(nil))
	}
	recent.add(t.window.look())
	for i := range t.late {
		recent.add(t.late[i].record)
	}
	total = recent
	total.add(t.past)
	return recent, t.since(), total
}

// place returns that of an address. Connections that backends share change from one to
// another with almost every request, most of which have one address each.
func (t *tally) place(at netip.Addr) *place {
	if p := t.last.Load(); p != nil && p.at == at {
		return p
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.placed++
	i := slices.IndexFunc(t.places, func(p *place) bool { return p.at == at })
	if i < 0 {
		i = t.vacancy()
		t.places[i].at = at
	}
	t.places[i].used = t.placed
	t.last.Store(t.places[i])
	return t.places[i]
}

// vacancy is where there is a new place, be it instead of one that is forgotten.
func (t *tally) vacancy() (i int) {
	switch n := len(t.places); {
	case n == 0:
		t.places = append(t.places, &t.first)
	case n < maxPlaces:
		t.places = append(t.places, new(place))
		i = n
	default:
		oldest := slices.MinFunc(t.places, func(a, b *place) int { return cmp.Compare(a.used, b.used) })
		i = slices.Index(t.places, oldest)
		t.places[i] = new(place)
	}
	return i
}

// count takes in how a fetch has ended: with an answer's head, or a failure.
func (x *exchange) count(f failure) {
	w := &x.backend.count().window
	x.answered = x.clock()
	if f != failNone {
		w.faulty().failures[f].Add(1)
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
		lazily(&t.window.connect).add(took)
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
	x.backend.count().window.faulty().broken[f].Add(1)
	if x.place != nil {
		x.place.failures.Add(1)
	}
}

// countRefused takes in that a destination had nothing for a fetch, where that is
// one backend.
func countRefused(to destination, f failure) {
	if b, alone := to.(*backend); alone && b.gauge != nil {
		b.count().window.faulty().failures[f].Add(1)
	}
}
