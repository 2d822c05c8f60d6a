package edge

import (
	"math/bits"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

// A rush is the time in which connections of a lot go on faster than one after the other.
// Whoever leads the lot waits for events in its epoll set itself then, of which the
// runtime's poller is not told, and its thread is kept on one processor. Left to the
// scheduler, two who lead share a processor half of the time while the other is idle; and what
// wakes a goroutine, or an idle processor, costs a request's worth of time.
//
// Who waits there keeps others from what the scheduler has for one processor (a P), and it
// may be that nobody looks into the runtime's poller. So after each maxStreak batches there is
// a pause, in which the runtime waits.
type rush struct {
	on      atomic.Bool // of whoever leads, for others to see
	level   int         // of connections that go on at a time, in parts of rushMemory
	batches int         // since the last pause
	paused  bool
	pauseFn func(uintptr) bool

	home   processors // that the thread is kept on; none for wherever the system puts it
	thread int        // which is kept there; 0 for none
}

// A rush begins at more than rushFrom connections at a time and ends at less than
// rushUntil, on an average of the last rushMemory times or so, or after a wait of rushWait in vain.
const (
	rushMemory = 32
	rushFrom   = 4 * rushMemory
	rushUntil  = rushMemory
	rushWait   = time.Millisecond
)

// note adds the connections that have gone on since the last time.
func (r *rush) note(n int) { r.level += n - r.level/rushMemory }

// startRush is for whoever leads the lot.
func (l *lot) startRush() {
	if l.listen(syscall.EPOLL_CTL_DEL) == nil {
		l.rush.on.Store(true)
		l.rush.keepThread()
	}
}

// linger waits for events in a rush. It reports false if there are none, after which the
// rush is over, unless there is no memory to have the runtime wait.
func (l *lot) linger() bool {
	r := &l.rush
	if r.batches == maxStreak {
		r.batches = 0
		if l.rc.Read(r.pauseFn) != nil {
			r.on.Store(false)
			return false // the lot is closed, as is found next
		}
		r.keepThread()
	}
	r.batches++
	l.take(rushWait)
	if l.n == 0 {
		r.level = 0
	}
	if r.level < rushUntil && l.listen(syscall.EPOLL_CTL_ADD) == nil {
		r.on.Store(false)
		r.freeThread()
	}
	return l.n > 0
}

// pause has the runtime wait until the lot has something, and others run meanwhile. Where
// there is no memory to tell it so, there is no pause.
func (l *lot) pause(uintptr) (over bool) {
	if l.rush.paused {
		l.rush.paused = false
		return l.listen(syscall.EPOLL_CTL_DEL) == nil
	}
	l.rush.paused = l.listen(syscall.EPOLL_CTL_ADD) == nil
	return !l.rush.paused
}

// processors are a set of those that the system has (sched_setaffinity(2)).
type processors [16]uint64

// allProcessors are those that the process may use. A thread that is asked later may be
// kept on one of them.
var allProcessors = ofThread(0)

// settle gives each lot a processor, if there are just as many.
func (s *lots) settle() {
	if each := allProcessors.each(); len(each) == len(s.all) {
		for i, l := range s.all {
			l.rush.home = each[i]
		}
	}
}

// each returns a set of one for each processor.
func (s *processors) each() (all []processors) {
	for i, word := range s {
		for ; word != 0; word &= word - 1 {
			var one processors
			one[i] = 1 << bits.TrailingZeros64(word)
			all = append(all, one)
		}
	}
	return all
}

// keepThread keeps the caller's thread on the lot's processor. The scheduler may have the
// caller go on in another than the last time, which is let go then, unless another lot
// has it by now.
func (r *rush) keepThread() {
	if r.home == (processors{}) {
		return
	}
	now := syscall.Gettid()
	if now != r.thread {
		r.freeThread()
		r.thread = now
	}
	if ofThread(now) != r.home {
		r.home.keep(now)
	}
}

func (r *rush) freeThread() {
	if r.thread != 0 && ofThread(r.thread) == r.home {
		allProcessors.keep(r.thread)
	}
	r.thread = 0
}

// ofThread returns those that a thread may run on, the caller's if it is 0; none if there is no such thread.
func ofThread(thread int) (p processors) {
	syscall.RawSyscall(syscall.SYS_SCHED_GETAFFINITY, uintptr(thread), unsafe.Sizeof(p), uintptr(unsafe.Pointer(&p)))
	return p
}

// keep has a thread stay on processors of the set. Where the system refuses, it is no more
// than slower.
func (s *processors) keep(thread int) {
	syscall.RawSyscall(syscall.SYS_SCHED_SETAFFINITY, uintptr(thread), unsafe.Sizeof(*s), uintptr(unsafe.Pointer(s)))
}
