package feed

import (
	"errors"
	"log/slog"
	"testing"

	"headwater/service"
)

// brokenEdge takes nothing.
type brokenEdge struct{ fakeEdge }

var errBroken = errors.New("broken")

func (*brokenEdge) Apply(...*service.Snapshot) error { return errBroken }

func TestAll(t *testing.T) {
	one, two := &fakeEdge{}, &fakeEdge{}
	l := NewLocal(All{one, two}, &fakeStore{}, nil, slog.New(slog.DiscardHandler))
	l.Start(t.Context(), []*service.Snapshot{snapshot("one", 1, 1, "b"), snapshot("bad", 1, 1, "bad")}, nil)
	if err := l.Publish(t.Context(), snapshot("two", 3, 1, "b")); err != nil {
		t.Error(err)
	}
	if err := l.Publish(t.Context(), snapshot("two", 4, 2, "bad")); err == nil {
		t.Error("a version that no edge takes is published")
	}
	for _, e := range []*fakeEdge{one, two} {
		if e.version("one") != 1 || e.version("two") != 3 || e.version("bad") != 0 {
			t.Errorf("an edge serves %d, %d and %d", e.version("one"), e.version("two"), e.version("bad"))
		}
	}
	if err := (All{one, &brokenEdge{}, two}).Apply(snapshot("two", 5, 3, "b")); !errors.Is(err, errBroken) || two.version("two") != 5 {
		t.Errorf("one of three refuses: %v; the third serves version %d", err, two.version("two"))
	}
}

// Items reach all edges, also if one of them has missed a change.
func TestAllItems(t *testing.T) {
	one, two := &fakeEdge{}, &fakeEdge{}
	at := service.HolderRef{Service: "s", ID: "words"}
	whole := func(revision int64) *service.Holding { return &service.Holding{HolderRef: at, Revision: revision} }
	change := &service.Holding{HolderRef: at, Since: 1, Revision: 2}
	if err := (All{one, two}).ApplyItems(whole(1)); err != nil {
		t.Fatal(err)
	}
	if err := one.ApplyItems(change); err != nil {
		t.Fatal(err)
	}
	later := &service.Holding{HolderRef: at, Since: 2, Revision: 3}
	if err := (All{one, two}).ApplyItems(later); !errors.Is(err, service.ErrGap) {
		t.Errorf("an edge lacks a change: %v", err)
	}
	if one.items["words"].Revision != 3 {
		t.Errorf("the other one is at revision %d", one.items["words"].Revision)
	}
}
