package edge_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"headwater/dial/dialtest"
	"headwater/edge"
	"headwater/edge/edgetest"
	"headwater/service"
)

// behind makes a backend shielded.
func behind(shield string) edgetest.Set {
	return func(b *service.Backend) { b.Shield = &shield }
}

// through is where an answer has been, from the last field of marks.
func through(a *edgetest.Answer) []string {
	return []string{a.Fields.Get("X-Served-By"), a.Fields.Get("Via"), a.Fields.Get("X-Cache"), a.Fields.Get("X-Cache-Hits")}
}

// marks are the parts of a Fastly-FF that nobody signs with.
var marks = regexp.MustCompile(`[A-Za-z0-9+/]{54}==!`)

func unsigned(ff string) string { return marks.ReplaceAllString(ff, "") }

// A request goes from the edge to the shield, which runs the same version, and from
// there to the origin; one that comes to the shield itself goes to the origin at once.
func TestShield(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		origin := edgetest.NewTLSOrigin(t, nil, edgetest.Reply("HTTP/1.1 200 OK\r\nSurrogate-Key: k\r\nContent-Length: 2\r\n\r\nok"))
		s := edgetest.Snapshot(edgetest.Backend(origin, behind("lhr"), func(b *service.Backend) { b.OverrideHost = new("origin.example") }))
		tell := `set bereq.http.Tell = if(req.http.Tell, req.http.Tell ", ", "") server.datacenter ":" fastly.ff.visits_this_service ":" fastly.ff.visits_this_pop ":" fastly.ff.visits_this_pop_this_service ":" req.backend.is_shield ":" req.backend.is_origin ":" req.http.Host;`
		edgetest.With(t, s, service.SnippetKind, "name=tell", "type=miss", "content="+tell)
		edgetest.With(t, s, service.SnippetKind, "name=key", "type=fetch", `content=set beresp.http.Saw = if(beresp.http.Saw, beresp.http.Saw ", ", "") server.datacenter ":" beresp.http.Surrogate-Key;`)
		pops := edgetest.StartPOPs(t, edge.Config{PlainIO: plain}, []string{"IAD", "LHR"}, s)

		c := pops["IAD"].Dial(t)
		c.Send(get("/", "Fastly-Client-IP: 192.0.2.7"))
		a, got := c.Answer(), origin.Next()
		if diff := cmp.Diff([]string{"cache-lhr1-LHR, cache-iad1-IAD", "1.1 varnish, 1.1 varnish", "MISS, MISS", "0, 0"}, through(a)); diff != "" {
			t.Errorf("answer's marks (-want +got):\n%s", diff)
		}
		if saw, key := a.Fields.Get("Saw"), a.Fields.Get("Surrogate-Key"); saw != "LHR:k, IAD:k" || key != "" {
			t.Errorf("Surrogate-Key was %q at the edges, %q at the client", saw, key)
		}
		want := map[string]string{
			"Host": "origin.example", "Fastly-Client-IP": "192.0.2.7", "Fastly-Client": "1",
			"Via": "1.1 varnish, 1.1 varnish", "CDN-Loop": "Headwater, Headwater", "X-Forwarded-For": "", "Fastly-SSL": "",
			"Fastly-FF": "IAD!cache-iad1-IAD, LHR!cache-lhr1-LHR",
			"Tell":      "IAD:0:0:0:1:0:" + edgetest.Host + ", LHR:1:0:0:0:1:" + edgetest.Host,
		}
		for name, want := range want {
			if v := unsigned(got.Fields.Get(name)); v != want || len(got.Fields.All(name)) > 1 {
				t.Errorf("%s: %q, want %q", name, v, want)
			}
		}

		a, got = pops["LHR"].Dial(t).Get(edgetest.Host, "/"), origin.Next()
		if diff := cmp.Diff([]string{"cache-lhr1-LHR", "1.1 varnish", "MISS", "0"}, through(a)); diff != "" {
			t.Errorf("marks of an answer of the shield's own (-want +got):\n%s", diff)
		}
		if ff := unsigned(got.Fields.Get("Fastly-FF")); ff != "LHR!cache-lhr1-LHR" {
			t.Errorf("Fastly-FF from the shield's own client: %q", ff)
		}
	})
}

// The hop to a shield of an origin with TLS counts as one over TLS: the shield adds
// the edge's address to what the client's request has, once.
func TestShieldForwarded(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		origin := edgetest.NewTLSOrigin(t, selfSigned(t), edgetest.Reply(ok("")))
		s := edgetest.Snapshot(edgetest.Backend(origin, behind("lhr")))
		edgetest.With(t, s, service.SnippetKind, "name=tell", "type=miss", `content=set bereq.http.Tell = req.is_ssl ":" req.protocol ":" fastly_info.edge.is_tls;`)
		pops := edgetest.StartPOPs(t, edge.Config{PlainIO: plain}, []string{"IAD", "LHR"}, s)
		c := pops["IAD"].Dial(t)
		c.Send(get("/", "X-Forwarded-For: 192.0.2.7"))
		c.Answer()
		got := origin.Next()
		for name, want := range map[string]string{
			"X-Forwarded-For": "192.0.2.7, 127.0.0.1", "X-Forwarded-Host": edgetest.Host, "X-Forwarded-Server": "cache-lhr1-LHR",
			"Fastly-SSL": "1", "Tell": "1:https:0",
		} {
			if all := got.Fields.All(name); len(all) != 1 || all[0] != want {
				t.Errorf("%s: %q, want %q", name, all, want)
			}
		}
	})
}

func selfSigned(t *testing.T) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{dialtest.SelfSigned(t, []string{edgetest.Host})}}
}

// What a client says of edges that its request has passed is nobody's.
func TestForgedFastlyFF(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		origin := edgetest.NewTLSOrigin(t, nil, edgetest.Reply("HTTP/1.1 200 OK\r\nSurrogate-Key: k\r\nContent-Length: 0\r\n\r\n"))
		s := edgetest.Snapshot(edgetest.Backend(origin))
		edgetest.With(t, s, service.SnippetKind, "name=tell", "type=miss", `content=set bereq.http.Tell = fastly.ff.visits_this_service ":" req.http.Fastly-FF;`)
		other := edgetest.Service("other", 1, []string{"other.example"}, edgetest.Backend(origin))
		pops := edgetest.StartPOPs(t, edge.Config{PlainIO: plain}, []string{"IAD"}, s, other)
		shield := edgetest.NewTLSOrigin(t, nil, edgetest.Reply(ok("")))
		before := fleetWith(t, edge.Config{PlainIO: plain}, []string{address(shield)}, edgetest.Snapshot(edgetest.Backend(origin, behind("lhr"))),
			edgetest.Service("other", 1, []string{"other.example"}, edgetest.Backend(origin, behind("lhr"))))
		valid := func(host string) string {
			before.Dial(t).Get(host, "/")
			return shield.Next().Fields.Get("Fastly-FF")
		}
		own, others := valid(edgetest.Host), valid("other.example")
		mark, _, _ := strings.Cut(own, "!")
		for name, fields := range map[string][]string{
			"unsigned":              {"Fastly-FF: IAD!cache-iad1-IAD"},
			"empty":                 {"Fastly-FF:"},
			"Fastly's":              {"Fastly-FF: qZarR/12OL0QOq4VyQPmqQ/CTp17AZv0d6cSG5nUSxU=!WDC!cache-wdc5548-WDC"},
			"of another service":    {"Fastly-FF: " + others},
			"of a POP not there":    {"Fastly-FF: " + mark + "!LHR!cache-lhr1-LHR"},
			"of another server":     {"Fastly-FF: " + mark + "!IAD!cache-iad2-IAD"},
			"with more before it":   {"Fastly-FF: " + own + ", " + own},
			"with more behind it":   {"Fastly-FF: " + own + ", x"},
			"twice":                 {"Fastly-FF: " + own, "fastly-ff: " + own},
			"one bad and one good":  {"Fastly-FF: x", "Fastly-FF: " + own},
			"listed in Connection":  {"Connection: fastly-ff", "Fastly-FF: x"},
			"another bit":           {"Fastly-FF: " + swapCase(own)},
			"as a list of nothings": {"Fastly-FF: " + strings.Repeat(", ", 5000)},
		} {
			t.Run(name, func(t *testing.T) {
				c := pops["IAD"].Dial(t)
				c.Send(get("/", fields...))
				a, got := c.Answer(), origin.Next()
				if tell := got.Fields.Get("Tell"); tell != "0:" && tell != "0:(null)" {
					t.Errorf("the program saw %q", tell)
				}
				if ff := got.Fields.All("Fastly-FF"); len(ff) != 1 || unsigned(ff[0]) != "IAD!cache-iad1-IAD" {
					t.Errorf("the origin got Fastly-FF %q", ff)
				}
				if a.Fields.Get("Surrogate-Key") != "" {
					t.Error("the client got Surrogate-Key")
				}
			})
		}
		c := pops["IAD"].Dial(t)
		c.Send(get("/", "Fastly-FF: "+own))
		c.Answer()
		if tell := origin.Next().Fields.Get("Tell"); !strings.HasPrefix(tell, "1:") {
			t.Errorf("of a mark that holds the program saw %q", tell)
		}
	})
}

// What an origin is sent of edges is worth nothing at an edge: not whole, nor in parts.
func TestFastlyFFOfOrigins(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		origin := edgetest.NewTLSOrigin(t, nil, edgetest.Reply(ok("")))
		s := edgetest.Snapshot(edgetest.Backend(origin, behind("lhr")))
		edgetest.With(t, s, service.SnippetKind, "name=tell", "type=miss", `content=set bereq.http.Tell = if(req.http.Tell, req.http.Tell, "") fastly.ff.visits_this_service ":" if(req.http.Fastly-FF, req.http.Fastly-FF, "") ";";`)
		pops := edgetest.StartPOPs(t, edge.Config{PlainIO: plain}, []string{"IAD", "LHR"}, s)
		pops["IAD"].Dial(t).Get(edgetest.Host, "/")
		r := origin.Next()
		seen := r.Fields.Get("Fastly-FF")
		first, last, _ := strings.Cut(seen, ", ")
		_, told, _ := strings.Cut(r.Fields.Get("Tell"), "1:") // what the program saw at the shield
		for _, list := range []string{seen, first, last, strings.TrimSuffix(told, ";")} {
			for at, want := range map[string]string{"IAD": "IAD!cache-iad1-IAD, LHR!cache-lhr1-LHR", "LHR": "LHR!cache-lhr1-LHR"} {
				c := pops[at].Dial(t)
				c.Send(get("/", "Fastly-FF: "+list))
				c.Answer()
				r := origin.Next()
				if tell, ff := r.Fields.Get("Tell"), unsigned(r.Fields.Get("Fastly-FF")); !strings.HasPrefix(tell, "0:;") || ff != want {
					t.Errorf("%s at %s: the program saw %q, the origin got %q", list, at, tell, ff)
				}
			}
		}
	})
}

// A backend that is the edge itself is found by what requests carry to it, whether that
// is CDN-Loop or, where a program takes it off, Fastly-FF; through shields too.
func TestOriginLoop(t *testing.T) {
	strip := "sub vcl_recv {\n#FASTLY recv\nreturn(pass);\n}\nsub vcl_pass {\n#FASTLY pass\nunset bereq.http.CDN-Loop;\n}\nsub vcl_fetch {\n#FASTLY fetch\nreturn(deliver);\n}"
	for name, tt := range map[string]struct {
		pops []string
		vcl  string
		sets []edgetest.Set
	}{
		"CDN-Loop":                  {[]string{"IAD"}, "", nil},
		"Fastly-FF":                 {[]string{"IAD"}, strip, nil},
		"Fastly-FF through shields": {[]string{"IAD", "LHR"}, strip, []edgetest.Set{behind("lhr")}},
	} {
		t.Run(name, func(t *testing.T) {
			edgetest.Both(t, func(t *testing.T, plain bool) {
				log, logger := edgetest.NewEvents(t)
				pops := edgetest.StartPOPs(t, edge.Config{PlainIO: plain, AccessLog: logger}, tt.pops)
				host, port, _ := strings.Cut(pops["IAD"].Addr, ":")
				n, _ := strconv.Atoi(port)
				s := edgetest.Snapshot(edgetest.BackendAt(host, n, tt.sets...))
				if tt.vcl != "" {
					s = edgetest.WithVCL(t, s, tt.vcl)
				}
				for _, e := range pops {
					if err := e.Apply(s); err != nil {
						t.Fatal(err)
					}
				}
				c := pops["IAD"].Dial(t)
				c.Send(post("/", 0)) // which no program sends again
				if a := c.AnswerTo("POST"); a.Status != 503 || a.Reason != "Loop detected" {
					t.Errorf("%d %s", a.Status, a.Reason)
				}
				for range 5 {
					log.Next()
				}
				log.None()
			})
		})
	}
}

// swapCase changes the case of the first letter from the middle of a mark on.
func swapCase(ff string) string {
	for i := 30; ; i++ {
		if c := ff[i] | 0x20; c >= 'a' && c <= 'z' {
			return ff[:i] + string(ff[i]^0x20) + ff[i+1:]
		}
	}
}

// A request that begins anew leaves the shield out.
func TestRestartSkipsShield(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		origin := edgetest.NewTLSOrigin(t, nil, edgetest.Reply(ok("")))
		s := edgetest.Snapshot(edgetest.Backend(origin, behind("lhr")))
		edgetest.With(t, s, service.SnippetKind, "name=again", "type=deliver", `content=if (req.restarts == 0 && server.datacenter == "IAD") { restart; }`)
		pops := edgetest.StartPOPs(t, edge.Config{PlainIO: plain}, []string{"IAD", "LHR"}, s)
		a := pops["IAD"].Dial(t).Get(edgetest.Host, "/")
		if by := a.Fields.Get("X-Served-By"); by != "cache-iad1-IAD" {
			t.Errorf("X-Served-By: %q", by)
		}
		first, second := origin.Next().Fields.Get("Fastly-FF"), origin.Next().Fields.Get("Fastly-FF")
		if unsigned(first) != "IAD!cache-iad1-IAD, LHR!cache-lhr1-LHR" || unsigned(second) != "IAD!cache-iad1-IAD" {
			t.Errorf("Fastly-FF: %q, then %q", first, second)
		}
	})
}

// Programs that send a request from POP to POP come to an end, whatever else they do.
func TestShieldLoop(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		origin := edgetest.NewTLSOrigin(t, nil, edgetest.Reply(ok("")))
		iad, lhr := edgetest.Backend(origin, behind("iad")), edgetest.Backend(origin, behind("lhr"))
		iad.Name, lhr.Name = "a", "b"
		s := edgetest.WithVCL(t, edgetest.Snapshot(iad, lhr), `
			sub vcl_recv {
				#FASTLY recv
				if (server.datacenter == "IAD") { set req.backend = shield_lhr; } else { set req.backend = shield_iad; }
				return(pass);
			}
			sub vcl_pass {
				#FASTLY pass
				unset bereq.http.CDN-Loop;
				unset bereq.http.Fastly*;
			}
			sub vcl_fetch {
				#FASTLY fetch
				return(deliver);
			}`)
		log, logger := edgetest.NewEvents(t)
		pops := edgetest.StartPOPs(t, edge.Config{PlainIO: plain, AccessLog: logger}, []string{"IAD", "LHR"}, s)
		a := pops["IAD"].Dial(t).Get(edgetest.Host, "/")
		if a.Status != 503 || a.Reason != "Loop detected" {
			t.Errorf("%d %s", a.Status, a.Reason)
		}
		for range 5 {
			log.Next()
		}
		log.None()
		if n := origin.Accepted(); n != 0 {
			t.Errorf("the origin has %d connections", n)
		}
	})
}

// A shield that nobody is goes to the origin, as does one that is not there; a program
// that insists on it has no backend.
func TestShieldDown(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		origin := edgetest.NewTLSOrigin(t, nil, edgetest.Reply(ok("")))
		s := edgetest.Snapshot(edgetest.Backend(origin, behind("lhr")))
		unknown := edgetest.Service("unknown", 1, []string{"unknown.example"}, edgetest.Backend(origin, behind("nowhere")))
		insists := edgetest.Service("insists", 1, []string{"insists.example"}, edgetest.Backend(origin, behind("lhr")))
		edgetest.WithVCL(t, insists, "sub vcl_recv {\n#FASTLY recv\nif (server.datacenter == \"IAD\" || req.url == \"/own\") { set req.backend = shield_lhr; }\nreturn(pass);\n}")
		pops := edgetest.StartPOPs(t, edge.Config{PlainIO: plain}, []string{"IAD", "LHR"}, s, unknown, insists)
		wantBy := func(host, want string) {
			t.Helper()
			a := pops["IAD"].Dial(t).Get(host, "/")
			if by := a.Fields.Get("X-Served-By"); by != want || a.Status != 200 {
				t.Errorf("%s: %d %s, X-Served-By: %q, want %q", host, a.Status, a.Reason, by, want)
			}
		}
		wantBy(edgetest.Host, "cache-lhr1-LHR, cache-iad1-IAD")
		wantBy("unknown.example", "cache-iad1-IAD")
		wantBy("insists.example", "cache-lhr1-LHR, cache-iad1-IAD")
		if a := pops["LHR"].Dial(t).Get("insists.example", "/own"); a.Reason != "All backends failed or unhealthy" {
			t.Errorf("a POP that is its own shield: %d %s", a.Status, a.Reason)
		}
		stop(pops["LHR"])
		for range 3 {
			wantBy(edgetest.Host, "cache-iad1-IAD")
		}
		if a := pops["IAD"].Dial(t).Get("insists.example", "/"); a.Status != 503 {
			t.Errorf("a shield that is down and has no origin behind it: %d %s", a.Status, a.Reason)
		}
	})
}

// stop ends an edge at once, as if it was killed.
func stop(e *edgetest.Edge) {
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	e.Shutdown(gone)
}

// While requests come, a shield ends with all that is under way on it. No client sees
// it, and no origin gets a request that looks as if it had been there twice.
func TestShieldKilledUnderLoad(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		ways := []string{"IAD!cache-iad1-IAD", "IAD!cache-iad1-IAD, LHR!cache-lhr1-LHR"}
		arrived := make(chan struct{}, 1<<16)
		origin := edgetest.NewTLSOrigin(t, nil, edgetest.Handle(func(c *edgetest.Conn, r *edgetest.Request) {
			arrived <- struct{}{}
			if r.Target == "/" && !slices.Contains(ways, unsigned(r.Fields.Get("Fastly-FF"))) {
				t.Errorf("the origin got Fastly-FF %q", r.Fields.Get("Fastly-FF"))
			}
			if v := r.Fields.All("X-Forwarded-For"); r.Target == "/" && !slices.Equal(v, []string{"192.0.2.7"}) {
				t.Errorf("the origin got X-Forwarded-For %q", v)
			}
			c.Write(ok("fine"))
		}))
		pops := edgetest.StartPOPs(t, edge.Config{PlainIO: plain}, []string{"IAD", "LHR", "NRT"},
			edgetest.Snapshot(edgetest.Backend(origin, behind("lhr"))))
		killed := make(chan struct{})
		var clients sync.WaitGroup
		for range 8 {
			c := pops["IAD"].Dial(t)
			clients.Go(func() {
				for after := 0; after < 50; {
					c.Send(get("/", "X-Forwarded-For: 192.0.2.7"))
					if a, err := c.TryAnswerTo("GET"); err != nil || a.Status != 200 || string(a.Body) != "fine" {
						t.Errorf("a client got %v, %v", a, err)
						return
					}
					select {
					case <-killed:
						after++
					default:
					}
				}
			})
		}
		for range 100 {
			<-arrived
		}
		stop(pops["LHR"])
		close(killed)
		clients.Wait()
		if by := pops["NRT"].Dial(t).Get(edgetest.Host, "/other").Fields.Get("X-Served-By"); by != "cache-nrt1-NRT" {
			t.Errorf("at another POP X-Served-By: %q", by)
		}
	})
}

// fleetWith starts the POP IAD, whose fleet also has LHR at these addresses.
func fleetWith(t *testing.T, cfg edge.Config, nodes []string, snapshots ...*service.Snapshot) *edgetest.Edge {
	t.Helper()
	cfg.Identity, cfg.Fleet = "cache-iad1-IAD", fleet(t,
		edge.POP{Code: "IAD", Key: edgetest.FleetKey},
		edge.POP{Code: "LHR", Shield: "lhr", Nodes: nodes, Key: edgetest.FleetKey})
	return edgetest.Start(t, cfg, snapshots...)
}

func address(o *edgetest.Origin) string { return fmt.Sprintf("127.0.0.1:%d", o.Port()) }

// A shield that takes a request and dies with it may have passed it on: the origin
// gets it only if that does no harm.
func TestShieldVanishes(t *testing.T) {
	large := strings.Repeat("uploaded", 1<<16)
	tests := []struct {
		name, request string
		status        int
	}{
		{"a GET", get("/"), 200},
		{"a PUT at hand", "PUT / HTTP/1.1\r\nHost: " + edgetest.Host + "\r\nContent-Length: 5\r\n\r\nhello", 503},
		{"a DELETE", "DELETE / HTTP/1.1\r\nHost: " + edgetest.Host + "\r\n\r\n", 503},
		{"a POST", post("/", 5) + "hello", 503},
		{"an upload", post("/", len(large)) + large, 503},
	}
	edgetest.Both(t, func(t *testing.T, plain bool) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				origin := edgetest.NewTLSOrigin(t, nil, edgetest.Reply(ok("")))
				node := edgetest.NewTLSOrigin(t, nil, edgetest.Handle(func(c *edgetest.Conn, _ *edgetest.Request) { c.Close() }))
				e := fleetWith(t, edge.Config{PlainIO: plain}, []string{address(node)}, edgetest.Snapshot(edgetest.Backend(origin, behind("lhr"))))
				c := e.Dial(t)
				c.Send(tt.request)
				if a := c.AnswerTo("POST"); a.Status != tt.status {
					t.Errorf("status %d %s", a.Status, a.Reason)
				}
				if got := origin.Accepted() > 0; got != (tt.status == 200) {
					t.Errorf("the origin got it: %v", got)
				}
			})
		}
	})
}

// A request that every node dies of meets two of them, and not the origin.
func TestShieldNodesVanish(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		origin := edgetest.NewTLSOrigin(t, nil, edgetest.Reply(ok("")))
		var nodes []*edgetest.Origin
		var addresses []string
		for range 4 {
			o := edgetest.NewTLSOrigin(t, nil, edgetest.Handle(func(c *edgetest.Conn, _ *edgetest.Request) { c.Close() }))
			nodes, addresses = append(nodes, o), append(addresses, address(o))
		}
		e := fleetWith(t, edge.Config{PlainIO: plain}, addresses, edgetest.Snapshot(edgetest.Backend(origin, behind("lhr"))))
		if a := e.Dial(t).Get(edgetest.Host, "/"); a.Status != 503 || a.Reason != "backend read error" {
			t.Errorf("%d %s", a.Status, a.Reason)
		}
		met := 0
		for _, o := range nodes {
			met += int(o.Accepted())
		}
		if met != 2 || origin.Accepted() != 0 {
			t.Errorf("it met %d nodes, and the origin %d times", met, origin.Accepted())
		}
	})
}

// Of a POP's nodes those that are there are used, and the same one for the same hash.
func TestShieldNodes(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		origin := edgetest.NewTLSOrigin(t, nil, edgetest.Reply(ok("origin")))
		one := edgetest.NewTLSOrigin(t, nil, edgetest.Reply(ok("one")))
		two := edgetest.NewTLSOrigin(t, nil, edgetest.Reply(ok("two")))
		gone := fmt.Sprintf("127.0.0.1:%d", edgetest.RefusedPort(t))
		e := fleetWith(t, edge.Config{PlainIO: plain}, []string{address(one), gone, address(two)},
			edgetest.Snapshot(edgetest.Backend(origin, behind("lhr"))))
		c, from := e.Dial(t), map[string]int{}
		for i := range 60 {
			path := fmt.Sprintf("/%d", i)
			body := string(c.Get(edgetest.Host, path).Body)
			from[body]++
			if again := string(c.Get(edgetest.Host, path).Body); again != body && i > 20 {
				t.Errorf("%s came from %s, then from %s", path, body, again)
			}
		}
		if from["one"] == 0 || from["two"] == 0 || from["origin"] != 0 {
			t.Errorf("answers: %v", from)
		}
		if one.Accepted() != 1 || two.Accepted() != 1 {
			t.Errorf("%d and %d connections", one.Accepted(), two.Accepted())
		}
	})
}

// The shield is sent a Host by which it finds the service, whatever the program makes
// of it.
func TestShieldHost(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		node := edgetest.NewTLSOrigin(t, nil, edgetest.Reply(ok("")))
		s := edgetest.Service("test", 1, []string{edgetest.Host, "*.shop.example"}, edgetest.BackendAt("127.0.0.1", 1, behind("lhr")))
		edgetest.With(t, s, service.SnippetKind, "name=host", "type=recv", `content=if (req.http.To) { set req.http.host = req.http.To; }`)
		other := edgetest.Service("other", 1, []string{"other.example"}, edgetest.BackendAt("127.0.0.1", 1))
		e := fleetWith(t, edge.Config{PlainIO: plain}, []string{address(node)}, s, other)
		for to, want := range map[string]string{
			"":                   "Test.Example:80",
			"origin.example":     "Test.Example:80",
			"other.example":      "Test.Example:80",
			"www.shop.example":   "www.shop.example",
			"not a host":         "Test.Example:80",
			"WWW.shop.example:1": "WWW.shop.example:1",
		} {
			c := e.Dial(t)
			c.Send("GET / HTTP/1.1\r\nHost: Test.Example:80\r\nTo: " + to + "\r\n\r\n")
			c.Answer()
			if got := node.Next().Fields.Get("Host"); !strings.EqualFold(got, want) {
				t.Errorf("set to %q: the shield got %q, want %q", to, got, want)
			}
		}
	})
}

// What explain tells of a shielded backend, and of one whose shield is down.
func TestExplainShield(t *testing.T) {
	s := edgetest.Snapshot(edgetest.BackendAt("web.internal", 80, behind("lhr"), func(b *service.Backend) { b.OverrideHost = new("override.example") }))
	e := fleetWith(t, edge.Config{}, []string{"192.0.2.1:8080"})
	told := explained(t, e, s, nil, `{"url":"http://`+edgetest.Host+`/"}`)
	f := told.Fetches[0]
	if f.Shield == nil || f.Shield.POP != "lhr" || !f.Shield.Used || f.Host != edgetest.Host || f.Backend.Address != "192.0.2.1" || f.Backend.Port != 8080 {
		t.Errorf("shield %+v, host %q, backend %+v", f.Shield, f.Host, f.Backend)
	}
	told = explained(t, e, s, nil, `{"url":"http://`+edgetest.Host+`/","health":{"shield_lhr":false}}`)
	if f := told.Fetches[0]; f.Shield == nil || f.Shield.Used || f.Host != "override.example" || f.Backend.Name != "origin" {
		t.Errorf("down: shield %+v, host %q, backend %+v", f.Shield, f.Host, f.Backend)
	}
	told = explained(t, e, s, nil, `{"url":"http://`+edgetest.Host+`/","origins":{"shield_lhr":{"failure":"Connection refused"}}}`)
	if n := len(told.Fetches); n != 2 || !told.Fetches[0].Shield.Used || told.Fetches[1].Backend.Name != "origin" {
		t.Errorf("%d fetches: %+v", n, told.Fetches)
	}
}

// A shield that the request has passed is not chosen again, whoever asks for it.
func TestShieldPassed(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		origin := edgetest.NewTLSOrigin(t, nil, edgetest.Reply(ok("")))
		a, b := edgetest.Backend(origin, behind("iad")), edgetest.Backend(origin, behind("lhr"))
		a.Name, b.Name = "a", "b"
		s := edgetest.WithVCL(t, edgetest.Snapshot(a, b), `
			sub vcl_recv {
				#FASTLY recv
				set req.backend = F_a;
				set req.backend = fastly.try_select_shield(shield_iad, req.backend);
				set req.backend = fastly.try_select_shield(shield_lhr, req.backend);
				return(pass);
			}`)
		pops := edgetest.StartPOPs(t, edge.Config{PlainIO: plain}, []string{"IAD", "LHR", "NRT"}, s)
		for at, want := range map[string]string{
			"IAD": "cache-lhr1-LHR, cache-iad1-IAD",
			"LHR": "cache-iad1-IAD, cache-lhr1-LHR",
			"NRT": "cache-iad1-IAD, cache-lhr1-LHR, cache-nrt1-NRT",
		} {
			if by := pops[at].Dial(t).Get(edgetest.Host, "/").Fields.Get("X-Served-By"); by != want {
				t.Errorf("at %s: X-Served-By: %q, want %q", at, by, want)
			}
		}
		stop(pops["LHR"])
		if by := pops["NRT"].Dial(t).Get(edgetest.Host, "/").Fields.Get("X-Served-By"); by != "cache-iad1-IAD, cache-nrt1-NRT" {
			t.Errorf("a shield before a shield, the first down: X-Served-By: %q", by)
		}
	})
}

// A shield of an origin with TLS is spoken to by TLS, if it can be. Its certificate is
// the POP's, and need not be for the host that is asked for.
func TestShieldTLS(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		origin := edgetest.NewTLSOrigin(t, selfSigned(t), edgetest.Reply(ok("")))
		clear := edgetest.NewTLSOrigin(t, nil, edgetest.Reply(ok("")))
		iad, lhr := edge.POP{Code: "IAD", Key: edgetest.FleetKey}, edge.POP{Code: "LHR", Key: edgetest.FleetKey}
		shield := startSecure(t, edge.Config{PlainIO: plain, Identity: "cache-lhr1-LHR", Fleet: fleet(t, iad, lhr)}, origin)

		lhr.Shield, lhr.Nodes = "lhr", []string{fmt.Sprintf("127.0.0.1:%d", edgetest.RefusedPort(t))}
		lhr.TLS = &edge.SecurePOP{Nodes: []string{shield.addr}, Name: edgetest.Host, CA: shield.root.PEM()}
		e := edgetest.Start(t, edge.Config{PlainIO: plain, Identity: "cache-iad1-IAD", Fleet: fleet(t, iad, lhr)},
			edgetest.Service("test", 1, []string{"other.example"}, edgetest.Backend(origin, behind("lhr"))),
			edgetest.Service("clear", 1, []string{"clear.example"}, edgetest.Backend(clear, behind("lhr"))))

		a := e.Dial(t).Get("other.example", "/")
		if by := a.Fields.Get("X-Served-By"); a.Status != 200 || by != "cache-lhr1-LHR, cache-iad1-IAD" {
			t.Errorf("%d %s, X-Served-By: %q", a.Status, a.Reason, by)
		}
		if xff := origin.Next().Fields.All("X-Forwarded-For"); len(xff) != 1 || !strings.HasSuffix(xff[0], "127.0.0.1") {
			t.Errorf("X-Forwarded-For: %q", xff)
		}
		if by := e.Dial(t).Get("clear.example", "/").Fields.Get("X-Served-By"); by != "cache-iad1-IAD" {
			t.Errorf("of an origin in clear, whose shield is down in clear: X-Served-By: %q", by)
		}
	})
}

func fleet(t *testing.T, pops ...edge.POP) *edge.Fleet {
	t.Helper()
	f, err := edge.NewFleet(pops)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
