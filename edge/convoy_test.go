//go:build linux

package edge

import (
	"io"
	"testing"
	"time"

	"headwater/edge/h2"
)

// A march is a convoy of two lots with a client each. The goroutine of the test leads them.
type march struct {
	*testing.T
	convoy     *convoy
	head, rear *lot
	peers      map[*lot]io.ReadWriter
	links      map[*lot]*lotLink // of the clients
	homes      map[*lotLink]*lot
	answered   map[*lot]int // not heard yet
	given      []task       // to other leaders
}

func newMarch(t *testing.T) *march {
	t.Helper()
	m := &march{T: t, peers: map[*lot]io.ReadWriter{}, links: map[*lot]*lotLink{}, homes: map[*lotLink]*lot{}, answered: map[*lot]int{}}
	for range 2 {
		l, err := newLot(resumeEcho, func(p any) { t.Errorf("panic: %v", p) })
		if err != nil {
			t.Fatal(err)
		}
		tested, peer := tcpPair(t)
		e, client := parkEcho(t, l, tested, time.Minute)
		link := client.link.(*lotLink)
		link.home, client.requests = l, old
		link.watch(e.due())
		m.peers[l], m.links[l], m.homes[link] = peer, link, l
		m.head, m.rear = m.rear, l
	}
	m.convoy = form([]*lot{m.head, m.rear}, func(next task) { m.given = append(m.given, next) })
	t.Cleanup(func() {
		m.head.thread.letGo()
		for _, l := range m.convoy.all {
			if !l.escort.follows {
				close(l.ended)
			}
		}
		m.convoy.close()
	})
	return m
}

// follow has the rear follow.
func (m *march) follow() {
	m.Helper()
	m.head.escort.calm.Store(true)
	m.rear.escort.calm.Store(true)
	if !m.rear.leave() {
		m.Fatal("a calm lot does not follow a calm head")
	}
}

// rested has a lot not be busy, however fast the test goes on.
func rested(l *lot) { l.streak, l.escort.waits = 0, 0 }

func (m *march) say(to *lot) {
	m.Helper()
	if _, err := m.peers[to].Write([]byte("x")); err != nil {
		m.Fatal(err)
	}
}

// hear leads a lot until the client of another, or its own, has been answered what it said.
func (m *march) hear(led, of *lot) {
	m.Helper()
	for m.answered[of] == 0 {
		rested(led)
		if client := turnOf(m, led); client != nil {
			m.answered[m.homes[client.link.(*lotLink)]]++
		}
	}
	m.answered[of]--
	if _, err := m.peers[of].Read(make([]byte, 1)); err != nil {
		m.Fatal(err)
	}
}

// partWith has the followers leave the head as act does, and checks who is to be led.
func (m *march) partWith(act func()) {
	m.Helper()
	m.given = nil
	act()
	if len(m.given) != 1 || m.given[0].lot != m.rear || m.rear.escort.follows || m.head.escort.followed.Load() {
		m.Fatalf("tasks are %v, want one to lead the lot that followed", m.given)
	}
}

// What comes to a lot goes on with whoever leads it, or the head while it follows, in a vigil too and whether
// it comes before a change or after.
func TestConvoy(t *testing.T) {
	for what, follow := range map[string]func(*march){"a convoy": (*march).follow, "a vigil": (*march).begin} {
		t.Run(what, func(t *testing.T) {
			m := newMarch(t)
			for range 3 {
				m.say(m.rear)
				m.say(m.head)
				follow(m)
				vigil := m.head.escort.vigil.on
				m.hear(m.head, m.rear)
				m.hear(m.head, m.head)
				for range 3 * lotBatch {
					m.say(m.rear)
					m.hear(m.head, m.rear)
				}
				m.say(m.head)
				m.hear(m.head, m.head)
				if m.head.escort.vigil.on != vigil {
					t.Fatalf("there is a vigil: %t, want %t as something comes all the time", !vigil, vigil)
				}
				m.say(m.rear)
				m.say(m.head)
				m.partWith(m.head.tire)
				m.hear(m.links[m.rear].lot, m.rear)
				m.hear(m.head, m.head)
				m.say(m.rear)
				m.hear(m.rear, m.rear)
			}
		})
	}
}

// In a vigil kept clients are with the head, and in their own lot again when that is led; others stay in that.
func TestConvoyHouses(t *testing.T) {
	tests := []struct {
		what   string
		change func(*lotLink)
		moves  bool
	}{
		{"a kept client", func(*lotLink) {}, true},
		{"one with its first request", func(l *lotLink) { l.owner.requests = 0 }, false},
		{"one with its second", func(l *lotLink) { l.owner.requests = 1 }, true},
		{"one that speaks HTTP/2", func(l *lotLink) { l.owner.mux.Store(&h2.Conn{}) }, false},
		{"an origin", func(l *lotLink) { l.home = nil }, false},
	}
	for _, tt := range tests {
		t.Run(tt.what, func(t *testing.T) {
			m := newMarch(t)
			link := m.links[m.rear]
			ask := func(led, want *lot) {
				t.Helper()
				m.say(m.rear)
				m.hear(led, m.rear)
				if link.lot != want {
					t.Errorf("the connection is in the head: %t, want %t", link.lot == m.head, want == m.head)
				}
			}
			tt.change(link)
			for range 3 {
				with := m.rear
				if tt.moves {
					with = m.head
				}
				m.begin()
				ask(m.head, with)
				ask(m.head, with)
				m.head.endVigil()
				ask(m.head, with) // while its own lot follows
				m.partWith(m.head.tire)
				ask(with, m.rear)
				ask(m.rear, m.rear)
			}
		})
	}
}

// The bell of a head that waits rings for its followers.
func TestConvoyWakes(t *testing.T) {
	m := newMarch(t)
	m.follow()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 100 {
			for _, l := range m.convoy.all {
				m.say(l)
				m.peers[l].Read(make([]byte, 1))
			}
		}
	}()
	for answered := 0; answered < 200; {
		rested(m.head)
		if turnOf(t, m.head) != nil {
			answered++
		}
	}
	<-done
}

// Nobody follows a head in a rush, and a rush has followers leave.
func TestConvoyInRush(t *testing.T) {
	m := newMarch(t)
	m.follow()
	m.partWith(m.head.hurry)
	m.head.escort.calm.Store(true)
	m.rear.escort.calm.Store(true)
	if m.rear.leave() {
		t.Error("a lot follows a head in a rush")
	}
	m.head.rush.on.Store(false)
	m.head.listen(true)
	m.follow()
}

// The head itself follows nobody, and no lot does so that has events left, or letters, or is not calm.
func TestConvoyRefused(t *testing.T) {
	tests := []struct {
		what   string
		change func(*march)
	}{
		{"events are left", func(m *march) { m.rear.n = 1 }},
		{"a letter is left", func(m *march) { m.rear.outbox.letters = make([]letter, 1) }},
		{"who waits for one is", func(m *march) { m.rear.outbox.parks = make([]parking, 1) }},
		{"it is not calm", func(m *march) { m.rear.escort.calm.Store(false) }},
		{"the head is not", func(m *march) { m.head.escort.calm.Store(false) }},
		{"the convoy is over", func(m *march) { m.convoy.end() }},
	}
	for _, tt := range tests {
		t.Run(tt.what, func(t *testing.T) {
			m := newMarch(t)
			m.head.escort.calm.Store(true)
			m.rear.escort.calm.Store(true)
			tt.change(m)
			if m.rear.leave() || m.head.leave() {
				t.Error("it follows")
			}
			m.rear.n, m.rear.outbox.letters, m.rear.outbox.parks = 0, nil, nil
		})
	}
}

// Lots have places of their own, those that can never follow too.
func TestPlaces(t *testing.T) {
	var all []*lot
	for range 4 {
		all = append(all, newLotOf(t))
	}
	fd := all[1].fd
	all[1].fd = -1 // so that it cannot be called
	form(all, func(task) {})
	all[1].fd = fd
	for i, l := range all {
		if l.place() != i || (l.escort.convoy == nil) != (i > 0) {
			t.Errorf("lot %d has place %d, and convoy %p", i, l.place(), l.escort.convoy)
		}
	}
}

// A lot is calm if little comes, and a head with followers busy if much does.
func TestCalm(t *testing.T) {
	tests := []struct {
		what     string
		rate     int
		followed bool
		calm     bool
		parts    int
	}{
		{"little", busyRate / 4, false, true, 0},
		{"much", busyRate / 3, false, false, 0},
		{"little, with a follower", busyRate / 4, true, true, 0},
		{"more, with a follower", busyRate * 9 / 10, true, false, 0},
		{"much, with a follower", busyRate * 2, true, false, 1},
	}
	for _, tt := range tests {
		t.Run(tt.what, func(t *testing.T) {
			m := newMarch(t)
			if tt.followed {
				m.follow()
			}
			e := &m.head.escort
			e.calm.Store(true)
			m.relaxAt(tt.rate, 0)
			if got := e.calm.Load(); got != tt.calm || len(m.given) != tt.parts {
				t.Errorf("calm = %t and %d lots are to be led, want %t and %d", got, len(m.given), tt.calm, tt.parts)
			}
		})
	}
}

// relaxAt has the head wait when so many events have come a second, some of them not for who leads.
func (m *march) relaxAt(rate, aside int) {
	e := &m.head.escort
	const hours = 1 // for the time that the test takes to make no difference
	e.waits, e.since = someWaits, m.head.since(time.Now().Add(-hours*time.Hour))
	e.came, e.aside = rate*hours*3600, aside*hours*3600
	m.head.relax()
}
