package edge

import (
	"math/bits"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

// A rush is the time in which connections of a lot go on faster than one after the other.
// Whoever leads the lot keeps its thread then, on a processor of its own, and waits for
// events there. Left to the scheduler, two who lead share a processor half of the time while
// the other is idle; and what wakes a goroutine, or an idle processor, costs a
// request's worth of time.
//
// That thread has what the scheduler has for one processor (a P) for itself, so that others
// need one beside it.
type rush struct {
	may   bool        // there are such Ps
	on    atomic.Bool // of whoever leads, for others to see
	level int         // of connections that go on at a time, in parts of rushMemory
	home  processors  // that the thread is kept on; none for wherever the system puts it
	all   processors  // that the process may have
}

// A rush begins at more than rushFrom connections at a time and ends at less than
// rushUntil, on an average of the last rushMemory times or so, or after a wait of rushWait in vain.
const (
	rushMemory = 32
	rushFrom   = 4 * rushMemory
	rushUntil  = rushMemory
	rushWait   = 2 * time.Millisecond
)

// note adds the connections that have gone on since the last time.
func (r *rush) note(n int) { r.level += n - r.level/rushMemory }

// startRush has the caller, who leads the lot, keep its thread until endRush.
func (l *lot) startRush() {
	l.listen(false)
	// Somebody else has to look after the runtime's poller, as this goroutine may not
	// come back to the scheduler. Whom this starts finds nothing to do but that.
	runtime.Gosched()
	runtime.LockOSThread()
	l.rush.on.Store(true)
	l.rush.home.keep()
}

// endRush has no effect if there is none.
func (l *lot) endRush() {
	if !l.rush.on.Load() {
		return
	}
	l.rush.on.Store(false)
	if l.rush.home != (processors{}) {
		l.rush.all.keep()
	}
	runtime.UnlockOSThread()
	l.listen(true) // what has come meanwhile rings it at once
}

// linger waits for events in a rush. It reports false if there are none, and the rush
// is over.
func (l *lot) linger() bool {
	l.take(rushWait)
	if l.n == 0 {
		l.rush.level = 0
	}
	if l.rush.level < rushUntil {
		l.endRush()
	}
	return l.n > 0
}

// processors are a set of those that the system has (sched_setaffinity(2)).
type processors [16]uint64

// provide has the lots keep threads in a rush, each on a processor of its own if there
// are just as many.
func (s *lots) provide() {
	var all processors
	syscall.RawSyscall(syscall.SYS_SCHED_GETAFFINITY, 0, unsafe.Sizeof(all), uintptr(unsafe.Pointer(&all)))
	each := all.each()
	for i, l := range s.all {
		l.rush.may, l.rush.all = true, all
		if len(each) == len(s.all) {
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

// keep has the thread stay on processors of the set, if it has any. Where the system
// refuses, it is no more than slower. The scheduler is told of the call, as that
// wakes its monitor, which sleeps while nothing runs that the scheduler knows of: only
// the monitor can have this goroutine let others run.
func (s *processors) keep() {
	syscall.Syscall(syscall.SYS_SCHED_SETAFFINITY, 0, unsafe.Sizeof(*s), uintptr(unsafe.Pointer(s)))
}
