package edge_test

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"headwater/edge"
	"headwater/edge/edgetest"
)

// A flapping origin is up for a while and then down for as long. Each time it goes it
// takes its connections with it, by turns with a reset and in order, and breaks off an
// answer at least.
type flapping struct {
	t    *testing.T
	addr string
	over chan struct{} // closed when it has flapped enough, and is up for the last time

	stuck  chan struct{} // gets one when an answer waits for the origin to go
	missed chan struct{} // gets one when a client has found it gone

	posts sync.Map // the ids of all that came
	stop  func()   // ends the last
}

// tell tells of an event, if nobody has yet.
func tell(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// forget forgets the event.
func forget(c chan struct{}) {
	select {
	case <-c:
	default:
	}
}

// await waits for the event.
func (f *flapping) await(c chan struct{}) {
	select {
	case <-c:
	case <-time.After(20 * time.Second):
		f.t.Error("nobody asks the origin")
	}
}

const (
	flapPeriod = 100 * time.Millisecond
	flaps      = 10
)

// newFlapping starts one. It has an address that no other test listens on, where there
// is one to be had, so that nobody else has its port while it is down.
func newFlapping(t *testing.T) *flapping {
	l, err := net.Listen("tcp", "127.0.0.77:0")
	if err != nil {
		if l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
	}
	f := &flapping{t: t, addr: l.Addr().String(), over: make(chan struct{}), stuck: make(chan struct{}, 1), missed: make(chan struct{}, 1)}
	var running sync.WaitGroup
	running.Go(func() { f.run(l) })
	t.Cleanup(func() {
		running.Wait()
		f.stop()
	})
	return f
}

func (f *flapping) run(l net.Listener) {
	beat := time.NewTicker(flapPeriod)
	defer beat.Stop()
	for n := range flaps {
		forget(f.stuck)
		stop := f.serve(l, n%2 == 0)
		<-beat.C
		f.await(f.stuck)
		stop()
		forget(f.missed)
		<-beat.C
		f.await(f.missed)
		var err error
		if l, err = net.Listen("tcp", f.addr); err != nil {
			f.t.Errorf("the origin does not come back: %v", err)
			break
		}
	}
	f.stop = func() {}
	if l != nil {
		f.stop = f.serve(l, false)
	}
	close(f.over)
}

// serve serves l until it is stopped.
func (f *flapping) serve(l net.Listener, resets bool) (stop func()) {
	s := &http.Server{Handler: http.HandlerFunc(f.answer), ErrorLog: log.New(io.Discard, "", 0)}
	s.ConnState = func(c net.Conn, state http.ConnState) {
		if state == http.StateNew && resets {
			c.(*net.TCPConn).SetLinger(0)
		}
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.Serve(l)
	}()
	return func() {
		s.Close()
		<-ended
	}
}

// answer answers with the request's id, again and again, in pieces. All that a request
// is made of has to be of one.
func (f *flapping) answer(w http.ResponseWriter, r *http.Request) {
	id := r.Header.Get("X-Id")
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // it goes, or the edge does
	}
	if r.URL.Path != "/"+id || r.Method == "POST" && string(body) != flapBody(id) {
		f.t.Errorf("one request is %s %s with the id %s and the body %.40q", r.Method, r.URL.Path, id, body)
	}
	if _, twice := f.posts.LoadOrStore(id, true); twice && r.Method == "POST" {
		f.t.Errorf("POST %s came twice", id)
	}
	w.Header().Set("X-Id", id)
	text := flapBody(id)
	if len(id)%2 == 0 {
		w.Header().Set("Content-Length", fmt.Sprint(len(text)))
	}
	io.WriteString(w, text[:len(text)/2])
	w.(http.Flusher).Flush()
	if len(text)%7 == 0 {
		tell(f.stuck)
		select {
		case <-r.Context().Done():
		case <-f.over:
		}
	}
	io.WriteString(w, text[len(text)/2:])
}

// flapBody is the body that belongs to an id: up to 20 KiB, by its sum.
func flapBody(id string) string {
	sum := 0
	for _, c := range id {
		sum = sum*31 + int(c)
	}
	return strings.Repeat(id+"\n", 1+sum%1500)
}

// A flapClient asks on, and counts what it gets.
type flapClient struct {
	name           string
	host           string
	whole, broken  int // answers of the origin
	pages, unasked int // 503, and connections that ended without an answer
}

// run asks until the origin has flapped enough, and some more until the origin has answered again.
func (c *flapClient) run(t *testing.T, e *edgetest.Edge, f *flapping) {
	conn := e.Dial(t)
	defer func() { conn.TCP.Close() }()
	for n, last := 0, false; ; n++ {
		whole := c.whole
		if !c.ask(t, f, conn, n) {
			conn.TCP.Close()
			conn = e.Dial(t)
		}
		select {
		case <-f.over:
			if last && c.whole > whole {
				return
			}
			last = true
		default:
		}
	}
}

// ask sends the nth request, whose answer has to be its own, and reports whether the
// connection may have another.
func (c *flapClient) ask(t *testing.T, f *flapping, conn *edgetest.Client, n int) (keep bool) {
	id := fmt.Sprint(c.name, "-", n)
	head := " /" + id + " HTTP/1.1\r\nHost: " + c.host + "\r\nX-Id: " + id + "\r\n"
	switch body := flapBody(id); n % 4 {
	case 0, 1:
		conn.Push("GET" + head + "\r\n")
	case 2:
		conn.Push(fmt.Sprintf("POST%sContent-Length: %d\r\n\r\n%s", head, len(body), body))
	case 3:
		conn.Push(fmt.Sprintf("POST%sTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", head, len(body), body))
	}
	a, err := conn.TryAnswerTo("GET")
	switch {
	case err != nil && !ended(err):
		t.Errorf("%s: %v", id, err)
		return false
	case err != nil:
		c.unasked++
		return false
	case a.Status == 503:
		c.pages++
		tell(f.missed)
	case a.Status != 200 || a.Fields.Get("X-Id") != id || !strings.HasPrefix(flapBody(id), string(a.Body)):
		t.Errorf("%s got %d, X-Id: %s, %.60q", id, a.Status, a.Fields.Get("X-Id"), a.Body)
	case a.Err != nil:
		c.broken++
	case string(a.Body) != flapBody(id):
		t.Errorf("%s got %d bytes of %d, and no sign of it", id, len(a.Body), len(flapBody(id)))
	default:
		c.whole++
	}
	return a.Err == nil && a.Fields.Get("Connection") != "close"
}

// An origin that comes and goes under load costs answers, which the clients see, but
// nobody ever gets a byte of another's, no POST is sent twice, and whoever asks for
// something else notices nothing.
func TestFlappingOrigin(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		f := newFlapping(t)
		at, err := net.ResolveTCPAddr("tcp", f.addr)
		if err != nil {
			t.Fatal(err)
		}
		steady := edgetest.NewOrigin(t, edgetest.Handle(echo))
		e := edgetest.Start(t, edge.Config{PlainIO: plain},
			edgetest.Service("flapping", 1, []string{"flapping"}, edgetest.BackendAt(at.IP.String(), at.Port)),
			edgetest.Service("steady", 1, []string{"steady"}, edgetest.Backend(steady)))
		clients := make([]*flapClient, 16)
		var running sync.WaitGroup
		for i := range clients {
			clients[i] = &flapClient{name: fmt.Sprint("c", i), host: "flapping"}
			running.Go(func() { clients[i].run(t, e, f) })
		}
		var undisturbed atomic.Int64
		running.Go(func() { askSteadily(t, e, f.over, &undisturbed) })
		running.Wait()
		var sum flapClient
		for _, c := range clients {
			sum.whole, sum.broken, sum.pages, sum.unasked = sum.whole+c.whole, sum.broken+c.broken, sum.pages+c.pages, sum.unasked+c.unasked
		}
		t.Logf("%d whole, %d broken, %d pages, %d connections without an answer; %d next door", sum.whole, sum.broken, sum.pages, sum.unasked, undisturbed.Load())
		if sum.unasked > 0 || min(sum.whole, sum.broken, sum.pages) == 0 || e.Panics() > 0 {
			t.Errorf("%+v, %d panics", sum, e.Panics())
		}
	})
}

// askSteadily asks an origin that stays, on one connection, until over is closed.
func askSteadily(t *testing.T, e *edgetest.Edge, over <-chan struct{}, served *atomic.Int64) {
	conn := e.Dial(t)
	for n := 0; ; n++ {
		select {
		case <-over:
			return
		default:
		}
		target := fmt.Sprint("/", n)
		conn.Push("GET " + target + " HTTP/1.1\r\nHost: steady\r\n\r\n")
		a, err := conn.TryAnswerTo("GET")
		if err != nil || string(a.Body) != "GET "+target+" " {
			t.Errorf("next door: %+v, %v", a, err)
			return
		}
		served.Add(1)
	}
}
