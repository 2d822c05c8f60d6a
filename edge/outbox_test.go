//go:build linux

package edge

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"headwater/service"
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

// What becomes of a request is told alike whether it was posted or not.
func TestPostedRequestInVain(t *testing.T) {
	for _, tt := range []struct {
		name  string
		spoil func(*lotLink)
		cause error
	}{
		{"an origin that reads nothing", fill, errTimeout},
		{"one that is gone", func(l *lotLink) { syscall.Shutdown(int(l.fd), syscall.SHUT_WR) }, syscall.EPIPE},
	} {
		t.Run(tt.name, func(t *testing.T) {
			posted, written := requestInVain(t, tt.spoil, true), requestInVain(t, tt.spoil, false)
			if !maps.Equal(posted, written) {
				t.Errorf("posted: %v\nwritten: %v", posted, written)
			}
			if posted["reason"] != "backend write error" || posted["cause"] != tt.cause.Error() {
				t.Errorf("told: %v", posted)
			}
		})
	}
}

// requestInVain makes a request of a link that was spoilt, and returns what the access log tells.
func requestInVain(t *testing.T, spoil func(*lotLink), posts bool) map[string]any {
	o := newPostOffice(t)
	o.lot.rush.on.Store(posts)
	c, told := o.service("", "between_bytes_timeout", "1")
	l, _ := o.origin(c)
	spoil(l)
	c.get()
	if c.mail.posted != posts {
		t.Fatalf("posted: %t", c.mail.posted)
	}
	if posts {
		if o.lot.outbox.next() != c {
			t.Fatal("the client is parked")
		}
		c.serveAnswer()
	}
	return told.event()
}

// An answer has its time from when the whole request was sent, however long that took.
func TestLatePost(t *testing.T) {
	o := newPostOffice(t)
	c, told := o.service("")
	l, peer := o.origin(c)
	fill(l)
	c.get()
	o.lot.outbox.next()
	c.asking.answerBy = time.Now() // so long has it been
	go func() {
		b := make([]byte, maxLetter)
		for !bytes.HasSuffix(b, []byte("\r\n\r\n")) {
			n, err := peer.Read(b[:cap(b)])
			if b = b[:n]; err != nil {
				break
			}
		}
		io.WriteString(peer, "HTTP/1.1 204 No Content\r\n\r\n")
	}()
	c.serveAnswer()
	if event := told.event(); event["status"] != 204.0 {
		t.Errorf("told: %v", event)
	}
}

// A testLog is the access log of a client's edge.
type testLog struct {
	*testing.T
	log   *AccessLog
	lines bytes.Buffer
}

// events returns what the log has, but for times, when nothing more comes.
func (l *testLog) events() (all []map[string]any) {
	l.Helper()
	if err := l.log.Close(l.Context()); err != nil {
		l.Fatal(err)
	}
	for line := range bytes.Lines(l.lines.Bytes()) {
		var event map[string]any
		if err := json.Unmarshal(line, &event); err != nil {
			l.Fatalf("%q: %v", line, err)
		}
		for _, key := range []string{"time", "connect", "first_byte", "total"} {
			delete(event, key)
		}
		all = append(all, event)
	}
	return all
}

// event is that of the one request that there was.
func (l *testLog) event() map[string]any {
	l.Helper()
	all := l.events()
	if len(all) != 1 {
		l.Fatalf("%d events: %v", len(all), all)
	}
	return all[0]
}

// service returns a client of a service that the leader serves, whose origin answers at once. The
// fields are the backend's.
func (o *postOffice) service(text string, fields ...string) (*clientConn, *testLog) {
	o.Helper()
	l := &testLog{T: o.T}
	l.log = NewAccessLog(&l.lines, 0, func(err error) { o.Error(err) })
	s, add := versionOf(o, 1)
	add(service.DomainKind, "name", "test.example")
	add(service.BackendKind, append([]string{"name", "origin", "address", "127.0.0.1"}, fields...)...)
	if text != "" {
		add(service.VCLKind, "name", "main", "main", "1", "content", text)
	}
	c := cannedClientOf(o, Config{AccessLog: l.log, Client: Timeouts{Write: time.Millisecond}}, answer1K, s)
	c.worker = o.leader
	return c, l
}

// theSite is that of the service.
func (c *clientConn) theSite() *site { return c.edge.services["test"].site }

// origin has the client's requests go to a link that it returns, with the other end of that.
func (o *postOffice) origin(c *clientConn) (*lotLink, *net.TCPConn) {
	o.Helper()
	_, l, peer := o.client()
	p := c.theSite().backends[0].pool
	p.idle = nil
	p.put(&originConn{pool: p, link: l})
	return l, peer
}

// get has the client make a request of some length.
func (c *clientConn) get() {
	c.started = time.Now()
	text := "GET / HTTP/1.1\r\nHost: test.example\r\nX: " + strings.Repeat("x", 7<<10) + "\r\n\r\n"
	c.ask(text, len(text))
}

// fill writes until there is no room for more.
func fill(l *lotLink) {
	syscall.SetsockoptInt(int(l.fd), syscall.SOL_SOCKET, syscall.SO_SNDBUF, 1)
	for err := error(nil); err == nil; _, err = l.put(make([]byte, maxLetter)) {
	}
}

// connect gives a client a connection, with TLS or without, and returns the link of the lot that is
// under it, and the other end.
func (o *postOffice) connect(c *clientConn, secure bool) (*lotLink, *net.TCPConn) {
	o.Helper()
	tested, peer := tcpPair(o.T)
	var tls *tlsLink
	if secure {
		tls, _ = tlsServerPair(o.T, newPlainLink(tested), peer) // with a link that nobody has to lead
	}
	l := o.lot.adopt(tested)
	if l == nil {
		o.Fatal("the lot takes no connection")
	}
	o.Cleanup(l.close)
	l.lend(c)
	if c.link = l; secure {
		tls.inner, tls.wire.inner = l, l
		c.link = tls
	}
	return l, peer
}

// What becomes of an answer is told alike whether it was posted or not, and not before it is known.
func TestPostedAnswerInVain(t *testing.T) {
	gone := func(l *lotLink) { syscall.Shutdown(int(l.fd), syscall.SHUT_WR) }
	for _, tt := range []struct {
		name   string
		spoil  func(*lotLink)
		secure bool
		text   string // of the program
		cause  error
	}{
		{"a client that reads nothing", fill, false, "", errTimeout},
		{"one that is gone", gone, false, "", syscall.EPIPE},
		{"over TLS", gone, true, "", syscall.EPIPE},
		{"a program that asks", gone, false, "sub vcl_log { log resp.completed; }", syscall.EPIPE},
	} {
		t.Run(tt.name, func(t *testing.T) {
			posted := answerInVain(t, tt.spoil, tt.secure, tt.text, true)
			written := answerInVain(t, tt.spoil, tt.secure, tt.text, false)
			if !maps.Equal(posted, written) {
				t.Errorf("posted: %v\nwritten: %v", posted, written)
			}
			if posted["reason"] != "client write error" || posted["cause"] != tt.cause.Error() {
				t.Errorf("told: %v", posted)
			}
			if tt.text != "" && posted["log"] != "0" {
				t.Errorf("the program was told %v", posted["log"])
			}
		})
	}
}

// answerInVain has a client with a link that was spoilt be answered, and returns what the access log tells.
func answerInVain(t *testing.T, spoil func(*lotLink), secure bool, text string, posts bool) map[string]any {
	o := newPostOffice(t)
	o.lot.rush.on.Store(posts)
	c, told := o.service(text)
	l, _ := o.connect(c, secure)
	spoil(l)
	c.get()
	traffic := c.theSite().traffic
	if waits := posts && text == ""; c.mail.posted != waits || (traffic.answers[2].Load() == 0) != waits {
		t.Fatalf("posted: %t; %d answers are counted", c.mail.posted, traffic.answers[2].Load())
	}
	if c.mail.posted {
		c.link.park(soon(time.Minute))
		if o.lot.outbox.next() != c {
			t.Fatal("the client is parked")
		}
		c.serve()
	}
	event := told.event()
	if n, sent := traffic.faulty()[failClientWrite].Load(), traffic.sent.Load(); n != 1 || event["written"] != float64(sent) {
		t.Errorf("%d failures and %d bytes are counted; told: %v", n, sent, event)
	}
	return event
}

// Requests that come together are told of one after the other, each once and when its answer was sent.
func TestPostedAnswers(t *testing.T) {
	for _, tt := range []struct {
		name string
		more string // of each request
	}{
		{"short", ""},
		{"long", "X: " + strings.Repeat("x", 2<<10) + "\r\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := newPostOffice(t)
			c, told := o.service("")
			l, peer := o.connect(c, false)
			c.link = during{l}
			all := ""
			for i := range 5 {
				all += fmt.Sprintf("GET /%d HTTP/1.1\r\nHost: test.example\r\n%s\r\n", i, tt.more)
			}
			io.WriteString(peer, all)
			readable(t, l)
			if c.serve() {
				t.Fatal("the connection is over")
			}
			if c := o.lot.outbox.next(); c != nil {
				t.Fatal("the client is not parked")
			}
			for i, event := range told.events() {
				if want := fmt.Sprintf("/%d", i); event["target"] != want || event["reason"] != nil {
					t.Errorf("told: %v, want %s", event, want)
				}
			}
			if n, sent := c.theSite().traffic.answers[2].Load(), c.theSite().traffic.sent.Load(); n != 5 || sent < 5<<10 {
				t.Errorf("%d answers of %d bytes are counted", n, sent)
			}
		})
	}
}

// A during link fails if its client has no exchange when that has posted.
type during struct{ *lotLink }

func (l during) post(b []byte, stall time.Duration) (int, error) {
	n, err := l.lotLink.post(b, stall)
	if l.owner.exchange == nil {
		err = errors.New("the exchange has ended")
	}
	return n, err
}

// An answer that was sent as its client stepped out is told of by what the client does next.
func TestPostedAnswerSteppingOut(t *testing.T) {
	o := newPostOffice(t)
	c, told := o.service("")
	l, _ := o.connect(c, false)
	c.get()
	c.stepOut()
	l.write([]byte("!"), time.Minute)
	if event := told.event(); event["status"] != 200.0 {
		t.Errorf("told: %v", event)
	}
}

// A request that lies where the rest of the next one goes is told of before that does.
func TestPostedAnswerInPlace(t *testing.T) {
	o := newPostOffice(t)
	c, told := o.service("")
	l, peer := o.connect(c, false)
	origin := c.theSite().backends[0].pool.idle[0]
	origin.served, origin.tls = 0, "TLSv1.3" // so that the answer is waited for
	io.WriteString(peer, "GET /0 HTTP/1.1\r\nHost: test.example\r\n\r\nGET /another-path-that-is-longer HTTP/1.1\r\n")
	readable(t, l)
	if c.serve() {
		t.Fatal("the connection is over")
	}
	o.lot.outbox.next()
	if event := told.event(); event["target"] != "/0" {
		t.Errorf("told: %v", event)
	}
}
