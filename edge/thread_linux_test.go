package edge

import (
	"os"
	"runtime"
	"strconv"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// A thread that is lent is kept still, and patient, when the caller has it again. Where the caller is on another
// then, or others began meanwhile, none is kept any more, or patient, that may be from that one.
func TestLend(t *testing.T) {
	if policy(0) != unix.SCHED_NORMAL {
		t.Skip("the tests have another policy")
	}
	on, all := here(), mayUse(0)
	tests := []struct {
		what   string
		run    func(ended chan struct{})
		stays  bool
		others int // that stay on the processor
	}{
		{"nobody", func(chan struct{}) {}, true, 0},
		{"somebody who takes the thread", func(ended chan struct{}) {
			for own := syscall.Gettid(); syscall.Gettid() == own; {
				takeThread(ended, func() {})
			}
		}, false, 0},
		{"somebody who has threads begin", takeThreads, false, 0},
		{"somebody who has one like it begin", func(ended chan struct{}) {
			takeThreads(ended)
			takeThread(ended, func() {
				setPolicy(0, unix.SCHED_BATCH)
				on.keep(0)
			})
		}, false, 0},
		{"somebody who is kept there", func(ended chan struct{}) {
			takeThreads(ended)
			takeThread(ended, func() { on.keep(0) })
		}, false, 1},
	}
	for _, tt := range tests {
		t.Run(tt.what, func(t *testing.T) {
			ended := make(chan struct{})
			defer close(ended)
			th := thread{all: all, common: true}
			th.keep(on)
			th.wait()
			th.lend(func() { tt.run(ended) })
			if th.kept != tt.stays || th.patient != tt.stays {
				t.Errorf("the thread is kept: %t, patient: %t; want %t", th.kept, th.patient, tt.stays)
			}
			if now := mayUse(0); tt.stays && now != on {
				t.Errorf("the thread may run on %x, want %x", now, on)
			}
			th.letGo()
			others := 0
			for _, number := range numbers(t) {
				if policy(number) > unix.SCHED_NORMAL {
					t.Errorf("a thread has policy %d", policy(number))
				}
				if p := mayUse(number); p != all && p != (processors{}) { // it may have ended
					others++
				}
			}
			if others != tt.others {
				t.Errorf("%d threads are kept, want %d", others, tt.others)
			}
		})
	}
}

// takeThreads takes threads until another has begun, as none was idle.
func takeThreads(ended chan struct{}) {
	for before := threads(); threads() == before; {
		takeThread(ended, func() {})
	}
}

// takeThread has somebody take a thread until ended, perhaps the caller's, and do something there first.
func takeThread(ended chan struct{}, first func()) {
	took := make(chan struct{})
	go func() {
		runtime.LockOSThread()
		first()
		close(took)
		<-ended
	}()
	<-took
}

// Each thread is looked at again as long as there was something to change.
func TestEachThread(t *testing.T) {
	for changes := range 4 {
		looks, own := 0, os.Getpid()
		all := eachThread(func(number int) bool {
			if number == own {
				looks++
			}
			return number == own && looks <= changes
		})
		if want := changes + 1; looks != want || !all {
			t.Errorf("with %d changes there are %d looks, want %d", changes, looks, want)
		}
	}
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
