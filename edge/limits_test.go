package edge_test

import (
	"testing"
	"time"

	"headwater/edge"
	"headwater/edge/edgetest"
	"headwater/service"
)

func maxConn(n int64) edgetest.Set { return func(b *service.Backend) { b.MaxConn = n } }

const reached = "Backend.max_conn reached"

// Over max_conn there is an answer at once, and nothing of it outlasts the
// requests that the connections were for.
func TestMaxConn(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		script, arrived, release := stuck()
		e, o := startScript(t, plain, script, maxConn(2))
		var busy []*edgetest.Client
		for range 2 {
			c := e.Dial(t)
			c.Send(get("/"))
			<-arrived
			busy = append(busy, c)
		}
		if a := e.Dial(t).Get(edgetest.Host, "/now"); a.Status != 503 || a.Reason != reached {
			t.Errorf("over the limit: %d %s", a.Status, a.Reason)
		}
		apply(t, e, edgetest.Service("test", 2, []string{edgetest.Host}, edgetest.Backend(o, maxConn(2))))
		if a := e.Dial(t).Get(edgetest.Host, "/now"); a.Reason != reached {
			t.Errorf("after an activation: %d %s", a.Status, a.Reason)
		}
		close(release)
		for _, c := range busy {
			if a := c.Answer(); string(a.Body) != "late" {
				t.Errorf("%d %s", a.Status, a.Reason)
			}
		}
		for range 5 {
			if a := e.Dial(t).Get(edgetest.Host, "/now"); a.Status != 200 {
				t.Errorf("when all have ended: %d %s", a.Status, a.Reason)
			}
		}
		if n := o.Accepted(); n > 2 {
			t.Errorf("%d connections", n)
		}
	})
}

// Each backend has a limit of its own, also where they share connections, and 0
// is none.
func TestMaxConnIsABackends(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		script, arrived, release := stuck()
		defer close(release)
		o := edgetest.NewOrigin(t, script)
		e := edgetest.Start(t, edge.Config{PlainIO: plain},
			edgetest.Service("one", 1, []string{"one"}, edgetest.Backend(o, maxConn(1))),
			edgetest.Service("all", 1, []string{"all"}, edgetest.Backend(o, maxConn(0))))
		e.Dial(t).Send("GET / HTTP/1.1\r\nHost: one\r\n\r\n")
		<-arrived
		for range 5 {
			e.Dial(t).Send("GET / HTTP/1.1\r\nHost: all\r\n\r\n")
			<-arrived
		}
		if a := e.Dial(t).Get("one", "/now"); a.Reason != reached {
			t.Errorf("the second of one: %d %s", a.Status, a.Reason)
		}
		if a := e.Dial(t).Get("all", "/now"); a.Status != 200 {
			t.Errorf("without a limit: %d %s", a.Status, a.Reason)
		}
	})
}

// What fails counts no longer.
func TestMaxConnAfterFailures(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		e := edgetest.Start(t, edge.Config{PlainIO: plain},
			edgetest.Snapshot(edgetest.BackendAt("127.0.0.1", edgetest.RefusedPort(t), maxConn(1))))
		for range 3 {
			if a := e.Dial(t).Get(edgetest.Host, "/"); a.Reason != "Connection refused" {
				t.Errorf("%d %s", a.Status, a.Reason)
			}
		}
		e, _ = startScript(t, plain, dropSecond((*edgetest.Conn).Reset), maxConn(1))
		for range 4 {
			if a := e.Dial(t).Get(edgetest.Host, "/"); a.Status != 200 {
				t.Errorf("%d %s", a.Status, a.Reason)
			}
		}
	})
}

// targets answers each request with its number on its connection.
func numbered() func(*edgetest.Conn) {
	return edgetest.Handle(func(c *edgetest.Conn, r *edgetest.Request) { c.Write(ok(string(rune('0' + r.Nth)))) })
}

func TestMaxUse(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		for use, want := range map[int64]string{0: "0123456", 1: "0000000", 3: "0120120"} {
			e, _ := startScript(t, plain, numbered(), func(b *service.Backend) { b.MaxUse = &use })
			c, got := e.Dial(t), ""
			for range len(want) {
				got += string(c.Get(edgetest.Host, "/").Body)
			}
			if got != want {
				t.Errorf("max_use %d: requests were %s on their connections, want %s", use, got, want)
			}
		}
	})
}

// A connection that has had its time is closed without being asked for, and does
// not get another request.
func TestTimesOfConnections(t *testing.T) {
	t.Parallel()
	seconds, millis := int64(1), int64(1000)
	for name, set := range map[string]edgetest.Set{
		"keepalive_time": func(b *service.Backend) { b.KeepaliveTime = &seconds },
		"max_lifetime":   func(b *service.Backend) { b.MaxLifetime = &millis },
	} {
		t.Run(name, func(t *testing.T) {
			edgetest.Both(t, func(t *testing.T, plain bool) {
				e, o := startScript(t, plain, numbered(), set)
				c, began := e.Dial(t), time.Now()
				for _, want := range []string{"0", "1"} {
					if got := string(c.Get(edgetest.Host, "/").Body); got != want && time.Since(began) < time.Second {
						t.Errorf("request %s on its connection, want %s", got, want)
					}
				}
				o.Conns()[0].AwaitClosed()
				if took := time.Since(began); took < time.Second {
					t.Errorf("closed after %v", took)
				}
				if got := string(c.Get(edgetest.Host, "/").Body); got != "0" {
					t.Errorf("request %s on its connection, want a new one", got)
				}
			})
		})
	}
}

// A connection that is in use ends with its request when its lifetime is over.
func TestMaxLifetimeOfABusyConnection(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		script, arrived, release := stuck()
		life := int64(50)
		e, o := startScript(t, plain, script, func(b *service.Backend) { b.MaxLifetime = &life })
		c, began := e.Dial(t), time.Now()
		c.Send(get("/"))
		<-arrived
		time.Sleep(time.Until(began.Add(100 * time.Millisecond)))
		close(release)
		if a := c.Answer(); string(a.Body) != "late" {
			t.Errorf("%d %s", a.Status, a.Reason)
		}
		o.Conns()[0].AwaitClosed()
	})
}

// A director asks another member, as long as it has one left.
func TestMaxConnOfMembers(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		script, arrived, release := stuck()
		defer close(release)
		member := func(name string) *service.Backend {
			return edgetest.Backend(edgetest.NewOrigin(t, script), maxConn(1), func(b *service.Backend) {
				b.Name, b.AutoLoadbalance = name, true
			})
		}
		e := edgetest.Start(t, edge.Config{PlainIO: plain}, edgetest.Snapshot(member("a"), member("b")))
		for range 2 {
			e.Dial(t).Send(get("/"))
			<-arrived
		}
		if a := e.Dial(t).Get(edgetest.Host, "/now"); a.Status != 503 || a.Reason != "All backends failed or unhealthy" {
			t.Errorf("%d %s", a.Status, a.Reason)
		}
	})
}
