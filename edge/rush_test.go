//go:build linux

package edge

import (
	"io"
	"runtime"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// A throng is connections of a lot that all have something to do at a time. The goroutine
// of the test leads the lot.
type throng struct {
	*testing.T
	lot   *lot
	peers []io.ReadWriter
}

func newThrong(t *testing.T, size int) *throng {
	t.Helper()
	s, l := newLots(t)
	s.provide()
	c := &throng{T: t, lot: l}
	for range size {
		tested, peer := tcpPair(t)
		e, client := parkEcho(t, l, tested, time.Minute)
		client.link.(*lotLink).watch(e.due())
		c.peers = append(c.peers, peer)
	}
	return c
}

// newLots returns a lot for each processor, and the last, whose leader the caller is.
func newLots(t *testing.T) (*lots, *lot) {
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
	return s, s.all[len(s.all)-1]
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

// busy has all of them go on at a time until there is a rush.
func (c *throng) busy() {
	c.Helper()
	b := []byte("x")
	for range 2 * rushMemory {
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
		if c.lot.rush.on.Load() {
			return
		}
	}
	c.Fatal("there is no rush")
}

// mine are the processors that the thread may run on.
func mine() (p processors) {
	syscall.RawSyscall(syscall.SYS_SCHED_GETAFFINITY, 0, unsafe.Sizeof(p), uintptr(unsafe.Pointer(&p)))
	return p
}

// While much goes on at a time one thread on one processor leads. When it is over both are given
// up, and what comes then is not missed.
func TestRush(t *testing.T) {
	c := newThrong(t, 4*rushFrom/rushMemory)
	all := mine()
	for round := range 3 {
		c.busy()
		if got := mine(); got != c.lot.rush.home {
			t.Errorf("round %d: in a rush the thread is kept on %x, not on %x", round, got, c.lot.rush.home)
		}
		go func() {
			for c.lot.rush.on.Load() {
				runtime.Gosched()
			}
			c.peers[0].Write([]byte("y"))
		}()
		c.turn(1) // waits in vain before
		if c.lot.rush.on.Load() {
			t.Errorf("round %d: the rush goes on without anybody in it", round)
		}
		runtime.LockOSThread()
		if got := mine(); got != all {
			t.Errorf("round %d: after a rush the thread is kept on %x, not on %x", round, got, all)
		}
		runtime.UnlockOSThread()
		if _, err := c.peers[0].Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
	}
}

// Few who go on at a time are no rush, however often they do, nor are many where nobody has
// provided for threads.
func TestNoRush(t *testing.T) {
	tests := []struct {
		what string
		size int
		may  bool
	}{
		{"few", rushUntil / rushMemory, true},
		{"no threads", 4 * rushFrom / rushMemory, false},
	}
	for _, tt := range tests {
		t.Run(tt.what, func(t *testing.T) {
			c := newThrong(t, tt.size)
			c.lot.rush.may = tt.may
			b := []byte("x")
			for range 4 * rushMemory {
				for _, p := range c.peers {
					p.Write(b)
				}
				c.turn(len(c.peers))
				if c.lot.rush.on.Load() {
					t.Fatal("there is a rush")
				}
				for _, p := range c.peers {
					p.Read(b)
				}
			}
		})
	}
}

// Whoever steps out of a rush has its thread go where the system puts it, and the next
// who leads misses nothing.
func TestStepOutOfRush(t *testing.T) {
	c := newThrong(t, 4*rushFrom/rushMemory)
	all := mine()
	c.busy()
	e := &Edge{}
	w := &worker{edge: e, lot: c.lot}
	next := make(chan task, 1)
	e.crew.spares = []*worker{{next: next}}
	w.stepOut()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if got := mine(); got != all {
		t.Errorf("the thread is kept on %x, not on %x", got, all)
	}
	if got := <-next; got.lot != c.lot {
		t.Errorf("the spare is given %v", got)
	}
	c.busy() // as whoever leads next
	c.lot.endRush()
}

// A lot that is closed in a rush has ended for whoever leads it.
func TestCloseInRush(t *testing.T) {
	_, l := newLots(t)
	l.rush.may, l.rush.level = true, 2*rushFrom
	l.startRush()
	l.bell.Close()
	if c, open := l.turn(); c != nil || open {
		t.Errorf("turn() = %v, %t, want nil, false", c, open)
	}
	if l.rush.on.Load() {
		t.Error("the rush goes on")
	}
}
