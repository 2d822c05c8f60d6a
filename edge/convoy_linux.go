package edge

import (
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// A convoy is the lots of an edge. Where little goes on each event finds its reader asleep and
// the caches cold, and with a leader for each lot there are two to wake, and two sets of caches. So a
// lot that has been calm follows the first, the head, if that has been calm too: whoever leads
// the head takes the follower's events as well, and the follower has no leader until the head is
// busy.
type convoy struct {
	all  []*lot // the head first
	give func(task)

	mu     sync.Mutex
	over   bool   // nobody follows any more
	temper temper // changes under the lock
}

// escort is what a lot has to do with its convoy.
type escort struct {
	convoy   *convoy     // nil for a lot by itself
	place    int32       // in the convoy
	follows  bool        // under the convoy's lock
	followed atomic.Bool // this is the head, and there are followers
	calm     atomic.Bool // as whoever leads it found last

	// Of whoever leads the lot.
	waits    int    // since
	since    int64  // in the lot's time
	came     int    // events since then
	aside    int    // of them, those for which who leads has served nobody
	roused   bool   // a goroutine was, since others ran last
	steady   bool   // what came last came steadily
	rung     []*lot // followers that may have events
	vigil    vigil
	patience patience
}

// How much goes on is told by the events a second, of which a request is two or more, over someWaits waits, or someTime.
// A head with followers is busy beyond busyRate, and any lot when busyStreak batches have come
// without a wait. A lot is calm as long as a convoy of such lots would have half of busyRate at most.
const (
	someWaits  = 32
	someTime   = 100 * time.Millisecond
	busyRate   = 40_000
	busyStreak = 8
)

// form makes a convoy of lots that nobody leads yet, and has give find leaders for them later.
func form(all []*lot, give func(task)) *convoy {
	c := &convoy{all: all, give: give}
	for i, l := range all {
		l.escort.place = int32(i)
	}
	for i, l := range all {
		if i > 0 && l.call(all[0], syscall.EPOLL_CTL_ADD, 0) != nil {
			break // it never follows
		}
		l.escort.convoy = c
	}
	return c
}

// call has the lot ring in the head's set, in which it is all the time, for events, as op says
// (epoll_ctl(2)).
func (l *lot) call(head *lot, op int, events uint32) error {
	return l.join(head.fd, op, events, -l.escort.place)
}

// leave reports whether the lot follows from now on: the caller, who has led it, does so no more.
func (l *lot) leave() bool {
	e := &l.escort
	if e.convoy == nil || e.place == 0 || l.at < l.n || !l.outbox.empty() || !e.calm.Load() {
		return false
	}
	e.calm.Store(false) // until the next waits
	l.release()
	return e.convoy.admit(l)
}

// admit has l follow the head, if that has been calm.
func (c *convoy) admit(l *lot) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	head := c.all[0]
	if c.over || head.rush.on.Load() || !head.escort.calm.Load() {
		return false
	}
	l.listen(false)
	l.escort.follows = true
	head.escort.followed.Store(true)
	l.call(head, syscall.EPOLL_CTL_MOD, syscall.EPOLLIN) // what is there already, too
	return true
}

// part gives each follower a leader. It is up to whoever leads the head.
func (c *convoy) part() {
	for _, l := range c.release() {
		c.give(task{lot: l})
	}
}

func (c *convoy) release() (all []*lot) {
	c.mu.Lock()
	defer c.mu.Unlock()
	head := c.all[0]
	head.escort.followed.Store(false)
	head.escort.rung = head.escort.rung[:0]
	for _, l := range c.all[1:] {
		if l.escort.follows {
			l.escort.follows = false
			l.call(head, syscall.EPOLL_CTL_MOD, 0)
			l.listen(true)
			all = append(all, l)
		}
	}
	return all
}

// hurry begins a rush, in which nobody follows.
func (l *lot) hurry() {
	e := &l.escort
	if c := e.convoy; c != nil {
		c.mu.Lock() // else one might follow that does not see the rush
		l.rush.on.Store(true)
		now := c.all[0].since(time.Now())
		if c.temper.usual.Store(now); c.temper.patient.Load() { // else one thread may be, of a vigil
			c.temper.set(false, now)
		}
		c.mu.Unlock()
	}
	l.rush.on.Store(true)
	l.tire()
	l.listen(false)
}

// tire is called when the lot is busy.
func (l *lot) tire() {
	e := &l.escort
	e.calm.Store(false)
	e.waits, e.steady = 0, false
	if e.vigil.on {
		l.endVigil()
	}
	if e.followed.Load() {
		e.convoy.part()
	}
	l.mind(l.since(time.Now()))
}

// relax is called when it has to wait.
func (l *lot) relax() {
	e := &l.escort
	if e.convoy == nil {
		return
	}
	if e.waits++; e.waits%someWaits != 1 && l.own-e.since < int64(someTime) {
		return
	}
	now, came, aside := l.since(time.Now()), e.came, e.aside
	took := time.Duration(now - e.since)
	e.since, e.came, e.aside = now, 0, 0
	switch {
	case e.waits == 1: // the first for a while
	case e.followed.Load() && exceeds(came, took, busyRate):
		l.tire()
	default:
		e.calm.Store(!exceeds(came, took, busyRate/2/len(e.convoy.all)))
		l.mind(now)
		if e.steady = exceeds(came-aside, took, vigilRate); !e.steady && e.vigil.on {
			l.endVigil()
		}
	}
}

// exceeds reports whether so many in a time are more than a rate, by the second.
func exceeds(n int, in time.Duration, rate int) bool {
	return float64(n) > float64(rate)*in.Seconds()
}

// takeRung takes the events of a follower that has rung. It reports false if there are none.
func (l *lot) takeRung() bool {
	for e := &l.escort; len(e.rung) > 0; {
		last := len(e.rung) - 1
		l.takeFrom(e.rung[last])
		if l.n < lotBatch { // else there may be more, for which it does not ring
			e.rung = e.rung[:last]
		}
		if l.n > 0 {
			return true
		}
	}
	return false
}

// house has a client that goes on be where it is told of soonest: with the head in a vigil, for which its own
// lot would only ring, and in its own again when that has a leader. First requests stay where they
// are, and what others may have in use.
func (l *lot) house(link *lotLink) {
	c, to := link.owner, link.home
	switch {
	case to == nil || c.requests == 0 || c.mux.Load() != nil:
		return
	case l.escort.vigil.on:
		to = l
	case l.escort.followed.Load():
		return
	}
	if link.lot != to {
		link.move(to)
	}
}

// noteRings takes those of followers out of the head's events.
func (l *lot) noteRings() {
	rest := l.events[:0]
	for _, event := range l.events[:l.n] {
		if event.Fd >= 0 {
			rest = append(rest, event)
		} else {
			l.escort.rung = append(l.escort.rung, l.escort.convoy.all[-event.Fd])
		}
	}
	l.n = len(rest)
}

// end has nobody follow any more.
func (c *convoy) end() {
	c.mu.Lock()
	c.over = true
	c.temper.set(false, never)
	c.mu.Unlock()
}

// close closes all lots of the convoy.
func (c *convoy) close() {
	c.end()
	for _, l := range c.all {
		if l.escort.follows { // which nobody changes when the head is closed
			close(l.ended)
		}
		l.close()
	}
}
