package edge_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"headwater/edge"
	"headwater/edge/edgetest"
)

// shutdown starts a Shutdown bounded by d and returns where its result comes.
func shutdown(e *edgetest.Edge, d time.Duration) chan error {
	result := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), d)
		defer cancel()
		result <- e.Shutdown(ctx)
	}()
	return result
}

// refused waits until nobody listens at addr any more.
func refused(t *testing.T, addr string) {
	t.Helper()
	for due := time.Now().Add(30 * time.Second); time.Now().Before(due); time.Sleep(time.Millisecond) {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			return
		}
		c.Close()
	}
	t.Error("the edge still accepts")
}

// busy waits until n exchanges hold a connection to the service's first backend, or
// are making one.
func busy(t *testing.T, e *edgetest.Edge, n int64) {
	t.Helper()
	for due := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
		used := e.Backends("test").Backends[0].Connections.Used
		if used == n {
			return
		}
		if time.Now().After(due) {
			t.Fatalf("%d exchanges are with the backend, want %d", used, n)
		}
	}
}

// stuck is an origin that answers when it is told to, and says when a request has
// come.
func stuck() (script func(*edgetest.Conn), arrived chan bool, release chan bool) {
	arrived, release = make(chan bool, 8), make(chan bool)
	return edgetest.Handle(func(c *edgetest.Conn, r *edgetest.Request) {
		if r.Target == "/now" {
			c.Write(ok("now"))
			return
		}
		arrived <- true
		<-release
		c.Write(ok("late"))
	}), arrived, release
}

func TestShutdownClosesIdleConnections(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		script, _, _ := stuck()
		e, o := startScript(t, plain, script)
		fresh, used, partial := e.Dial(t), e.Dial(t), e.Dial(t)
		used.Get(edgetest.Host, "/now")
		partial.Send("GET / HT")
		time.Sleep(settle)
		if err := <-shutdown(e, 10*time.Second); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		for _, c := range []*edgetest.Client{fresh, used, partial} {
			c.MustClose()
		}
		for _, c := range o.Conns() {
			c.AwaitClosed()
		}
		refused(t, e.Addr)
	})
}

// However many wait, all are asked to end, and none of them keeps a request from its end.
func TestShutdownOfMany(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		const many = 600 // more than are asked at a time
		script, arrived, release := stuck()
		e, _ := startScript(t, plain, script)
		clients := make([]*edgetest.Client, many)
		for i := range clients {
			clients[i] = e.Dial(t)
		}
		c := e.Dial(t)
		c.Send(get("/"))
		<-arrived
		result := shutdown(e, 30*time.Second)
		for _, idle := range clients {
			idle.MustClose()
		}
		close(release)
		if a := c.Answer(); string(a.Body) != "late" || a.Err != nil {
			t.Errorf("%q, %v", a.Body, a.Err)
		}
		if err := <-result; err != nil {
			t.Errorf("Shutdown: %v", err)
		}
	})
}

func TestShutdownLetsBusyConnectionsFinish(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		script, arrived, release := stuck()
		e, _ := startScript(t, plain, script)
		c, upload := e.Dial(t), e.Dial(t)
		c.Send(get("/") + get("/now"))
		<-arrived
		upload.Send(chunkedPost("/") + "3\r\nabc\r\n")
		busy(t, e, 2)
		result := shutdown(e, 10*time.Second)
		refused(t, e.Addr)
		upload.Send("0\r\n\r\n")
		<-arrived
		close(release)
		for name, c := range map[string]*edgetest.Client{"get": c, "upload": upload} {
			a := c.Answer()
			if string(a.Body) != "late" || a.Err != nil || a.Fields.Get("Connection") != "close" {
				t.Errorf("%s: %q, Connection: %q, %v", name, a.Body, a.Fields.Get("Connection"), a.Err)
			}
			c.MustClose()
		}
		if err := <-result; err != nil {
			t.Errorf("Shutdown: %v", err)
		}
	})
}

func TestShutdownCutsAtItsDeadline(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		script, arrived, release := stuck()
		defer close(release)
		e, _ := startScript(t, plain, func(c *edgetest.Conn) {
			if c.Index == 3 { // the flood
				c.ReadRequest()
				c.Write("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
				arrived <- true
				for c.Push(strings.Repeat("x", 1<<16)) == nil {
				}
				return
			}
			script(c)
		})
		var clients []*edgetest.Client
		begin := func(request string) {
			c := e.Dial(t)
			c.Send(request)
			clients = append(clients, c)
		}
		begin(get("/waits for an answer"[:6]))
		<-arrived
		begin(post("/", 3) + "abc")
		<-arrived
		begin(post("/", 5)) // waits for the client
		busy(t, e, 3)
		begin(get("/flood")) // waits for the client to read
		<-arrived
		began := time.Now()
		if err := <-shutdown(e, 150*time.Millisecond); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Shutdown: %v, want the deadline", err)
		}
		within(t, "cut", time.Since(began), 150*time.Millisecond)
		for i, c := range clients {
			if _, err := c.Closed(); errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("client %d is still connected", i)
			}
		}
	})
}

func TestShutdownTwice(t *testing.T) {
	e := edgetest.Start(t, edge.Config{})
	for range 2 {
		if err := <-shutdown(e, 10*time.Second); err != nil {
			t.Error(err)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Serve(l); err != nil {
		t.Errorf("Serve after Shutdown: %v", err)
	}
	refused(t, l.Addr().String())
}

// Connections that arrive in the middle of a shutdown are not left behind.
func TestShutdownWhileClientsConnect(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		for range 20 {
			e := edgetest.Start(t, edge.Config{PlainIO: plain})
			var conns []net.Conn
			done := make(chan bool)
			go func() {
				defer close(done)
				for range 50 {
					if c, err := net.Dial("tcp", e.Addr); err == nil {
						conns = append(conns, c)
					}
				}
			}()
			runtime.Gosched()
			if err := <-shutdown(e, 10*time.Second); err != nil {
				t.Errorf("Shutdown: %v", err)
			}
			<-done
			for _, c := range conns {
				c.SetReadDeadline(time.Now().Add(30 * time.Second))
				if _, err := c.Read(make([]byte, 1)); errors.Is(err, context.DeadlineExceeded) {
					t.Error("a connection is left open")
				}
				c.Close()
			}
		}
	})
}

func TestServeSeveralListeners(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		e, _ := startEcho(t, plain)
		var served []chan error
		for range 3 {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			result := make(chan error, 1)
			go func() { result <- e.Serve(l) }()
			served = append(served, result)
			if a := edgetest.DialClear(t, l.Addr().String()).Get(edgetest.Host, "/"); a.Status != 200 {
				t.Errorf("%d %s", a.Status, a.Reason)
			}
		}
		<-shutdown(e, 10*time.Second)
		for _, result := range served {
			if err := <-result; err != nil {
				t.Errorf("Serve: %v", err)
			}
		}
	})
}

// No request may be lost that was complete when the drain began.
func TestShutdownUnderLoad(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		for round := range 10 {
			e, _ := startEcho(t, plain)
			broken := make(chan error, 64)
			for i := range 8 {
				c := e.Dial(t)
				go func() {
					for n := 0; ; n++ {
						body := fmt.Sprint(i, n)
						if c.Push(post("/", len(body))+body) != nil {
							break
						}
						a, err := c.TryAnswerTo("POST")
						if err != nil {
							break // closed between requests: the client's to send again
						}
						if a.Status != 200 || a.Err != nil {
							broken <- fmt.Errorf("%d %s %v", a.Status, a.Reason, a.Err)
							return
						}
						if a.Fields.Get("Connection") == "close" {
							break
						}
					}
					broken <- nil
				}()
			}
			time.Sleep(settle)
			if err := <-shutdown(e, 10*time.Second); err != nil {
				t.Errorf("Shutdown: %v", err)
			}
			for range 8 {
				if err := <-broken; err != nil {
					t.Errorf("round %d: %v", round, err)
				}
			}
		}
	})
}
