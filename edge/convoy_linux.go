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

	mu   sync.Mutex
	over bool // nobody follows any more
}

// escort is what a lot has to do with its convoy.
type escort struct {
	convoy   *convoy     // nil for a lot by itself
	place    int32       // in the convoy
	follows  bool        // under the convoy's lock
	followed atomic.Bool // this is the head, and there are followers
	calm     atomic.Bool // as whoever leads it found last

	waits int   // of whoever leads the lot, since
	since int64 // in the lot's time

	// Of whoever leads the head.
	rings    [8]syscall.EpollEvent // of its bell, by place; those before at have been seen to
	at, rung int
}

// A lot is calm when the last someWaits waits have taken calmTime and more. A head with followers is busy when they
// have taken less than busyTime, and any lot when busyStreak batches have come without a wait. A lot
// of two with 2,000 requests a second waits a thousand times a second, one that has all of them somewhat oftener.
const (
	someWaits  = 64
	calmTime   = someWaits * time.Second / 4000
	busyTime   = someWaits * time.Second / 6000
	busyStreak = 8
)

// form makes a convoy of lots that nobody leads yet, and has give find leaders for them later.
func form(all []*lot, give func(task)) *convoy {
	c := &convoy{all: all, give: give}
	for i, l := range all {
		if i > 0 && all[0].belong(l, syscall.EPOLL_CTL_ADD, 0) != nil {
			break // it never follows
		}
		l.escort.convoy, l.escort.place = c, int32(i)
	}
	return c
}

// leave reports whether the lot follows from now on: the caller, who has led it, does so no more.
func (l *lot) leave() bool {
	e := &l.escort
	if e.convoy == nil || e.place == 0 || l.at < l.n || !e.calm.Load() {
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
	for _, rings := range [...]*lot{head, l} { // for what is there already, too
		head.belong(rings, syscall.EPOLL_CTL_MOD, syscall.EPOLLIN)
	}
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
	head.escort.at, head.escort.rung = 0, 0
	for _, l := range c.all[1:] {
		if l.escort.follows {
			l.escort.follows = false
			head.belong(l, syscall.EPOLL_CTL_MOD, 0)
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
		c.mu.Unlock()
	}
	l.rush.on.Store(true)
	l.tire()
	l.listen(false)
}

// tire is called when the lot is busy.
func (l *lot) tire() {
	l.escort.calm.Store(false)
	l.escort.waits = 0
	if l.escort.followed.Load() {
		l.escort.convoy.part()
	}
}

// relax is called when it has to wait.
func (l *lot) relax() {
	e := &l.escort
	if e.waits++; e.waits%someWaits != 1 {
		return
	}
	now := l.since(time.Now())
	took := now - e.since
	e.since = now
	switch {
	case e.waits == 1: // the first for a while
	case e.followed.Load() && took < int64(busyTime):
		l.tire()
	default:
		e.calm.Store(took >= int64(calmTime))
	}
}

// takeRung takes the events of the next lot that has rung the head's bell.
func (l *lot) takeRung(bell uintptr) {
	for e := &l.escort; ; {
		if e.at == e.rung {
			e.at = 0
			if e.rung, _ = epollWait(int(bell), e.rings[:], 0); e.rung == 0 {
				l.takeFrom(nil)
				return
			}
		}
		l.takeFrom(e.convoy.all[e.rings[e.at].Fd])
		if l.n < lotBatch { // else there may be more, for which it does not ring
			e.at++
		}
		if l.n > 0 {
			return
		}
	}
}

// end has nobody follow any more.
func (c *convoy) end() {
	c.mu.Lock()
	c.over = true
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
