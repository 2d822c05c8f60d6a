//go:build linux

package edge

import (
	"io"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// A throng is connections of a lot that all have something to do at a time. The goroutine
// of the test leads the lot.
type throng struct {
	*testing.T
	lot   *lot
	peers []io.ReadWriter
}

func newThrong(t *testing.T, size, requests int) *throng {
	t.Helper()
	c := &throng{T: t, lot: newLots(t)}
	for range size {
		tested, peer := tcpPair(t)
		e, client := parkEcho(t, c.lot, tested, time.Minute)
		client.requests = requests
		client.link.(*lotLink).watch(e.due())
		c.peers = append(c.peers, peer)
	}
	return c
}

// newLots makes a lot for each processor and returns the last, whose leader the caller is.
func newLots(t *testing.T) *lot {
	t.Helper()
	s := &lots{}
	for range runtime.NumCPU() {
		l, err := newLot(resumeEcho, func(p any) { t.Errorf("panic: %v", p) })
		if err != nil {
			t.Fatal(err)
		}
		s.all = append(s.all, l)
		t.Cleanup(func() {
			close(l.ended)
			l.close()
		})
	}
	s.settle()
	return s.all[len(s.all)-1]
}

// turn leads until n connections have gone on.
func (c *throng) turn(n int) {
	c.Helper()
	for n > 0 {
		client, open := c.lot.turn()
		if !open {
			c.Fatal("the lot has ended")
		}
		if client == nil {
			continue
		}
		e, _ := echoes.Load(client)
		if err := client.link.reside(e.(*echo)); err != errParked {
			c.Fatal(err)
		}
		n--
	}
}

// round has all of them go on at a time.
func (c *throng) round() {
	c.Helper()
	b := []byte("x")
	for _, p := range c.peers {
		if _, err := p.Write(b); err != nil {
			c.Fatal(err)
		}
	}
	c.turn(len(c.peers))
	for _, p := range c.peers {
		if _, err := p.Read(b); err != nil {
			c.Fatal(err)
		}
	}
}

// busy has rounds until there is a rush.
func (c *throng) busy() {
	c.Helper()
	for range 2 * rushMemory {
		if c.round(); c.lot.rush.on.Load() {
			return
		}
	}
	c.Fatal("there is no rush")
}

// home fails the test unless the thread, of which the caller is alone, is kept for the lot.
func (c *throng) home() {
	c.Helper()
	if got := ofThread(0); got != c.lot.rush.home {
		c.Errorf("in a rush the thread is kept on %x, not on %x", got, c.lot.rush.home)
	}
}

// away fails the test if a thread is kept.
func (c *throng) away(thread int) {
	c.Helper()
	if got := ofThread(thread); got != allProcessors {
		c.Errorf("without a rush a thread is kept on %x, not on %x", got, allProcessors)
	}
}

// Enough for a rush, and who have had a request before.
const (
	many = 4 * rushFrom / rushMemory
	old  = 2
)

// While much goes on at a time one thread is kept on one processor. When it is over the thread
// is let go, and what comes then is not missed.
func TestRush(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	c := newThrong(t, many, old)
	for range 3 {
		c.busy()
		c.home()
		go func() {
			for c.lot.rush.on.Load() {
				runtime.Gosched()
			}
			c.peers[0].Write([]byte("y"))
		}()
		c.turn(1) // waits in vain before
		c.away(0)
		if _, err := c.peers[0].Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
	}
}

// A rush of any length loses nothing in its pauses.
func TestRushPauses(t *testing.T) {
	c := newThrong(t, many, old)
	c.busy()
	pauses := 0
	for range 20 * maxStreak {
		before := c.lot.rush.batches
		if c.round(); c.lot.rush.batches < before {
			pauses++
		}
	}
	if pauses == 0 {
		t.Error("there are no pauses")
	}
}

// Few who go on at a time are no rush, however often they do, nor are many who are new.
func TestNoRush(t *testing.T) {
	tests := []struct {
		what           string
		size, requests int
	}{
		{"few", rushUntil / rushMemory, old},
		{"new", many, 1},
	}
	for _, tt := range tests {
		t.Run(tt.what, func(t *testing.T) {
			c := newThrong(t, tt.size, tt.requests)
			for range 4 * rushMemory {
				if c.round(); c.lot.rush.on.Load() {
					t.Fatal("there is a rush")
				}
			}
		})
	}
}

// Whoever leads a lot next in a rush goes on with it: another thread is kept, and the one
// before let go.
func TestRushWithNextLeader(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := syscall.Gettid()
	c := newThrong(t, many, old)
	c.busy()
	c.home()
	next := make(chan struct{})
	go func() {
		defer close(next)
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		for range maxStreak + 1 {
			c.round()
		}
		c.home()
		c.away(before)
	}()
	<-next
}

// A thread that another lot keeps by now is not let go.
func TestRushLeavesOthersThreads(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if runtime.NumCPU() < 2 {
		t.Skip("there is one processor, so that all lots keep threads on it")
	}
	l, thread := newLots(t), syscall.Gettid()
	other := &rush{home: allProcessors.each()[0]}
	l.rush.keepThread()
	other.keepThread()
	l.rush.freeThread()
	if got := ofThread(thread); got != other.home {
		t.Errorf("the thread is kept on %x, not on %x", got, other.home)
	}
	other.freeThread()
	if got := ofThread(thread); got != allProcessors {
		t.Errorf("the thread is kept on %x, not on %x", got, allProcessors)
	}
}

// A lot that is closed in a rush has ended for whoever leads it.
func TestCloseInRush(t *testing.T) {
	for _, batches := range []int{0, maxStreak} {
		l := newLots(t)
		l.rush.level, l.rush.batches = 2*rushFrom, batches
		l.startRush()
		l.bell.Close()
		if c, open := l.turn(); c != nil || open {
			t.Errorf("after %d batches: turn() = %v, %t, want nil, false", batches, c, open)
		}
	}
}
