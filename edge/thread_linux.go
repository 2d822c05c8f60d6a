package edge

import (
	"math/bits"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A thread is that of whoever leads a lot, as far as the lot has it: kept on processors, and patient.
type thread struct {
	all     processors // that the process may use; none where no thread is to be kept
	common  bool       // the process has the policy that threads have unless they are told otherwise
	kept    bool
	patient bool
}

// keep keeps the caller's thread on processors, unless they are none, and the caller on it, until
// letGo. Nobody else may run there: threads that the runtime begins from it would be kept there
// too, and for good.
func (t *thread) keep(on processors) {
	if on != (processors{}) && t.all != (processors{}) {
		runtime.LockOSThread()
		on.keep()
		t.kept = true
	}
}

// wait has a thread that is kept be patient until letGo: it does not take the processor from whoever
// wakes it, but runs when that gives way (SCHED_BATCH of sched(7)).
func (t *thread) wait() {
	if t.kept && t.common {
		setPolicy(unix.SCHED_BATCH)
		t.patient = true
	}
}

func (t *thread) letGo() {
	if !t.kept {
		return
	}
	if t.patient {
		setPolicy(unix.SCHED_NORMAL)
	}
	t.all.keep()
	t.kept, t.patient = false, false
	runtime.UnlockOSThread()
}

// processors are a set of those that the system has (sched_setaffinity(2)).
type processors [16]uint64

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

// keep has the calling thread stay on processors of the set. Where the system refuses, it is no
// more than slower.
func (s *processors) keep() {
	syscall.RawSyscall(syscall.SYS_SCHED_SETAFFINITY, 0, unsafe.Sizeof(*s), uintptr(unsafe.Pointer(s)))
}

// mayUse returns what the calling thread may run on, none if the system does not say.
func mayUse() (p processors) {
	syscall.RawSyscall(syscall.SYS_SCHED_GETAFFINITY, 0, unsafe.Sizeof(p), uintptr(unsafe.Pointer(&p)))
	return p
}

// here is the processor that the caller runs on, none if the system does not say.
func here() (p processors) {
	var cpu uint32
	_, _, errno := syscall.RawSyscall(unix.SYS_GETCPU, uintptr(unsafe.Pointer(&cpu)), 0, 0)
	if word := int(cpu / 64); errno == 0 && word < len(p) {
		p[word] = 1 << (cpu % 64)
	}
	return p
}

// policy returns that of the calling thread (sched_getscheduler(2)).
func policy() int {
	p, _, errno := syscall.RawSyscall(syscall.SYS_SCHED_GETSCHEDULER, 0, 0, 0)
	if errno != 0 {
		return -1
	}
	return int(p)
}

// setPolicy sets one that has no priorities.
func setPolicy(to uintptr) {
	var none struct{ priority int32 }
	syscall.RawSyscall(syscall.SYS_SCHED_SETSCHEDULER, 0, to, uintptr(unsafe.Pointer(&none)))
}
