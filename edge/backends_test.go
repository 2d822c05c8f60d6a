package edge_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/dns/dnsmessage"

	"headwater/dial"
	"headwater/dial/dialtest"
	"headwater/edge"
	"headwater/edge/edgetest"
	"headwater/metric"
	"headwater/probe"
	"headwater/report"
	"headwater/service"
)

// Each way in which a fetch can end is in the record of its backend, once, in the
// words of the access log, and stays there over activations.
func TestBackendsAreRecorded(t *testing.T) {
	const host = edgetest.Host
	edgetest.Both(t, func(t *testing.T, plain bool) {
		o := edgetest.NewOrigin(t, edgetest.Paths(map[string]func(*edgetest.Conn, *edgetest.Request){
			"/ok": func(c *edgetest.Conn, _ *edgetest.Request) { c.Write(ok("fine")) },
			"/moved": func(c *edgetest.Conn, _ *edgetest.Request) {
				c.Write("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n")
			},
			"/sorry":   func(c *edgetest.Conn, _ *edgetest.Request) { c.Write("HTTP/1.1 502 Oh\r\nContent-Length: 0\r\n\r\n") },
			"/garbage": func(c *edgetest.Conn, _ *edgetest.Request) { c.Write("HTTP/9.9 200 OK\r\n\r\n") },
			"/silent":  func(*edgetest.Conn, *edgetest.Request) {},
			"/gone":    func(c *edgetest.Conn, _ *edgetest.Request) { c.Close() },
			"/truncated": func(c *edgetest.Conn, _ *edgetest.Request) {
				c.Write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfew")
				c.Close()
			},
		}))
		backends := []*service.Backend{
			edgetest.Backend(o, func(b *service.Backend) { b.RequestCondition = "good" }),
			edgetest.Backend(o, firstByte(50), func(b *service.Backend) { b.Name, b.RequestCondition = "hasty", "hasty" }),
			edgetest.BackendAt("127.0.0.1", edgetest.RefusedPort(t), func(b *service.Backend) {
				b.Name, b.RequestCondition = "refused", "refused"
			}),
		}
		log, logger := edgetest.NewEvents(t)
		e := edgetest.Start(t, edge.Config{PlainIO: plain, AccessLog: logger}, edgetest.Service("test", 1, []string{host}, backends...))
		ask := func(target, which string) {
			c := e.Dial(t)
			c.Send(get(target, which+": 1"))
			c.TryAnswerTo("GET")
			log.Next()
			c.TCP.Close()
		}
		for _, target := range []string{"/ok", "/ok", "/moved", "/missing", "/sorry", "/garbage", "/gone", "/truncated"} {
			ask(target, "good")
		}
		if err := e.Apply(edgetest.Service("test", 2, []string{host}, backends...)); err != nil {
			t.Fatal(err)
		}
		ask("/silent", "hasty")
		ask("/ok", "refused")
		ask("/ok", "good")

		told := e.Backends("test")
		if told.Version != 2 || len(told.Backends) != 3 {
			t.Fatalf("told %+v", told)
		}
		good, hasty, refused := told.Backends[0], told.Backends[1], told.Backends[2]
		want := report.Outcomes{
			Fetches: 9,
			Answers: report.Answers{Successful: 4, Redirects: 1, ClientErrors: 1, ServerErrors: 1},
			Failures: []report.Failure{
				{Reason: "backend read error", Side: "origin", Count: 1},
				{Reason: "Service Unavailable", Side: "origin", Count: 1},
				{Reason: "truncated response", Side: "origin", Count: 1},
			},
		}
		for name, got := range map[string]report.Outcomes{"recent": good.Recent, "total": good.Total} {
			if got.FirstByte.Count != 7 || got.Connect.Count == 0 || got.FirstByte.P50 > got.FirstByte.P999 || got.Seconds <= 0 {
				t.Errorf("%s: %+v", name, got)
			}
			got.Seconds, got.FirstByte, got.Connect = 0, report.Latency{}, report.Latency{}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		if diff := cmp.Diff([]report.Place{{Address: "127.0.0.1", Fetches: 9, Failures: 3, Errors: 1}}, good.Places); diff != "" {
			t.Errorf("places (-want +got):\n%s", diff)
		}
		if c := good.Connections; c.Open != 1 || c.Idle != 1 || c.Used != 0 || c.Limit != 200 {
			t.Errorf("connections %+v", c)
		}
		if diff := cmp.Diff([]report.Failure{{Reason: "first byte timeout", Side: "origin", Count: 1}}, hasty.Total.Failures); diff != "" {
			t.Errorf("failures (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]report.Failure{{Reason: "Connection refused", Side: "origin", Count: 1}}, refused.Total.Failures); diff != "" {
			t.Errorf("failures (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]report.Place{{Address: "127.0.0.1", Fetches: 1, Failures: 1}}, refused.Places); diff != "" {
			t.Errorf("places (-want +got):\n%s", diff)
		}
		if e.Backends("other") != nil {
			t.Error("a service that is not there has backends")
		}
	})
}

// What a director passes over and what max_conn turns away is the backend's record,
// and two that share connections do not share the record.
func TestBackendsAreToldApart(t *testing.T) {
	o := edgetest.NewOrigin(t, edgetest.Reply(ok("shared")))
	named := func(name string) *service.Backend {
		return edgetest.Backend(o, func(b *service.Backend) { b.Name, b.RequestCondition = name, name })
	}
	log, logger := edgetest.NewEvents(t)
	e := edgetest.Start(t, edge.Config{AccessLog: logger}, edgetest.Snapshot(named("one"), named("two")))
	c := e.Dial(t)
	for i, name := range []string{"one", "two", "two", "one", "two"} {
		c.Send(get(fmt.Sprintf("/%d", i), name+": 1"))
		c.Answer()
		log.Next()
	}
	if n := o.Accepted(); n != 1 {
		t.Fatalf("%d connections", n)
	}
	for i, want := range []uint64{2, 3} {
		b := e.Backends("test").Backends[i]
		if b.Total.Fetches != want || len(b.Places) != 1 || b.Places[0].Fetches != want {
			t.Errorf("%s: %d fetches, places %v; want %d", b.Name, b.Total.Fetches, b.Places, want)
		}
	}
}

func TestResolutionIsTold(t *testing.T) {
	e := edgetest.Start(t, edge.Config{}, edgetest.Snapshot(
		edgetest.BackendAt("localhost", 1), edgetest.BackendAt("192.0.2.1", 2, func(b *service.Backend) { b.Name = "literal" })))
	told := e.Backends("test").Backends
	name, literal := told[0].Resolution, told[1].Resolution
	if len(name.Addresses) == 0 || name.Expires == nil || !name.Expires.After(time.Now()) || name.Failure != "" {
		t.Errorf("localhost: %+v", name)
	}
	if diff := cmp.Diff(report.Resolution{Addresses: []string{"192.0.2.1"}}, literal); diff != "" {
		t.Errorf("an address (-want +got):\n%s", diff)
	}
}

// What a name of the operator's network leads to is not told, nor which name servers
// there are.
func TestOperatorsNetworkIsNotTold(t *testing.T) {
	policy, err := dial.ParsePolicy("public")
	if err != nil {
		t.Fatal(err)
	}
	ns := dialtest.NewNameServer(t)
	ns.Set("inside.test 60 A 127.0.0.1")
	n := network(t, ns)
	n.Permit = policy.Permit
	log, logger := edgetest.NewEvents(t)
	changes := make(chan probe.Change, 100)
	s := checked(edgetest.Snapshot(edgetest.BackendAt("inside.test", 80, pinged), edgetest.BackendAt("127.0.0.1", 80, pinged, func(b *service.Backend) { b.Name = "literal" })), ping())
	e := edgetest.Start(t, edge.Config{Network: n, AccessLog: logger, HealthChanged: func(c probe.Change) { changes <- c }}, s)
	for told := 0; told < 2; {
		c := <-changes
		if !c.Addr.IsValid() {
			continue // the name was resolved late
		}
		if told++; c.Reason != "the origin policy forbids the address" || !c.Forbidden {
			t.Errorf("%+v", c)
		}
	}
	e.Dial(t).Get(edgetest.Host, "/")
	log.Next()
	inside, literal := e.Backends("test").Backends[0], e.Backends("test").Backends[1]
	if r := inside.Resolution; len(r.Addresses) != 0 || r.Forbidden != 1 || len(inside.Health.Addresses) != 0 || len(inside.Places) != 0 {
		t.Errorf("told %+v, %+v, %+v", r, inside.Health, inside.Places)
	}
	if len(literal.Resolution.Addresses) != 1 || len(literal.Health.Addresses) != 1 {
		t.Errorf("told %+v, %+v", literal.Resolution, literal.Health)
	}

	ns = dialtest.NewNameServer(t)
	ns.Fail(dnsmessage.RCodeServerFailure)
	e = edgetest.Start(t, edge.Config{Network: network(t, ns)}, edgetest.Snapshot(edgetest.BackendAt("inside.test", 80)))
	if got, want := e.Backends("test").Backends[0].Resolution.Failure, "look-up of inside.test: name server: RCodeServerFailure"; got != want {
		t.Errorf("failure %q, want %q", got, want)
	}
}

func TestHealthIsTold(t *testing.T) {
	changes := make(chan probe.Change, 100)
	p := newPatient(t, "patient")
	p.sick.Store(true)
	s := checked(edgetest.Snapshot(edgetest.Backend(p.Origin, pinged), edgetest.Backend(p.Origin, func(b *service.Backend) { b.Name = "unwatched" })), ping())
	e := edgetest.Start(t, edge.Config{HealthChanged: func(c probe.Change) { changes <- c }}, s)
	<-changes
	told := e.Backends("test").Backends
	if told[1].Health != nil || !told[1].Healthy {
		t.Errorf("a backend without a health check: %+v", told[1])
	}
	h := told[0].Health
	if told[0].Healthy || h == nil || h.Interval != 20 || h.Window != 1 || h.Expected != 200 || h.SharedBy != 1 || len(h.Addresses) != 1 {
		t.Fatalf("told %+v, %+v", told[0], h)
	}
	a := h.Addresses[0]
	if a.Address != "127.0.0.1" || a.Healthy || a.Tries == 0 || len(a.Results) == 0 {
		t.Fatalf("told %+v", a)
	}
	if r := a.Results[0]; r.Outcome != "status" || r.Status != 500 || r.Reason != "status 500, not 200" || r.Took <= 0 {
		t.Errorf("told %+v", r)
	}
}

// What goes to a shield is told under the shield's name, and not its backend's.
func TestShieldsAreTold(t *testing.T) {
	o := edgetest.NewTLSOrigin(t, nil, edgetest.Reply(ok("fine")))
	pops := edgetest.StartPOPs(t, edge.Config{}, []string{"IAD", "LHR"}, edgetest.Snapshot(edgetest.Backend(o, behind("lhr"))))
	pops["IAD"].Dial(t).Get(edgetest.Host, "/")
	told := pops["IAD"].Backends("test").Backends
	if len(told) != 2 || told[0].Name != "origin" || told[0].Total.Fetches != 0 {
		t.Fatalf("told %+v", told)
	}
	if s := told[1]; !s.Healthy || s.Total.Answers.Successful != 1 || len(s.Places) != 1 {
		t.Errorf("the shield: %+v", s)
	}
	if told := pops["LHR"].Backends("test").Backends; told[0].Total.Answers.Successful != 1 {
		t.Errorf("at the shield: %+v", told[0])
	}
	p := &metric.Reading{Whole: true}
	pops["IAD"].Measure(p, "IAD")
	var text strings.Builder
	if err := p.Encode(&text); err != nil || strings.Count(text.String(), "\nheadwater_backend_healthy{") != 2 {
		t.Errorf("measured: %v\n%s", err, &text)
	}
}
