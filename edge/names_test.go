package edge

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"
)

// A table in the making takes nothing from the one that it follows, which requests go by.
func TestTableDraft(t *testing.T) {
	one := &site{service: "one", exact: []string{"a.example", "b.example"}, wild: []string{".example"}}
	two := &site{service: "two", exact: []string{"b.example", "c.example"}}
	first := tableOf(one)
	d := draftTable(first)
	d.add(two)
	second := d.table()
	d = draftTable(second)
	d.remove(one)
	d.remove(nil)
	third := d.table()
	for _, tt := range []struct {
		host                 string
		first, second, third *site
	}{
		{"a.example", one, one, nil},
		{"b.example", one, two, two}, // was taken over
		{"c.example", one, two, two},
		{"x.example", one, one, nil},
		{"example", nil, nil, nil},
	} {
		for i, want := range []*site{tt.first, tt.second, tt.third} {
			if got := []*table{first, second, third}[i].find([]byte(tt.host)); got != want {
				t.Errorf("table %d leads %s to %v, want %v", i+1, tt.host, got, want)
			}
		}
	}
	if first.exact.n != 2 || second.exact.n != 3 || third.exact.n != 2 || third.wild.n != 0 {
		t.Errorf("%d, %d and %d names", first.exact.n, second.exact.n, third.exact.n)
	}
}

// However names come and go, those are found that are there, in each table those that it had
// when it was made.
func TestNamesComeAndGo(t *testing.T) {
	const many = 4000
	random := rand.New(rand.NewPCG(1, 2))
	sites := []*site{{service: "one"}, {service: "two"}}
	type state struct {
		names *names
		want  map[string]*site
	}
	check := func(s state) {
		t.Helper()
		if s.names.n != len(s.want) {
			t.Errorf("%d names, want %d", s.names.n, len(s.want))
		}
		for i := range many {
			name := fmt.Sprint("s", i, ".example")
			if got := s.names.find([]byte(name)); got != s.want[name] {
				t.Fatalf("%s leads to %v, want %v", name, got, s.want[name])
			}
		}
	}
	now := state{&names{}, map[string]*site{}}
	for round := range 20 {
		old := state{now.names, maps.Clone(now.want)}
		d := draftOf(now.names)
		for range many / 2 {
			name, s := fmt.Sprint("s", random.IntN(many), ".example"), sites[random.IntN(2)]
			if random.IntN(20) < round { // more and more go
				if d.remove(name, s); now.want[name] == s {
					delete(now.want, name)
				}
			} else {
				d.add(name, s)
				now.want[name] = s
			}
		}
		now.names = d.names
		check(old)
		check(now)
	}
	d := draftOf(now.names)
	for name, s := range now.want {
		d.remove(name, s)
	}
	check(state{d.names, nil})
}

// BenchmarkFind finds the site of a host, another one each time.
func BenchmarkFind(b *testing.B) {
	for _, n := range []int{1, 1_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			d, hosts := draftTable(&table{}), make([][]byte, min(n, 1_000))
			for i := range n {
				name := fmt.Sprintf("service-%06d.example", i)
				d.add(&site{exact: []string{name}})
				hosts[i%len(hosts)] = []byte(name)
			}
			t, i := d.table(), 0
			for b.Loop() {
				if i++; t.find(hosts[i%len(hosts)]) == nil {
					b.Fatal("not found")
				}
			}
		})
	}
}
