package edge

import (
	"runtime"
	"syscall"
	"time"
)

// A vigil is the time in which whoever leads the head of a convoy waits in the head's epoll set
// itself, as in a rush, and its thread stays where it is. Requests that come steadily, though one by
// one, find it and its caches there: left to the scheduler it is on another processor for every third.
// That the runtime is not asked to wait saves three looks into epoll sets for each wait.
//
// Who waits there keeps others from what the scheduler has for one processor, and it may be that nobody
// looks into the runtime's poller. So there is a pause after each stint, and when somebody was roused who may
// have to run there: what is ready on that processor runs first, or, after one stint in fullStints, all others, one
// of whom looks into the poller from then on. After one pause in freeStints the next wait is on no processor in
// particular, so that the system wakes the thread on another if something else is in its way. After each of
// them that would cost more than the pauses do.
type vigil struct {
	on     bool // of whoever leads the head
	stints int
	began  int64 // the present one, in the head's time
	came   bool  // something, in it
	wanted int64 // when the runtime wanted the processor last
}

// A vigil begins in a convoy to which more than vigilRate events come a second for which nobody is roused:
// with a pause for each of the others, as of long bodies, it would cost more than it saves. It ends when
// less do, with a stint in vain, or when the head is busy.
const (
	vigilRate = 2_000

	// One stint of freeStints begins with a wait on any processor.
	freeStints = 8

	// One pause in fullStints is for all, and each for a time after the runtime has wanted the processor: it
	// may be collecting garbage, and what does that would have who yields to it wait for 10 ms.
	fullStints = 32
	wantedTime = time.Second

	// The scheduler's monitor takes a processor away, with signals, from whom it finds to have it when
	// it looks and 10 ms later. A wait goes on for a millisecond more than is left of a stint.
	stint = 7 * time.Millisecond

	// A look that takes less than noWait has found what was there before.
	noWait = 10 * time.Microsecond
)

// keepVigil begins one in a convoy to which requests come steadily.
func (l *lot) keepVigil() {
	e := &l.escort
	if e.steady && e.followed.Load() && l.rush.may {
		e.steady, l.streak = false, 0
		e.vigil, e.roused = vigil{on: true}, true
		l.listen(false)
	}
}

// endVigil has the runtime wait again.
func (l *lot) endVigil() {
	l.escort.vigil.on = false
	l.thread.letGo()
	l.listen(true)
}

// rouse notes that somebody may have to run where the caller does, which leads the lot.
func (l *lot) rouse() {
	l.escort.roused = true
	l.escort.aside++
}

// watch waits for events in a vigil. It reports false when that is over.
func (l *lot) watch() bool {
	for v := &l.escort.vigil; !l.takeRung(); {
		now := l.since(time.Now())
		if l.escort.roused || now-v.began >= int64(stint) {
			l.breathe(now)
		}
		if l.thread.loose() && (v.came || !v.free()) {
			l.thread.keep(here())
			l.escort.patience.begin(&l.thread, now)
		}
		n, errno := epollWait(l.fd, l.events[:], stint-time.Duration(now-v.began)+time.Millisecond)
		switch {
		case n > 0:
			v.came = true
			l.took(l, n)
			if l.noteWait(now); l.n > 0 {
				return true
			}
		case errno == syscall.EINTR:
			l.rouse()
			v.wanted = now
		case errno == 0 && v.came:
		default:
			l.endVigil()
		}
		if !v.on {
			return false
		}
	}
	return true
}

// A pause is what others get before a stint.
type pause int

const (
	lent  pause = iota // the thread, as it is, for what is ready on its processor
	short              // that runs, and the thread is let go
	whole              // all others run
)

// breathe has a pause, and a stint begin.
func (l *lot) breathe(now int64) {
	e, t := &l.escort, &l.thread
	e.patience.end(t, now)
	switch e.vigil.next(now, e.roused, t.patient && now >= e.patience.until) {
	case lent:
		t.lend(goyield)
		e.patience.begin(t, now)
	case short:
		t.letGo()
		goyield()
	case whole:
		t.letGo()
		runtime.Gosched()
	}
	e.roused = false
}

// next begins a stint and returns the pause before it.
func (v *vigil) next(now int64, roused, mayLend bool) pause {
	v.stints, v.began, v.came = v.stints+1, now, false
	switch {
	case roused, v.stints%fullStints == 1, now-v.wanted < int64(wantedTime):
		return whole
	case mayLend && !v.free():
		return lent
	}
	return short
}

// free reports whether the present stint begins with a wait on any processor.
func (v *vigil) free() bool { return v.stints%freeStints == 1 }

// noteWait deals with a look at the head's set that began at a time and has found something: it
// waited, or is one of those in a row that did not.
func (l *lot) noteWait(began int64) {
	if l.own-began >= int64(noWait) {
		l.streak = 0
		l.relax()
		return
	}
	if l.streak++; l.streak == busyStreak {
		l.tire()
	}
}
