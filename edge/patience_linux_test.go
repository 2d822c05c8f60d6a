package edge

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// needSpans skips a test where there is no patience.
func needSpans(t *testing.T) {
	t.Helper()
	if _, told := spansOf(ownSpans); !told {
		t.Skip("the system does not count")
	}
	if policy(0) != unix.SCHED_NORMAL {
		t.Skip("the tests have another policy")
	}
}

// A thread that is kept waits for those who wake it, and is like any other when it is let go.
func TestPatience(t *testing.T) {
	all := mayUse(0)
	tests := []struct {
		what   string
		thread thread
		kept   bool
		want   int
	}{
		{"a thread that is kept", thread{all: all, common: true}, true, unix.SCHED_BATCH},
		{"one that is not", thread{all: all, common: true}, false, unix.SCHED_NORMAL},
		{"a process of another policy", thread{all: all}, true, unix.SCHED_NORMAL},
	}
	for _, tt := range tests {
		t.Run(tt.what, func(t *testing.T) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			needSpans(t)
			th, p := tt.thread, patience{}
			if tt.kept {
				th.keep(here())
			}
			p.begin(&th, 0)
			if got := policy(0); got != tt.want {
				t.Errorf("the thread's policy is %d, want %d", got, tt.want)
			}
			p.end(&th, 1)
			if judged := p.lately != (spans{}); judged != th.patient {
				t.Errorf("the stint was judged: %t, of a patient thread: %t", judged, th.patient)
			}
			if th.letGo(); policy(0) != unix.SCHED_NORMAL || mayUse(0) != all {
				t.Errorf("a thread that is let go has policy %d and may run on %x", policy(0), mayUse(0))
			}
		})
	}
}

// How long the thread was kept waiting, beside how long it ran, decides whether there is patience later.
func TestPatienceEnds(t *testing.T) {
	ms := func(ran, waited float64) spans {
		return spans{time.Duration(ran * 1e6), time.Duration(waited * 1e6)}
	}
	calm, bad, idle := ms(0.4, 0.3), ms(0.4, 2), ms(0.4, 0)
	tests := []struct {
		what   string
		stints []spans
		times  int
		ends   bool
	}{
		{"all work in turn", []spans{calm}, 1000, false},
		{"nobody is in the way", []spans{idle}, 1000, false},
		{"a bad stint at first", []spans{bad, calm, calm}, 1, false},
		{"a bad stint now and then", append(slices.Repeat([]spans{calm}, 15), bad), 100, false},
		{"each second one bad", []spans{calm, bad}, 5, true},
		{"all bad", []spans{bad}, 5, true},
		{"bad ones in which little ran", []spans{calm, ms(0.01, 0.05)}, 100, false},
	}
	for _, tt := range tests {
		t.Run(tt.what, func(t *testing.T) {
			p, now := patience{}, int64(time.Hour)
			for range tt.times {
				for _, s := range tt.stints {
					p.judge(now, s)
				}
			}
			if ends := p.until > now; ends != tt.ends {
				t.Errorf("there is no more patience: %t, want %t; lately %v", ends, tt.ends, p.lately)
			}
		})
	}
}

// After a rest there is patience again, and one bad stint more does not end it.
func TestPatienceRests(t *testing.T) {
	needSpans(t)
	bad := spans{time.Millisecond, 10 * time.Millisecond}
	p := patience{}
	for p.until == 0 {
		p.judge(1, bad)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	th := thread{all: mayUse(0), common: true}
	th.keep(here())
	defer th.letGo()
	if p.begin(&th, p.until-1); th.patient || p.judged {
		t.Error("the thread is patient during the rest")
	}
	now := p.until
	if p.begin(&th, now); !th.patient {
		t.Error("the thread is not patient after the rest")
	}
	if p.judge(now, spans{400 * time.Microsecond, 2 * time.Millisecond}); p.until > now {
		t.Error("one bad stint ends it at once")
	}
}

// One stint in some is judged, the first for one, also in vigils that are short.
func TestPatienceIsJudged(t *testing.T) {
	needSpans(t)
	p := patience{}
	for i := range 2*judgedStints + 1 {
		th := thread{all: mayUse(0), common: true}
		p.begin(&th, 0) // in vain, as nobody has kept it
		th.keep(here())
		p.begin(&th, 0)
		th.letGo()
		if want := i%judgedStints == 0; p.judged != want {
			t.Fatalf("stint %d is judged: %t, want %t", i, p.judged, want)
		}
	}
}

// The system tells how long a thread ran; where it does not there is no patience.
func TestSpansOf(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	began := time.Now()
	needSpans(t)
	before, _ := spansOf(ownSpans)
	for {
		now, _ := spansOf(ownSpans)
		if ran := now.ran - before.ran; ran > 0 {
			const tick = 10 * time.Millisecond // by which the first look was late, at most
			if all := time.Since(began); ran > all+tick {
				t.Errorf("the thread ran for %v of %v", ran, all)
			}
			break
		}
	}
	for name, text := range map[string]string{"nothing": "", "no numbers": "a b c\n", "too little": "1 2\n", "too much": "1 2 3 4\n", "never": "0 0 0\n"} {
		file := filepath.Join(t.TempDir(), "schedstat")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if s, told := spansOf(file); told {
			t.Errorf("%s is taken for %v", name, s)
		}
	}
	if _, told := spansOf(filepath.Join(t.TempDir(), "none")); told {
		t.Error("a file that is not there tells something")
	}
}
