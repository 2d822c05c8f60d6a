package edge

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"headwater/edge/program"
	"headwater/service"
	"headwater/vcl"
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

// Programs of all versions share what a holder holds, and see it change.
func TestProgramsSeeItems(t *testing.T) {
	e := New(Config{})
	defer e.Shutdown(t.Context())
	site := func(s *service.Snapshot, serves bool) (tree *program.Program, o vcl.Options) {
		t.Helper()
		tree, problems := program.Build(s)
		if len(problems) > 0 {
			t.Fatal(problems.Show())
		}
		e.items.provide(&o, "s", tree, serves)
		return tree, o
	}
	s := having(1, "d")
	s.Objects["acl"] = []service.Object{&service.ACL{Base: service.Base{ID: "a", Name: "office"}}}
	_, draft := site(s, false)
	if got := fmt.Sprint(e.Lacks(s)); got != "[{s a} {s d}]" {
		t.Errorf("after a check the edge lacks %s", got)
	}
	_, first := site(s, true)
	_, second := site(s, true)
	if first.Tables["d"] != second.Tables["d"] || first.ACLs["office"] != second.ACLs["office"] || first.Tables["d"] == draft.Tables["d"] {
		t.Error("two versions that serve do not share a table, or a draft does")
	}
	if err := e.ApplyItems(holding(1, 2, "k", "v")); !errors.Is(err, service.ErrGap) {
		t.Errorf("a change of what has not come yet: %v", err)
	}
	for _, h := range []*service.Holding{
		holding(0, 2, "k", "v"), holding(2, 3, "k", "w"),
		{
			HolderRef: service.HolderRef{Service: "s", ID: "a"}, Kind: service.ACLKind, Revision: 1,
			Items: []service.Object{
				&service.ACLEntry{Base: service.Base{ID: "1"}, IP: "192.0.2.0", Subnet: new(int64(24))},
				&service.ACLEntry{Base: service.Base{ID: "2"}, IP: "192.0.2.7", Negated: 1},
				&service.ACLEntry{Base: service.Base{ID: "3"}, IP: "2001:db8::1"},
				&service.ACLEntry{Base: service.Base{ID: "4"}, IP: "nonsense"},
				&service.ACLEntry{Base: service.Base{ID: "5"}, IP: "0.0.0.0", Subnet: new(int64(99))},
			},
		},
	} {
		if err := e.ApplyItems(h); err != nil {
			t.Fatal(err)
		}
	}
	if v, _ := second.Tables["d"].Lookup("k"); v != "w" {
		t.Errorf("looked up %q", v)
	}
	for ip, want := range map[string]bool{"192.0.2.1": true, "192.0.2.7": false, "2001:db8::1": true, "2001:db8::2": false, "10.0.0.1": false} {
		if got := second.ACLs["office"].Has(netip.MustParseAddr(ip)); got != want {
			t.Errorf("%s: %v", ip, got)
		}
	}
}

// What is wrong with a program is told in the words and the shape of the contract.
func TestRefused(t *testing.T) {
	e := New(Config{})
	defer e.Shutdown(t.Context())
	s := having(1)
	content := "set req.http.A = \"1\";\n  set req.http.B = req.htpp.C;\n  nonsense;"
	s.Objects["snippet"] = []service.Object{&service.Snippet{Base: service.Base{Name: "s", ID: "id"}, Type: "recv", Dynamic: 1}}
	s.Contents = map[string]string{"id": content}
	_, err := e.Check(s)
	var refusal *service.Error
	if !errors.As(err, &refusal) || refusal.Code != service.Invalid {
		t.Fatalf("error %v", err)
	}
	if want := "\nat: (snippet \"s\" Line 3 Pos "; !strings.Contains(refusal.Details(), want) {
		t.Errorf("got %s, want %s", refusal.Details(), want)
	}
	s.Contents["id"] = "\tset req.http.B = req.htpp.C;"
	_, err = e.Check(s)
	if !errors.As(err, &refusal) || !strings.HasSuffix(refusal.Details(), "\nat: (snippet \"s\" Line 1 Pos 19)\n\tset req.http.B = req.htpp.C;\n------------------#----------") {
		t.Errorf("got %q", refusal.Details())
	}
	s.Contents["id"] = "set req.http.B = \"C\";"
	if _, err = e.Check(s); err != nil {
		t.Error(err)
	}
}
