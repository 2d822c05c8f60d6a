package edge

import (
	"os"
	"runtime"
	"slices"
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
		run    func(own int, others *takers)
		stays  bool
		others int // that stay on the processor
	}{
		{"nobody", func(int, *takers) {}, true, 0},
		{"somebody who takes the thread", func(own int, others *takers) {
			for syscall.Gettid() == own {
				others.take(func() {})
			}
		}, false, 0},
		{"somebody who has threads begin", func(_ int, others *takers) { others.begin() }, false, 0},
		{"somebody who has one like it begin", func(_ int, others *takers) {
			others.begin()
			others.take(func() {
				setPolicy(0, unix.SCHED_BATCH)
				on.keep(0)
			})
		}, false, 0},
		{"somebody who is kept there", func(own int, others *takers) {
			others.begin()
			for another := false; !another; {
				others.take(func() {
					if another = syscall.Gettid() != own; another {
						setPolicy(0, unix.SCHED_NORMAL) // if it was begun from the one that is lent
						on.keep(0)
					}
				})
			}
		}, false, 1},
	}
	for _, tt := range tests {
		t.Run(tt.what, func(t *testing.T) {
			if on == all && tt.others > 0 {
				t.Skip("there is one processor")
			}
			takers := newTakers(t)
			th := thread{all: all, common: true}
			for tries := 0; tries == 0 || tt.stays && !th.kept && tries < 100; tries++ { // as one of the runtime's may begin
				th.keep(on)
				th.wait()
				own := syscall.Gettid()
				th.lend(func() { tt.run(own, takers) })
			}
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

// Takers take threads of the process until the test ends, when those are gone.
type takers struct {
	*testing.T
	ended   chan struct{}
	numbers []int
}

func newTakers(t *testing.T) *takers {
	s := &takers{T: t, ended: make(chan struct{})}
	t.Cleanup(func() {
		close(s.ended)
		for _, number := range s.numbers {
			for number != os.Getpid() && policy(number) >= 0 { // the first thread never ends
				runtime.Gosched()
			}
		}
	})
	return s
}

// take has somebody take a thread, perhaps the caller's, and do something there first.
func (s *takers) take(first func()) {
	took := make(chan int)
	go func() {
		runtime.LockOSThread()
		first()
		took <- syscall.Gettid()
		<-s.ended
	}()
	s.numbers = append(s.numbers, <-took)
}

// begin takes threads until another has begun, as none was idle.
func (s *takers) begin() {
	s.Helper()
	count, before := threads(), numbers(s.T)
	isNew := func(number int) bool { return !slices.Contains(before, number) }
	for threads() == count || !slices.ContainsFunc(numbers(s.T), isNew) {
		s.take(func() {})
	}
}

// Each thread is looked at again as long as there was something to change.
func TestEachThread(t *testing.T) {
	for changes := range 4 {
		looks, own := 0, os.Getpid()
		changed, all := eachThread(func(number int) bool {
			if number == own {
				looks++
			}
			return number == own && looks <= changes
		})
		if want := changes + 1; looks != want || !all || changed != (changes > 0) {
			t.Errorf("with %d changes there are %d looks, want %d; changed: %t, all: %t", changes, looks, want, changed, all)
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
