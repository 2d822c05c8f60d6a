package edge_test

import (
	"bytes"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"headwater/edge"
	"headwater/edge/edgetest"
)

// Clients that wait have no goroutine, however many there are, and are served as soon
// as they ask again.
func TestIdleClientsHaveNoGoroutine(t *testing.T) {
	const many, spares = 300, 150
	e, _ := startEcho(t, false)
	e.Dial(t).Get(edgetest.Host, "/")
	before := runtime.NumGoroutine()
	clients := make([]*edgetest.Client, many)
	for i := range clients {
		clients[i] = e.Dial(t)
		clients[i].Get(edgetest.Host, "/")
	}
	due := time.Now().Add(20 * time.Second)
	for runtime.NumGoroutine() > before+spares {
		if time.Now().After(due) {
			t.Fatalf("%d clients that wait have %d goroutines", many, runtime.NumGoroutine()-before)
		}
		time.Sleep(time.Millisecond)
	}
	for i, c := range clients {
		if a := c.Get(edgetest.Host, "/again"); string(a.Body) != "GET /again " {
			t.Fatalf("client %d was answered by %q", i, a.Body)
		}
	}
}

// serving counts the goroutines that serve clients.
func serving() (n int) {
	all := make([]byte, 16<<20)
	for stack := range bytes.SplitSeq(all[:runtime.Stack(all, true)], []byte("\n\n")) {
		if bytes.Contains(stack, []byte("edge.(*clientConn).serve(")) {
			n++
		}
	}
	return n
}

// awaitServing waits until no more than so many serve clients, of whom that many wait.
func awaitServing(t *testing.T, most, waiting int) {
	t.Helper()
	due := time.Now().Add(20 * time.Second)
	for serving() > most {
		if time.Now().After(due) {
			t.Fatalf("%d requests that wait have %d goroutines", waiting, serving()-most)
		}
		time.Sleep(time.Millisecond)
	}
}

// Requests that wait for their origin have no goroutine either, once there is a warm
// connection for each.
func TestWaitingRequestsHaveNoGoroutine(t *testing.T) {
	const many = 100
	answer := make(chan bool)
	o := edgetest.NewOrigin(t, edgetest.Handle(func(c *edgetest.Conn, r *edgetest.Request) {
		<-answer
		echo(c, r)
	}))
	e := edgetest.Start(t, edge.Config{}, edgetest.Snapshot(edgetest.Backend(o)))
	clients := make([]*edgetest.Client, many)
	for i := range clients {
		clients[i] = e.Dial(t)
	}
	for _, warm := range []bool{false, true} {
		before := serving()
		for _, c := range clients {
			c.Send("POST / HTTP/1.1\r\nHost: " + edgetest.Host + "\r\nContent-Length: 2\r\n\r\nhi")
		}
		for range clients {
			o.Next()
		}
		if warm {
			awaitServing(t, before, many)
		}
		for range clients {
			answer <- true
		}
		for i, c := range clients {
			if a := c.AnswerTo("POST"); string(a.Body) != "POST / hi" {
				t.Fatalf("client %d was answered by %q", i, a.Body)
			}
		}
	}
	if n := o.Accepted(); n != many {
		t.Errorf("%d connections to the origin, want %d", n, many)
	}
}

// Nor have streams of HTTP/2, each of which finds its own answer.
func TestWaitingStreamsHaveNoGoroutine(t *testing.T) {
	const many = 100
	answer := make(chan bool)
	e, o := startMux(t, false, edgetest.Handle(func(c *edgetest.Conn, r *edgetest.Request) {
		<-answer
		echo(c, r)
	}))
	m := e.DialMux(t)
	id := uint32(1)
	for _, warm := range []bool{false, true} {
		before := serving()
		paths := map[uint32]string{}
		for range many {
			paths[id] = "/" + strconv.Itoa(int(id))
			m.Get(id, paths[id])
			id += 2
		}
		for range many {
			o.Next()
		}
		if warm {
			awaitServing(t, before, many)
		}
		for range many {
			answer <- true
		}
		for id, a := range m.Answers(slices.Collect(maps.Keys(paths))...) {
			if want := "GET " + paths[id] + " "; a.Body != want {
				t.Errorf("stream %d was answered by %q, want %q", id, a.Body, want)
			}
		}
	}
	if n := o.Accepted(); n != many {
		t.Errorf("%d connections to the origin, want %d", n, many)
	}
}

// Whoever does not read his answer keeps nobody else from his, however many there are
// for each of those who lead.
func TestStuckClientsHoldNobody(t *testing.T) {
	big := strings.Repeat("x", 32<<20)
	o := edgetest.NewOrigin(t, edgetest.Paths(map[string]func(*edgetest.Conn, *edgetest.Request){
		"/big":   func(c *edgetest.Conn, _ *edgetest.Request) { c.Write(ok(big)) },
		"/small": echo,
	}))
	e := edgetest.Start(t, edge.Config{}, edgetest.Snapshot(edgetest.Backend(o)))
	for range 3 * runtime.GOMAXPROCS(0) {
		stuck := e.Dial(t)
		stuck.Send("GET /big HTTP/1.1\r\nHost: " + edgetest.Host + "\r\n\r\n")
		stuck.Byte()
	}
	for range 10 {
		c := e.Dial(t)
		for range 10 {
			if a := c.Get(edgetest.Host, "/small"); string(a.Body) != "GET /small " {
				t.Fatalf("answered by %q", a.Body)
			}
		}
	}
}
