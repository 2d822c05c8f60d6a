package edge_test

import (
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"

	"headwater/edge"
	"headwater/edge/edgetest"
	"headwater/service"
)

// dropSecond answers the first request on each connection and ends the
// connection when the second has come, which is what an origin's idle timeout
// that crosses a request looks like.
func dropSecond(end func(*edgetest.Conn)) func(*edgetest.Conn) {
	return func(c *edgetest.Conn) {
		if _, err := c.ReadRequest(); err != nil {
			return
		}
		c.Write(ok("first"))
		if _, err := c.ReadRequest(); err == nil {
			end(c)
		}
	}
}

func TestRetryOnReusedConnection(t *testing.T) {
	host := " / HTTP/1.1\r\nHost: " + edgetest.Host + "\r\n"
	tests := []struct {
		name, request string
		retried       bool
	}{
		{"GET", "GET" + host + "\r\n", true},
		{"HEAD", "HEAD" + host + "\r\n", true},
		{"OPTIONS", "OPTIONS" + host + "\r\n", true},
		{"DELETE", "DELETE" + host + "\r\n", true},
		{"PUT with its body at hand", "PUT" + host + "Content-Length: 3\r\n\r\nabc", true},
		{"POST", "POST" + host + "Content-Length: 3\r\n\r\nabc", false},
		{"PATCH", "PATCH" + host + "\r\n", false},
		{"unknown method", "FROB" + host + "\r\n", false},
		{"PUT whose body was streamed", "PUT" + host + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", false},
	}
	ends := map[string]func(*edgetest.Conn){"close": (*edgetest.Conn).Close, "reset": (*edgetest.Conn).Reset}
	edgetest.Both(t, func(t *testing.T, plain bool) {
		for _, tt := range tests {
			for way, end := range ends {
				t.Run(tt.name+"/"+way, func(t *testing.T) {
					e, o := startScript(t, plain, dropSecond(end))
					e.Dial(t).Get(edgetest.Host, "/warm")
					c := e.Dial(t)
					c.Send(tt.request)
					a := c.AnswerTo(tt.request[:strings.IndexByte(tt.request, ' ')])
					if tt.retried {
						if a.Status != 200 || o.Accepted() != 2 {
							t.Errorf("%d %s over %d connections, want 200 over 2", a.Status, a.Reason, o.Accepted())
						}
					} else if a.Status != 503 || a.Reason != "backend read error" || o.Accepted() != 1 {
						t.Errorf("%d %s over %d connections, want 503 backend read error over 1", a.Status, a.Reason, o.Accepted())
					}
				})
			}
		}
	})
}

func TestRetryHappensOnce(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		var mu sync.Mutex
		first := true
		e, o := startScript(t, plain, func(c *edgetest.Conn) {
			c.ReadRequest()
			mu.Lock()
			warm := first
			first = false
			mu.Unlock()
			if warm {
				c.Write(ok(""))
				c.ReadRequest()
			}
		})
		e.Dial(t).Get(edgetest.Host, "/warm")
		if a := e.Dial(t).Get(edgetest.Host, "/"); a.Status != 503 || a.Reason != "backend read error" {
			t.Errorf("%d %s", a.Status, a.Reason)
		}
		if n := o.Accepted(); n != 2 {
			t.Errorf("%d connections, want 2", n)
		}
	})
}

func TestNoRetry(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		second string // what the origin says on a reused connection before it ends it
		reason string
	}{
		{"once a byte of an answer came", "H", "backend read error"},
		{"once an interim answer came", "HTTP/1.1 103 Early Hints\r\n\r\n", "backend read error"},
		{"of a malformed answer", "nonsense\r\n\r\n", "Service Unavailable"},
	}
	edgetest.Both(t, func(t *testing.T, plain bool) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				e, o := startScript(t, plain, dropSecond(func(c *edgetest.Conn) { c.Write(tt.second) }))
				e.Dial(t).Get(edgetest.Host, "/warm")
				if a := e.Dial(t).Get(edgetest.Host, "/"); a.Status != 503 || a.Reason != tt.reason || o.Accepted() != 1 {
					t.Errorf("%d %s over %d connections", a.Status, a.Reason, o.Accepted())
				}
			})
		}
		t.Run("on a fresh connection", func(t *testing.T) {
			e, o := startScript(t, plain, func(c *edgetest.Conn) { c.ReadRequest() })
			if a := e.Dial(t).Get(edgetest.Host, "/"); a.Status != 503 || a.Reason != "backend read error" || o.Accepted() != 1 {
				t.Errorf("%d %s over %d connections", a.Status, a.Reason, o.Accepted())
			}
		})
		t.Run("after a time-out", func(t *testing.T) {
			e, o := startScript(t, plain, dropSecond(func(c *edgetest.Conn) { c.AwaitClose() }), firstByte(2000))
			e.Dial(t).Get(edgetest.Host, "/warm")
			if a := e.Dial(t).Get(edgetest.Host, "/"); a.Reason != "first byte timeout" || o.Accepted() != 1 {
				t.Errorf("%d %s over %d connections", a.Status, a.Reason, o.Accepted())
			}
		})
	})
}

// What comes on an idle connection must never pass for an answer.
func TestUnsolicitedBytes(t *testing.T) {
	lies := map[string]string{
		"a whole answer": ok("poison"), "half an answer": "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoi",
		"one byte": "x", "an end": "",
	}
	edgetest.Both(t, func(t *testing.T, plain bool) {
		for name, lie := range lies {
			t.Run(name, func(t *testing.T) {
				read, lied := make(chan bool), make(chan bool)
				e, o := startScript(t, plain, func(c *edgetest.Conn) {
					r, err := c.ReadRequest()
					if err != nil {
						return
					}
					c.Write(ok(r.Target))
					<-read // or else the lie comes with the answer
					c.Write(lie)
					if lie == "" {
						c.CloseWrite()
					}
					lied <- true
					c.AwaitClose()
				})
				c := e.Dial(t)
				for i := range 5 {
					target := fmt.Sprint("/", i)
					if a := c.Get(edgetest.Host, target); string(a.Body) != target {
						t.Fatalf("%s was answered by %q", target, a.Body)
					}
					read <- true
					<-lied
				}
				if n := o.Accepted(); n != 5 {
					t.Errorf("%d connections, want 5", n)
				}
			})
		}
	})
}

// A customer's services share their connections to one origin, and no two customers do.
// What is counted is each backend's own.
func TestPoolsOfCustomersAreApart(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		o := edgetest.NewOrigin(t, edgetest.Reply(ok("")))
		owned := func(customer, name string) *service.Snapshot {
			s := edgetest.Service(name, 1, []string{name}, edgetest.Backend(o))
			s.Customer = customer
			return s
		}
		e := edgetest.Start(t, edge.Config{PlainIO: plain}, owned("one", "a"), owned("one", "b"), owned("another", "c"))
		for range 3 {
			for _, host := range []string{"a", "b", "c"} {
				e.Dial(t).Get(host, "/")
			}
		}
		if n := o.Accepted(); n != 2 {
			t.Errorf("%d connections, want one a customer", n)
		}
		for _, name := range []string{"a", "b", "c"} {
			if n := e.Backends(name).Backends[0].Total.Fetches; n != 3 {
				t.Errorf("%d fetches are told of %s, want 3", n, name)
			}
		}
	})
}

// Connections outlive the service that made them, for as long as another of its customer
// has the same endpoint.
func TestPoolOutlivesAService(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		o := edgetest.NewOrigin(t, edgetest.Reply(ok("")))
		e := edgetest.Start(t, edge.Config{PlainIO: plain},
			edgetest.Service("a", 1, []string{"a"}, edgetest.Backend(o)),
			edgetest.Service("b", 1, []string{"b"}, edgetest.Backend(o)))
		leave := func(name string) {
			t.Helper()
			if err := e.Apply(&service.Snapshot{Service: name, Generation: 2}); err != nil {
				t.Fatal(err)
			}
		}
		e.Dial(t).Get("a", "/")
		leave("a")
		if a := e.Dial(t).Get("b", "/"); a.Status != 200 || o.Accepted() != 1 {
			t.Errorf("%d over connection %d, want the first one", a.Status, o.Accepted())
		}
		leave("b")
		o.Conns()[0].AwaitClosed()
	})
}

func TestBackendsOfOneEndpointShareConnections(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		o := edgetest.NewOrigin(t, edgetest.Reply(ok("")))
		balanced := func(name string) *service.Backend {
			return edgetest.Backend(o, func(b *service.Backend) { b.Name, b.AutoLoadbalance = name, true })
		}
		e := edgetest.Start(t, edge.Config{PlainIO: plain}, edgetest.Snapshot(balanced("a"), balanced("b")))
		c := e.Dial(t)
		for range 20 {
			c.Get(edgetest.Host, "/")
		}
		if n := o.Accepted(); n != 1 {
			t.Errorf("%d connections, want 1", n)
		}
	})
}

func TestBackendChoice(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		named := func(name string, sets ...edgetest.Set) *service.Backend {
			b := edgetest.Backend(edgetest.NewOrigin(t, edgetest.Reply(ok(name))), sets...)
			b.Name = name
			return b
		}
		conditional := func(b *service.Backend) { b.RequestCondition = "never" }
		balanced := func(weight int64) edgetest.Set {
			return func(b *service.Backend) { b.AutoLoadbalance, b.Weight = true, weight }
		}
		e := edgetest.Start(t, edge.Config{PlainIO: plain},
			edgetest.Service("1", 1, []string{"oldest"}, named("conditional", conditional), named("first"), named("second")),
			edgetest.Service("2", 1, []string{"balanced"}, named("plain"), named("member", balanced(1))),
			edgetest.Service("3", 1, []string{"condition.wins"}, named("conditional", conditional, balanced(100)), named("other")),
			edgetest.Service("4", 1, []string{"weights"}, named("a", balanced(1)), named("b", balanced(2)), named("c", balanced(7))),
			edgetest.Service("5", 1, []string{"huge"}, named("a", balanced(math.MaxInt32)), named("b", balanced(math.MaxInt32))))
		for host, want := range map[string]string{"oldest": "first", "balanced": "member", "condition.wins": "other"} {
			if got := string(e.Dial(t).Get(host, "/").Body); got != want {
				t.Errorf("%s: backend %q, want %q", host, got, want)
			}
		}
		const n = 3000
		share := func(host string) map[string]float64 {
			c, got := e.Dial(t), map[string]float64{}
			for range n {
				got[string(c.Get(host, "/").Body)] += 1. / n
			}
			return got
		}
		for host, want := range map[string]map[string]float64{
			"weights": {"a": .1, "b": .2, "c": .7}, "huge": {"a": .5, "b": .5},
		} {
			for name, got := range share(host) {
				if math.Abs(got-want[name]) > .06 { // six sigma
					t.Errorf("%s: %s has %.3f of the requests, want %.1f", host, name, got, want[name])
				}
			}
		}
	})
}
