//go:build linux

package edge

import (
	"io"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// startLot returns a lot whose parked links go on by resume.
func startLot(t testing.TB, resume func(*clientConn)) *lot {
	t.Helper()
	l, err := newLot(resume, func(p any) { t.Errorf("panic: %v", p) })
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(l.ended)
		for {
			c, open := l.turn()
			if !open {
				return
			}
			if c != nil {
				resume(c)
			}
		}
	}()
	t.Cleanup(l.close)
	return l
}

// newLotOf returns a lot that the goroutine of the test leads.
func newLotOf(t testing.TB) *lot {
	t.Helper()
	l, err := newLot(func(*clientConn) {}, func(p any) { t.Errorf("panic: %v", p) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		close(l.ended)
		l.close()
	})
	return l
}

// lotLinkOf moves a connection into a lot.
func lotLinkOf(t testing.TB, lot *lot, tcp *net.TCPConn) *lotLink {
	t.Helper()
	l := newLotLink(lot, raw(t, tcp), parked)
	t.Cleanup(l.close)
	return l
}

// raw takes the descriptor of a connection.
func raw(t testing.TB, tcp *net.TCPConn) int {
	t.Helper()
	fd := -1
	rc, err := tcp.SyscallConn()
	if err == nil {
		err = rc.Control(func(was uintptr) { fd, _ = syscall.Dup(int(was)) })
	}
	if err != nil || fd < 0 {
		t.Fatal("no descriptor: ", err)
	}
	tcp.Close()
	return fd
}

// A seat is a link of a lot whose goroutine waits while it is parked.
type seat struct {
	*lotLink
	up chan struct{}
}

func newLinkOfLot(t testing.TB, tcp *net.TCPConn) link {
	s := seat{up: make(chan struct{}, 1)}
	s.lotLink = startLot(t, func(*clientConn) { s.up <- struct{}{} }).adopt(tcp)
	s.lend(&clientConn{})
	t.Cleanup(s.close)
	return s
}

func (s seat) reside(r resident) error {
	for {
		if err := s.lotLink.reside(r); err != errParked {
			return err
		}
		<-s.up
	}
}

// An echo sends back what comes, and ends with what its link does.
type echo struct {
	link  link
	until atomic.Int64 // unix nanoseconds
	room  [4]byte
	ended chan error
}

func (e *echo) waiting() time.Time { return time.Time{} }
func (e *echo) due() time.Time     { return time.Unix(0, e.until.Load()) }

func (e *echo) turn(read func([]byte) (int, error)) (bool, error) {
	for {
		n, err := read(e.room[:])
		if err == syscall.EAGAIN {
			return true, nil
		}
		if err != nil {
			return false, err
		}
		if _, err := e.link.write(e.room[:n], time.Second); err != nil {
			return false, err
		}
		if n < len(e.room) {
			return true, nil
		}
	}
}

// parkEcho parks a new echo in the lot, which is to be one of echoes.
func parkEcho(t testing.TB, lot *lot, tcp *net.TCPConn, wait time.Duration) (*echo, *clientConn) {
	due := soon(wait)
	l := lotLinkOf(t, lot, tcp)
	e := &echo{link: l, ended: make(chan error, 1)}
	e.until.Store(due.UnixNano())
	c := &clientConn{link: l}
	l.owner = c
	echoes.Store(c, e)
	t.Cleanup(func() { echoes.Delete(c) })
	return e, c
}

var echoes sync.Map

func resumeEcho(c *clientConn) {
	e, known := echoes.Load(c)
	if !known {
		return // its test is over
	}
	go func() {
		if err := c.link.reside(e.(*echo)); err != errParked {
			e.(*echo).ended <- err
		}
	}()
}

// Whatever the moment at which bytes come, a connection that is being parked goes on
// with them.
func TestLotLosesNothing(t *testing.T) {
	lot := startLot(t, resumeEcho)
	var all sync.WaitGroup
	for size := range 6 { // of 4 that fit into a read
		tested, peer := tcpPair(t)
		e, c := parkEcho(t, lot, tested, time.Minute)
		c.link.(*lotLink).watch(e.due())
		all.Go(func() {
			b := make([]byte, size+1)
			peer.SetDeadline(soon(time.Minute))
			for round := range 3000 {
				if _, err := peer.Write(b); err != nil {
					t.Errorf("round %d: %v", round, err)
					return
				}
				if _, err := io.ReadFull(peer, b); err != nil {
					t.Errorf("round %d: %v", round, err)
					return
				}
			}
		})
	}
	all.Wait()
}

// Nor does one whose goroutine lets go of it as soon as it has asked, against a peer
// that answers as fast as it can.
func TestParkLosesNothing(t *testing.T) {
	var all sync.WaitGroup
	for range 4 {
		tested, peer := tcpPair(t)
		all.Go(func() { io.Copy(peer, peer) })
		l := newLinkOfLot(t, tested).(seat)
		all.Go(func() {
			defer l.close()
			var got [64]byte
			for i := range 10000 {
				want, due := byte(i), soon(time.Minute)
				if n, err := l.write([]byte{want}, time.Minute); n != 1 || err != nil {
					t.Errorf("round %d: wrote %d, %v", i, n, err)
					return
				}
				if l.park(due) {
					<-l.up
				}
				if n, err := l.read(got[:], due); n != 1 || err != nil || got[0] != want {
					t.Errorf("round %d: read %q, %v", i, got[:n], err)
					return
				}
			}
		})
	}
	all.Wait()
}

// What there is to end a parked connection, does.
func TestLotEndings(t *testing.T) {
	lot := startLot(t, resumeEcho)
	cases := []struct {
		name string
		end  func(peer *net.TCPConn, l *lotLink)
		wait time.Duration
		want error
	}{
		{"an end", func(p *net.TCPConn, _ *lotLink) { p.CloseWrite() }, time.Minute, io.EOF},
		{"an end with bytes", func(p *net.TCPConn, _ *lotLink) { p.Write([]byte("x")); p.CloseWrite() }, time.Minute, io.EOF},
		{"an end with as many bytes as a read takes", func(p *net.TCPConn, _ *lotLink) { p.Write([]byte("four")); p.CloseWrite() }, time.Minute, io.EOF},
		{"a reset", func(p *net.TCPConn, _ *lotLink) { p.SetLinger(0); p.Close() }, time.Minute, syscall.ECONNRESET},
		{"its time", func(*net.TCPConn, *lotLink) {}, 10 * time.Millisecond, errTimeout},
		{"an interrupt", func(_ *net.TCPConn, l *lotLink) { l.interrupt() }, time.Minute, errInterrupted},
		{"closing it", func(_ *net.TCPConn, l *lotLink) { l.close() }, time.Minute, net.ErrClosed},
	}
	for _, tt := range cases {
		for _, before := range []bool{false, true} {
			name := tt.name + " when it is watched"
			if before {
				name = tt.name + " before it is watched"
			}
			t.Run(name, func(t *testing.T) {
				tested, peer := tcpPair(t)
				e, c := parkEcho(t, lot, tested, tt.wait)
				l := c.link.(*lotLink)
				if before {
					tt.end(peer, l)
				}
				l.watch(e.due())
				if !before {
					tt.end(peer, l)
				}
				select {
				case err := <-e.ended:
					if err != tt.want {
						t.Errorf("ended with %v, want %v", err, tt.want)
					}
				case <-time.After(30 * time.Second):
					t.Error("it waits for ever")
				}
			})
		}
	}
}

// Time that is given to a connection while it waits counts, and so does that of many.
func TestLotTimes(t *testing.T) {
	lot := startLot(t, resumeEcho)
	var all []*echo
	for i := range 20 {
		tested, _ := tcpPair(t)
		e, c := parkEcho(t, lot, tested, time.Duration(20-i)*5*time.Millisecond)
		if i%2 == 0 {
			e.until.Add(int64(150 * time.Millisecond))
		}
		c.link.(*lotLink).watch(soon(time.Duration(20-i) * 5 * time.Millisecond))
		all = append(all, e)
	}
	for i, e := range all {
		if err := <-e.ended; err != errTimeout {
			t.Errorf("%d: %v", i, err)
		}
		if left := time.Until(e.due()); left > 0 {
			t.Errorf("%d timed out %v early", i, left)
		}
	}
}

// A link that is closed by one while others use it gives its descriptor up once, and
// takes no part in what the next one with the descriptor does.
func TestLotCloseWhileUsed(t *testing.T) {
	lot := startLot(t, resumeEcho)
	for range 200 {
		tested, peer := tcpPair(t)
		e, c := parkEcho(t, lot, tested, time.Minute)
		l := c.link.(*lotLink)
		l.watch(e.due())
		var all sync.WaitGroup
		all.Go(func() { peer.Write([]byte("some more")) })
		for range 3 {
			all.Go(l.close)
		}
		all.Wait()
		<-e.ended
		if n := l.refs.Load(); n != 0 {
			t.Fatalf("%d still use it", n)
		}
		if l.acquire() {
			t.Fatal("a closed link can be used")
		}
		peer.SetDeadline(soon(10 * time.Second))
		io.Copy(io.Discard, peer) // ends
	}
	lot.mu.Lock()
	defer lot.mu.Unlock()
	for fd, l := range lot.links {
		if l != nil {
			t.Errorf("the lot still has descriptor %d", fd)
		}
	}
}

// A bug that one event runs into costs none of those that came with it, nor what comes
// after them.
func TestLotOutlivesPanics(t *testing.T) {
	caught := 0
	l, err := newLot(func(*clientConn) {}, func(any) { caught++ })
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	defer close(l.ended)
	// ready has the lot have an event, and returns whose it is.
	ready := func() *clientConn {
		tested, peer := tcpPair(t)
		link := lotLinkOf(t, l, tested)
		c := &clientConn{link: link}
		link.lend(c)
		if _, err := peer.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		for !link.stale(nil) {
			runtime.Gosched() // until it has come
		}
		link.watch(time.Time{})
		return c
	}
	went := map[*clientConn]int{}
	turn := func(times int) {
		t.Helper()
		for range times {
			c, open := l.turn()
			if !open {
				t.Fatal("the lot has ended")
			}
			went[c]++
		}
	}
	first := ready()
	odd, peer := tcpPair(t)
	defer peer.Close()
	fd := raw(t, odd)
	defer syscall.Close(fd)
	// No link is given a descriptor below zero, for which find has a bug.
	const edges = 1 << 31
	if err := syscall.EpollCtl(l.fd, syscall.EPOLL_CTL_ADD, fd, &syscall.EpollEvent{Events: syscall.EPOLLOUT | edges, Fd: -1}); err != nil {
		t.Fatal(err)
	}
	second := ready()
	turn(4) // one for each of three events, and the one that panics
	third := ready()
	for went[third] == 0 {
		turn(1)
	}
	if caught != 1 || went[first] == 0 || went[second] == 0 {
		t.Errorf("%d panics; the first went on %d times, the second %d times", caught, went[first], went[second])
	}
}

// What has come with others is known of an idle connection before its turn, so that no request is
// sent there.
func TestLotForesees(t *testing.T) {
	l := newLotOf(t)
	idle := map[*lotLink]net.Conn{}
	for range 2 {
		tested, peer := tcpPair(t)
		link := l.adopt(tested)
		defer link.close()
		for link.last != takenNone || link.in.state.Load() != quiet {
			if link.stale(l) {
				t.Fatal("a new connection is stale")
			}
			turnOf(t, l) // that it may be written to
		}
		idle[link] = peer
	}
	for link, peer := range idle {
		peer.Close()
		for !link.holds() {
			runtime.Gosched() // until that has come
		}
	}
	turnOf(t, l)
	if l.at == l.n {
		t.Fatal("the events did not come together")
	}
	for link := range idle {
		if !link.stale(l) {
			t.Errorf("a connection that has ended is fit while %d of %d events are dealt with", l.at, l.n)
		}
	}
}

// An event for bytes that an answer's read had taken along says nothing of an idle connection.
func TestLotLinkNewsOfOld(t *testing.T) {
	tested, _ := tcpPair(t)
	link := startLot(t, func(*clientConn) {}).adopt(tested)
	defer link.close()
	for range 3 {
		link.in.state.Store(news)
		if link.stale(link.lot) {
			t.Fatal("a connection is stale that has nothing to be read")
		}
	}
}

// What a lot told is believed of its own connections alone, by who leads it and for a moment. Else
// there is a look.
func TestLotTold(t *testing.T) {
	l := newLotOf(t)
	tested, peer := tcpPair(t)
	link := newLotLink(l, raw(t, tested), quiet) // of which the lot is not asked
	defer link.close()
	if link.last = takenNone; link.stale(nil) {
		t.Fatal("a quiet connection is stale")
	}
	peer.Close()
	for !link.holds() {
		runtime.Gosched() // until that has come
	}
	head, other := &lot{born: time.Now()}, new(lot)
	for _, tt := range []struct {
		what    string
		leads   *lot
		take    func()
		ago     time.Duration
		believe bool
	}{
		{"who leads it was told all", l, func() { l.note(l, 1) }, 0, true},
		{"who leads the one that it follows was", head, func() { head.note(l, 0) }, 0, true},
		{"who leads it was, and of another", l, func() { l.note(l, 1); l.note(other, 1) }, 0, true},
		{"that was a while ago", l, func() { l.note(l, 1) }, time.Hour + fresh, false},
		{"of another just now, and who leads it was told a part", l, func() { l.note(l, lotBatch); l.note(other, 1) }, time.Hour, false},
		{"who leads it was told a part", l, func() { l.note(l, lotBatch) }, time.Hour, false},
		{"who leads another was told of another", head, func() { head.note(other, 1) }, 0, false},
		{"nobody leads", nil, func() { l.note(l, 1) }, 0, false},
	} {
		link.last = takenNone
		if tt.take(); tt.leads != nil {
			tt.leads.own += int64(time.Hour - tt.ago) // as a test may be slow
			tt.leads.taken += int64(time.Hour - tt.ago)
		}
		if link.stale(tt.leads) == tt.believe {
			t.Errorf("%s: that is believed: %t, want %t", tt.what, !tt.believe, tt.believe)
		}
	}
}

// A batch that is full does not tell of all connections.
func TestLotToldInPart(t *testing.T) {
	l := newLotOf(t)
	var all []*lotLink
	for range lotBatch + 1 {
		tested, peer := tcpPair(t)
		link := l.adopt(tested)
		defer link.close()
		peer.Close()
		for !link.holds() {
			runtime.Gosched() // until that has come
		}
		link.last = takenNone
		all = append(all, link)
	}
	turnOf(t, l)
	for i, link := range all {
		if !link.stale(l) {
			t.Errorf("connection %d of %d, which has ended, is fit while %d of %d events are dealt with", i, len(all), l.at, l.n)
		}
	}
}

// Whoever leads a lot finds origins near, whosever the client is.
func TestNear(t *testing.T) {
	head, rear := new(lot), new(lot)
	for _, tt := range []struct {
		what        string
		client      *clientConn
		leads, near *lot
	}{
		{"nobody", nil, nil, nil},
		{"who does not lead", &clientConn{lot: rear}, nil, rear},
		{"who leads", &clientConn{lot: head, worker: &worker{lot: head}}, head, head},
		{"who leads another", &clientConn{lot: rear, worker: &worker{lot: head}}, head, head},
	} {
		if leads, near := tt.client.leads(), tt.client.near(); leads != tt.leads || near != tt.near {
			t.Errorf("%s: leads %p and is near to %p, want %p and %p", tt.what, leads, near, tt.leads, tt.near)
		}
	}
}

// Whoever leads a lot steps out for a link that waits on its goroutine.
func TestPlainLinkOfLeader(t *testing.T) {
	e := &Edge{}
	l, err := newLot(e.engage, e.notePanic)
	if err != nil {
		t.Fatal(err)
	}
	tested, _ := tcpPair(t)
	c := &clientConn{edge: e, worker: &worker{edge: e, lot: l}}
	newPlainLink(tested).lend(c)
	if c.worker != nil {
		t.Fatal("the client still has a worker")
	}
	l.close() // returns when the next one has ended
	e.crew.disband()
	e.crew.all.Wait()
}
