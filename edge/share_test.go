//go:build !race

// Nothing here is concurrent, and the race detector would take a minute over it.

package edge

import (
	"fmt"
	"math"
	"slices"
	"sync/atomic"
	"testing"

	"headwater/service"
	"headwater/vcl"
)

// Keys go elsewhere only where their backend becomes unusable, and come back with it:
// no other key moves, down to the last usable member.
func TestKeysStay(t *testing.T) {
	const n, keys = 12, 2000
	for _, kind := range []vcl.DirectorType{vcl.HashDirector, vcl.ClientDirector, vcl.CHashDirector} {
		d := directing(kind, 1, 2, 3, 4, 5, 6, 6, 5, 4, 3, 2, 1)
		d.key = map[vcl.DirectorType]string{vcl.ClientDirector: "client"}[kind]
		where := func() (all [keys]*backend) {
			for i := range all {
				all[i], _ = d.pick(&choice{key: fmt.Sprint("/page/", i), client: fmt.Sprint("192.0.2.", i)})
			}
			return all
		}
		began, before := where(), where()
		change := func(i int, sick bool) {
			d.leaf(i).sick = sick
			after := where()
			for k := range after {
				if after[k] != before[k] && before[k] != d.leaf(i) && after[k] != d.leaf(i) {
					t.Fatalf("%s: key %d moved from %s to %s when %s changed", kind, k, before[k].name, after[k].name, d.leaf(i).name)
				}
			}
			before = after
		}
		for i := range n - 1 {
			change(i, true)
		}
		for _, i := range []int{5, 10, 0, 3, 8, 1, 9, 2, 6, 4, 7} {
			change(i, false)
		}
		if before != began {
			t.Errorf("%s: not all keys came back", kind)
		}
	}
}

// deviation tells how far picks are from the shares that they should have: the chi
// square of Pearson, as standard deviations of a normal distribution (Wilson and
// Hilferty). Who is picked though its share is 0 deviates infinitely.
func deviation(picks []int, shares []float64) float64 {
	n, chi, degrees := 0, 0.0, -1.0
	for _, got := range picks {
		n += got
	}
	for i, share := range shares {
		if want := share * float64(n); share > 0 {
			chi += (float64(picks[i]) - want) * (float64(picks[i]) - want) / want
			degrees++
		} else if picks[i] > 0 {
			return math.Inf(1)
		}
	}
	if degrees < 1 {
		return 0
	}
	v := 2 / (9 * degrees)
	return (math.Cbrt(chi/degrees) - (1 - v)) / math.Sqrt(v)
}

// sharesOf are the shares that backends should have by their weights; of a sick one
// none.
func sharesOf(backends []*backend, weights []int) []float64 {
	shares, sum := make([]float64, len(backends)), 0.0
	for i, b := range backends {
		if !b.sick {
			sum += float64(weights[i])
		}
	}
	for i, b := range backends {
		if !b.sick {
			shares[i] = float64(weights[i]) / sum
		}
	}
	return shares
}

// maxDeviation is what picks that are right exceed once in 10^12 tests.
const maxDeviation = 7.1

// The measure sees what it should: a member that gets a thirtieth too much.
func TestDeviation(t *testing.T) {
	shares := []float64{.5, .3, .2, 0}
	for _, tt := range []struct {
		picks []int
		wrong bool
	}{
		{[]int{50_000, 30_000, 20_000, 0}, false},
		{[]int{50_200, 29_900, 19_900, 0}, false},
		{[]int{51_500, 29_000, 19_500, 0}, true},
		{[]int{50_000, 30_000, 19_999, 1}, true},
	} {
		if got := deviation(tt.picks, shares); (got > maxDeviation) != tt.wrong {
			t.Errorf("%v deviate by %.1f", tt.picks, got)
		}
	}
}

// A poolVersion is a version with a weighted pool, and the same members under
// directors of all sorts.
func poolVersion(t *testing.T, number int, weights ...int) *service.Snapshot {
	s, add := versionOf(t, number)
	add(service.DomainKind, "name", "test.example")
	members := ""
	for i, w := range weights {
		add(service.BackendKind, "name", string(rune('a'+i)), "address", "192.0.2.1", "auto_loadbalance", "1", "weight", fmt.Sprint(w))
		members += fmt.Sprintf("  { .backend = F_%c; .weight = %d; }\n", 'a'+i, w)
	}
	for _, d := range []string{"1", "3", "4"} {
		add(service.DirectorKind, "name", "api_"+d, "type", d, "quorum", "0")
		o := s.Objects["director"][len(s.Objects["director"])-1].(*service.Director)
		for i := range weights {
			o.Backends = append(o.Backends, string(rune('a'+i)))
		}
	}
	text := ""
	for _, kind := range []string{"random", "hash", "client"} {
		text += fmt.Sprintf("director my_%s %s {\n%s}\n", kind, kind, members)
	}
	text += "director my_nested random {\n  { .backend = my_hash; .weight = 3; }\n  { .backend = autodirector_; .weight = 1; }\n}\n"
	add(service.VCLKind, "name", "main", "main", "1", "content", text)
	return s
}

// poolDirectors are the directors of a poolVersion.
var poolDirectors = []string{"autodirector_", "api_1", "api_3", "api_4", "my_random", "my_hash", "my_client", "my_nested"}

// picks picks for each of the keys, which are of clients too, and counts by backend.
func picks(t *testing.T, s *site, director string, keys []string) []int {
	t.Helper()
	i := slices.IndexFunc(s.program.Backends, func(b *vcl.Backend) bool { return b.Name == director })
	if i < 0 {
		t.Fatal("there is no director", director)
	}
	all := make([]int, len(s.backends))
	for _, key := range keys {
		b, f := s.numbered(i).pick(&choice{key: key, client: key})
		if f != failNone {
			t.Fatal(director, failures[f].reason)
		}
		all[b.index]++
	}
	return all
}

// manyKeys are of requests for different things, and enough of them.
func manyKeys() []string {
	keys := make([]string, 100_000)
	for i := range keys {
		keys[i] = fmt.Sprint("/page/", i)
	}
	return keys
}

// What a key comes to in one director has no part in what it comes to in the next.
func TestSharesBelowEachOther(t *testing.T) {
	t.Parallel()
	s := poolVersion(t, 1, 1, 1, 1, 1)
	main := s.Objects["vcl"][0].(*service.VCL)
	for _, kind := range []string{"hash", "client", "chash"} {
		two := func(name, x, y string) {
			main.Content += "director " + kind + name + " " + kind + " { { .backend = " + x + "; .weight = 1; .id = \"x\"; } { .backend = " + y + "; .weight = 1; .id = \"y\"; } }\n"
		}
		two("_left", "F_a", "F_b")
		two("_right", "F_c", "F_d")
		two("_both", kind+"_left", kind+"_right")
	}
	e := New(Config{})
	defer e.Shutdown(t.Context())
	if err := e.Apply(s); err != nil {
		t.Fatal(err)
	}
	site, keys := e.table.Load().find([]byte("test.example")), manyKeys()
	for _, d := range []string{"hash_both", "client_both"} {
		if got := picks(t, site, d, keys); deviation(got, []float64{.25, .25, .25, .25}) > maxDeviation {
			t.Errorf("%s: picked %v, want all alike", d, got)
		}
	}
	for i, n := range picks(t, site, "chash_both", keys) { // as even as the points of rings are
		if n < 15_000 || n > 35_000 {
			t.Errorf("chash: backend %d has %d of 100,000 keys", i, n)
		}
	}
}

// A member's share is its weight over the weight of all that are healthy: while some
// are sick, when they are back, and from the moment that other weights are active.
func TestShares(t *testing.T) {
	t.Parallel()
	keys := manyKeys()
	e := New(Config{})
	defer e.Shutdown(t.Context())
	steps := []struct {
		name    string
		weights []int // of a version that is activated
		sick    string
	}{
		{"all", []int{1, 2, 7, 50, 40}, ""},
		{"a light one sick", nil, "b"},
		{"all but the lightest two sick", nil, "cde"},
		{"all are back", nil, ""},
		{"other weights, and a heavy one", []int{100, 1, 1, 300, 10_000}, ""},
		{"other weights, the heavy one sick", nil, "e"},
		{"one more member", []int{5, 4, 3, 2, 1, 6}, "f"},
	}
	var weights []int
	for version, tt := range steps {
		if tt.weights != nil {
			weights = tt.weights
			if err := e.Apply(poolVersion(t, version+1, weights...)); err != nil {
				t.Fatal(err)
			}
		}
		s := e.table.Load().find([]byte("test.example"))
		for _, b := range s.reached() {
			b.sick = slices.Contains([]byte(tt.sick), b.name[0])
		}
		e.healthEpoch.Add(1)
		want := sharesOf(s.reached(), weights)
		for _, d := range poolDirectors {
			if got := picks(t, s, d, keys); deviation(got, want) > maxDeviation {
				t.Errorf("%s, %s: picked %v, want the shares %v", tt.name, d, got, want)
			}
		}
	}
}

// Many members have their shares too, also where nearly all are sick.
func TestSharesOfMany(t *testing.T) {
	t.Parallel()
	const members = 1000
	d, weights, backends := &director{kind: vcl.RandomDirector, epoch: new(atomic.Uint64)}, []int{}, []*backend{}
	for i := range members {
		weights = append(weights, 1+i%7)
		backends = append(backends, &backend{index: int32(i)})
		d.add(backends[i], int64(weights[i]))
	}
	for _, healthy := range []int{members, 600, 10} {
		for i, b := range backends {
			b.sick = i >= healthy
		}
		d.epoch.Add(1)
		got := make([]int, members)
		for range 100_000 {
			b, _ := d.pick(&choice{})
			got[b.index]++
		}
		if by := deviation(got, sharesOf(backends, weights)); by > maxDeviation {
			t.Errorf("%d of %d healthy: picks deviate by %.1f", healthy, members, by)
		}
	}
}
