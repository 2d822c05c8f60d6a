package edge

import (
	"os"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// begin has the head's leader keep a vigil, in a convoy of both.
func (m *march) begin() {
	m.Helper()
	m.follow()
	m.head.rush.may, m.head.thread.all, m.head.thread.common = true, mayUse(0), policy(0) == unix.SCHED_NORMAL
	m.head.escort.steady = true
	if m.head.keepVigil(); !m.head.escort.vigil.on {
		m.Fatal("there is no vigil where requests come steadily")
	}
}

// settle has what is told of new connections be dealt with.
func (m *march) settle() {
	m.Helper()
	for range 2 {
		m.say(m.rear)
		m.hear(m.head, m.rear)
		m.say(m.head)
		m.hear(m.head, m.head)
	}
}

// keep has something come until the thread is kept on a processor.
func (m *march) keep() {
	m.Helper()
	for !m.head.thread.kept {
		m.say(m.rear)
		m.hear(m.head, m.rear)
	}
	if got := mayUse(0); len(got.each()) != 1 {
		m.Errorf("the thread may run on %x, want one processor", got)
	}
}

// A vigil in vain is over, and what comes later goes on.
func TestVigilInVain(t *testing.T) {
	m := newMarch(t)
	for range 3 {
		m.begin()
		m.settle()
		for m.head.escort.vigil.on {
			if m.head.watch() {
				t.Fatal("something came")
			}
		}
		if m.head.thread.kept {
			t.Error("the thread is not let go")
		}
		m.say(m.rear)
		m.hear(m.head, m.rear)
		m.say(m.head)
		m.hear(m.head, m.head)
		m.partWith(m.head.tire)
	}
}

// The thread of who keeps a vigil stays on one processor, and is let go for all that may take long.
func TestVigilKeepsThread(t *testing.T) {
	all := mayUse(0)
	ends := map[string]func(*march){
		"a step out": func(m *march) {
			spare := make(chan task, 1)
			w := &worker{edge: &Edge{}, lot: m.head}
			w.edge.crew.spares = []*worker{{next: spare}}
			w.stepOut()
			if got := <-spare; got.lot != m.head {
				t.Errorf("the spare is to do %v, and not to lead the lot", got)
			}
			m.keep()
			m.head.tire()
		},
		"an end": func(m *march) { m.head.tire() },
		"a rush": func(m *march) {
			m.head.hurry()
			m.head.rush.on.Store(false)
			m.head.listen(true)
		},
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			m := newMarch(t)
			m.begin()
			m.keep()
			if end(m); mayUse(0) != all {
				t.Errorf("the thread may run on %x, want %x", mayUse(0), all)
			}
		})
	}
}

// Others run when their time has come, and after whatever may have roused one of them.
func TestVigilPauses(t *testing.T) {
	m := newMarch(t)
	m.begin()
	m.settle()
	v := &m.head.escort.vigil
	// pauses reports whether there is one before what is said next goes on.
	pauses := func() bool {
		began := v.began
		m.say(m.head)
		m.hear(m.head, m.head)
		return v.began != began
	}
	for range 3 {
		v.began = m.head.since(time.Now().Add(time.Hour))
		for tries := 1; pauses(); tries++ { // which the runtime may ask for
			if tries == 100 {
				t.Fatal("there are pauses all the time")
			}
			v.began = m.head.since(time.Now().Add(time.Hour))
		}
		m.head.escort.roused = true
		if !pauses() || m.head.escort.roused {
			t.Error("there is no pause when somebody was roused")
		}
		v.began = m.head.since(time.Now().Add(-stint))
		if !pauses() {
			t.Error("there is no pause after a stint")
		}
	}
}

// Who else may have to run decides of the pause before a stint.
func TestVigilNext(t *testing.T) {
	const now = int64(time.Hour)
	long := now - int64(wantedTime)
	tests := []struct {
		what    string
		stint   int   // that begins
		wanted  int64 // when the runtime wanted the processor
		roused  bool
		mayLend bool
		want    pause
	}{
		{"a patient thread", 2, long, false, true, lent},
		{"another", 2, long, false, false, short},
		{"a wait on any processor", freeStints + 1, long, false, true, short},
		{"the first", 1, long, false, true, whole},
		{"one in fullStints", fullStints + 1, long, false, true, whole},
		{"the one behind it", fullStints + 2, long, false, true, lent},
		{"somebody was roused", 2, long, true, true, whole},
		{"the runtime has just wanted it", 2, now, false, true, whole},
		{"it has until just now", 2, long + 1, false, true, whole},
	}
	for _, tt := range tests {
		v := vigil{stints: tt.stint - 1, wanted: tt.wanted, came: true}
		if got := v.next(now, tt.roused, tt.mayLend); got != tt.want {
			t.Errorf("%s: the pause is %d, want %d", tt.what, got, tt.want)
		}
		if v.stints != tt.stint || v.began != now || v.came {
			t.Errorf("%s: it is stint %d, begun at %d, and something came: %t", tt.what, v.stints, v.began, v.came)
		}
	}
}

// A patient thread stays as it is when it is lent, and is let go for other pauses, and when patience is over.
func TestVigilBreathes(t *testing.T) {
	tests := []struct {
		what   string
		change func(*escort)
		stays  bool
	}{
		{"little goes on", func(*escort) {}, true},
		{"somebody was roused", func(e *escort) { e.roused = true }, false},
		{"patience is over", func(e *escort) { e.patience.until = never }, false},
	}
	for _, tt := range tests {
		t.Run(tt.what, func(t *testing.T) {
			needSpans(t)
			m := newMarch(t)
			m.begin()
			m.keep()
			e, th := &m.head.escort, &m.head.thread
			if !th.patient {
				t.Error("the thread that keeps a vigil is not patient")
			}
			now := m.head.since(time.Now().Add(time.Hour)) // long after whatever the runtime wanted
			e.vigil.stints, e.roused = 1, false
			e.patience.stints, e.patience.judged = 1, false
			tt.change(e)
			m.head.breathe(now)
			if th.kept != tt.stays || th.patient != tt.stays {
				t.Errorf("the thread is kept: %t, patient: %t; want %t", th.kept, th.patient, tt.stays)
			}
			if e.roused || e.vigil.began != now {
				t.Error("no stint has begun in which nobody was roused")
			}
			if begun := e.patience.stints == 2; begun != tt.stays {
				t.Errorf("the thread is patient in the next stint: %t, want %t", begun, tt.stays)
			}
		})
	}
}

// What a patient thread waits for is judged when the stint is over.
func TestVigilJudges(t *testing.T) {
	needSpans(t)
	m := newMarch(t)
	m.begin()
	m.keep()
	for p := &m.head.escort.patience; p.lately == (spans{}); {
		if p.stints > judgedStints {
			t.Fatalf("none of %d stints is judged", p.stints)
		}
		m.keep()
		m.head.breathe(m.head.since(time.Now()))
	}
}

// A signal of the runtime is known, for the pauses that come.
func TestVigilIsWanted(t *testing.T) {
	if runtime.GOMAXPROCS(0) == 1 {
		t.Skip("nobody runs beside who waits in a vigil")
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	m, own := newMarch(t), syscall.Gettid()
	for range 100 { // as all signals may come before the wait, or behind it
		m.begin()
		m.settle()
		var signals sync.WaitGroup
		signals.Go(func() {
			for range 10_000 {
				unix.Tgkill(os.Getpid(), own, syscall.SIGURG) // which the runtime has for itself
			}
		})
		for m.head.escort.vigil.on {
			m.head.watch() // in vain
		}
		if signals.Wait(); m.head.escort.vigil.wanted != 0 {
			return
		}
		m.partWith(m.head.tire)
	}
	t.Error("nobody has wanted the processor")
}

// An event for somebody who waits on a goroutine of its own rouses that.
func TestVigilRouses(t *testing.T) {
	m := newMarch(t)
	m.begin()
	tested, peer := tcpPair(t)
	link := m.rear.adopt(tested)
	defer link.close()
	link.lend(&clientConn{})
	came := make(chan error, 1)
	go func() {
		_, err := link.read(make([]byte, 8), soon(time.Minute))
		came <- err
	}()
	for link.in.state.Load() != awaited {
		runtime.Gosched()
	}
	m.settle()
	m.head.escort.roused = false
	peer.Write([]byte("x"))
	for !m.head.escort.roused {
		if len(came) > 0 {
			t.Fatal("who waited was roused, and that is not known")
		}
		m.say(m.head) // for a turn not to wait for ever
		turnOf(t, m.head)
	}
	if err := <-came; err != nil {
		t.Error(err)
	}
}

// A head that finds something whenever it looks has its followers led by others, in a vigil as well.
func TestVigilOfBusy(t *testing.T) {
	m := newMarch(t)
	m.begin()
	m.settle()
	for m.say(m.head); m.head.escort.followed.Load(); {
		if turnOf(t, m.head) == nil {
			continue
		}
		if _, err := m.peers[m.head].Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		m.say(m.head) // before the next look
	}
	if m.head.escort.vigil.on {
		t.Error("the vigil goes on")
	}
}

// How much came last decides of a vigil.
func TestVigilByRate(t *testing.T) {
	tests := []struct {
		what            string
		rate, aside     int  // events a second, and those for somebody else
		vigil           bool // there is one already
		stays, followed bool
	}{
		{"steadily", 2 * vigilRate, vigilRate / 2, false, true, true},
		{"seldom", vigilRate / 2, 0, false, false, true},
		{"steadily, in a vigil", 2 * vigilRate, vigilRate / 2, true, true, true},
		{"seldom, in a vigil", vigilRate / 2, 0, true, false, true},
		{"steadily, and mostly for others", 2 * vigilRate, vigilRate * 3 / 2, false, false, true},
		{"steadily, and mostly for others, in a vigil", 2 * vigilRate, vigilRate * 3 / 2, true, false, true},
		{"often, in a vigil", 2 * busyRate, 0, true, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.what, func(t *testing.T) {
			m := newMarch(t)
			if m.begin(); !tt.vigil {
				m.head.endVigil()
			}
			m.relaxAt(tt.rate, tt.aside)
			e := &m.head.escort
			if !e.vigil.on {
				m.head.keepVigil()
			}
			if e.vigil.on != tt.stays || e.followed.Load() != tt.followed {
				t.Errorf("there is a vigil: %t, followers: %t; want %t, %t", e.vigil.on, e.followed.Load(), tt.stays, tt.followed)
			}
		})
	}
}

// What happened before a vigil does not count when it is over in vain.
func TestVigilForgets(t *testing.T) {
	m := newMarch(t)
	m.follow()
	m.head.streak = busyStreak
	m.head.rush.may, m.head.escort.steady = true, true
	for m.head.keepVigil(); m.head.escort.vigil.on; {
		m.head.watch()
	}
	m.say(m.head)
	turnOf(t, m.head)
	if !m.head.escort.followed.Load() {
		t.Error("the convoy has parted")
	}
}

// There is a vigil where requests come steadily, in a convoy, of an edge that is the busy one.
func TestNoVigil(t *testing.T) {
	tests := []struct {
		what   string
		change func(*march)
	}{
		{"not steadily", func(m *march) { m.head.escort.steady = false }},
		{"no convoy", func(m *march) { m.partWith(m.head.tire); m.head.escort.steady = true }},
		{"others are busy", func(m *march) { m.head.rush.may = false }},
	}
	for _, tt := range tests {
		t.Run(tt.what, func(t *testing.T) {
			m := newMarch(t)
			m.follow()
			m.head.rush.may, m.head.escort.steady = true, true
			tt.change(m)
			if m.head.keepVigil(); m.head.escort.vigil.on {
				t.Error("there is one")
			}
		})
	}
}
