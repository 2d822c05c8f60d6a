package probe

import (
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"headwater/dial"
)

// Each line is a health check and what its tries bring; health stands before the
// first and after each: h healthy, - sick.
func TestHealth(t *testing.T) {
	for name, tt := range map[string]struct {
		check  []string
		tries  string
		health string
	}{
		"defaults, all is well":         {nil, "pppp", "hhhhh"},
		"defaults: the third is enough": {nil, "fffpp", "hhh---"},
		"back when enough are passed":   {nil, "fffppp", "hhh---h"},
		"one failure now and then":      {nil, "fppppfpppp", "hhhhhhhhhhh"},
		"every other one":               {nil, "fpfpfpfp", "hhhhh-h-h"},
		"a window of one":               {[]string{"window=1", "threshold=1", "initial=1"}, "pfpf", "hh-h-"},
		"begins sick":                   {[]string{"initial=0"}, "ppp", "---h"},
		"begins one short":              {[]string{"initial=2"}, "pf", "-hh"},
		"more at first than needed":     {[]string{"window=10", "threshold=7", "initial=9"}, "fffff", "hhhh--"},
		"all must pass":                 {[]string{"window=3", "threshold=3", "initial=3"}, "fppp", "h---h"},
		"none need pass":                {[]string{"threshold=0"}, "fffff", "hhhhhh"},
		"what is ours counts nothing":   {nil, "ffsssfs", "hhhhhh--"},
		"skipped tries heal nothing":    {[]string{"initial=2"}, "sssp", "----h"},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, &dial.Network{}, func(w *world) {
				w.all(tt.tries)
				p := w.Join(member(t, check(t, tt.check...)))
				got := ""
				see := func() {
					if p.Healthy() {
						got += "h"
					} else {
						got += "-"
					}
				}
				see()
				for i := range tt.tries {
					w.after("192.0.2.1", i+1)
					see()
				}
				if got != tt.health {
					t.Errorf("health was %s, want %s", got, tt.health)
				}
				w.Leave(p, Ref{"shop", "origin"})
			})
		})
	}
}

// Tries follow each other at the interval, spread by a twentieth, and an address
// that is tried at the first time is tried soon.
func TestSchedule(t *testing.T) {
	inWorld(t, &dial.Network{}, func(w *world) {
		began := time.Now()
		w.Join(member(t, check(t, "check_interval=60000")))
		const n = 200
		time.Sleep((n + 1) * 63 * time.Second)
		at := w.at("192.0.2.1")
		if first := at[0].Sub(began); first > firstWithin {
			t.Errorf("the first try began after %v", first)
		}
		least, most := time.Hour, time.Duration(0)
		for i := range n - 1 {
			gap := at[i+1].Sub(at[i])
			least, most = min(least, gap), max(most, gap)
		}
		if least < 57*time.Second || most > 63*time.Second+beat || most-least < 3*time.Second {
			t.Errorf("gaps are %v to %v, want most of 57 s to 63 s", least, most)
		}
	})
}

// A try that takes longer than the interval is followed at once, and never has
// another beside it.
func TestLongTries(t *testing.T) {
	inWorld(t, &dial.Network{}, func(w *world) {
		running, most := 0, 0
		w.attempt = slow(w, &running, &most)
		w.Join(member(t, check(t)))
		w.after("192.0.2.1", 10)
		synctest.Wait()
		if most != 1 {
			t.Errorf("%d tries went on at a time", most)
		}
		at := w.at("192.0.2.1")
		for i := range 8 {
			if gap := at[i+1].Sub(at[i]); gap != slowTry {
				t.Errorf("a try that takes %v is followed after %v", slowTry, gap)
			}
		}
	})
}

// An address that is sick takes nothing, and the backend is healthy as long as one
// is not.
func TestAddresses(t *testing.T) {
	network, hosts := named(t, "192.0.2.1 pool.test\n192.0.2.2 pool.test\n2001:db8::1 pool.test\n")
	inWorld(t, nil, func(w *world) {
		w.cfg.Network = network()
		defer w.cfg.Network.Resolver.Close()
		sick := map[string]bool{}
		w.answer = func(addr string, _ int) Result {
			if sick[addr] {
				return result('f')
			}
			return result('p')
		}
		set := func(addr string, is bool) {
			w.mu.Lock()
			sick[addr] = is
			w.mu.Unlock()
		}
		m := member(t, check(t, "window=1", "threshold=1", "initial=1"))
		m.Plan = plan(t, "pool.test", 80)
		p := w.Join(m)
		usable := func() (all []string) {
			for _, a := range []string{"192.0.2.1", "192.0.2.2", "192.0.2.3", "2001:db8::1"} {
				if p.Usable(netip.MustParseAddr(a)) {
					all = append(all, a)
				}
			}
			return all
		}
		step := func(name string, healthy bool, usables []string, told ...string) {
			t.Helper()
			if p.Healthy() != healthy {
				t.Errorf("%s: the backend is healthy: %v, want %v", name, p.Healthy(), healthy)
			}
			if d := cmp.Diff(usables, usable()); d != "" {
				t.Errorf("%s: usable addresses (-want +got):\n%s", name, d)
			}
			well, sick := p.Count()
			for _, a := range p.Status().Addresses {
				if a.Healthy {
					well--
				} else {
					sick--
				}
			}
			if well != 0 || sick != 0 {
				t.Errorf("%s: counted %d too many healthy addresses and %d sick ones", name, well, sick)
			}
			if d := cmp.Diff(told, w.told()); d != "" {
				t.Errorf("%s: changes (-want +got):\n%s", name, d)
			}
		}
		round := func() { time.Sleep(2200 * time.Millisecond); synctest.Wait() }
		all := []string{"192.0.2.1", "192.0.2.2", "192.0.2.3", "2001:db8::1"}

		round()
		step("all pass", true, all)
		set("192.0.2.1", true)
		round()
		step("one fails", true, all[1:], "192.0.2.1 sick, backend is healthy: status 500, not 200")
		set("2001:db8::1", true)
		round()
		step("two fail", true, all[1:3], "2001:db8::1 sick, backend is healthy: status 500, not 200")
		set("192.0.2.2", true)
		round()
		step("all fail", false, all[2:3], "192.0.2.2 sick, backend turns sick: status 500, not 200")
		set("2001:db8::1", false)
		round()
		step("one is back", true, all[2:], "2001:db8::1 healthy, backend turns healthy")

		hosts("192.0.2.1 pool.test\n")
		time.Sleep(12 * time.Second)
		step("only a sick one is left", false, all[1:], "none sick, backend turns sick: all addresses are sick")
		hosts("192.0.2.1 pool.test\n192.0.2.3 pool.test\n")
		time.Sleep(12 * time.Second)
		step("another one is new", true, all[1:], "none healthy, backend turns healthy")
		if n := len(p.Status().Addresses); n != 2 {
			t.Errorf("%d addresses are known, want 2", n)
		}
		hosts("192.0.2.1 other.test\n")
		time.Sleep(6 * time.Minute)
		step("none is left", false, all, "none sick, backend turns sick: name resolves to no address")
		if !p.Homeless() {
			t.Error("a backend whose name has no address is not homeless")
		}
	})
}

// named returns a way to make a network whose only names are those of a hosts file,
// inside of a bubble, and one to change that.
func named(t *testing.T, text string) (network func() *dial.Network, hosts func(string)) {
	file := filepath.Join(t.TempDir(), "hosts")
	hosts = func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	hosts(text)
	return func() *dial.Network {
		return &dial.Network{Resolver: dial.NewResolver(dial.ResolverConfig{
			Hosts: file, ResolvConf: filepath.Join(filepath.Dir(file), "none"), Server: netip.MustParseAddrPort("127.0.0.1:1"),
		})}
	}, hosts
}
