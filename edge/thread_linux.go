package edge

import (
	"math/bits"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A thread is that of whoever leads a lot, as far as the lot has it: kept on processors, and patient.
type thread struct {
	all     processors // that the process may use; none where no thread is to be kept
	common  bool       // the process has the usual policy, and its threads may have another
	kept    bool
	patient bool
}

// loose reports whether a thread may be kept, and is not.
func (t *thread) loose() bool { return !t.kept && t.all != (processors{}) }

// keep keeps the caller's thread on processors, unless they are none, and the caller on it, until
// letGo. Nobody else may run there: threads that the runtime begins from it would be kept there
// too, and for good.
func (t *thread) keep(on processors) {
	if on != (processors{}) && t.all != (processors{}) {
		runtime.LockOSThread()
		on.keep(0)
		t.kept = true
	}
}

// wait has a thread that is kept be patient until letGo: it does not take the processor from whoever
// wakes it, but runs when that gives way (SCHED_BATCH of sched(7)).
func (t *thread) wait() {
	if t.kept && t.common && !t.patient {
		t.patient = setPolicy(0, unix.SCHED_BATCH)
	}
}

func (t *thread) letGo() {
	if !t.kept {
		return
	}
	if t.patient {
		setPolicy(0, unix.SCHED_NORMAL)
	}
	t.all.keep(0)
	t.kept, t.patient = false, false
	runtime.UnlockOSThread()
}

// lend has others run on a thread that is kept, as it is, which is nothing to them as long as they take little
// time and the caller has it again. Where that is on another thread, or one began meanwhile, which may have been from
// this one, none is kept any more.
func (t *thread) lend(run func()) {
	own, before := syscall.Gettid(), threads()
	runtime.UnlockOSThread()
	run()
	runtime.LockOSThread()
	if syscall.Gettid() != own || threads() != before {
		on, as := mayUse(own), policy(own)
		release := func(number int) bool {
			t.all.keep(number)
			return setPolicy(number, unix.SCHED_NORMAL)
		}
		release(own) // also where descriptors have run out
		t.letGo()
		eachThread(func(number int) bool {
			return policy(number) == as && mayUse(number) == on && release(number)
		})
	}
}

// exchangePolicies is eachThread that has all with one policy have another.
func exchangePolicies(from, to int) (changed, complete bool) {
	return eachThread(func(number int) bool { return policy(number) == from && setPolicy(number, to) })
}

// eachThread calls change for all threads of the process, and again for those that may have begun while some were
// still to be changed, which are like those that began them. It reports whether one was changed, and whether it has seen
// all, which it has not where descriptors have run out.
func eachThread(change func(number int) (changed bool)) (changed, complete bool) {
	const most = 8 // for a system that says that it has changed what it has not
	for more, looks := true, 0; more && looks < most; looks++ {
		more = false
		entries, err := os.ReadDir("/proc/self/task") // where patience is from
		if err != nil {
			return changed, false
		}
		for _, entry := range entries {
			if number, err := strconv.Atoi(entry.Name()); err == nil && change(number) {
				more, changed = true, true
			}
		}
	}
	return changed, true
}

// threads is how many threads the runtime has.
func threads() int {
	n, _ := runtime.ThreadCreateProfile(nil)
	return n
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

// keep has a thread, the caller's for 0, stay on processors of the set. Where the system refuses, it is no
// more than slower.
func (s *processors) keep(thread int) {
	syscall.RawSyscall(syscall.SYS_SCHED_SETAFFINITY, uintptr(thread), unsafe.Sizeof(*s), uintptr(unsafe.Pointer(s)))
}

// mayUse returns what a thread, the caller's for 0, may run on, none if the system does not say.
func mayUse(thread int) (p processors) {
	syscall.RawSyscall(syscall.SYS_SCHED_GETAFFINITY, uintptr(thread), unsafe.Sizeof(p), uintptr(unsafe.Pointer(&p)))
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

// policy returns that of a thread, the caller's for 0 (sched_getscheduler(2)).
func policy(thread int) int {
	p, _, errno := syscall.RawSyscall(syscall.SYS_SCHED_GETSCHEDULER, uintptr(thread), 0, 0)
	if errno != 0 {
		return -1
	}
	return int(p)
}

// isCommon reports whether the process has the policy that threads have unless they are told otherwise, and the system
// lets them have another.
func isCommon() bool {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	return policy(0) == unix.SCHED_NORMAL && setPolicy(0, unix.SCHED_BATCH) && setPolicy(0, unix.SCHED_NORMAL)
}

// setPolicy sets that of a thread, the caller's for 0, to one of those without priorities. It reports whether the system allows it.
func setPolicy(thread, to int) bool {
	var none struct{ priority int32 }
	_, _, errno := syscall.RawSyscall(syscall.SYS_SCHED_SETSCHEDULER, uintptr(thread), uintptr(to), uintptr(unsafe.Pointer(&none)))
	return errno == 0
}
