package probe

import (
	"context"
	"math/rand/v2"
	"time"
)

const (
	// maxRunning bounds the tries of one customer that go on at a time, each with a
	// descriptor: one whose origins all keep silent must not take those of others.
	// Further ones wait for their turn.
	maxRunning = 4096

	// firstWithin and firstSickWithin are within which time an address that is new
	// is first tried, if the interval is not shorter: at random, so that the probes
	// of a process that starts are spread out.
	firstWithin     = 5 * time.Second
	firstSickWithin = time.Second
)

// A queue bounds what goes on for one customer. It is under the set's mu.
type queue struct {
	probes  int // that have it
	running int
	waiting []*record
}

func (d *definition) firstDelay() time.Duration {
	within := firstWithin
	if !d.optimistic() {
		within = firstSickWithin
	}
	return rand.N(min(within, d.interval) + 1)
}

// nextDelay is the interval, a twentieth more or less.
func (d *definition) nextDelay() time.Duration {
	return d.interval - d.interval/20 + rand.N(d.interval/10+1)
}

// beat is what the beginnings of tries are multiples of, since the Set's: those of ten
// thousand wake the process a hundred times a second, and not for each.
const beat = 10 * time.Millisecond

// schedule sets when the next try begins. Under mu.
func (r *record) schedule(due time.Time) {
	began := r.probe.set.began
	due = began.Add((due.Sub(began) + beat - 1).Truncate(beat))
	r.due = due
	if r.timer == nil {
		r.timer = time.AfterFunc(time.Until(due), func() { r.probe.set.run(r) })
		return
	}
	r.timer.Reset(time.Until(due))
}

// run makes the try that is due, and then those that have waited for its place.
func (s *Set) run(r *record) {
	if !s.admit(r) {
		return
	}
	defer s.owned.Done()
	for r != nil {
		ctx := s.begin(r)
		result := s.try(ctx, r.probe, r.addr)
		r = s.finish(r, result)
		s.tell()
	}
}

// admit reports whether a try may begin now. If not it waits in its queue, unless
// nobody wants it any more.
func (s *Set) admit(r *record) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || r.ended {
		return false
	}
	q := r.probe.queue
	if q.running == s.limit {
		q.waiting = append(q.waiting, r)
		return false
	}
	q.running++
	s.owned.Add(1)
	return true
}

// begin gives a try its context.
func (s *Set) begin(r *record) context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	ctx, cancel := context.WithCancel(s.live)
	r.cancel, r.due = cancel, time.Now()
	if r.ended {
		cancel()
	}
	return ctx
}

// finish takes in what came of a try, and returns the record whose turn it is now,
// if one waits.
func (s *Set) finish(r *record, result Result) (next *record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.cancel()
	r.cancel = nil
	p := r.probe
	if !r.ended {
		s.learn(r, result)
		// One that took longer than the interval is followed at once.
		r.schedule(r.due.Add(p.definition.nextDelay()))
	}
	q := p.queue
	for len(q.waiting) > 0 && !s.closed {
		next, q.waiting = q.waiting[0], q.waiting[1:]
		if !next.ended {
			return next
		}
	}
	q.running--
	return nil
}
