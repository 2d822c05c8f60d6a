package edge

import (
	"runtime"
	"testing"
	"time"
)

// begin has the head's leader keep a vigil, in a convoy of both.
func (m *march) begin() {
	m.Helper()
	m.follow()
	m.head.rush.may, m.head.thread.all = true, mayUse()
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
	if got := mayUse(); len(got.each()) != 1 {
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
	all := mayUse()
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
			if end(m); mayUse() != all {
				t.Errorf("the thread may run on %x, want %x", mayUse(), all)
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
