package edge_test

import (
	"maps"
	"strings"
	"testing"

	"headwater/edge"
	"headwater/edge/edgetest"
	"headwater/service"
)

// tryInTurn is a program whose director tries a, then b, then c.
const tryInTurn = `director d fallback { { .backend = F_a; } { .backend = F_b; } { .backend = F_c; } }
sub vcl_recv {
#FASTLY recv
set req.backend = d;
}`

// What becomes of a request whose member ends the connection, by the way that it ends.
func TestMembersThatEndTheConnection(t *testing.T) {
	ends := func(c *edgetest.Conn, _ *edgetest.Request) { c.Close() }
	resets := func(c *edgetest.Conn, _ *edgetest.Request) { c.Reset() }
	begins := func(c *edgetest.Conn, _ *edgetest.Request) { c.Write("HTTP/1.1 2"); c.Close() }
	early := func(c *edgetest.Conn, _ *edgetest.Request) {
		c.Write("HTTP/1.1 103 Early Hints\r\n\r\n")
		c.Close()
	}
	answers := func(name string) func(*edgetest.Conn, *edgetest.Request) {
		return func(c *edgetest.Conn, _ *edgetest.Request) { c.Write(ok(name)) }
	}
	tests := []struct {
		name    string
		request string
		a, b    func(*edgetest.Conn, *edgetest.Request)
		want    string // who answers, or the reason
		tried   string
	}{
		{"a GET", get("/"), ends, answers("b"), "b", "ab"},
		{"a GET, reset", get("/"), resets, answers("b"), "b", "ab"},
		{"a HEAD", strings.Replace(get("/"), "GET", "HEAD", 1), ends, answers("b"), "", "ab"},
		{"only once", get("/"), ends, ends, "backend read error", "ab"},
		{"a POST", post("/", 5) + "hello", ends, answers("b"), "backend read error", "a"},
		{"a POST without body", post("/", 0), ends, answers("b"), "backend read error", "a"},
		{"a PUT", strings.Replace(post("/", 5), "POST", "PUT", 1) + "hello", ends, answers("b"), "backend read error", "a"},
		{"a DELETE", strings.Replace(get("/"), "GET", "DELETE", 1), ends, answers("b"), "backend read error", "a"},
		{"a GET with a body", strings.Replace(post("/", 5), "POST", "GET", 1) + "hello", ends, answers("b"), "backend read error", "a"},
		{"an answer that has begun", get("/"), begins, answers("b"), "backend read error", "a"},
		{"an interim answer", get("/"), early, answers("b"), "backend read error", "a"},
	}
	edgetest.Both(t, func(t *testing.T, plain bool) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				a, b, c := edgetest.NewOrigin(t, edgetest.Handle(tt.a)), edgetest.NewOrigin(t, edgetest.Handle(tt.b)), edgetest.NewOrigin(t, edgetest.Handle(answers("c")))
				log, logger := edgetest.NewEvents(t)
				e := edgetest.Start(t, edge.Config{PlainIO: plain, AccessLog: logger}, edgetest.WithVCL(t, edgetest.Snapshot(
					edgetest.Backend(a, named("a")), edgetest.Backend(b, named("b")), edgetest.Backend(c, named("c"))), tryInTurn))
				client := e.Dial(t)
				client.Send(tt.request)
				method, _, _ := strings.Cut(tt.request, " ")
				answer := client.AnswerTo(method)
				got := string(answer.Body)
				if answer.Status == 503 {
					got = answer.Reason
				}
				tried := strings.Repeat("a", a.Accepted()) + strings.Repeat("b", b.Accepted()) + strings.Repeat("c", c.Accepted())
				if got != tt.want || tried != tt.tried {
					t.Errorf("%d %q after %s, want %q after %s", answer.Status, got, tried, tt.want, tt.tried)
				}
				if n := log.Next()["retries"].Int64(); n != int64(len(tt.tried)-1) {
					t.Errorf("%d retries", n)
				}
			})
		}
	})
}

func named(name string) edgetest.Set { return func(b *service.Backend) { b.Name = name } }

// A member that has gone away since the last request is asked twice, the second time on
// a new connection; then another one is.
func TestMemberThatHasGoneAway(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		a := edgetest.NewOrigin(t, edgetest.Handle(func(c *edgetest.Conn, r *edgetest.Request) {
			if c.Index == 0 && r.Nth == 0 {
				c.Write(ok("a"))
				return
			}
			c.Close()
		}))
		b := edgetest.NewOrigin(t, edgetest.Reply(ok("b")))
		log, logger := edgetest.NewEvents(t)
		e := edgetest.Start(t, edge.Config{PlainIO: plain, AccessLog: logger}, edgetest.WithVCL(t, edgetest.Snapshot(
			edgetest.Backend(a, named("a")), edgetest.Backend(b, named("b")), edgetest.Backend(b, named("c"))), tryInTurn))
		c := e.Dial(t)
		for _, want := range []struct {
			body    string
			retries int64
		}{{"a", 0}, {"b", 2}, {"b", 1}} {
			if got := c.Get(edgetest.Host, "/"); string(got.Body) != want.body {
				t.Errorf("%d %s %q, want %q", got.Status, got.Reason, got.Body, want.body)
			}
			if n := log.Next()["retries"].Int64(); n != want.retries {
				t.Errorf("%d retries, want %d", n, want.retries)
			}
		}
		if a.Accepted() != 3 {
			t.Errorf("%d connections to a, want 3", a.Accepted())
		}
	})
}

// Where there is no other member the failure is the one that it was.
func TestNoMemberLeftToMoveTo(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		ends := edgetest.NewOrigin(t, edgetest.Handle(func(c *edgetest.Conn, _ *edgetest.Request) { c.Close() }))
		refused := edgetest.RefusedPort(t)
		for name, tt := range map[string]struct {
			text, want string
			retries    int64
		}{
			"one member":    {"director d random { { .backend = F_a; .weight = 1; } }", "backend read error", 0},
			"one retry":     {"director d fallback { .retries = 1; { .backend = F_a; } { .backend = F_b; } }", "backend read error", 0},
			"others refuse": {"director d fallback { { .backend = F_a; } { .backend = F_b; } }", "All backends failed or unhealthy", 1},
		} {
			log, logger := edgetest.NewEvents(t)
			e := edgetest.Start(t, edge.Config{PlainIO: plain, AccessLog: logger}, edgetest.WithVCL(t, edgetest.Snapshot(
				edgetest.Backend(ends, named("a")), edgetest.BackendAt("127.0.0.1", refused, named("b"))),
				tt.text+"\nsub vcl_recv {\n#FASTLY recv\nset req.backend = d;\n}"))
			if a := e.Dial(t).Get(edgetest.Host, "/"); a.Status != 503 || a.Reason != tt.want {
				t.Errorf("%s: %d %s", name, a.Status, a.Reason)
			}
			if n := log.Next()["retries"].Int64(); n != tt.retries {
				t.Errorf("%s: %d retries", name, n)
			}
		}
	})
}

// How many members a fetch is tried on that none can be connected to.
func TestRetries(t *testing.T) {
	all := ""
	s := edgetest.Snapshot()
	refused := edgetest.RefusedPort(t)
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		s.Objects["backend"] = append(s.Objects["backend"], edgetest.BackendAt("127.0.0.1", refused, named(name)))
		all += " { .backend = F_" + name + "; .weight = 1; }"
	}
	pooled := edgetest.Snapshot()
	for _, b := range s.Backends() {
		copied := *b
		copied.AutoLoadbalance = true
		pooled.Objects["backend"] = append(pooled.Objects["backend"], &copied)
	}
	chosen := "\nsub vcl_recv {\n#FASTLY recv\nset req.backend = x;\n}"
	for name, tt := range map[string]struct {
		version *service.Snapshot
		want    int64
	}{
		"as many as there are":         {edgetest.WithVCL(t, with(s), "director x random {"+all+" }"+chosen), 5},
		"fewer":                        {edgetest.WithVCL(t, with(s), "director x random { .retries = 3;"+all+" }"+chosen), 2},
		"more":                         {edgetest.WithVCL(t, with(s), "director x random { .retries = 100;"+all+" }"+chosen), 5},
		"none said, as none may be":    {edgetest.WithVCL(t, with(s), "director x hash { .retries = 0;"+all+" }"+chosen), 5},
		"of a nested one none counts":  {edgetest.WithVCL(t, with(s), "director y random { .retries = 1;"+all+" }\ndirector x fallback { { .backend = y; } { .backend = F_a; } }"+chosen), 5},
		"the weighted pool, all of it": {with(pooled), 5},
	} {
		t.Run(name, func(t *testing.T) {
			log, logger := edgetest.NewEvents(t)
			e := edgetest.Start(t, edge.Config{AccessLog: logger}, tt.version)
			if a := e.Dial(t).Get(edgetest.Host, "/"); a.Reason != "All backends failed or unhealthy" {
				t.Errorf("%d %s", a.Status, a.Reason)
			}
			if n := log.Next()["retries"].Int64(); n != tt.want {
				t.Errorf("%d retries, want %d", n, tt.want)
			}
		})
	}
}

// with returns a copy of s that can have more objects.
func with(s *service.Snapshot) *service.Snapshot {
	c := *s
	c.Objects = maps.Clone(s.Objects)
	return &c
}
