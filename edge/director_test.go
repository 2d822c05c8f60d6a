package edge

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"headwater/service"
	"headwater/vcl"
)

// A sick destination takes no requests.
type sick struct{ *backend }

func (sick) healthy() bool                    { return false }
func (sick) usable(*choice) bool              { return false }
func (sick) pick(*choice) (*backend, failure) { return nil, failUnhealthy }

// directing returns a director over backends of these weights, which are named a, b
// and so on.
func directing(kind vcl.DirectorType, weights ...int64) *director {
	d := &director{kind: kind, retries: len(weights)}
	from := &vcl.Director{Name: "d", Type: kind}
	for i, w := range weights {
		name := string(rune('a' + i))
		d.members = append(d.members, member{&backend{name: name}, w})
		d.total += w
		from.Members = append(from.Members, vcl.Member{Backend: &vcl.Backend{Name: name}})
	}
	if err := d.addRing(from); err != nil {
		panic(err)
	}
	return d
}

func (d *director) at(i int) *backend { return d.members[i].destination.(*backend) }

// shares returns which part of n fetches each backend gets, each with a key of its
// own.
func shares(t *testing.T, d *director, n int, tried ...*backend) map[string]float64 {
	t.Helper()
	all := map[string]float64{}
	for i := range n {
		c := &choice{key: fmt.Sprint("/page/", i), client: fmt.Sprint("192.0.2.", i), tried: tried}
		b, f := d.pick(c)
		if f != failNone {
			t.Fatal(failures[f].reason)
		}
		all[b.name] += 1 / float64(n)
	}
	return all
}

func TestDirectorsKeepToWeights(t *testing.T) {
	const n = 40_000
	for _, kind := range []vcl.DirectorType{vcl.RandomDirector, vcl.HashDirector, vcl.ClientDirector} {
		for name, tt := range map[string]struct {
			weights []int64
			tried   int // how many, from the first on
			want    []float64
		}{
			"all":                     {[]int64{1, 2, 7}, 0, []float64{.1, .2, .7}},
			"one has failed":          {[]int64{1, 2, 7}, 1, []float64{0, 2. / 9, 7. / 9}},
			"two have failed":         {[]int64{1, 2, 7}, 2, []float64{0, 0, 1}},
			"a weight of nothing":     {[]int64{0, 5, 0, 5}, 0, []float64{0, .5, 0, .5}},
			"nothing behind the last": {[]int64{5, 5, 0}, 1, []float64{0, 1, 0}},
			"huge weights":            {[]int64{math.MaxInt32, math.MaxInt32}, 0, []float64{.5, .5}},
		} {
			d := directing(kind, tt.weights...)
			var tried []*backend
			for i := range tt.tried {
				tried = append(tried, d.at(i))
			}
			got := shares(t, d, n, tried...)
			for i, want := range tt.want {
				if b := string(rune('a' + i)); math.Abs(got[b]-want) > .02 { // eight sigma
					t.Errorf("%s, %s: %s has %.3f of the fetches, want %.3f", kind, name, b, got[b], want)
				}
			}
		}
	}
}

// A key stays with its backend, and only those of one that failed go elsewhere.
func TestHashesStay(t *testing.T) {
	const n = 5000
	for _, kind := range []vcl.DirectorType{vcl.HashDirector, vcl.ClientDirector, vcl.CHashDirector} {
		d := directing(kind, 1, 1, 1, 1)
		d.key = map[vcl.DirectorType]string{vcl.ClientDirector: "client"}[kind]
		lost := 0
		for i := range n {
			c := &choice{key: fmt.Sprint("/page/", i), client: fmt.Sprint("192.0.2.", i)}
			before, _ := d.pick(c)
			again, _ := d.pick(c)
			c.tried = []*backend{d.at(2)}
			without, _ := d.pick(c)
			if again != before || before != d.at(2) && without != before || without == d.at(2) {
				t.Fatalf("%s: key %d went to %s, %s, and without c to %s", kind, i, before.name, again.name, without.name)
			}
			if before == d.at(2) {
				lost++
			}
		}
		if lost < n/8 || lost > n/2 {
			t.Errorf("%s: c has %d of %d keys", kind, lost, n)
		}
	}
}

// A further member of a chash takes its share of the keys, and nobody else's move.
func TestCHashMovesFewKeys(t *testing.T) {
	const n = 5000
	four, five := directing(vcl.CHashDirector, 1, 1, 1, 1), directing(vcl.CHashDirector, 1, 1, 1, 1, 1)
	moved := 0
	for i := range n {
		c := &choice{key: fmt.Sprint("/page/", i)}
		before, _ := four.pick(c)
		after, _ := five.pick(c)
		if before.name != after.name {
			if moved++; after.name != "e" {
				t.Fatalf("key %d moved from %s to %s", i, before.name, after.name)
			}
		}
	}
	if moved < n/10 || moved > n/3 {
		t.Errorf("%d of %d keys moved", moved, n)
	}
}

func TestOrderOfDirectors(t *testing.T) {
	names := func(d *director, tried ...*backend) (all string) {
		for range 6 {
			if b, f := d.pick(&choice{tried: tried}); f == failNone {
				all += b.name
			} else {
				all += "-"
			}
		}
		return all
	}
	round, fall := directing(vcl.RoundRobin, 1, 1, 1), directing(vcl.FallbackDirector, 1, 1, 1)
	for _, tt := range []struct{ got, want string }{
		{names(round), "abcabc"},
		{names(round, round.at(1)), "accacc"},
		{names(fall), "aaaaaa"},
		{names(fall, fall.at(0)), "bbbbbb"},
		{names(fall, fall.at(0), fall.at(1), fall.at(2)), "------"},
	} {
		if tt.got != tt.want {
			t.Errorf("picked %s, want %s", tt.got, tt.want)
		}
	}
}

func TestQuorum(t *testing.T) {
	d := directing(vcl.RandomDirector, 1, 2, 7)
	d.members[2].destination = sick{d.at(2)} // seven tenths are
	for quorum, want := range map[int64]failure{0: failNone, 1: failNone, 30: failNone, 31: failQuorum, 100: failQuorum} {
		d.quorum = quorum
		b, f := d.pick(&choice{})
		if f != want || f == failNone && b.name == "c" {
			t.Errorf("quorum %d: %v %s, want %s", quorum, b, failures[f].reason, failures[want].reason)
		}
		if d.healthy() != (want == failNone) {
			t.Errorf("quorum %d: healthy %t", quorum, d.healthy())
		}
	}
	d.quorum = 30
	if _, f := d.pick(&choice{tried: []*backend{d.at(0), d.at(1)}}); f != failNoBackend {
		t.Errorf("all tried: %s", failures[f].reason)
	}
	outer := &director{kind: vcl.FallbackDirector, members: []member{{d, 1}, {&backend{name: "z"}, 1}}, total: 2}
	d.quorum = 50
	if b, f := outer.pick(&choice{}); f != failNone || b.name != "z" {
		t.Errorf("a director that is short of its quorum was picked: %v %s", b, failures[f].reason)
	}
}

func TestDirectorsThatAreRefused(t *testing.T) {
	var many, deep strings.Builder
	fmt.Fprint(&many, "director many random {")
	for range maxMembers + 1 {
		fmt.Fprint(&many, "{ .backend = F_b; .weight = 1; }")
	}
	fmt.Fprint(&many, "}")
	fmt.Fprint(&deep, "director d0 fallback { { .backend = F_b; } { .backend = F_b; } }\n")
	for i := range 40 {
		fmt.Fprintf(&deep, "director d%d fallback { { .backend = d%d; } { .backend = d%d; } }\n", i+1, i, i)
	}
	for name, tt := range map[string]struct{ text, want string }{
		"round and round":                {"director x random { { .backend = y; .weight = 1; } }\ndirector y random { { .backend = x; .weight = 1; } }", "'x' is a member of itself"},
		"too many members":               {many.String(), "more than 1000 backends below it"},
		"members of members without end": {deep.String(), "more than 1000 backends below it"},
		"too large a ring":               {"director x chash { .vnodes_per_node = 8388608; { .backend = F_b; .id = \"b\"; } }", "more than 262144 vnodes"},
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
