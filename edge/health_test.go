package edge_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"headwater/dial/dialtest"
	"headwater/edge"
	"headwater/edge/edgetest"
	"headwater/explain"
	"headwater/probe"
	"headwater/service"
)

// ping is a healthcheck that turns with each try, of which there are fifty a second.
func ping(sets ...func(*service.Healthcheck)) *service.Healthcheck {
	h := service.HealthcheckKind.Default().(*service.Healthcheck)
	h.Name, h.Host, h.Path = "ping", "ping.test", "/ping"
	h.CheckInterval, h.Timeout = 20, 20_000
	h.Window, h.Threshold, h.Initial = 1, 1, 1
	for _, set := range sets {
		set(h)
	}
	return h
}

func pinged(b *service.Backend) { b.Healthcheck = new("ping") }

// checked gives s a healthcheck.
func checked(s *service.Snapshot, h *service.Healthcheck) *service.Snapshot {
	s.Objects[service.HealthcheckKind.Name] = append(s.Objects[service.HealthcheckKind.Name], h)
	return s
}

// A patient is an origin that answers its probes as it is told.
type patient struct {
	*edgetest.Origin
	sick   atomic.Bool
	dead   atomic.Bool
	probes atomic.Int64
	asked  atomic.Int64 // requests that are not probes
}

func newPatient(t *testing.T, name string) *patient {
	return newPatientOn(t, name, edgetest.NewOrigin)
}

// newPatientOn is newPatient on the kind of origin that start starts.
func newPatientOn(t *testing.T, name string, start func(testing.TB, func(*edgetest.Conn)) *edgetest.Origin) *patient {
	p := &patient{}
	handle := edgetest.Handle(func(c *edgetest.Conn, r *edgetest.Request) {
		switch {
		case r.Target != "/ping":
			p.asked.Add(1)
			c.Write(ok(name))
		case p.sick.Load():
			p.probes.Add(1)
			c.Write("HTTP/1.1 500 Sick\r\nContent-Length: 0\r\n\r\n")
		default:
			p.probes.Add(1)
			c.Write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		}
	})
	p.Origin = start(t, func(c *edgetest.Conn) {
		if p.dead.Load() {
			c.Reset()
			return
		}
		handle(c)
	})
	return p
}

// kill resets all connections, those that are still to come too.
func (p *patient) kill() {
	p.dead.Store(true)
	for _, c := range p.Conns() {
		c.Reset()
	}
}

func (p *patient) revive() { p.dead.Store(false) }

// A ward is where changes of health are heard of.
type ward struct {
	t       *testing.T
	changes chan probe.Change
}

func newWard(t *testing.T) *ward { return &ward{t, make(chan probe.Change, 1000)} }

func (w *ward) hear(c probe.Change) { w.changes <- c }

// next waits for the next change and looks whether it is the one that is due.
func (w *ward) next(backend string, healthy bool) probe.Change {
	w.t.Helper()
	select {
	case c := <-w.changes:
		if c.Healthy != healthy || c.Backends[0].Backend != backend {
			w.t.Fatalf("a change is %+v, want %s healthy: %v", c, backend, healthy)
		}
		return c
	case <-time.After(30 * time.Second):
		w.t.Fatalf("%s does not become healthy: %v", backend, healthy)
		return probe.Change{}
	}
}

// A sick backend takes nothing, nobody takes its place, and programs know. Healthy
// again, it serves.
func TestSickBackend(t *testing.T) {
	const text = `director d random { .quorum = 100%; { .backend = F_origin; .weight = 1; } { .backend = F_other; .weight = 1; } }
sub vcl_recv {
#FASTLY recv
set req.backend = F_origin;
if (req.url == "/director") { set req.backend = d; }
set req.http.Health = req.backend.healthy ":" backend.F_origin.healthy ":" backend.F_other.healthy ":" director.d.healthy;
}
sub vcl_deliver {
#FASTLY deliver
set resp.http.Health = req.http.Health;
}`
	edgetest.Both(t, func(t *testing.T, plain bool) {
		p := newPatient(t, "origin")
		other := newPatient(t, "other")
		log, logger := edgetest.NewEvents(t)
		w := newWard(t)
		s := edgetest.WithVCL(t, checked(edgetest.Snapshot(edgetest.Backend(p.Origin, pinged),
			edgetest.Backend(other.Origin, func(b *service.Backend) { b.Name = "other" })), ping()), text)
		e := edgetest.Start(t, edge.Config{PlainIO: plain, AccessLog: logger, HealthChanged: w.hear}, s)
		c := e.Dial(t)
		want := func(target string, status int, reason, health string) {
			t.Helper()
			a := c.Get(edgetest.Host, target)
			if a.Status != status || a.Reason != reason || a.Fields.Get("Health") != health {
				t.Errorf("%s: %d %s, %s; want %d %s, %s", target, a.Status, a.Reason, a.Fields.Get("Health"), status, reason, health)
			}
			if got := log.Next()["reason"].String(); status != 200 && got != reason {
				t.Errorf("%s: the log says %q", target, got)
			}
			if status != 200 {
				c = e.Dial(t)
			}
		}
		want("/", 200, "OK", "1:1:1:1")
		p.sick.Store(true)
		if change := w.next("origin", false); change.Backend || change.Reason != "status 500, not 200" || int(change.Addr.Port()) != p.Port() {
			t.Errorf("the change is %+v", change)
		}
		before := p.asked.Load()
		want("/", 503, "Backend is unhealthy", "0:0:1:0")
		want("/director", 503, "Quorum weight not reached", "0:0:1:0")
		if p.asked.Load() != before || other.asked.Load() != 0 {
			t.Errorf("%d requests reached the sick origin, %d another one", p.asked.Load()-before, other.asked.Load())
		}
		p.sick.Store(false)
		w.next("origin", true)
		want("/", 200, "OK", "1:1:1:1")
	})
}

// A bug in whoever is told of health is one of the edge's, and ends neither the probe nor
// anything else.
func TestProbePanicIsContained(t *testing.T) {
	p := newPatient(t, "fine")
	told := make(chan bool, 1)
	e := edgetest.Start(t, edge.Config{HealthChanged: func(c probe.Change) {
		told <- c.Healthy
		panic("a bug")
	}}, checked(edgetest.Snapshot(edgetest.Backend(p.Origin, pinged)), ping()))
	for _, healthy := range []bool{false, true} {
		p.sick.Store(!healthy)
		if got := <-told; got != healthy {
			t.Errorf("told that the backend is healthy: %v", got)
		}
	}
	if a := e.Dial(t).Get(edgetest.Host, "/"); string(a.Body) != "fine" {
		t.Errorf("answered %d %q", a.Status, a.Body)
	}
	if n := e.Panics(); n < 1 { // the second may not have been counted yet
		t.Error("no panic is counted")
	}
}

// Of several addresses only those that are healthy get requests, also where warm
// connections to others wait.
func TestSickAddress(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		ns := dialtest.NewNameServer(t)
		ns.Set("pool.test 600 A 127.0.0.1", "pool.test 600 A 127.0.0.2")
		sick := map[string]*atomic.Bool{"127.0.0.1": {}, "127.0.0.2": {}}
		o := edgetest.NewOriginOn(t, "0.0.0.0", edgetest.Handle(func(c *edgetest.Conn, r *edgetest.Request) {
			at := c.To().String()
			if r.Target == "/ping" && sick[at].Load() {
				c.Write("HTTP/1.1 500 Sick\r\nContent-Length: 0\r\n\r\n")
				return
			}
			c.Write(ok(at))
		}))
		w := newWard(t)
		b := edgetest.Backend(o, pinged, func(b *service.Backend) { b.Address = "pool.test" })
		e := edgetest.Start(t, edge.Config{PlainIO: plain, Network: network(t, ns), HealthChanged: w.hear}, checked(edgetest.Snapshot(b), ping()))
		c := e.Dial(t)
		served := map[string]int{}
		for len(served) < 2 { // so that connections to both are warm
			other := e.Dial(t)
			other.Send("GET / HTTP/1.1\r\nHost: " + edgetest.Host + "\r\n\r\n")
			served[string(c.Get(edgetest.Host, "/").Body)]++
			served[string(other.Answer().Body)]++
		}
		sick["127.0.0.1"].Store(true)
		if change := w.next("origin", false); !change.Backend || change.Addr.Addr().String() != "127.0.0.1" {
			t.Errorf("the change is %+v", change)
		}
		for range 20 {
			if a := c.Get(edgetest.Host, "/"); string(a.Body) != "127.0.0.2" {
				t.Fatalf("%d %s %s, while 127.0.0.1 is sick", a.Status, a.Reason, a.Body)
			}
		}
		sick["127.0.0.2"].Store(true)
		w.next("origin", false)
		if a := c.Get(edgetest.Host, "/"); a.Status != 503 || a.Reason != "Backend is unhealthy" {
			t.Errorf("all are sick: %d %s", a.Status, a.Reason)
		}
	})
}

// Connections to an address that one service has found sick are kept for another of its
// customer, which does not ask.
func TestSickAddressIsNobodyElses(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		ns := dialtest.NewNameServer(t)
		ns.Set("pool.test 600 A 127.0.0.1", "pool.test 600 A 127.0.0.2")
		var sick atomic.Bool
		came, answer := make(chan *edgetest.Conn), make(chan bool)
		o := edgetest.NewOriginOn(t, "0.0.0.0", edgetest.Handle(func(c *edgetest.Conn, r *edgetest.Request) {
			at := c.To().String()
			switch {
			case r.Target == "/ping" && at == "127.0.0.1" && sick.Load():
				c.Write("HTTP/1.1 500 Sick\r\nContent-Length: 0\r\n\r\n")
				return
			case r.Target == "/held":
				came <- c
				<-answer
			}
			c.Write(ok(at))
		}))
		w := newWard(t)
		of := func(name string, sets ...edgetest.Set) *service.Snapshot {
			sets = append(sets, func(b *service.Backend) { b.Address = "pool.test" })
			return edgetest.Service(name, 1, []string{name}, edgetest.Backend(o, sets...))
		}
		e := edgetest.Start(t, edge.Config{PlainIO: plain, Network: network(t, ns), HealthChanged: w.hear},
			checked(of("checked", pinged), ping()), of("other"))
		conns, addresses := map[*edgetest.Conn]bool{}, map[string]bool{}
		together := func(n int) { // so many requests to the other service
			var clients []*edgetest.Client
			for range n {
				c := e.Dial(t)
				c.Send("GET /held HTTP/1.1\r\nHost: other\r\n\r\n")
				conns[<-came] = true
				clients = append(clients, c)
			}
			for range n {
				answer <- true
			}
			for _, c := range clients {
				addresses[string(c.Answer().Body)] = true
			}
		}
		n := 1
		for together(n); len(addresses) < 2; together(n) {
			n++
		}
		sick.Store(true)
		w.next("origin", false)
		c := e.Dial(t)
		for range n {
			if a := c.Get("checked", "/"); string(a.Body) != "127.0.0.2" {
				t.Fatalf("%d %s %s, while 127.0.0.1 is sick", a.Status, a.Reason, a.Body)
			}
		}
		if together(n); len(conns) != n {
			t.Errorf("%d requests of the other service took %d connections", n, len(conns))
		}
	})
}

// A name without addresses is another reason to be sick, with words of its own.
func TestHomelessBackend(t *testing.T) {
	ns := dialtest.NewNameServer(t)
	b := edgetest.BackendAt("gone.test", 80, pinged)
	e := edgetest.Start(t, edge.Config{Network: network(t, ns)}, checked(edgetest.Snapshot(b), ping()))
	if a := e.Dial(t).Get(edgetest.Host, "/"); a.Status != 503 || a.Reason != "No healthy IP available for the backend" {
		t.Errorf("%d %s", a.Status, a.Reason)
	}
}

// What is known of an origin outlives a hundred activations, in which nobody asks it
// more than before; another definition begins anew.
func TestHealthOutlivesActivations(t *testing.T) {
	p := newPatient(t, "origin")
	w := newWard(t)
	version := func(n int, h *service.Healthcheck) *service.Snapshot {
		return checked(edgetest.Service("test", n, []string{edgetest.Host}, edgetest.Backend(p.Origin, pinged)), h)
	}
	e := edgetest.Start(t, edge.Config{HealthChanged: w.hear}, version(1, ping()))
	p.sick.Store(true)
	w.next("origin", false)
	c := e.Dial(t)
	for n := range 100 {
		if err := e.Apply(version(n+2, ping(func(h *service.Healthcheck) { h.Comment = fmt.Sprint(n) }))); err != nil {
			t.Fatal(err)
		}
		if a := c.Get(edgetest.Host, "/"); a.Reason != "Backend is unhealthy" {
			t.Fatalf("version %d: %d %s", n+2, a.Status, a.Reason)
		}
		c = e.Dial(t)
	}
	if n := len(w.changes); n != 0 {
		t.Errorf("%d changes of health by activations", n)
	}
	slow := ping(func(h *service.Healthcheck) { h.CheckInterval, h.Window, h.Initial, h.Threshold = 3_600_000, 5, 5, 5 })
	if err := e.Apply(version(200, slow)); err != nil {
		t.Fatal(err)
	}
	if a := c.Get(edgetest.Host, "/"); a.Status != 200 {
		t.Errorf("another definition: %d %s", a.Status, a.Reason)
	}
}

// A member of a pool that is killed under load is out with its first failed try: from
// then on no client sees it. Brought back, it takes its share again.
func TestPoolLosesAMember(t *testing.T) {
	const clients = 8
	edgetest.Both(t, func(t *testing.T, plain bool) {
		names := []string{"a", "b", "c"}
		var backends []*service.Backend
		patients := map[string]*patient{}
		for _, name := range names {
			patients[name] = newPatient(t, name)
			backends = append(backends, edgetest.Backend(patients[name].Origin, pinged, func(b *service.Backend) { b.Name, b.AutoLoadbalance = name, true }))
		}
		w := newWard(t)
		e := edgetest.Start(t, edge.Config{PlainIO: plain, HealthChanged: w.hear}, checked(edgetest.Snapshot(backends...), ping()))

		var stop, out atomic.Bool
		var back, wrong, failed atomic.Int64
		var load sync.WaitGroup
		for range clients {
			load.Go(func() {
				c := e.Dial(t)
				for !stop.Load() {
					gone := out.Load()
					a := c.Get(edgetest.Host, "/")
					switch body := string(a.Body); {
					case a.Status != 200 && gone:
						failed.Add(1)
					case a.Status != 200:
						c = e.Dial(t)
					case gone && body == "b" && out.Load(), body != "a" && body != "b" && body != "c":
						wrong.Add(1)
					case body == "b":
						back.Add(1)
					}
				}
			})
		}
		defer load.Wait()
		defer stop.Store(true)
		until := func(what string, done func() bool) {
			t.Helper()
			for due := time.Now().Add(30 * time.Second); !done(); time.Sleep(time.Millisecond) {
				if time.Now().After(due) {
					t.Fatal(what)
				}
			}
		}
		until("b gets no requests", func() bool { return back.Load() > 20 })
		patients["b"].kill()
		w.next("b", false)
		out.Store(true)
		seen := patients["a"].asked.Load()
		until("a gets no requests", func() bool { return patients["a"].asked.Load() > seen+200 })
		out.Store(false)
		back.Store(0)
		patients["b"].revive()
		w.next("b", true)
		until("b gets no requests again", func() bool { return back.Load() > 20 })
		if failed.Load() > 0 || wrong.Load() > 0 {
			t.Errorf("after b was known to be sick: %d requests failed, %d were answered wrongly", failed.Load(), wrong.Load())
		}
	})
}

// A probe that is declared in VCL is one, and a dummy is none.
func TestDeclaredProbe(t *testing.T) {
	for _, tt := range []struct {
		name, probe string
		method      string // of the probe that comes; "" for none
	}{
		{"a request", `.probe = { .request = "OPTIONS /ping HTTP/1.1" "Host: there.test" "X-A: b"; .interval = 1s; .timeout = 5s; .window = 1; .threshold = 1; .initial = 0; }`, "OPTIONS"},
		{"a URL", `.probe = { .url = "/ping"; .interval = 1s; .window = 1; .threshold = 1; .initial = 0; }`, "GET"},
		{"a dummy", `.probe = { .dummy = true; .url = "/ping"; .window = 1; .threshold = 1; .initial = 0; }`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPatientOn(t, "origin", func(t testing.TB, serve func(*edgetest.Conn)) *edgetest.Origin {
				return edgetest.NewTLSOrigin(t, nil, serve) // as the VCL has it
			})
			w := newWard(t)
			s := edgetest.WithVCL(t, edgetest.Snapshot(), fmt.Sprintf(`backend b { .host = "127.0.0.1"; .port = "%d"; %s }
sub vcl_recv {
#FASTLY recv
set req.backend = b;
}`, p.Port(), tt.probe))
			e := edgetest.Start(t, edge.Config{HealthChanged: w.hear}, s)
			if tt.method == "" {
				if a := e.Dial(t).Get(edgetest.Host, "/"); a.Status != 200 || p.probes.Load() != 0 {
					t.Errorf("%d %s, %d probes", a.Status, a.Reason, p.probes.Load())
				}
				return
			}
			w.next("b", true)
			if r := p.Next(); r.Method != tt.method || r.Target != "/ping" {
				t.Errorf("the probe is %s %s", r.Method, r.Target)
			}
			if a := e.Dial(t).Get(edgetest.Host, "/"); a.Status != 200 {
				t.Errorf("%d %s", a.Status, a.Reason)
			}
		})
	}
}

// A version whose probe in VCL is none is refused.
func TestDeclaredProbesAreChecked(t *testing.T) {
	for text, want := range map[string]string{
		`.probe = { .url = "ping"; }`:                             "probe of backend b of the VCL: 'path' must begin with '/' and hold nothing but visible ASCII without '#'",
		`.probe = { .interval = 1ms; }`:                           "probe of backend b of the VCL: 'check_interval' must be a whole number from 1000 to 3600000",
		`.probe = { .request = "GET"; }`:                          "probe of backend b of the VCL: 'path' is required",
		`.probe = { .window = 2; .threshold = 3; }`:               "probe of backend b of the VCL: 'initial' is above 'window'",
		`.probe = { .window = 2; }`:                               "",
		`.probe = { .url = "/"; }`:                                "",
		`.probe = { .threshold = 5; }`:                            "",
		`.probe = { .request = "GET / HTTP/1.1" "no field"; }`:    "probe of backend b of the VCL: 'no field' is not a header as 'Name: value'",
		`.probe = { .request = "GET / HTTP/9" "Host: b.test"; }`:  "probe of backend b of the VCL: 'http_version' must be one of 1.0, 1.1",
		`.probe = { .request = "G T / HTTP/1.1" "Host: b.test";}`: "probe of backend b of the VCL: 'path' must begin with '/' and hold nothing but visible ASCII without '#'",
	} {
		s := edgetest.WithVCL(t, edgetest.Snapshot(), `backend b { .host = "127.0.0.1"; `+text+` } sub vcl_recv {
#FASTLY recv
}`)
		e := edgetest.Start(t, edge.Config{})
		warnings, err := e.Check(s)
		if want == "" && (err != nil || len(warnings) > 0) || want != "" && (err == nil || err.Error() != want) {
			t.Errorf("%s: %v, %q, want %s", text, err, warnings, want)
		}
	}
}

// An explanation pretends health, whatever a probe would find.
func TestExplainPretendsHealth(t *testing.T) {
	e := edgetest.Start(t, edge.Config{})
	s := checked(edgetest.Snapshot(edgetest.BackendAt("127.0.0.1", 1, pinged)), ping(func(h *service.Healthcheck) { h.Initial = 0 }))
	for healthy, want := range map[bool]string{true: "", false: "Backend is unhealthy"} {
		r := &explain.Request{Method: "GET", URL: "http://" + edgetest.Host + "/", HTTP: "1.1", Health: map[string]bool{"origin": healthy}}
		told, err := e.Explain(s, nil, r)
		if err != nil {
			t.Fatal(err)
		}
		if got := told.Fetches[0].Answer.Failure; got != want {
			t.Errorf("healthy: %v: %q, want %q", healthy, got, want)
		}
	}
}
