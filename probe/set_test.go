package probe

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"headwater/dial"
	"headwater/service"
)

// Who shares a probe: nothing but definition, endpoint, share_key and customer
// count.
func TestIdentity(t *testing.T) {
	edit := func(f func(*service.Backend)) func(*Member) {
		return func(m *Member) { m.Plan = plan(t, "192.0.2.1", 80, f) }
	}
	with := func(fields ...string) func(*Member) {
		return func(m *Member) { m.Check = check(t, fields...) }
	}
	for name, tt := range map[string]struct {
		change func(*Member)
		shares bool
	}{
		"the same":                       {func(*Member) {}, true},
		"another backend of the service": {func(m *Member) { m.Backend = "other" }, true},
		"another name and comment":       {with("name=pong", "comment=hello"), true},
		"keepalives":                     {edit(func(b *service.Backend) { b.TCPKeepaliveTime = new(int64(7)) }), true},
		"prefer_ipv6":                    {edit(func(b *service.Backend) { b.PreferIPv6 = true }), true},
		"another service":                {func(m *Member) { m.Service = "blog" }, false},
		"another share_key":              {func(m *Member) { m.ShareKey = "ours" }, false},
		"the service's ID as share_key":  {func(m *Member) { m.Service, m.ShareKey = "blog", "shop" }, true},
		"another customer":               {func(m *Member) { m.Customer = "evil" }, false},
		"another customer's service":     {func(m *Member) { m.Customer, m.Service, m.ShareKey = "evil", "x", "shop" }, false},
		"another port":                   {edit(func(b *service.Backend) { b.Port = 81 }), false},
		"another address":                {edit(func(b *service.Backend) { b.Address = "192.0.2.2" }), false},
		"TLS":                            {edit(func(b *service.Backend) { b.UseSSL, b.SSLCheckCert = true, false }), false},
		"another path":                   {with("path=/pong"), false},
		"another method":                 {with("method=GET"), false},
		"another host":                   {with("host=pong.example"), false},
		"another version":                {with("http_version=1.0"), false},
		"a field":                        {with("headers=A: b"), false},
		"another status":                 {with("expected_response=204"), false},
		"another interval":               {with("check_interval=2000"), false},
		"another timeout":                {with("timeout=1"), false},
		"another window":                 {with("window=6"), false},
		"another threshold":              {with("threshold=2"), false},
		"another initial":                {with("initial=2"), false},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, &dial.Network{}, func(w *world) {
				one, other := member(t, check(t)), member(t, check(t))
				tt.change(&other)
				if shares := w.Join(one) == w.Join(other); shares != tt.shares {
					t.Errorf("the probe is shared: %v, want %v", shares, tt.shares)
				}
			})
		})
	}
}

// What is known of an origin outlives a hundred versions, and is forgotten with the
// last backend.
func TestHealthOutlivesVersions(t *testing.T) {
	inWorld(t, &dial.Network{}, func(w *world) {
		w.all("f")
		m := member(t, check(t, "window=200", "threshold=150", "initial=200"))
		p := w.Join(m)
		for range 100 {
			next := w.Join(m)
			w.Leave(p, m.Ref)
			if next != p {
				t.Fatal("a version that changes nothing has another probe")
			}
			time.Sleep(time.Second)
		}
		a := p.Status().Addresses[0]
		if p.Healthy() || a.Tries < 90 || a.Passed != 200-int(a.Tries) || a.Failed != a.Tries {
			t.Errorf("after 100 versions healthy is %v, of %d tries %d failed, %d passed", p.Healthy(), a.Tries, a.Failed, a.Passed)
		}
		if d := cmp.Diff([]string{"192.0.2.1 sick, backend turns sick: status 500, not 200"}, w.told()); d != "" {
			t.Errorf("changes (-want +got):\n%s", d)
		}
		other := m
		other.Check = check(t, "window=200", "threshold=150", "initial=200", "path=/other")
		if !w.Join(other).Healthy() {
			t.Error("another definition does not begin with its initial")
		}
		w.Leave(p, m.Ref)
		if again := w.Join(m); again == p || !again.Healthy() {
			t.Error("a probe that nobody had any more goes on")
		}
	})
}

// A backend that was sick and moves begins anew, so that getting sick there is a
// change again.
func TestMovedBackendTurnsSick(t *testing.T) {
	inWorld(t, &dial.Network{}, func(w *world) {
		w.all("f")
		m := member(t, check(t, "window=1", "threshold=1", "initial=1"))
		for _, at := range []string{"192.0.2.1", "192.0.2.2"} {
			m.Plan = plan(t, at, 80)
			p := w.Join(m)
			w.after(at, 2)
			if d := cmp.Diff([]string{at + " sick, backend turns sick: status 500, not 200"}, w.told()); d != "" {
				t.Errorf("changes (-want +got):\n%s", d)
			}
			w.Leave(p, m.Ref)
		}
	})
}

// A probe ends with the last of those who share it, and not before.
func TestProbesAreCounted(t *testing.T) {
	inWorld(t, &dial.Network{}, func(w *world) {
		m, other := member(t, check(t)), member(t, check(t))
		other.Backend = "other"
		p := w.Join(m)
		w.Join(other)
		w.Join(other)
		if d := cmp.Diff([]Ref{{"shop", "origin"}, {"shop", "other"}}, p.Status().Backends); d != "" {
			t.Errorf("backends (-want +got):\n%s", d)
		}
		w.after("192.0.2.1", 1)
		tried := func() int {
			before := len(w.at("192.0.2.1"))
			time.Sleep(5 * time.Second)
			return len(w.at("192.0.2.1")) - before
		}
		w.Leave(p, m.Ref)
		w.Leave(p, other.Ref)
		if tried() == 0 {
			t.Error("the probe ended while a backend has it")
		}
		w.Leave(p, other.Ref)
		if n := tried(); n != 0 {
			t.Errorf("%d tries after the last backend has left", n)
		}
		if len(w.probes) != 0 || len(w.queues) != 0 {
			t.Errorf("%d probes and %d queues are left", len(w.probes), len(w.queues))
		}
	})
}

// The last to leave, and Close, end a try that goes on.
func TestEndCutsTriesShort(t *testing.T) {
	for name, end := range map[string]func(*world, *Probe){
		"leave": func(w *world, p *Probe) { w.Leave(p, Ref{"shop", "origin"}) },
		"close": func(w *world, _ *Probe) { w.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, &dial.Network{}, func(w *world) {
				running, most := 0, 0
				w.attempt = slow(w, &running, &most)
				p := w.Join(member(t, check(t)))
				time.Sleep(1100 * time.Millisecond)
				began := time.Now()
				end(w, p)
				w.owned.Wait()
				if most != 1 || time.Since(began) != 0 {
					t.Errorf("%d tries went on, and ended after %v", most, time.Since(began))
				}
			})
		})
	}
}

// A customer whose origins all keep silent has its tries bounded, and made in turn;
// those of others are made in their time.
func TestQueues(t *testing.T) {
	inWorld(t, &dial.Network{}, func(w *world) {
		const limit, silent = 16, 20
		w.limit = limit
		running, most := 0, 0
		w.attempt = slow(w, &running, &most)
		h := check(t)
		for i := range silent {
			m := member(t, h)
			m.Plan = plan(t, fmt.Sprintf("10.0.0.%d", i), 80)
			w.Join(m)
		}
		other := member(t, h)
		other.Customer = "neighbour"
		w.Join(other)
		time.Sleep(60 * time.Second)
		w.mu.Lock()
		defer w.mu.Unlock()
		if most != limit+1 {
			t.Errorf("%d tries went on at a time, want %d", most, limit+1)
		}
		if n := len(w.tries["192.0.2.1"]); n < 11 {
			t.Errorf("the neighbour had %d tries in a minute, want 11 or 12", n)
		}
		for i := range silent {
			addr := fmt.Sprintf("10.0.0.%d", i)
			if n := len(w.tries[addr]); n < 8 || n > 10 {
				t.Errorf("%s had %d tries in a minute: they are not made in turn", addr, n)
			}
		}
	})
}

// A status is what happened.
func TestStatus(t *testing.T) {
	inWorld(t, &dial.Network{}, func(w *world) {
		w.all("ppppppppppppfffffp")
		p := w.Join(member(t, check(t)))
		w.after("192.0.2.1", 17)
		s := p.Status()
		a := s.Addresses[0]
		letters := ""
		for _, r := range a.Results {
			letters += map[Outcome]string{Passed: "p", WrongStatus: "f"}[r.Outcome]
		}
		last := a.Results[len(a.Results)-1]
		if letters != "pppppfffff" || last.At != w.at("192.0.2.1")[16] || last.Took != 10*time.Millisecond {
			t.Errorf("results are %s, the last began at %v and took %v", letters, last.At, last.Took)
		}
		if a.Healthy || a.Passed != 0 || a.Tries != 17 || a.Failed != 5 || a.Addr.String() != "192.0.2.1:80" {
			t.Errorf("the address is %+v", a)
		}
		if want := w.at("192.0.2.1")[14].Add(10 * time.Millisecond); a.Since != want {
			t.Errorf("sick since %v, want %v", a.Since, want)
		}
		if wait := time.Until(a.Next); wait < 0 || wait > 1050*time.Millisecond+beat {
			t.Errorf("the next try is in %v", wait)
		}
	})
}
