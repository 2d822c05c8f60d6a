package edge

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"headwater/service"
	"headwater/vcl"
)

// directing returns a director over backends of these weights, which are named a, b
// and so on.
func directing(kind vcl.DirectorType, weights ...int64) *director {
	d := &director{kind: kind, retries: len(weights)}
	from := &vcl.Director{Name: "d", Type: kind}
	for i, w := range weights {
		name := string(rune('a' + i))
		d.add(&backend{name: name, index: int32(i)}, w)
		from.Members = append(from.Members, vcl.Member{Backend: &vcl.Backend{Name: name}})
	}
	if kind == vcl.CHashDirector {
		d.addRing(from, maxPoints)
	}
	return d
}

// leaf is the backend that is the member at i.
func (d *director) leaf(i int) *backend { return d.members[i].destination.(*backend) }

// failed is a choice for a fetch that has failed on some members.
func (d *director) failed(members ...int) (c choice) {
	for _, i := range members {
		c.tried.add(d.leaf(i))
	}
	return c
}

func TestOrderOfDirectors(t *testing.T) {
	names := func(d *director, tried ...int) (all string) {
		c := d.failed(tried...)
		for range 6 {
			if b, f := d.pick(&c); f == failNone {
				all += b.name
			} else {
				all += "-"
			}
		}
		return all
	}
	round, fall := directing(vcl.RoundRobin, 1, 1, 1), directing(vcl.FallbackDirector, 1, 1, 1)
	sick := directing(vcl.FallbackDirector, 1, 1, 1)
	sick.leaf(0).sick = true
	for _, tt := range []struct{ got, want string }{
		{names(round), "abcabc"},
		{names(round, 1), "acacac"},
		{names(round, 0, 1, 2), "------"},
		{names(fall), "aaaaaa"},
		{names(fall, 0), "bbbbbb"},
		{names(fall, 0, 1, 2), "------"},
		{names(sick), "bbbbbb"},
		{names(sick, 1), "cccccc"},
	} {
		if tt.got != tt.want {
			t.Errorf("picked %s, want %s", tt.got, tt.want)
		}
	}
}

func TestQuorum(t *testing.T) {
	d := directing(vcl.RandomDirector, 1, 2, 7)
	d.leaf(2).sick = true // seven tenths are
	for quorum, want := range map[int64]failure{0: failNone, 1: failNone, 30: failNone, 31: failQuorum, 100: failQuorum} {
		d.quorum = quorum
		b, f := d.pick(&choice{})
		if f != want || f == failNone && b.name == "c" {
			t.Errorf("quorum %d: %v %s, want %s", quorum, b, failures[f].reason, failures[want].reason)
		}
		if d.healthy() != (want == failNone) || d.usable(nil) != (want == failNone) {
			t.Errorf("quorum %d: healthy %t, usable %t", quorum, d.healthy(), d.usable(nil))
		}
	}
	d.quorum = 30
	c := d.failed(0, 1)
	if _, f := d.pick(&c); f != failNoBackend {
		t.Errorf("all tried: %s", failures[f].reason)
	}
	outer := &director{kind: vcl.FallbackDirector}
	outer.add(d, 1)
	outer.add(&backend{name: "z", index: 3}, 1)
	d.quorum = 50
	if b, f := outer.pick(&choice{}); f != failNone || b.name != "z" {
		t.Errorf("a director that is short of its quorum was picked: %v %s", b, failures[f].reason)
	}
}

// A member without room is passed over, and is no less healthy to the quorum.
func TestQuorumIsOfHealth(t *testing.T) {
	d := directing(vcl.RandomDirector, 1, 1)
	d.quorum = 100
	full := d.leaf(0)
	full.maxConn, full.gauge = 1, &gauge{}
	full.count().enter(1)
	for range 100 {
		if b, f := d.pick(&choice{}); f != failNone || b == full {
			t.Fatalf("picked %v, %s", b, failures[f].reason)
		}
	}
	if c := d.failed(1); d.usable(&c) || !d.usable(nil) || !d.healthy() {
		t.Error("a director has room if a member has that can be tried")
	}
}

// What was counted holds until health changes, and no longer: directors in
// directors see a change too.
func TestCensus(t *testing.T) {
	var epoch atomic.Uint64
	inner, outer := directing(vcl.RandomDirector, 1, 1), &director{kind: vcl.FallbackDirector, epoch: &epoch}
	inner.quorum, inner.epoch = 75, &epoch
	outer.add(inner, 1)
	outer.add(&backend{name: "z", index: 2}, 1)
	for _, sick := range []bool{false, true, false} {
		inner.leaf(1).sick = sick
		epoch.Add(1)
		for range 10 {
			if b, f := outer.pick(&choice{}); f != failNone || (b.name == "z") != sick {
				t.Errorf("sick %t: picked %v, %s", sick, b, failures[f].reason)
			}
		}
	}
	var c choice
	if n := testing.AllocsPerRun(100, func() { outer.pick(&c) }); n > 0 {
		t.Errorf("%v allocations for a pick", n)
	}
}

// A flapping backend becomes sick and healthy while it is picked.
type flapping struct {
	*backend
	well atomic.Bool
}

func (f *flapping) healthy() bool                    { return f.well.Load() }
func (f *flapping) usable(*choice) bool              { return f.well.Load() }
func (f *flapping) pick(*choice) (*backend, failure) { return f.backend, failNone }

// Picks and changes of health do not wait for each other, and after the last change
// the census is right.
func TestPicksWhileHealthChanges(t *testing.T) {
	var epoch atomic.Uint64
	for _, kind := range []vcl.DirectorType{vcl.RandomDirector, vcl.HashDirector, vcl.FallbackDirector, vcl.RoundRobin} {
		d, flaps := &director{kind: kind, quorum: 50, epoch: &epoch}, &flapping{backend: &backend{name: "flaps"}}
		d.add(flaps, 1)
		d.add(&backend{name: "stays", index: 1}, 1)
		var picking sync.WaitGroup
		for range 4 {
			picking.Go(func() {
				for range 2000 {
					if _, f := d.pick(&choice{key: "k"}); f != failNone {
						t.Errorf("%s: %s", kind, failures[f].reason)
						return
					}
				}
			})
		}
		for i := range 1001 {
			flaps.well.Store(i%2 == 0)
			epoch.Add(1)
		}
		if got := d.census(); got.weight != 2 || got.first != 0 {
			t.Errorf("%s: %+v at last", kind, got)
		}
		picking.Wait()
		if got := d.census(); got.weight != 2 || got.first != 0 {
			t.Errorf("%s: %+v after the last pick", kind, got)
		}
	}
}

func TestDirectorsThatAreRefused(t *testing.T) {
	var many, deep, shields strings.Builder
	fmt.Fprint(&many, "director many random {")
	for range maxMembers + 1 {
		fmt.Fprint(&many, "{ .backend = F_b; .weight = 1; }")
	}
	fmt.Fprint(&many, "}")
	fmt.Fprint(&deep, "director d0 fallback { { .backend = F_b; } { .backend = F_b; } }\n")
	for i := range 40 {
		fmt.Fprintf(&deep, "director d%d fallback { { .backend = d%d; } { .backend = d%d; } }\n", i+1, i, i)
	}
	fmt.Fprint(&shields, "director s shield { .shield = \"iad-va-us\"; .is_ssl = true; }\n", strings.ReplaceAll(deep.String(), "F_b", "s"))
	for name, tt := range map[string]struct{ text, want string }{
		"round and round":                {"director x random { { .backend = y; .weight = 1; } }\ndirector y random { { .backend = x; .weight = 1; } }", "'x' is a member of itself"},
		"too many members":               {many.String(), "more than 1000 backends below it"},
		"members of members without end": {deep.String(), "more than 1000 backends below it"},
		"shields without end":            {shields.String(), "more than 1000 backends below it"},
		"no address":                     {"backend x { .port = \"80\"; }", "backend x of the VCL: 'address' is required"},
		"no port":                        {"backend x { .host = \"a.test\"; .port = \"0\"; }", "port 0 cannot be connected to"},
	} {
		t.Run(name, func(t *testing.T) {
			e := New(Config{})
			defer e.Shutdown(t.Context())
			o, err := service.BackendKind.Create(service.Input{"name": {Text: "b"}, "address": {Text: "a.test"}})
			if err != nil {
				t.Fatal(err)
			}
			_, err = e.Check(&service.Snapshot{Objects: map[string][]service.Object{
				"backend": {o},
				"vcl":     {&service.VCL{Main: true, Content: tt.text, Base: service.Base{Name: "main"}}},
			}})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %s", err, tt.want)
			}
		})
	}
}
