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
	"strings"
	"syscall"
	"testing"
	"time"

	"headwater/service"
)

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
	event := told.event()
	delete(event, "written") // with X-Timer, which has as many digits as it takes
	return event
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
	p.shelves = nil
	p.put(&originConn{pool: p, link: l, lot: l.lot})
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

// A client that gets a part of an answer has it counted, but a part of a record is none.
func TestPostedAnswerInPart(t *testing.T) {
	const interim = "HTTP/1.1 103 Early Hints\r\n\r\n"
	for _, tt := range []struct {
		name         string
		secure       bool
		letter, want int // bytes that are sent of the letter, and that count
	}{
		{"in clear", false, 100, len(interim) + 100},
		{"nothing in clear", false, 0, len(interim)},
		{"over TLS", true, 100, len(interim)},
		{"nothing over TLS", true, 0, len(interim)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := newPostOffice(t)
			c, told := o.service("")
			c.theSite().backends[0].pool.shelves[0].idle[0].link = &cannedLink{answer: []byte(interim + answer1K)}
			l, _ := o.connect(c, tt.secure)
			c.get()
			outbox := &o.lot.outbox
			m := &outbox.letters[0]
			n, err := l.put(outbox.text[m.from : m.from+tt.letter])
			if err != nil {
				t.Fatal(err)
			}
			m.from += n
			syscall.Shutdown(int(l.fd), syscall.SHUT_WR)
			c.settle()
			if event := told.event(); event["written"] != float64(tt.want) || event["reason"] != "client write error" {
				t.Errorf("want %d bytes; told: %v", tt.want, event)
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

// What tells an answer from a part of it, such as the reset of its connection, waits for nothing: no such
// answer is put off.
func TestAnswerToTheEndIsNotPosted(t *testing.T) {
	o := newPostOffice(t)
	c, told := o.service("")
	c.theSite().backends[0].pool.shelves[0].idle[0].link = &cannedLink{answer: []byte(
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")}
	l, peer := o.connect(c, false)
	io.WriteString(peer, "GET / HTTP/1.0\r\nHost: test.example\r\n\r\n")
	readable(t, l)
	syscall.Shutdown(int(l.fd), syscall.SHUT_WR)
	c.serve()
	if event := told.event(); event["reason"] != "client write error" {
		t.Errorf("told: %v", event)
	}
	if !c.torn {
		t.Error("the connection ends in order")
	}
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

// A request that was answered is told of, once, whatever becomes of the next one.
func TestPostedAnswerBeforeBug(t *testing.T) {
	for _, tt := range []struct {
		name   string
		spoil  func(*lotLink)
		reason any
		sent   bool
	}{
		{"a client that reads", func(*lotLink) {}, nil, true},
		{"one that does not", fill, "client write error", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := newPostOffice(t)
			c, told := o.service("")
			l, peer := o.connect(c, false)
			idle := c.theSite().backends[0].pool.shelves[0].idle[0]
			idle.link = buggy{idle.link, new(1)}
			io.WriteString(peer, "GET /0 HTTP/1.1\r\nHost: test.example\r\n\r\nGET /1 HTTP/1.1\r\nHost: test.example\r\n\r\n")
			readable(t, l)
			tt.spoil(l)
			if !c.serve() {
				t.Fatal("the connection goes on")
			}
			if event := told.event(); event["target"] != "/0" || event["reason"] != tt.reason {
				t.Errorf("told: %v", event)
			}
			all, _ := io.ReadAll(peer)
			if sent := bytes.HasSuffix(all, []byte("\r\n\r\n"+strings.Repeat("x", 1024))); sent != tt.sent {
				t.Errorf("the answer was sent: %t", sent)
			}
			if n, bugs := c.theSite().traffic.answers[2].Load(), c.edge.Panics(); n != 1 || bugs != 1 {
				t.Errorf("%d answers and %d panics are counted", n, bugs)
			}
		})
	}
}

// A bug in telling of a request is none of the next one's.
func TestBugInTelling(t *testing.T) {
	o := newPostOffice(t)
	c, told := o.service("")
	_, peer := o.connect(c, false)
	c.mail.answer = &exchange{} // of nobody
	c.get()
	o.lot.outbox.next()
	o.gets(peer, "HTTP/1.1 200 OK\r\n")
	c.settle()
	if event := told.event(); event["reason"] != nil || c.edge.Panics() != 1 {
		t.Errorf("%d panics; told: %v", c.edge.Panics(), event)
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
	origin := c.theSite().backends[0].pool.shelves[0].idle[0]
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
