//go:build !race

// Nothing here is concurrent, and the race detector would take a minute over it.

package edge

import (
	"fmt"
	"strings"
	"testing"

	"headwater/service"
	"headwater/vcl"
)

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

// Rings have as many points as they may have, however many are asked for, and all
// members have their part of them.
func TestRingsAreBounded(t *testing.T) {
	var all strings.Builder
	const rings, members = 8, 100
	for i := range rings {
		fmt.Fprintf(&all, "director d%d chash { .vnodes_per_node = 8388608;", i)
		for m := range members {
			fmt.Fprintf(&all, "{ .backend = F_b; .id = \"%d\"; }", m)
		}
		fmt.Fprint(&all, "}\n")
	}
	e := New(Config{})
	defer e.Shutdown(t.Context())
	o, err := service.BackendKind.Create(service.Input{"name": {Text: "b"}, "address": {Text: "a.test"}})
	if err != nil {
		t.Fatal(err)
	}
	s, warnings, err := e.build(&e.items, &service.Snapshot{Objects: map[string][]service.Object{
		"backend": {o},
		"vcl":     {&service.VCL{Main: true, Content: all.String(), Base: service.Base{Name: "main"}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	points := 0
	for _, to := range s.directors {
		d, is := to.(*director)
		if !is {
			continue
		}
		points += len(d.ring)
		counts := make([]int, members)
		for _, p := range d.ring {
			counts[p.member]++
		}
		for m, n := range counts {
			if n != allPoints/rings/members {
				t.Errorf("member %d has %d points", m, n)
			}
		}
	}
	if points > allPoints {
		t.Errorf("%d points", points)
	}
	if text := strings.Join(warnings, "\n"); strings.Count(text, "has 1310 vnodes for each member, as a ring has 131072 at most") != rings {
		t.Errorf("warnings: %s", text)
	}
}
