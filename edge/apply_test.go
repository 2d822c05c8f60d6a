package edge_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"headwater/edge"
	"headwater/edge/edgetest"
	"headwater/service"
)

func apply(t *testing.T, e *edgetest.Edge, snapshots ...*service.Snapshot) {
	t.Helper()
	if err := e.Apply(snapshots...); err != nil {
		t.Error(err)
	}
}

// answers fails the test unless the next request for host gets this body, or for
// "" the page of an unknown domain.
func answers(t *testing.T, e *edgetest.Edge, host, want string) {
	t.Helper()
	a := e.Dial(t).Get(host, "/")
	if want == "" && a.Reason != "Domain Not Found" || want != "" && string(a.Body) != want {
		t.Errorf("%s: %d %s %.40q, want %q", host, a.Status, a.Reason, a.Body, want)
	}
}

func TestApplyGenerations(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		one := edgetest.NewOrigin(t, edgetest.Reply(ok("one")))
		two := edgetest.NewOrigin(t, edgetest.Reply(ok("two")))
		at := func(generation int64, version int, o *edgetest.Origin) *service.Snapshot {
			s := edgetest.Service("s", version, []string{"a"}, edgetest.Backend(o))
			s.Generation = generation
			return s
		}
		e := edgetest.Start(t, edge.Config{PlainIO: plain})
		answers(t, e, "a", "")
		apply(t, e, at(1, 1, one))
		answers(t, e, "a", "one")
		apply(t, e, at(3, 2, two))
		answers(t, e, "a", "two")
		apply(t, e, at(2, 1, one))
		answers(t, e, "a", "two") // the older one came late
		apply(t, e, at(4, 1, one))
		answers(t, e, "a", "one") // a rollback: newer generation, older version
		apply(t, e, &service.Snapshot{Service: "s", Generation: 5})
		answers(t, e, "a", "") // deactivated
		apply(t, e, at(4, 1, one))
		answers(t, e, "a", "")
		apply(t, e, at(6, 2, two))
		answers(t, e, "a", "two")
	})
}

func TestApplyHandsDomainsOver(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		one := edgetest.Backend(edgetest.NewOrigin(t, edgetest.Reply(ok("one"))))
		two := edgetest.Backend(edgetest.NewOrigin(t, edgetest.Reply(ok("two"))))
		v := func(id string, version int, b *service.Backend, domains ...string) *service.Snapshot {
			return edgetest.Service(id, version, domains, b)
		}
		e := edgetest.Start(t, edge.Config{PlainIO: plain}, v("1", 1, one, "a", "b", "*.w"), v("2", 1, two, "c"))
		apply(t, e, v("1", 2, one, "a"), v("2", 2, two, "b", "c", "*.w"))
		answers(t, e, "a", "one")
		answers(t, e, "b", "two")
		answers(t, e, "x.w", "two")
		// The taker may be heard of before the giver.
		apply(t, e, v("2", 3, two, "a", "b", "c"))
		apply(t, e, v("1", 3, one, "d"))
		answers(t, e, "a", "two")
		answers(t, e, "d", "one")
		answers(t, e, "x.w", "")
		apply(t, e, &service.Snapshot{Service: "2", Generation: 4})
		answers(t, e, "a", "")
		answers(t, e, "d", "one")
	})
}

func TestApplyAllOrNothing(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		o := edgetest.NewOrigin(t, edgetest.Reply(ok("old")))
		e := edgetest.Start(t, edge.Config{PlainIO: plain}, edgetest.Service("good", 1, []string{"good"}, edgetest.Backend(o)))
		answers(t, e, "good", "old")
		bad := edgetest.Service("bad", 1, []string{"bad"}, edgetest.BackendAt("127.0.0.1", 0))
		if err := e.Apply(edgetest.Service("good", 2, []string{"better"}, edgetest.Backend(o)), bad); !invalid(err) {
			t.Errorf("Apply: %v, want it to be invalid", err)
		}
		answers(t, e, "good", "old")
		answers(t, e, "better", "")
		answers(t, e, "bad", "")
		if n := o.Accepted(); n != 1 {
			t.Errorf("%d connections: the pool did not survive", n)
		}
	})
}

// A bug that a version's compilation runs into is that version's refusal: on every
// processor that compiles, and whatever else comes with it.
func TestApplySurvivesBug(t *testing.T) {
	o := edgetest.NewOrigin(t, edgetest.Reply(ok("old")))
	e := edgetest.Start(t, edge.Config{}, edgetest.Service("good", 1, []string{"good"}, edgetest.Backend(o)))
	all := []*service.Snapshot{edgetest.Service("good", 2, []string{"better"}, edgetest.Backend(o))}
	for n := range 20 {
		bug := edgetest.Service(fmt.Sprint("bug", n), 1, []string{fmt.Sprint("bug", n)}, edgetest.Backend(o))
		bug.Objects[service.BackendKind.Name] = []service.Object{&service.Domain{}} // as no store has it
		all = append(all, bug)
	}
	if err := e.Apply(all...); err == nil || !strings.Contains(err.Error(), "version 1 of service bug") {
		t.Errorf("Apply: %v", err)
	}
	if n := e.Panics(); n != 20 {
		t.Errorf("%d panics, want 20", n)
	}
	answers(t, e, "good", "old")
	answers(t, e, "better", "")
	apply(t, e, all[0])
	answers(t, e, "better", "old")
}

func TestPoolSurvivesActivation(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		o := edgetest.NewOrigin(t, edgetest.Reply(ok("x")))
		e := edgetest.Start(t, edge.Config{PlainIO: plain})
		c := e.Dial(t)
		for version := 1; version <= 10; version++ {
			apply(t, e, edgetest.Service("s", version, []string{"a"}, edgetest.Backend(o, func(b *service.Backend) {
				b.Name, b.Comment, b.FirstByteTimeout = fmt.Sprint("b", version), fmt.Sprint(version), int64(1000+version)
			})))
			if a := c.Get("a", "/"); string(a.Body) != "x" {
				t.Fatalf("%d %s", a.Status, a.Reason)
			}
		}
		if n := o.Accepted(); n != 1 {
			t.Errorf("%d connections over ten activations, want 1", n)
		}
	})
}

func TestPoolOfRemovedBackendCloses(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		closed := make(chan bool, 2)
		release := make(chan bool)
		arrived := make(chan bool, 1)
		old := edgetest.NewOrigin(t, func(c *edgetest.Conn) {
			for {
				r, err := c.ReadRequest()
				if err != nil {
					closed <- true
					return
				}
				if r.Target == "/wait" {
					arrived <- true
					<-release
				}
				c.Write(ok("old"))
			}
		})
		now := edgetest.NewOrigin(t, edgetest.Reply(ok("now")))
		e := edgetest.Start(t, edge.Config{PlainIO: plain}, edgetest.Service("s", 1, []string{"a"}, edgetest.Backend(old)))
		busy, idle := e.Dial(t), e.Dial(t)
		busy.Send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
		<-arrived
		idle.Get("a", "/")
		apply(t, e, edgetest.Service("s", 2, []string{"a"}, edgetest.Backend(now)))
		<-closed // the idle one, at once
		answers(t, e, "a", "now")
		close(release)
		expect(t, busy, []string{"old"}) // ends as it began
		<-closed
		if a := busy.Get("a", "/"); string(a.Body) != "now" {
			t.Errorf("a kept connection is served %q by the old version", a.Body)
		}
	})
}

// Activations under load: no request fails, on kept connections and new ones.
func TestApplyUnderLoad(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		origins := []*edgetest.Origin{
			edgetest.NewOrigin(t, edgetest.Reply(ok("x"))), edgetest.NewOrigin(t, edgetest.Reply(ok("x"))),
		}
		e := edgetest.Start(t, edge.Config{PlainIO: plain}, edgetest.Service("s", 1, []string{"a"}, edgetest.Backend(origins[0])))
		var clients sync.WaitGroup
		var stop atomic.Bool
		for i := range 16 {
			c := e.Dial(t)
			clients.Go(func() {
				for n := 0; !stop.Load(); n++ {
					if i%2 == 1 && n%10 == 9 {
						c.TCP.Close()
						c = e.Dial(t)
					}
					if err := c.Push("GET / HTTP/1.1\r\nHost: a\r\n\r\n"); err != nil {
						t.Errorf("client %d: %v", i, err)
						return
					}
					if a, err := c.TryAnswerTo("GET"); err != nil || string(a.Body) != "x" {
						t.Errorf("client %d: %+v, %v", i, a, err)
						return
					}
				}
			})
		}
		for version := 2; version <= 200; version++ {
			apply(t, e, edgetest.Service("s", version, []string{"a"}, edgetest.Backend(origins[version%2])))
		}
		stop.Store(true)
		clients.Wait()
	})
}

func TestCheck(t *testing.T) {
	set := func(set edgetest.Set) *service.Backend { return edgetest.BackendAt("127.0.0.1", 80, set) }
	empty, seconds := "", int64(5)
	check := "ping"
	tests := []struct {
		name     string
		snapshot *service.Snapshot
		warning  string // of the one expected, or "" for none
		err      string
	}{
		{"all is well", edgetest.Snapshot(set(func(*service.Backend) {})), "", ""},
		{"no domain", edgetest.Service("s", 1, nil, set(func(*service.Backend) {})), "Version has no associated domains", ""},
		{"no backend", edgetest.Snapshot(), "Version has no associated backends", ""},
		{"port 0", edgetest.Snapshot(set(func(b *service.Backend) { b.Port = 0 })), "", "Backend 'origin': port 0 cannot be connected to"},
		{"TLS", edgetest.Snapshot(set(func(b *service.Backend) { b.UseSSL = true })), "", "Backend 'origin': Mandatory SSL cert checks require specifying cert hostname: set 'ssl_cert_hostname', or clear 'ssl_check_cert'"},
		{"fields that ask for nothing more", edgetest.Snapshot(set(func(b *service.Backend) {
			b.KeepaliveTime, b.ShareKey, b.Shield = &seconds, &check, &empty
		})), "", ""},
		{"cipher suites that leave none", edgetest.Snapshot(set(func(b *service.Backend) { b.UseSSL, b.SSLCheckCert, b.SSLCiphers = true, false, new("DHE") })),
			"Backend 'origin': 'ssl_ciphers' leaves no cipher suite of TLS 1.2 that can be offered, so that connections will be TLS 1.3 only", ""},
		{"a healthcheck that is not there", edgetest.Snapshot(set(func(b *service.Backend) { b.Healthcheck = &check })), "", "Backend 'origin': no healthcheck named 'ping'"},
		{"a healthcheck", edgetest.With(t, edgetest.Snapshot(set(func(b *service.Backend) { b.Healthcheck = &check })), service.HealthcheckKind, "name="+check, "host=a", "path=/"), "", ""},
		{"a healthcheck that begins sick", edgetest.With(t, edgetest.Snapshot(set(func(b *service.Backend) { b.Healthcheck = &check })), service.HealthcheckKind, "name="+check, "host=a", "path=/", "initial=2"),
			"Backend 'origin': its health check has 'initial' below 'threshold', so that it is sick until enough checks have passed", ""},
	}
	e := edgetest.Start(t, edge.Config{})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			warnings, err := e.Check(tt.snapshot)
			if tt.err != "" {
				if !invalid(err) || err.Error() != tt.err {
					t.Errorf("error %v, want %s", err, tt.err)
				}
				return
			}
			if err != nil || len(warnings) > 1 || (len(warnings) == 1) != (tt.warning != "") || tt.warning != "" && warnings[0] != tt.warning {
				t.Errorf("warnings %q, %v; want %q", warnings, err, tt.warning)
			}
		})
	}
}

func invalid(err error) bool {
	var e *service.Error
	return errors.As(err, &e) && e.Code == service.Invalid
}
