package edge

import (
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
)

// A rush is the time in which connections of a lot go on faster than one after the other.
// Whoever leads the lot waits for events in its epoll set itself then, of which the
// runtime's poller is not told, and its thread is kept on one processor. Left to the
// scheduler, two who lead share a processor half of the time while the other is idle; and what
// wakes a goroutine, or an idle processor, costs a request's worth of time.
//
// Who waits there keeps others from what the scheduler has for one processor (a P), and it
// may be that nobody looks into the runtime's poller. So after each maxStreak batches, and after each
// rushStint, there is a pause, in which the runtime waits and others run. Whoever is roused meanwhile runs
// before the next batch. A pause after each wait as well had all that the lot has wait for the system's
// scheduler twice as often. A rush is the lot's: whoever leads next goes on with it.
type rush struct {
	may     bool        // the edge is the one that is busy
	on      atomic.Bool // of whoever leads; tests look at it from elsewhere
	level   int         // of connections that go on at a time, in parts of rushMemory
	batches int         // since the last pause
	ran     int64       // when others ran last in a pause, in the lot's time
	paused  bool
	hurry   int64 // nobody gives way before, in the lot's time
	pauseFn func(uintptr) bool

	home processors // that the leader's thread is kept on; none for wherever the system puts it
}

// A rush begins at more than rushFrom connections at a time and ends at less than
// rushUntil, on an average of the last rushMemory times or so, or after a wait of rushWait in vain.
const (
	rushMemory = 32
	rushFrom   = 4 * rushMemory
	rushUntil  = rushMemory
	rushWait   = time.Millisecond
	rushStint  = 4 * time.Millisecond

	rushFew   = 8 // events of a batch
	rushHurry = 100 * time.Millisecond
)

// note adds the connections that have gone on since the last time.
func (r *rush) note(n int) { r.level += n - r.level/rushMemory }

// linger waits for events in a rush. It reports false if there are none, or if the rush is
// over.
func (l *lot) linger() bool {
	r := &l.rush
	if !l.letOthersRun() {
		r.on.Store(false)
		return false // the lot is closed, as is found next
	}
	if !l.thread.kept {
		l.thread.keep(r.home)
	}
	r.batches++
	if !l.take() {
		l.sleep()
	}
	if l.n > 0 && l.n < rushFew {
		l.giveWay()
	}
	if r.level < rushUntil {
		r.on.Store(false)
		l.thread.letGo()
		l.listen(true)
	}
	return l.n > 0
}

// letOthersRun has a pause when it is time for one, and has those run who were roused. Behind a batch that was full
// the time is not known, and a pause comes after maxStreak of them. It reports false once the lot is closed.
func (l *lot) letOthersRun() (open bool) {
	r := &l.rush
	switch {
	case r.batches >= maxStreak || l.own-r.ran >= int64(rushStint):
		r.batches = 0
		l.thread.letGo()
		if l.rc.Read(r.pauseFn) != nil {
			return false
		}
		r.ran = l.since(time.Now())
	case l.escort.roused:
		l.thread.letGo()
		runtime.Gosched()
	}
	l.escort.roused = false
	return true
}

// sleep waits for events for a time. A wait in vain is the end of a rush, but not if the
// runtime has cut it short, which wants a pause.
func (l *lot) sleep() {
	n, errno := epollWait(l.fd, l.events[:], rushWait)
	switch {
	case errno != 0:
		l.rush.batches = maxStreak
	case n == 0:
		l.rush.level = 0
	}
	l.n = n
	l.note(l, n)
}

// giveWay lets those run first whom the last letters have woken, as long as that takes no
// time, and takes what has come meanwhile: a batch of few costs each of them more, and them
// who wait for it nothing less. Where others keep the processor that have work of their own, it does
// so again after rushHurry only.
func (l *lot) giveWay() {
	began := l.since(time.Now())
	if began < l.rush.hurry {
		return
	}
	syscall.RawSyscall(syscall.SYS_SCHED_YIELD, 0, 0, 0)
	if l.since(time.Now())-began > int64(rushWait) {
		l.rush.hurry = began + int64(rushHurry)
	}
	more, _ := epollWait(l.fd, l.events[l.n:], 0)
	l.n += more
}

// pause has the runtime wait until the lot has something.
func (l *lot) pause(uintptr) (over bool) {
	l.rush.paused = !l.rush.paused
	l.listen(l.rush.paused)
	return !l.rush.paused
}

// settle has lots have rushes, on a processor each if there are just as many.
func (s *lots) settle() {
	all := mayUse(0)
	each, common := all.each(), isCommon()
	s.convoy.temper.may = common
	for i, l := range s.all {
		l.rush.may, l.thread.common = true, common
		if len(each) == len(s.all) {
			l.rush.home, l.thread.all = each[i], all
		}
	}
}
