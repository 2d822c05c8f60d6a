package edge

import (
	"os"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A thread that is lent is kept still, and patient, when the caller has it again. Where the caller is on another
// then, or others began meanwhile, no thread of the process is kept any more, or patient.
func TestLend(t *testing.T) {
	if policy(0) != unix.SCHED_NORMAL {
		t.Skip("the tests have another policy")
	}
	tests := []struct {
		what  string
		run   func(ended chan struct{})
		stays bool
	}{
		{"nobody", func(chan struct{}) {}, true},
		{"somebody who takes the thread", func(ended chan struct{}) {
			for own := syscall.Gettid(); syscall.Gettid() == own; {
				takeThread(ended)
			}
		}, false},
		{"somebody who has threads begin", func(ended chan struct{}) {
			for before := threads(); threads() == before; {
				takeThread(ended)
			}
		}, false},
	}
	for _, tt := range tests {
		t.Run(tt.what, func(t *testing.T) {
			ended := make(chan struct{})
			defer close(ended)
			th := thread{all: mayUse(), common: true}
			th.keep(here())
			th.wait()
			th.lend(func() { tt.run(ended) })
			if th.kept != tt.stays || th.patient != tt.stays {
				t.Errorf("the thread is kept: %t, patient: %t; want %t", th.kept, th.patient, tt.stays)
			}
			if now := mayUse(); tt.stays && len(now.each()) != 1 {
				t.Errorf("the thread may run on %x, want one processor", now)
			}
			th.letGo()
			for _, number := range numbers(t) {
				var p processors
				unix.RawSyscall(unix.SYS_SCHED_GETAFFINITY, uintptr(number), unsafe.Sizeof(p), uintptr(unsafe.Pointer(&p)))
				if p != th.all && p != (processors{}) || policy(number) > unix.SCHED_NORMAL { // it may have ended
					t.Errorf("a thread has policy %d and may run on %x, want %x", policy(number), p, th.all)
				}
			}
		})
	}
}

// takeThread has somebody take a thread until ended, perhaps the caller's.
func takeThread(ended chan struct{}) {
	took := make(chan struct{})
	go func() {
		runtime.LockOSThread()
		close(took)
		<-ended
	}()
	<-took
}

// numbers are those of the process's threads.
func numbers(t *testing.T) (all []int) {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		number, err := strconv.Atoi(entry.Name())
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, number)
	}
	return all
}
