package edge_test

import (
	"fmt"
	"testing"

	"headwater/edge"
	"headwater/edge/edgetest"
)

// startMembers starts an edge with the backends a, b and c, that answer their names,
// and a program.
func startMembers(t *testing.T, plain bool, text string, sets ...edgetest.Set) *edgetest.Edge {
	s := edgetest.Snapshot()
	for _, name := range []string{"a", "b", "c"} {
		o := edgetest.NewOrigin(t, edgetest.Reply(ok(name)))
		b := edgetest.Backend(o, append([]edgetest.Set{named(name)}, sets...)...)
		s.Objects["backend"] = append(s.Objects["backend"], b)
	}
	return edgetest.Start(t, edge.Config{PlainIO: plain}, edgetest.WithVCL(t, s, text))
}

// Requests for one thing, or of one client, go to one member, whatever connection they
// come on; others are spread.
func TestSticking(t *testing.T) {
	const members = "{ .backend = F_a; .weight = 1; } { .backend = F_b; .weight = 2; } { .backend = F_c; .weight = 3; }"
	const ring = "{ .backend = F_a; .id = \"a\"; } { .backend = F_b; .id = \"b\"; } { .backend = F_c; .id = \"c\"; }"
	const recv = "sub vcl_recv {\n%s#FASTLY recv\nset req.backend = d;\n}"
	const identify = "if (req.http.Who) { set client.identity = req.http.Who; }\n"
	url := func(i int) string { return get(fmt.Sprint("/", i)) }
	who := func(i int) string { return get("/", fmt.Sprint("Who: ", i)) }
	for name, tt := range map[string]struct {
		director, identify string
		request            func(int) string
		spread             bool
	}{
		"hash, of what is asked for":     {"director d hash { " + members + " }", "", url, true},
		"hash, whoever asks":             {"director d hash { " + members + " }", identify, who, false},
		"client, by its identity":        {"director d client { " + members + " }", identify, who, true},
		"client, by its address":         {"director d client { " + members + " }", "", url, false},
		"chash, of what is asked for":    {"director d chash { " + ring + " }", "", url, true},
		"chash, by the client":           {"director d chash { .key = client; " + ring + " }", identify, who, true},
		"nested, a hash below a hash":    {"director e hash { " + members + " }\ndirector d hash { { .backend = e; .weight = 1; } { .backend = F_a; .weight = 1; } }", "", url, true},
		"nested, a client below a first": {"director e client { " + members + " }\ndirector d fallback { { .backend = e; } { .backend = F_a; } }", identify, who, true},
	} {
		t.Run(name, func(t *testing.T) {
			edgetest.Both(t, func(t *testing.T, plain bool) {
				e := startMembers(t, plain, tt.director+"\n"+fmt.Sprintf(recv, tt.identify))
				clients := []*edgetest.Client{e.Dial(t), e.Dial(t)}
				members := map[string]bool{}
				for i := range 40 {
					first := ""
					for _, c := range clients {
						c.Send(tt.request(i))
						a := c.Answer()
						if a.Status != 200 || first != "" && string(a.Body) != first {
							t.Fatalf("request %d: %d %q, and %q before", i, a.Status, a.Body, first)
						}
						first = string(a.Body)
					}
					members[first] = true
				}
				if (len(members) > 1) != tt.spread {
					t.Errorf("members %v", members)
				}
			})
		})
	}
}

// A member without room is passed over while it has none. What is asked of health
// tells of room, all the way down.
func TestFullMembers(t *testing.T) {
	const text = `director inner random { .quorum = 100%; { .backend = F_a; .weight = 1; } { .backend = F_b; .weight = 1; } }
director outer fallback { { .backend = inner; } }
sub vcl_recv {
#FASTLY recv
set req.backend = outer;
if (req.url == "/health") { error 600; }
}
sub vcl_error {
#FASTLY error
set obj.status = 200;
synthetic req.backend.healthy director.outer.healthy director.inner.healthy backend.F_a.healthy backend.F_b.healthy;
return(deliver);
}`
	edgetest.Both(t, func(t *testing.T, plain bool) {
		script, arrived, release := stuck()
		a, b := edgetest.NewOrigin(t, script), edgetest.NewOrigin(t, script)
		e := edgetest.Start(t, edge.Config{PlainIO: plain}, edgetest.WithVCL(t,
			edgetest.Snapshot(edgetest.Backend(a, named("a"), maxConn(1)), edgetest.Backend(b, named("b"), maxConn(1))), text))
		health := func() string { return string(e.Dial(t).Get(edgetest.Host, "/health").Body) }
		if got := health(); got != "11111" {
			t.Errorf("healthy: %s", got)
		}
		first := e.Dial(t)
		first.Send(get("/"))
		<-arrived
		full, free := "11101", b
		if b.Accepted() > 0 {
			full, free = "11110", a
		}
		if got := health(); got != full {
			t.Errorf("healthy with one full: %s, want %s", got, full)
		}
		for range 5 {
			if a := e.Dial(t).Get(edgetest.Host, "/now"); a.Status != 200 {
				t.Errorf("with one full: %d %s", a.Status, a.Reason)
			}
		}
		if free.Accepted() != 1 {
			t.Errorf("%d connections to the other", free.Accepted())
		}
		second := e.Dial(t)
		second.Send(get("/"))
		<-arrived
		if got := health(); got != "00000" {
			t.Errorf("healthy with both full: %s", got)
		}
		close(release)
		for _, c := range []*edgetest.Client{first, second} {
			if a := c.Answer(); a.Status != 200 {
				t.Errorf("%d %s", a.Status, a.Reason)
			}
		}
	})
}
