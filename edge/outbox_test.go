//go:build linux

package edge

import (
	"bytes"
	"io"
	"net"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"
)

// A post office is a lot in a rush, led by the goroutine of the test.
type postOffice struct {
	*testing.T
	lot     *lot
	leader  *worker
	resumed chan *clientConn // those whom others would have go on
}

func newPostOffice(t *testing.T) *postOffice {
	t.Helper()
	o := &postOffice{T: t, resumed: make(chan *clientConn, 1)}
	resume := func(c *clientConn) {
		select {
		case o.resumed <- c:
		default:
		}
	}
	l, err := newLot(resume, func(p any) { t.Errorf("panic: %v", p) })
	if err != nil {
		t.Fatal(err)
	}
	e := New(Config{})
	o.lot, o.leader = l, &worker{edge: e, lot: l}
	l.rush.on.Store(true)
	t.Cleanup(func() {
		if o.leader.lot != nil { // else whoever leads it now says so
			close(l.ended)
		}
		l.close()
		e.Shutdown(t.Context())
	})
	if !l.outbox.open() {
		t.Skip("the system has no queue for letters")
	}
	return o
}

// client returns a client that the leader serves, and the other end of its connection.
func (o *postOffice) client() (*clientConn, *lotLink, *net.TCPConn) {
	o.Helper()
	tested, peer := tcpPair(o.T)
	l := o.lot.adopt(tested)
	if l == nil {
		o.Fatal("the lot takes no connection")
	}
	o.Cleanup(l.close)
	c := &clientConn{link: l, worker: o.leader}
	l.lend(c)
	return c, l, peer
}

func (o *postOffice) post(l *lotLink, text string) {
	o.Helper()
	if n, err := l.post([]byte(text), time.Minute); n != len(text) || err != nil {
		o.Fatalf("post: %d, %v; want %d", n, err, len(text))
	}
}

// gets fails the test unless that is what comes next.
func (o *postOffice) gets(from *net.TCPConn, want string) {
	o.Helper()
	b := make([]byte, len(want))
	from.SetReadDeadline(soon(time.Minute))
	if n, err := io.ReadFull(from, b); err != nil || string(b) != want {
		o.Fatalf("%q came, %v; want %q", b[:n], err, want)
	}
}

// Whoever has posted is parked when that has been sent, and not before.
func TestPost(t *testing.T) {
	o := newPostOffice(t)
	var links []*lotLink
	var peers []*net.TCPConn
	for range 3 * outboxLetters / 2 { // more than there is room for
		_, l, peer := o.client()
		links, peers = append(links, l), append(peers, peer)
		o.post(l, "hello")
		if !l.park(soon(time.Minute)) {
			t.Fatal("a client that has posted goes on")
		}
		if l.in.state.Load() == parked {
			t.Fatal("it is parked before its letter is sent")
		}
	}
	if c := o.lot.outbox.next(); c != nil {
		t.Error("a client goes on of which all was sent")
	}
	for i, l := range links {
		if l.in.state.Load() != parked {
			t.Error("a client is not parked")
		}
		o.gets(peers[i], "hello")
	}
}

// Outside of a rush a letter is for whom others of the batch may come behind, or were before; in a vigil for nobody.
func TestPostInBatch(t *testing.T) {
	o := newPostOffice(t)
	o.lot.rush.on.Store(false)
	for _, tt := range []struct {
		name    string
		vigil   bool
		at, n   int // of the batch's events
		letters int // then
	}{
		{"the first of two in a vigil", true, 1, 2, 0},
		{"alone", false, 1, 1, 0},
		{"the first of two", false, 1, 2, 1},
		{"the last", false, 2, 2, 2},
	} {
		_, l, peer := o.client()
		o.lot.escort.vigil.on, o.lot.at, o.lot.n = tt.vigil, tt.at, tt.n
		o.post(l, "hello")
		if got := len(o.lot.outbox.letters); got != tt.letters {
			t.Errorf("%s: %d letters, want %d", tt.name, got, tt.letters)
		}
		defer o.gets(peer, "hello")
	}
	o.lot.outbox.next()
}

// What is written behind a letter comes behind it, and so does the end.
func TestPostKeepsOrder(t *testing.T) {
	long := "!" + string(make([]byte, maxLetter))
	for _, tt := range []struct {
		name string
		then func(*lotLink)
		want string // behind the letter
	}{
		{"a write", func(l *lotLink) { l.write([]byte("!"), time.Minute) }, "!"},
		{"another", func(l *lotLink) { l.post([]byte("!"), time.Minute); l.owner.settle() }, "!"},
		{"a long one", func(l *lotLink) { l.post([]byte(long), time.Minute) }, long},
		{"an end", func(l *lotLink) { l.closeWrite() }, ""},
		{"closing", func(l *lotLink) { l.close(); l.owner.settle() }, ""},
		{"stepping out", func(l *lotLink) { l.owner.stepOut() }, ""},
		{"another's hands", func(l *lotLink) {
			l.owner.over = true
			l.owner.edge.remember(l.owner)
			l.owner.handOver()
		}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := newPostOffice(t)
			c, l, peer := o.client()
			c.edge = o.leader.edge
			o.post(l, "hello")
			tt.then(l)
			o.gets(peer, "hello"+tt.want)
		})
	}
}

// The bytes for which there was no room follow when there is, and nobody who has some is
// parked.
func TestPostInPart(t *testing.T) {
	o := newPostOffice(t)
	c, l, peer := o.client()
	if err := syscall.SetsockoptInt(int(l.fd), syscall.SOL_SOCKET, syscall.SO_SNDBUF, 1); err != nil {
		t.Fatal(err)
	}
	var all []byte
	for c.mail.stuck == nil {
		text := bytes.Repeat([]byte{byte(len(all) / maxLetter)}, maxLetter)
		o.post(l, string(text))
		all = append(all, text...)
		if !l.park(soon(time.Minute)) {
			t.Fatal("a client that has posted goes on")
		}
		if next := o.lot.outbox.next(); next != nil && next != c {
			t.Fatal("another client goes on")
		} else if (next == c) != (c.mail.stuck != nil) {
			t.Fatalf("it goes on: %v; letters sent in part: %d", next == c, len(c.mail.stuck))
		}
		l.in.state.Store(quiet)
		c.worker = o.leader
	}
	read := make(chan []byte)
	go func() {
		got := make([]byte, len(all)+1)
		peer.SetReadDeadline(soon(time.Minute))
		n, _ := io.ReadFull(peer, got)
		read <- got[:n]
	}()
	if _, err := l.write([]byte("!"), time.Minute); err != nil {
		t.Error(err)
	}
	if got := <-read; !bytes.Equal(got, append(slices.Clone(all), '!')) {
		t.Errorf("%d bytes came that are not the %d that were posted", len(got), len(all)+1)
	}
}

// A letter that cannot be sent has its client go on, which is told.
func TestPostInVain(t *testing.T) {
	o := newPostOffice(t)
	c, l, peer := o.client()
	syscall.Shutdown(int(l.fd), syscall.SHUT_WR)
	o.post(l, "hello")
	l.park(soon(time.Minute))
	if next := o.lot.outbox.next(); next != c {
		t.Fatal("it is parked")
	}
	e := &echo{link: l}
	e.until.Store(soon(time.Minute).UnixNano())
	for what, err := range map[string]error{
		"reside": l.reside(e),
		"read":   second(l.read(make([]byte, 1), soon(time.Minute))),
		"write":  second(l.write([]byte("!"), time.Minute)),
	} {
		if err != (unsent{syscall.EPIPE}) {
			t.Errorf("%s: %v, want %v", what, err, unsent{syscall.EPIPE})
		}
	}
	peer.Close()
}

func second(_ int, err error) error { return err }

// Who interrupts a client that has posted leaves it to whoever leads.
func TestInterruptedPost(t *testing.T) {
	o := newPostOffice(t)
	c, l, peer := o.client()
	o.post(l, "hello")
	l.park(soon(time.Minute))
	l.interrupt()
	select {
	case <-o.resumed:
		t.Error("another goroutine has it go on")
	default:
	}
	if next := o.lot.outbox.next(); next != c {
		t.Error("it does not go on")
	}
	o.gets(peer, "hello")
	e := &echo{link: l}
	if err := l.reside(e); err != errInterrupted {
		t.Errorf("reside: %v, want %v", err, errInterrupted)
	}
}

// Where the system has no queue, or takes nothing of what it is given, each letter is a write.
func TestPostWithoutQueue(t *testing.T) {
	o := newPostOffice(t)
	_, l, peer := o.client()
	_, other, otherPeer := o.client()
	o.post(l, "he")
	o.post(other, "hel")
	queue := o.lot.outbox.queue
	o.lot.outbox.queue = 0 // which no queue is
	o.lot.outbox.send()
	o.gets(peer, "he")
	o.gets(otherPeer, "hel")
	o.lot.outbox.queue, o.lot.outbox.barred = queue, true
	o.post(l, "llo")
	o.gets(peer, "llo")
}

// With few events whoever leads gives way, and takes what comes meanwhile; unless others have kept
// the processor of late.
func TestGiveWay(t *testing.T) {
	o := newPostOffice(t)
	_, l, peer := o.client()
	o.lot.take() // that there is room
	if o.lot.n != 1 {
		t.Fatalf("%d events, want 1", o.lot.n)
	}
	peer.Write([]byte("x"))
	readable(t, l)
	o.lot.rush.hurry = never
	if o.lot.giveWay(); o.lot.n != 1 {
		t.Errorf("%d events in a hurry, want 1", o.lot.n)
	}
	o.lot.rush.hurry = 0
	if o.lot.giveWay(); o.lot.n != 2 || o.lot.events[1].Fd != l.fd {
		t.Errorf("%d events, want 2", o.lot.n)
	}
}

// readable returns when there is something to read.
func readable(t *testing.T, l *lotLink) {
	t.Helper()
	for end := soon(time.Minute); !peekFD(uintptr(l.fd)); {
		if time.Now().After(end) {
			t.Fatal("nothing has come")
		}
	}
}

// jam posts to a client that reads nothing, until a letter is sent in part.
func (o *postOffice) jam(c *clientConn, l *lotLink) (sent int) {
	o.Helper()
	if err := syscall.SetsockoptInt(int(l.fd), syscall.SOL_SOCKET, syscall.SO_SNDBUF, 1); err != nil {
		o.Fatal(err)
	}
	for c.mail.stuck == nil {
		o.post(l, string(make([]byte, maxLetter)))
		o.lot.outbox.send()
		sent += maxLetter
	}
	return sent
}

// reads has the other end of a connection read to its end, and returns how much that is.
func (o *postOffice) reads(peer *net.TCPConn) <-chan int64 {
	total := make(chan int64, 1)
	go func() {
		peer.SetReadDeadline(soon(time.Minute))
		n, _ := io.Copy(io.Discard, peer)
		total <- n
	}()
	return total
}

// The rest of a letter is sent though its client says nothing, or is at its end.
func TestRestOfPost(t *testing.T) {
	for name, then := range map[string]func(*clientConn, *lotLink){
		"resting": func(_ *clientConn, l *lotLink) {
			e := &echo{link: l}
			e.until.Store(soon(time.Minute).UnixNano())
			if err := l.reside(e); err != errParked {
				t.Errorf("reside: %v, want %v", err, errParked)
			}
		},
		"leaving": func(c *clientConn, _ *lotLink) { c.leave() },
	} {
		t.Run(name, func(t *testing.T) {
			o := newPostOffice(t)
			c, l, peer := o.client()
			l.take(make([]byte, 1)) // nothing
			want := o.jam(c, l)
			got := o.reads(peer)
			then(c, l)
			l.close()
			if n := <-got; n != int64(want) {
				t.Errorf("%d bytes came, want %d", n, want)
			}
		})
	}
}

// Whoever has had to wait for room leads no more, and posts nothing.
func TestPostAfterRest(t *testing.T) {
	o := newPostOffice(t)
	c, l, peer := o.client()
	_, origin, originPeer := o.client()
	origin.lend(c)
	o.jam(c, l)
	go func() {
		for l.out.state.Load() != awaited {
			runtime.Gosched()
		}
		o.reads(peer)
	}()
	o.post(origin, "hello")
	if c.mail.posted {
		t.Error("it has posted to a lot that another may lead")
	}
	o.gets(originPeer, "hello")
}

// A link that is in nobody's use writes at once.
func TestPostForNobody(t *testing.T) {
	o := newPostOffice(t)
	_, l, peer := o.client()
	l.lend(nil)
	o.post(l, "hello")
	o.gets(peer, "hello")
}

// What has lain for long does not wait for those who go on next.
func TestPostDoesNotLie(t *testing.T) {
	o := newPostOffice(t)
	_, l, peer := o.client()
	o.post(l, "hello")
	o.lot.outbox.began = time.Now().Add(time.Hour)
	if o.lot.outbox.hasten(); len(o.lot.outbox.letters) != 1 {
		t.Error("a letter is sent at once")
	}
	o.lot.outbox.began = time.Now().Add(-letterAge - time.Microsecond)
	o.lot.at, o.lot.n, o.lot.known = 0, 1, 1 // an event of nobody's
	if _, open := o.lot.turn(); !open || len(o.lot.outbox.letters) != 0 {
		t.Error("a letter lies for long")
	}
	o.gets(peer, "hello")
}
