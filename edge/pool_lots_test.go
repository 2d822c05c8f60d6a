//go:build linux

package edge

import (
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"
)

// A shelved pool has connections of two lots, which the goroutine of the test leads.
type shelved struct {
	*testing.T
	pool  *pool
	lots  [2]*lot
	conns []*originConn // the oldest first, of one lot and the other by turns
	ends  []func()      // of their peers
}

func newShelved(t *testing.T) *shelved {
	s := &shelved{T: t, pool: new(pool)}
	for i := range s.lots {
		s.lots[i] = newLotOf(t)
		s.lots[i].escort.place = int32(i)
	}
	for i := range 6 {
		tested, peer := tcpPair(t)
		l := s.lots[i%2]
		c := &originConn{pool: s.pool, link: l.adopt(tested), lot: l}
		s.conns = append(s.conns, c)
		s.ends = append(s.ends, func() { peer.Close() })
		s.pool.add()
		s.pool.put(c)
	}
	t.Cleanup(s.pool.close)
	return s
}

// led returns a client of one lot for which the leader of another goes on, nobody for nil.
func led(of, by *lot) *clientConn {
	c := &clientConn{lot: of}
	if by != nil {
		c.worker = &worker{lot: by}
	}
	return c
}

func (s *shelved) mustGet(client *clientConn, want ...int) {
	s.Helper()
	for _, i := range want {
		if got := s.pool.get(nil, client); got != s.conns[i] {
			s.Fatalf("connection %d was given out, want %d", slices.Index(s.conns, got), i)
		}
	}
}

// Connections near the client come first, the newest of them before the others.
func TestPoolPrefersNear(t *testing.T) {
	for _, tt := range []struct {
		who    string
		of, by int // -1 for none
		want   []int
	}{
		{"nobody leads", 1, -1, []int{5, 3, 1, 4, 2, 0}},
		{"who leads the client's lot", 0, 0, []int{4, 2, 0, 5, 3, 1}},
		{"who leads another", 0, 1, []int{5, 3, 1, 4, 2, 0}},
	} {
		t.Run(tt.who, func(t *testing.T) {
			s := newShelved(t)
			var by *lot
			if tt.by >= 0 {
				by = s.lots[tt.by]
			}
			s.mustGet(led(s.lots[tt.of], by), tt.want...)
			if s.pool.get(nil, nil) != nil {
				t.Error("a connection is given out twice")
			}
		})
	}
}

// Whoever leads a lot and finds none near takes a far one, which is near from then on.
func TestPoolMovesConnections(t *testing.T) {
	s := newShelved(t)
	c := led(s.lots[0], s.lots[0])
	s.mustGet(c, 4, 2, 0, 5)
	moved := s.conns[5]
	link := moved.link.(*lotLink)
	if moved.lot != s.lots[0] || link.lot != s.lots[0] {
		t.Fatal("the far connection has not moved")
	}
	s.pool.put(s.conns[0])
	s.pool.put(moved)
	s.mustGet(c, 5, 0) // as the newest that is near
	link.last = takenNone
	link.in.state.Store(quiet)
	s.ends[5]()
	for !link.ended.Load() {
		turnOf(t, s.lots[0]) // which is told of it
	}
	if n, _ := epollWait(s.lots[1].fd, s.lots[1].events[:], 0); slices.ContainsFunc(s.lots[1].events[:n], func(e syscall.EpollEvent) bool { return e.Fd == link.fd }) {
		t.Error("the other lot is told as well")
	}
	s.mustGet(led(s.lots[1], nil), 3, 1)
	s.pool.put(s.conns[2])
	s.mustGet(led(s.lots[1], nil), 2)
	if s.conns[2].lot != s.lots[0] {
		t.Error("a connection has moved for who leads no lot")
	}
}

// That a connection has ended which no lot has told of yet is seen when it moves, whatever the lot that it
// goes to was told just now.
func TestMoveLooks(t *testing.T) {
	s := newShelved(t)
	c := led(s.lots[0], s.lots[0])
	s.mustGet(c, 4, 2, 0)
	far := s.conns[5].link.(*lotLink)
	for far.stale(nil) || far.in.state.Load() != quiet {
		turnOf(t, s.lots[1])
	}
	s.ends[5]()
	for !peekFD(uintptr(far.fd)) {
		runtime.Gosched() // until that has come
	}
	s.lots[0].own = never - int64(time.Hour) // as a test may be slow
	if got := s.pool.get(nil, c); got == s.conns[5] {
		t.Error("a connection that has ended is given out")
	}
}

// What comes for a connection as it moves is not missed, whoever is told.
func TestMoveLosesNothing(t *testing.T) {
	var lots [2]*lot
	for i := range lots {
		lots[i] = startLot(t, resumeEcho)
	}
	tested, peer := tcpPair(t)
	link := lots[0].adopt(tested)
	defer link.close()
	link.lend(&clientConn{})
	b := make([]byte, 1)
	for i := range 10_000 {
		go peer.Write(b)
		if !link.move(lots[(i+1)%2]) {
			t.Fatal("the connection cannot be moved")
		}
		if _, err := link.read(b, soon(time.Minute)); err != nil {
			t.Fatalf("after %d moves: %v", i+1, err)
		}
	}
}

// A lot that cannot watch a connection leaves it to the one that does.
func TestMoveFails(t *testing.T) {
	s := newShelved(t)
	closed := &lot{fd: -1, born: time.Now()}
	s.mustGet(led(s.lots[0], closed), 4)
	link := s.conns[4].link.(*lotLink)
	if s.conns[4].lot != s.lots[0] || link.lot != s.lots[0] || slices.Contains(closed.links, link) {
		t.Fatal("the connection is of a lot that does not watch it")
	}
	s.ends[4]()
	for !link.ended.Load() {
		turnOf(t, s.lots[0])
	}
}

// A sweep goes through the connections of all lots, and has those that are left stay where they were.
func TestSweepOfLots(t *testing.T) {
	s := newShelved(t)
	s.pool.sweep()
	for _, i := range []int{0, 3} {
		s.ends[i]()
		for link := s.conns[i].link; !link.stale(nil); {
			turnOf(t, s.conns[i].lot)
		}
	}
	if !s.pool.sweep() {
		t.Error("the pool does not stay listed")
	}
	if open, used := s.pool.count(); open != 4 || used != 0 {
		t.Errorf("%d connections, %d in use; want 4, none", open, used)
	}
	s.mustGet(led(s.lots[1], nil), 5, 1, 4, 2)
}
