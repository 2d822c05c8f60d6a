//go:build linux

package edge

import (
	"io"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
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
	}
	s.convoy = form(s.all, func(task) {})
	s.settle()
	t.Cleanup(func() {
		for _, l := range s.all {
			l.thread.letGo()
			close(l.ended)
		}
		s.convoy.close()
	})
	return s.all[len(s.all)-1]
}

// turn leads until n connections have gone on.
func (c *throng) turn(n int) {
	c.Helper()
	for n > 0 {
		if turnOf(c, c.lot) != nil {
			n--
		}
	}
}

// turnOf leads a lot for one turn. It returns the client that has gone on for it, if one has.
func turnOf(t testing.TB, l *lot) *clientConn {
	t.Helper()
	client, open := l.turn()
	if !open {
		t.Fatal("the lot has ended")
	}
	if client == nil {
		return nil
	}
	e, _ := echoes.Load(client)
	if err := client.link.reside(e.(*echo)); err != errParked {
		t.Fatal(err)
	}
	return client
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

// busy has rounds until there is a rush that has the caller's thread.
func (c *throng) busy() {
	c.Helper()
	for !c.lot.thread.kept {
		c.round()
	}
}

// noPause has the next pause be a stint away.
func (c *throng) noPause() { c.lot.rush.batches, c.lot.rush.ran = 0, c.lot.since(time.Now()) }

// on fails the test unless the caller's thread is kept on these.
func (c *throng) on(want processors) {
	c.Helper()
	if got := mayUse(0); got != want {
		c.Errorf("the thread may run on %x, want %x", got, want)
	}
}

// Enough for a rush, and who have had a request before.
const (
	many = 4 * rushFrom / rushMemory
	old  = 2
)

// While much goes on at a time whoever leads stays on one processor. When it is over its thread
// is let go, and what comes then is not missed.
func TestRush(t *testing.T) {
	all := mayUse(0)
	c := newThrong(t, many, old)
	for range 3 {
		c.busy()
		c.on(c.lot.rush.home)
		for c.lot.rush.on.Load() {
			c.noPause()    // which would last until something comes
			c.lot.linger() // in vain, but for a signal
		}
		c.on(all)
		c.peers[0].Write([]byte("y"))
		c.turn(1)
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

// A rush has a pause after each stint, and none for a wait.
func TestRushStint(t *testing.T) {
	c := newThrong(t, many, old)
	c.busy()
	waits := 0
	for range 20 {
		c.lot.rush.batches, c.lot.rush.ran = 0, c.lot.own-int64(rushStint)
		ran := c.lot.rush.ran
		if c.round(); c.lot.rush.ran == ran {
			t.Fatal("there is no pause after a stint")
		}
		c.noPause()
		ran = c.lot.rush.ran
		for c.lot.take() { // until there is something to wait for
		}
		c.peers[0].Write([]byte("y"))
		c.lot.sleep()
		c.turn(1)
		if _, err := c.peers[0].Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		if c.round(); c.lot.rush.ran == ran {
			waits++
		}
	}
	if waits == 0 { // the runtime may ask for some
		t.Error("there is a pause after each wait")
	}
}

// A goroutine that is roused in a rush does not wait for the next pause, even with one processor.
func TestRushRouses(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	c := newThrong(t, many, old)
	tested, peer := tcpPair(t)
	link := c.lot.adopt(tested)
	link.lend(&clientConn{})
	var read atomic.Int32
	var reader sync.WaitGroup
	defer reader.Wait()
	defer link.close()
	reader.Go(func() {
		for {
			if _, err := link.read(make([]byte, 8), time.Time{}); err != nil {
				return
			}
			read.Add(1)
		}
	})
	const times = 50
	late := 0
	for n := range int32(times) {
		for read.Load() < n || link.in.state.Load() != awaited {
			runtime.Gosched()
		}
		c.busy()
		peer.Write([]byte("x"))
		for range maxStreak / 2 {
			c.noPause()
			c.round()
		}
		if read.Load() == n {
			late++
		}
	}
	if late > times/2 { // the runtime now and then lets the same go on
		t.Errorf("%d of %d who were roused have waited for a pause", late, times)
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

// Whoever steps out of a rush lets its thread go, and the next who leads goes on with it.
func TestRushWithNextLeader(t *testing.T) {
	all := mayUse(0)
	c := newThrong(t, many, old)
	c.busy()
	spare := make(chan task, 1)
	w := &worker{edge: &Edge{}, lot: c.lot}
	w.edge.crew.spares = []*worker{{next: spare}}
	w.stepOut()
	c.on(all)
	if got := <-spare; got.lot != c.lot {
		t.Errorf("the spare is to do %v, and not to lead the lot", got)
	}
	c.busy()
	c.on(c.lot.rush.home)
}

// Threads that come to be while one is kept are not.
func TestRushKeepsNoOtherThread(t *testing.T) {
	all := mayUse(0)
	c := newThrong(t, many, old)
	c.busy()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	fd := int(r.Fd()) // which blocks from now on
	var blocked sync.WaitGroup
	for range 2 * runtime.GOMAXPROCS(0) {
		began := make(chan struct{})
		blocked.Go(func() {
			close(began)
			syscall.Read(fd, make([]byte, 1)) // takes a thread until the pipe ends
		})
		<-began
	}
	defer blocked.Wait()
	defer w.Close()
	c.busy()
	c.lot.thread.letGo()
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	for _, thread := range threads {
		id, _ := strconv.Atoi(thread.Name())
		var got processors
		syscall.RawSyscall(syscall.SYS_SCHED_GETAFFINITY, uintptr(id), unsafe.Sizeof(got), uintptr(unsafe.Pointer(&got)))
		if got != all && got != (processors{}) { // it may have ended
			t.Errorf("thread %d of %d may run on %x, want %x", id, len(threads), got, all)
		}
	}
}

// A lot that is closed in a rush has ended for whoever leads it.
func TestCloseInRush(t *testing.T) {
	for _, batches := range []int{0, maxStreak} {
		l := newLots(t)
		l.rush.level, l.rush.batches = 2*rushFrom, batches
		l.rush.on.Store(true)
		l.bell.Close()
		if c, open := l.turn(); c != nil || open {
			t.Errorf("after %d batches: turn() = %v, %t, want nil, false", batches, c, open)
		}
		if l.thread.kept {
			t.Errorf("after %d batches: the thread is not let go", batches)
		}
	}
}
