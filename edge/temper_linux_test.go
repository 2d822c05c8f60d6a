package edge

import (
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// tempered makes a march in which all threads may be patient.
func tempered(t *testing.T) *march {
	t.Helper()
	if policy(0) != unix.SCHED_NORMAL {
		t.Skip("the tests have another policy")
	}
	m := newMarch(t)
	m.convoy.temper.may = true
	return m
}

// all fails the test unless all threads of the process are patient, or none is, once those are told that were about to
// begin.
func (m *march) all(patient bool) {
	m.Helper()
	for t := &m.convoy.temper; t.told.Load() != 0; {
		t.set(t.patient.Load(), t.told.Load()+int64(tellAgain))
	}
	want := unix.SCHED_NORMAL
	if patient {
		want = unix.SCHED_BATCH
	}
	for _, number := range numbers(m.T) {
		if got := policy(number); got != want && got >= 0 { // it may have ended
			m.Errorf("a thread has policy %d, want %d", got, want)
		}
	}
}

// What goes on, and has gone on, decides whether all threads are patient.
func TestTemper(t *testing.T) {
	const now = int64(time.Hour)
	tests := []struct {
		what   string
		change func(*march)
		want   bool
	}{
		{"busy", func(*march) {}, true},
		{"calm", func(m *march) { m.head.escort.calm.Store(true) }, false},
		{"a convoy", func(m *march) { m.follow(); m.head.escort.calm.Store(false) }, false},
		{"a rush of the head", func(m *march) { m.head.rush.on.Store(true) }, false},
		{"a rush of another", func(m *march) { m.rear.rush.on.Store(true) }, false},
		{"just behind a rush", func(m *march) { m.convoy.temper.usual.Store(now - int64(usualTime) + 1) }, false},
		{"behind a rush", func(m *march) { m.convoy.temper.usual.Store(now - int64(usualTime)) }, true},
		{"just behind patience", func(m *march) {
			m.head.mind(now)
			m.head.escort.calm.Store(true)
			m.head.mind(now)
			m.head.escort.calm.Store(false)
		}, false},
		{"an end", func(m *march) { m.convoy.end() }, false},
		{"others are busy", func(m *march) { m.convoy.temper.may = false }, false},
	}
	for _, tt := range tests {
		t.Run(tt.what, func(t *testing.T) {
			m := tempered(t)
			tt.change(m)
			m.rear.mind(now)
			m.all(false) // as it is up to the head
			m.head.mind(now)
			m.all(tt.want)
			m.head.escort.calm.Store(true)
			m.head.mind(now)
			m.all(false)
		})
	}
}

// Threads are patient from when the head is busy to when it is not, and those that begin meanwhile too.
func TestTemperFollows(t *testing.T) {
	begins := map[string]func(*march){
		"much": func(m *march) { m.relaxAt(busyRate, 0) },
		"busy": func(m *march) { m.head.tire() },
	}
	ends := map[string]func(*march){
		"little":            func(m *march) { m.relaxAt(busyRate/8, 0) },
		"a rush":            func(m *march) { m.head.hurry() },
		"a rush of another": func(m *march) { m.rear.hurry() },
		"an end":            func(m *march) { m.convoy.end() },
	}
	for what, begin := range begins {
		for until, end := range ends {
			t.Run(what+", then "+until, func(t *testing.T) {
				m, others := tempered(t), newTakers(t)
				m.all(false)
				begin(m)
				m.all(true)
				others.begin()
				m.all(true)
				end(m)
				m.all(false)
			})
		}
	}
}

// Patience ends with the first request behind a time in which little came.
func TestTemperEnds(t *testing.T) {
	m := tempered(t)
	m.head.tire()
	m.head.relax()
	m.all(true)
	m.head.own = m.head.escort.since + int64(someTime)
	m.head.relax()
	m.all(false)
}

// When a rush is over all threads are as they were for a while.
func TestTemperRests(t *testing.T) {
	m := tempered(t)
	m.rear.hurry()
	m.rear.rush.on.Store(false)
	m.rear.listen(true)
	m.head.tire()
	m.all(false)
	m.head.mind(m.head.since(time.Now().Add(usualTime)))
	m.all(true)
}

// An edge that is the busy one may have all threads be patient.
func TestTemperOfLots(t *testing.T) {
	want := policy(0) == unix.SCHED_NORMAL
	if got := newLots(t).escort.convoy.temper.may; got != want {
		t.Errorf("all threads may be patient: %t, want %t", got, want)
	}
}

// Where descriptors have run out no thread is told, and each is as soon as there are some.
func TestTemperWithoutDescriptors(t *testing.T) {
	m := tempered(t)
	none := func(act func()) {
		t.Helper()
		var limit, zero unix.Rlimit
		if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
			t.Fatal(err)
		}
		zero.Max = limit.Max
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &zero); err != nil {
			t.Fatal(err)
		}
		defer unix.Setrlimit(unix.RLIMIT_NOFILE, &limit)
		act()
	}
	none(m.head.tire)
	m.all(false)
	m.head.tire()
	m.all(true)
	none(m.head.hurry)
	m.all(true)
	m.head.tire()
	m.all(false)
}

// A thread that was about to begin when the others were told is told later, and when there was none nobody is any more.
func TestTemperAgain(t *testing.T) {
	m, others := tempered(t), newTakers(t)
	begin := func() (number int) {
		others.take(func() {
			number = syscall.Gettid()
			setPolicy(0, unix.SCHED_BATCH)
		})
		return number
	}
	m.head.tire()
	m.head.hurry()
	late, told := begin(), m.convoy.temper.told.Load()
	if m.head.mind(told + int64(tellAgain) - 1); policy(late) != unix.SCHED_BATCH {
		t.Error("a thread that began late is told at once, when others may still begin")
	}
	if m.head.mind(told + int64(tellAgain)); policy(late) != unix.SCHED_NORMAL {
		t.Error("a thread that began late is patient")
	}
	m.head.mind(told + 2*int64(tellAgain))
	other := begin()
	if m.head.mind(told + 3*int64(tellAgain)); policy(other) != unix.SCHED_BATCH {
		t.Error("a thread was told that has its policy from somebody else")
	}
	setPolicy(other, unix.SCHED_NORMAL)
}

// A rush of a lot that does not follow leaves the thread of a vigil patient.
func TestTemperOfRushBesideVigil(t *testing.T) {
	needSpans(t)
	m := tempered(t)
	m.begin()
	m.keep()
	m.convoy.temper.told.Store(1)
	other := newLotOf(t)
	other.escort.convoy = m.convoy
	m.head.born = m.head.born.Add(-time.Hour) // so that it is time to tell all once more
	if other.hurry(); policy(0) != unix.SCHED_BATCH {
		t.Error("the thread is not patient any more")
	}
}

// The thread of a vigil is patient whatever was said to all.
func TestTemperInVigil(t *testing.T) {
	needSpans(t)
	m := tempered(t)
	m.begin()
	m.keep()
	m.convoy.temper.told.Store(1)
	if m.head.mind(never); policy(0) != unix.SCHED_BATCH {
		t.Error("the thread is not patient any more")
	}
	m.head.endVigil()
	if m.head.mind(never); m.convoy.temper.told.Load() != 0 {
		t.Error("nobody is told once more when the vigil is over")
	}
}
