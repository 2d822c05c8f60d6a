package edge_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"headwater/dial"
	"headwater/dial/dialtest"
	"headwater/edge"
	"headwater/edge/edgetest"
	"headwater/service"
)

// within holds a duration to what was configured. The promise is 50 ms on an
// idle machine; a machine that runs tests is not idle.
func within(t *testing.T, what string, took, want time.Duration) {
	t.Helper()
	t.Logf("%s: %v after %v", what, took-want, want)
	if took < want-2*time.Millisecond || took > want+8*time.Second {
		t.Errorf("%s: took %v, want %v", what, took, want)
	}
}

// network looks names up at ns, for as long as t runs.
func network(t *testing.T, ns *dialtest.NameServer) *dial.Network {
	r := dial.NewResolver(dial.ResolverConfig{Server: ns.Addr, Hosts: os.DevNull})
	t.Cleanup(r.Close)
	return &dial.Network{Resolver: r}
}

// A change waits a moment for names that it brings. Whoever comes before they are
// looked up waits within connect_timeout.
func TestConnectTimeoutCoversLookup(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		ns := dialtest.NewNameServer(t)
		ns.Respond(func([]byte, bool) [][]byte { return nil })
		began := time.Now()
		e := edgetest.Start(t, edge.Config{PlainIO: plain, Network: network(t, ns)},
			edgetest.Snapshot(edgetest.BackendAt("origin.example", 80, func(b *service.Backend) { b.ConnectTimeout = 100 })))
		within(t, "activation", time.Since(began), time.Second)
		began = time.Now()
		a := e.Dial(t).Get(edgetest.Host, "/")
		if a.Status != 503 || a.Reason != "Connection timed out" {
			t.Errorf("%d %s", a.Status, a.Reason)
		}
		within(t, "connect", time.Since(began), 100*time.Millisecond)
	})
}

func TestNames(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		ns := dialtest.NewNameServer(t)
		ns.Set("origin.example 3600 CNAME there.example", "there.example 3600 A 127.0.0.1")
		o := edgetest.NewTLSOrigin(t, nil, edgetest.Reply("HTTP/1.1 204 No Content\r\n\r\n"))
		e := edgetest.Start(t, edge.Config{PlainIO: plain, Network: network(t, ns)},
			edgetest.Service("here", 1, []string{"here"}, edgetest.BackendAt("Origin.example", o.Port())),
			edgetest.Service("also", 1, []string{"also"}, edgetest.BackendAt("origin.example", o.Port())),
			edgetest.Service("nowhere", 1, []string{"nowhere"}, edgetest.BackendAt("nowhere.example", o.Port())))
		for _, host := range []string{"here", "also"} {
			if a := e.Dial(t).Get(host, "/"); a.Status != 204 {
				t.Errorf("%s: %d %s", host, a.Status, a.Reason)
			}
		}
		if a := e.Dial(t).Get("nowhere", "/"); a.Status != 503 || a.Reason != "No healthy IP available for the backend" {
			t.Errorf("%d %s", a.Status, a.Reason)
		}
		asked := 0
		for _, q := range ns.Queries() {
			if q == "udp A origin.example" {
				asked++
			}
		}
		if asked != 1 {
			t.Errorf("two services asked for a name %d times", asked)
		}
	})
}

func firstByte(ms int64) edgetest.Set {
	return func(b *service.Backend) { b.FirstByteTimeout = ms }
}

func betweenBytes(ms int64) edgetest.Set {
	return func(b *service.Backend) { b.BetweenBytesTimeout = ms }
}

func TestFirstByteTimeout(t *testing.T) {
	requests := map[string]string{
		"get":            get("/"),
		"body at hand":   post("/", 3) + "abc",
		"chunked upload": chunkedPost("/") + "3\r\nabc\r\n0\r\n\r\n",
		"non-idempotent": "PATCH / HTTP/1.1\r\nHost: " + edgetest.Host + "\r\n\r\n",
	}
	edgetest.Both(t, func(t *testing.T, plain bool) {
		for name, request := range requests {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				closed := make(chan bool, 2)
				e, o := startScript(t, plain, func(c *edgetest.Conn) {
					c.ReadRequest()
					c.AwaitClose()
					closed <- true
				}, firstByte(150))
				c := e.Dial(t)
				began := time.Now()
				c.Send(request)
				a := c.Answer()
				within(t, "first byte", time.Since(began), 150*time.Millisecond)
				if a.Status != 503 || a.Reason != "first byte timeout" {
					t.Errorf("%d %s", a.Status, a.Reason)
				}
				c.MustClose()
				<-closed
				if n := o.Accepted(); n != 1 {
					t.Errorf("tried %d times, want once", n)
				}
			})
		}
	})
}

// The clock of first_byte_timeout starts with the request's last byte.
func TestFirstByteTimeoutWaitsForUpload(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		e, _ := startScript(t, plain, func(c *edgetest.Conn) {
			c.ReadRequest()
			c.AwaitClose()
		}, firstByte(150))
		c := e.Dial(t)
		c.Send(post("/", 2) + "a")
		time.Sleep(300 * time.Millisecond)
		began := time.Now()
		c.Send("b")
		a := c.Answer()
		within(t, "first byte", time.Since(began), 150*time.Millisecond)
		if a.Reason != "first byte timeout" {
			t.Errorf("%d %s", a.Status, a.Reason)
		}
	})
}

func TestFirstByteTimeoutOff(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		e, _ := startScript(t, plain, edgetest.Handle(func(c *edgetest.Conn, _ *edgetest.Request) {
			time.Sleep(50 * time.Millisecond)
			c.Write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na")
			time.Sleep(50 * time.Millisecond)
			c.Write("b")
		}), firstByte(0), betweenBytes(0))
		c := e.Dial(t)
		for range 2 {
			if a := c.Get(edgetest.Host, "/"); string(a.Body) != "ab" || a.Err != nil {
				t.Errorf("%d %s %q %v", a.Status, a.Reason, a.Body, a.Err)
			}
		}
	})
}

// A head that stops in its middle has had its first byte.
func TestHeadStops(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		e, _ := startScript(t, plain, func(c *edgetest.Conn) {
			c.ReadRequest()
			c.Write("HTTP/1.1 200 OK\r\nA: ")
			c.AwaitClose()
		}, betweenBytes(100))
		began := time.Now()
		a := e.Dial(t).Get(edgetest.Host, "/")
		within(t, "between bytes", time.Since(began), 100*time.Millisecond)
		if a.Status != 503 || a.Reason != "backend read error" {
			t.Errorf("%d %s", a.Status, a.Reason)
		}
	})
}

// Bytes that come too slowly count as all of the body, as the Backend API has it.
func TestBetweenBytesTimeout(t *testing.T) {
	tests := []struct {
		name, version, origin string
		complete              bool // in the client's eyes
	}{
		{"chunked", "1.1", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", true},
		{"in a chunk", "1.1", "Transfer-Encoding: chunked\r\n\r\na\r\nhello", true},
		{"to the end", "1.1", "\r\nhello", true},
		{"length", "1.1", "Content-Length: 10\r\n\r\nhello", false},
		{"chunked to HTTP/1.0", "1.0", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", true},
		{"length to HTTP/1.0", "1.0", "Content-Length: 10\r\n\r\nhello", false},
	}
	edgetest.Both(t, func(t *testing.T, plain bool) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				closed := make(chan bool, 1)
				e, _ := startScript(t, plain, func(c *edgetest.Conn) {
					c.ReadRequest()
					c.Write("HTTP/1.1 200 OK\r\n" + tt.origin)
					c.AwaitClose()
					closed <- true
				}, betweenBytes(150))
				c := e.Dial(t)
				began := time.Now()
				c.Send("GET / HTTP/" + tt.version + "\r\nHost: " + edgetest.Host + "\r\n\r\n")
				a := c.Answer()
				within(t, "between bytes", time.Since(began), 150*time.Millisecond)
				if string(a.Body) != "hello" || (a.Err == nil) != tt.complete {
					t.Errorf("body %q, %v; want complete %t", a.Body, a.Err, tt.complete)
				}
				if rest, err := c.Closed(); rest != "" || err != nil {
					t.Errorf("then %q, %v", rest, err)
				}
				<-closed
			})
		}
	})
}

// Each gap is measured by itself.
func TestBetweenBytesAreNotAdded(t *testing.T) {
	t.Parallel()
	edgetest.Both(t, func(t *testing.T, plain bool) {
		e, _ := startScript(t, plain, func(c *edgetest.Conn) {
			c.ReadRequest()
			c.Write("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n")
			for range 8 {
				time.Sleep(300 * time.Millisecond)
				c.Write("x")
			}
		}, betweenBytes(2000))
		if a := e.Dial(t).Get(edgetest.Host, "/"); string(a.Body) != "xxxxxxxx" || a.Err != nil {
			t.Errorf("body %q, %v", a.Body, a.Err)
		}
	})
}

func fetchWithin(ms int64) edgetest.Set {
	return func(b *service.Backend) { b.FetchTimeout = &ms }
}

// fetch_timeout bounds the whole answer, however steadily it comes. As long as
// nothing of it has gone to the client that ends in a page.
func TestFetchTimeout(t *testing.T) {
	t.Parallel()
	head := "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
	tests := []struct {
		name, request, first, drip string
		status                     int
	}{
		{"no answer", get("/"), "", "", 503},
		{"a slow head", get("/"), "HTTP/1.1 200 OK\r\nA: ", "a", 503},
		{"a slow body", get("/"), head, "x", 200},
		{"a slow body without a length", get("/"), "HTTP/1.1 200 OK\r\n\r\n", "x", 200},
		{"a slow body of chunks", get("/"), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n", 200},
		{"a slow answer to an upload", chunkedPost("/") + "1\r\na\r\n0\r\n\r\n", head, "x", 200},
		{"no answer to an upload", chunkedPost("/") + "1\r\na\r\n0\r\n\r\n", "", "", 503},
	}
	edgetest.Both(t, func(t *testing.T, plain bool) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				e, _ := startScript(t, plain, func(c *edgetest.Conn) {
					c.ReadRequest()
					c.Write(tt.first)
					for range 100 {
						time.Sleep(20 * time.Millisecond)
						c.Write(tt.drip)
					}
					c.AwaitClose()
				}, fetchWithin(1000))
				c := e.Dial(t)
				began := time.Now()
				c.Send(tt.request)
				a := c.Answer()
				within(t, "fetch", time.Since(began), time.Second)
				if a.Status != tt.status || tt.status == 503 && a.Reason != "fetch timeout" {
					t.Errorf("%d %s, want %d", a.Status, a.Reason, tt.status)
				}
				if whole := a.Err == nil; whole != (tt.status == 503) {
					t.Errorf("the client sees a whole answer: %t: %q %v", whole, a.Body, a.Err)
				}
			})
		}
	})
}

func TestClientTimeouts(t *testing.T) {
	t.Parallel()
	const header, body, idle = 1500 * time.Millisecond, 1600 * time.Millisecond, 2 * time.Second
	tests := []struct {
		name, first, more string // more is sent every 40 ms
		status            int    // 0 for none
		want              time.Duration
	}{
		{"nothing comes", "", "", 0, idle},
		{"half a request line", "GET /", "", 408, header},
		{"a head that never ends", "GET / HTTP/1.1\r\nHost: a\r\n", "A: b\r\n", 408, header},
		{"half a second head", get("/") + "GET", "", 408, header},
		{"idle after a request", get("/"), "", 0, idle},
		{"an empty line only", "\r\n", "", 0, idle},
		{"half a body", post("/", 10) + "abc", "", 408, body},
		{"half a chunked body", chunkedPost("/") + "3\r\na", "", 408, body},
	}
	edgetest.Both(t, func(t *testing.T, plain bool) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				o := edgetest.NewOrigin(t, edgetest.Reply(ok("")))
				e := edgetest.Start(t, edge.Config{PlainIO: plain, Client: edge.Timeouts{Header: header, Body: body, Idle: idle}}, edgetest.Snapshot(edgetest.Backend(o)))
				began := time.Now() // the edge's clock starts with the connection
				c := e.Dial(t)
				if tt.first != "" {
					c.Send(tt.first)
				}
				if strings.HasPrefix(tt.first, get("/")) {
					expect(t, c, []string{""})
				}
				done := make(chan bool)
				go func() {
					for tt.more != "" && c.Push(tt.more) == nil {
						select {
						case <-done:
							return
						case <-time.After(40 * time.Millisecond):
						}
					}
				}()
				defer close(done)
				if tt.status != 0 {
					if a := c.Answer(); a.Status != tt.status {
						t.Errorf("%d %s, want %d", a.Status, a.Reason, tt.status)
					}
					within(t, "answer", time.Since(began), tt.want)
					c.MustClose()
					return
				}
				c.MustClose()
				within(t, "close", time.Since(began), tt.want)
			})
		}
	})
}

func TestClientThatTakesNothing(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		log, logger := edgetest.NewEvents(t)
		o := edgetest.NewOrigin(t, edgetest.Handle(func(c *edgetest.Conn, _ *edgetest.Request) {
			c.Write(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", 64<<20))
			block := strings.Repeat("x", 1<<20)
			for c.Push(block) == nil {
			}
		}))
		e := edgetest.Start(t, edge.Config{PlainIO: plain, AccessLog: logger, Client: edge.Timeouts{Write: 200 * time.Millisecond}},
			edgetest.Snapshot(edgetest.Backend(o)))
		c := e.Dial(t)
		c.Send(get("/"))
		if got := log.Next()["reason"].String(); got != "client write error" {
			t.Errorf("reason %q", got)
		}
	})
}

// A slow client that does take bytes is served to the end, however long it takes.
func TestSlowClient(t *testing.T) {
	t.Parallel()
	edgetest.Both(t, func(t *testing.T, plain bool) {
		const size, piece, pause = 16 << 20, 64 << 10, 10 * time.Millisecond
		const limit = size / piece * pause * 3 / 4 // less than all pauses together
		o := edgetest.NewOrigin(t, edgetest.Reply(ok(strings.Repeat("x", size))))
		e := edgetest.Start(t, edge.Config{PlainIO: plain, Client: edge.Timeouts{Write: limit}},
			edgetest.Snapshot(edgetest.Backend(o)))
		c := e.Dial(t)
		c.TCP.SetReadBuffer(piece)
		c.Send(get("/", "Connection: close"))
		got, buf := 0, make([]byte, piece)
		for {
			n, err := c.TCP.Read(buf)
			if got += n; err != nil {
				break
			}
			time.Sleep(pause)
		}
		if got < size {
			t.Errorf("%d bytes came, want more than %d", got, size)
		}
	})
}
