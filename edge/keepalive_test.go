package edge_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"headwater/edge"
	"headwater/edge/edgetest"
)

// echo answers with the request's target and body.
func echo(c *edgetest.Conn, r *edgetest.Request) {
	c.Write(ok(r.Method + " " + r.Target + " " + string(r.Body)))
}

func startEcho(t *testing.T, plain bool) (*edgetest.Edge, *edgetest.Origin) {
	o := edgetest.NewOrigin(t, edgetest.Handle(echo))
	return edgetest.Start(t, edge.Config{PlainIO: plain}, edgetest.Snapshot(edgetest.Backend(o))), o
}

func TestConnectionPersistence(t *testing.T) {
	host := "Host: " + edgetest.Host + "\r\n"
	tests := []struct {
		name, in   string
		keep       bool
		connection string // of the answer
	}{
		{"HTTP/1.1", "GET / HTTP/1.1\r\n" + host + "\r\n", true, ""},
		{"HTTP/1.1 close", "GET / HTTP/1.1\r\n" + host + "Connection: close\r\n\r\n", false, "close"},
		{"HTTP/1.1 close in a list", "GET / HTTP/1.1\r\n" + host + "Connection: a, Close\r\n\r\n", false, "close"},
		{"HTTP/1.1 close and keep-alive", "GET / HTTP/1.1\r\n" + host + "Connection: keep-alive, close\r\n\r\n", false, "close"},
		{"HTTP/1.0", "GET / HTTP/1.0\r\n" + host + "\r\n", false, "close"},
		{"HTTP/1.0 keep-alive", "GET / HTTP/1.0\r\n" + host + "Connection: Keep-Alive\r\n\r\n", true, "keep-alive"},
		{"HTTP/1.0 upload, keep-alive", "POST / HTTP/1.0\r\n" + host + "Connection: keep-alive\r\nContent-Length: 1\r\n\r\nx", true, "keep-alive"},
	}
	edgetest.Both(t, func(t *testing.T, plain bool) {
		e, _ := startEcho(t, plain)
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				c := e.Dial(t)
				c.Send(tt.in)
				a := c.Answer()
				if got := a.Fields.Get("Connection"); got != tt.connection || a.Err != nil {
					t.Errorf("Connection: %q, want %q; %v", got, tt.connection, a.Err)
				}
				if !tt.keep {
					c.MustClose()
				} else if a := c.Get(edgetest.Host, "/again"); string(a.Body) != "GET /again " {
					t.Errorf("the second request was answered by %q", a.Body)
				}
			})
		}
	})
}

func TestKeepAliveUsesOneOriginConnection(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		e, o := startEcho(t, plain)
		c := e.Dial(t)
		for i := range 100 {
			target := fmt.Sprint("/", i)
			if a := c.Get(edgetest.Host, target); string(a.Body) != "GET "+target+" " {
				t.Fatalf("answer %q to %s", a.Body, target)
			}
		}
		if conns := o.Conns(); len(conns) != 1 || conns[0].Requests() != 100 {
			t.Errorf("%d connections, %d requests on the first", len(conns), conns[0].Requests())
		}
	})
}

func TestClientsShareOriginConnections(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		e, o := startEcho(t, plain)
		for range 10 {
			e.Dial(t).Get(edgetest.Host, "/")
		}
		if n := o.Accepted(); n != 1 {
			t.Errorf("%d connections for requests one after the other, want 1", n)
		}
	})
}

// pipeline is a row of requests of every shape, and the answers to them.
func pipeline() (requests string, want []string) {
	host := " HTTP/1.1\r\nHost: " + edgetest.Host + "\r\n"
	for _, r := range []struct{ in, want string }{
		{"GET /1" + host + "\r\n", "GET /1 "},
		{"\r\nGET /2" + host + "A: b\r\n\r\n", "GET /2 "},
		{"POST /3" + host + "Content-Length: 5\r\n\r\nhello", "POST /3 hello"},
		{"POST /4" + host + "Content-Length: 0\r\n\r\n", "POST /4 "},
		{"PUT /5" + host + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n02;x=y\r\nde\r\n0\r\nT: 1\r\n\r\n", "PUT /5 abcde"},
		{"PUT /6" + host + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "PUT /6 "},
		{"GET /7" + host + "\r\n", "GET /7 "},
		{"POS /8" + host + "Content-Length: 4\r\n\r\nGET ", "POS /8 GET "},
		{"GET http://" + edgetest.Host + "/9" + host + "\r\n", "GET /9 "},
	} {
		requests += r.in
		want = append(want, r.want)
	}
	return requests, want
}

func expect(t *testing.T, c *edgetest.Client, want []string) {
	t.Helper()
	for i, w := range want {
		a, err := c.TryAnswerTo("GET")
		if err != nil {
			t.Fatalf("answer %d: %v", i, err)
		}
		if string(a.Body) != w || a.Err != nil {
			t.Fatalf("answer %d is %d %s %q (%v), want %q", i, a.Status, a.Reason, a.Body, a.Err, w)
		}
	}
}

func TestPipeline(t *testing.T) {
	requests, want := pipeline()
	edgetest.Both(t, func(t *testing.T, plain bool) {
		e, _ := startEcho(t, plain)
		c := e.Dial(t)
		c.Send(requests + requests + get("/end", "Connection: close"))
		expect(t, c, append(append(want, want...), "GET /end "))
		c.MustClose()
	})
}

// settle gives the edge time to take what was sent as a piece of its own. There
// is no event that tells of it; too short a time only makes the test weaker.
const settle = 2 * time.Millisecond

func TestRequestSplitAtEveryByte(t *testing.T) {
	requests, want := pipeline()
	edgetest.Both(t, func(t *testing.T, plain bool) {
		e, _ := startEcho(t, plain)
		var all sync.WaitGroup
		for at := 1; at < len(requests); at++ {
			c := e.Dial(t)
			all.Go(func() {
				c.Push(requests[:at])
				time.Sleep(settle)
				c.Push(requests[at:])
				expectLater(t, c, want, at)
			})
			if at%64 == 0 {
				all.Wait()
			}
		}
		all.Wait()
	})
}

// expectLater is expect for goroutines other than the test's.
func expectLater(t *testing.T, c *edgetest.Client, want []string, at int) {
	for i, w := range want {
		a, err := c.TryAnswerTo("GET")
		if err != nil || a.Err != nil || string(a.Body) != w {
			t.Errorf("split at %d, answer %d: %+v, %v", at, i, a, err)
			break
		}
	}
	c.TCP.Close()
}

func TestRequestByteByByte(t *testing.T) {
	requests, want := pipeline()
	edgetest.Both(t, func(t *testing.T, plain bool) {
		e, _ := startEcho(t, plain)
		c := e.Dial(t)
		c.TCP.SetNoDelay(true)
		for i := range len(requests) {
			c.Send(requests[i : i+1])
			if i%16 == 0 {
				time.Sleep(settle / 4)
			}
		}
		expect(t, c, want)
	})
}

// The first piece's rest and the second piece's are of one length: what is kept
// of the one must not pass for the other.
func TestPiecesOfEqualLength(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		e, _ := startEcho(t, plain)
		c := e.Dial(t)
		one, two := get("/one"), strings.Replace(get("/two"), "GET", "PUT", 1)
		c.Send(one[:3])
		time.Sleep(settle)
		c.Send(one[3:] + two[:3])
		expect(t, c, []string{"GET /one "})
		c.Send(two[3:])
		expect(t, c, []string{"PUT /two "})
	})
}

func TestLargeHead(t *testing.T) {
	big := "X: " + strings.Repeat("x", 40<<10)
	edgetest.Both(t, func(t *testing.T, plain bool) {
		e, o := startEcho(t, plain)
		c := e.Dial(t)
		c.Send(get("/1", big) + get("/2", big) + get("/3"))
		expect(t, c, []string{"GET /1 ", "GET /2 ", "GET /3 "})
		for range 2 {
			if got := o.Next().Fields.Get("X"); len(got) != 40<<10 {
				t.Errorf("a field of 40 KiB arrived with %d bytes", len(got))
			}
		}
	})
}

// A body that comes with a large head comes in a larger buffer than others.
func TestLargeHeadWithBody(t *testing.T) {
	big := "X: " + strings.Repeat("x", 20<<10)
	edgetest.Both(t, func(t *testing.T, plain bool) {
		for _, size := range []int{1, 10 << 10, 30 << 10, 60 << 10, 200 << 10} {
			e, _ := startEcho(t, plain)
			body := strings.Repeat("0123456789abcdef", (size+15)/16)[:size]
			c := e.Dial(t)
			c.Send(post("/", size, big) + body + get("/next"))
			expect(t, c, []string{"POST / " + body, "GET /next "})
			c.Send(chunkedPost("/", big) + fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", size, body) + get("/next"))
			expect(t, c, []string{"POST / " + body, "GET /next "})
		}
	})
}

func TestEmptyLinesBetweenRequests(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		e, _ := startEcho(t, plain)
		c := e.Dial(t)
		c.Send("\r\n" + get("/1"))
		expect(t, c, []string{"GET /1 "})
		c.Send("\r\n")
		time.Sleep(settle)
		c.Send(get("/2"))
		expect(t, c, []string{"GET /2 "})
		c.Send("\r")
		time.Sleep(settle)
		c.Send("\n" + get("/3"))
		expect(t, c, []string{"GET /3 "})
		c.Send("\r\n\r\n" + get("/4"))
		if a := c.Answer(); a.Status != 400 {
			t.Errorf("after two empty lines: %d %s, want 400", a.Status, a.Reason)
		}
		c.MustClose()
	})
}

// An end that comes with the last request makes no edge of its own for a poller.
func TestHalfClosedClientIsClosed(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		e, _ := startEcho(t, plain)
		c := e.Dial(t)
		c.Send(get("/1"))
		c.TCP.CloseWrite()
		expect(t, c, []string{"GET /1 "})
		c.MustClose()
	})
}

func TestClientThatClosesAtOnce(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		e, _ := startEcho(t, plain)
		for range 50 {
			e.Dial(t).TCP.Close()
			c := e.Dial(t)
			c.TCP.SetLinger(0)
			c.Send("GET / HT")
			c.TCP.Close()
		}
		if a := e.Dial(t).Get(edgetest.Host, "/"); a.Status != 200 {
			t.Errorf("status %d afterwards", a.Status)
		}
	})
}

func TestManyClientsAtOnce(t *testing.T) {
	requests, want := pipeline()
	edgetest.Both(t, func(t *testing.T, plain bool) {
		e, _ := startEcho(t, plain)
		var all sync.WaitGroup
		for i := range 32 {
			c := e.Dial(t)
			all.Go(func() {
				for range 20 {
					if err := c.Push(requests); err != nil {
						t.Errorf("client %d: %v", i, err)
						return
					}
					for j, w := range want {
						if a, err := c.TryAnswerTo("GET"); err != nil || string(a.Body) != w {
							t.Errorf("client %d, answer %d: %+v, %v", i, j, a, err)
							return
						}
					}
				}
			})
		}
		all.Wait()
	})
}
