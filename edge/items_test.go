package edge

import (
	"errors"
	"fmt"
	"testing"

	"headwater/service"
)

func holding(since, revision int64, pairs ...string) *service.Holding {
	h := &service.Holding{
		HolderRef: service.HolderRef{Service: "s", ID: "d"}, Kind: service.DictionaryKind,
		Revision: revision, Since: since,
	}
	for i := 0; i < len(pairs); i += 2 {
		h.Items = append(h.Items, &service.DictionaryItem{Base: service.Base{Name: pairs[i]}, Value: pairs[i+1]})
	}
	return h
}

// having is a version with dictionaries of these IDs.
func having(generation int64, ids ...string) *service.Snapshot {
	s := &service.Snapshot{Service: "s", Version: 1, Generation: generation, Objects: map[string][]service.Object{}}
	for _, id := range ids {
		s.Objects["dictionary"] = append(s.Objects["dictionary"], &service.Dictionary{Base: service.Base{ID: id, Name: id}})
	}
	return s
}

func TestItemsOfHolders(t *testing.T) {
	e := New(Config{})
	defer e.Shutdown(t.Context())
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	lacks := func(s *service.Snapshot, want string) {
		t.Helper()
		if got := fmt.Sprint(e.Lacks(s)); got != want {
			t.Errorf("lacks %s, want %s", got, want)
		}
	}
	must(e.ApplyItems(holding(1, 2, "a", "1"))) // of no version here
	lacks(having(1, "d", "e"), "[{s d} {s e}]")
	must(e.ApplyItems(holding(0, 2, "a", "1")))
	lacks(having(1, "d", "e"), "[{s e}]")
	must(e.Apply(having(1, "d")))
	must(e.ApplyItems(holding(2, 3, "a", "2")))
	must(e.ApplyItems(holding(1, 2, "a", "1"))) // overtaken
	if err := e.ApplyItems(holding(4, 5, "a", "5")); !errors.Is(err, service.ErrGap) {
		t.Errorf("after a gap: %v", err)
	}
	if h := e.items.holders["s"]["d"]; h.revision != 3 || h.pairs["a"] != "2" {
		t.Errorf("got %+v", h)
	}
	other := having(1, "d")
	other.Service = "other"
	if got := e.Lacks(other); len(got) != 1 {
		t.Errorf("another service lacks %v", got)
	}

	// A version from before is no reason to forget; one that comes later is.
	must(e.Apply(having(0)))
	lacks(having(1, "d"), "[]")
	must(e.Apply(having(2)))
	lacks(having(1, "d"), "[{s d}]")
}

// One of 10,000 items changes.
func BenchmarkApplyItems(b *testing.B) {
	e := New(Config{})
	defer e.Shutdown(b.Context())
	var pairs []string
	for n := range 10_000 {
		pairs = append(pairs, fmt.Sprintf("key-%d", n), "a value of some length")
	}
	if err := e.ApplyItems(holding(0, 1, pairs...)); err != nil {
		b.Fatal(err)
	}
	revision := int64(1)
	for b.Loop() {
		revision++
		if err := e.ApplyItems(holding(revision-1, revision, fmt.Sprintf("key-%d", revision%10_000), "another")); err != nil {
			b.Fatal(err)
		}
	}
}
