package edge

import (
	"fmt"
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
