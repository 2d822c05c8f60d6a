package service

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func pair(t testing.TB, key, value string) Object {
	t.Helper()
	o, err := DictionaryItemKind.Create(form("item_key="+key, "item_value="+value))
	if err != nil {
		t.Fatal(err)
	}
	return DictionaryItemKind.Stamp(o, 0, time.Unix(1e9, 0).UTC(), time.Unix(1e9, 5000).UTC())
}

// holding makes one of a dictionary: "k=v" is an item, "-k" one that is gone.
func holding(t testing.TB, since, revision int64, items ...string) *Holding {
	t.Helper()
	h := &Holding{HolderRef: HolderRef{Service: "s", ID: "d"}, Kind: DictionaryKind, Revision: revision, Since: since}
	for _, text := range items {
		if gone, ok := strings.CutPrefix(text, "-"); ok {
			h.Gone = append(h.Gone, gone)
			continue
		}
		key, value, _ := strings.Cut(text, "=")
		h.Items = append(h.Items, pair(t, key, value))
	}
	return h
}

func textOf(h *Holding) string {
	text := fmt.Sprint(h.Revision, ":")
	for _, o := range h.Items {
		text += fmt.Sprintf(" %s=%s", o.Meta().Name, o.(*DictionaryItem).Value)
	}
	return text
}

func TestHoldingWith(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change *Holding
		want   string
		err    error
	}{
		{"a change", holding(t, 4, 5, "c=4", "b=3", "-a"), "5: b=3 c=4", nil},
		{"of nothing", holding(t, 4, 5, "-none"), "5: a=1 b=2", nil},
		{"known", holding(t, 3, 4, "b=9"), "4: a=1 b=2", nil},
		{"older", holding(t, 2, 3, "b=9"), "4: a=1 b=2", nil},
		{"after a gap", holding(t, 5, 6, "b=9"), "4: a=1 b=2", ErrGap},
		{"a newer whole", holding(t, 0, 9, "z=1"), "9: z=1", nil},
		{"an older whole", holding(t, 0, 3, "z=1"), "4: a=1 b=2", nil},
	} {
		before := holding(t, 0, 4, "a=1", "b=2")
		got, err := before.With(tt.change)
		if !errors.Is(err, tt.err) || textOf(got) != tt.want {
			t.Errorf("%s: %s, %v; want %s, %v", tt.name, textOf(got), err, tt.want, tt.err)
		}
		if textOf(before) != "4: a=1 b=2" {
			t.Errorf("%s: what was there became %s", tt.name, textOf(before))
		}
	}
}

// What one write does to an item several times is its end alone.
func TestNewChange(t *testing.T) {
	a, b, again := pair(t, "a", "1"), pair(t, "b", "1"), pair(t, "b", "2")
	at := HolderRef{Service: "s", ID: "d"}
	changes := []ItemChange{
		{Op: CreateItem, Name: "a"}, {Op: CreateItem, Name: "b"}, {Op: DeleteItem, Name: "a"},
		{Op: UpdateItem, Name: "b"}, {Op: DeleteItem, Name: "c"}, {Op: CreateItem, Name: "c"},
	}
	c := NewChange(at, DictionaryKind, 7, changes, []Object{a, b, nil, again, nil, pair(t, "c", "3")})
	if got := textOf(c) + fmt.Sprint(c.Gone, c.Since); got != "7: b=2 c=3[a] 6" {
		t.Errorf("got %s", got)
	}
}

func TestHoldingRoundTrip(t *testing.T) {
	keeper := testKeeper(t)
	for _, h := range []*Holding{
		holding(t, 0, 1),
		holding(t, 0, 3, "a=<&>\u2028é", "b=two\nlines"),
		holding(t, 3, 4, "a=1", "-b", "-c\n"),
	} {
		data, err := h.Encode(keeper)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.ContainsRune(data, '\n') {
			t.Errorf("more than a line: %q", data)
		}
		got, err := DecodeHolding(data, keeper)
		if err != nil {
			t.Fatal(err)
		}
		if textOf(got) != textOf(h) || fmt.Sprint(got.HolderRef, got.Since, got.Gone, got.Kind.Name) != fmt.Sprint(h.HolderRef, h.Since, h.Gone, h.Kind.Name) {
			t.Errorf("got %+v, want %+v", got, h)
		}
		for i, o := range got.Items {
			if m, want := o.Meta(), h.Items[i].Meta(); !m.Created.Equal(want.Created) || !m.Updated.Equal(want.Updated) {
				t.Errorf("times %v, %v", m.Created, m.Updated)
			}
		}
		for i := range data {
			damaged := bytes.Clone(data)
			damaged[i] ^= 1
			if got, err := DecodeHolding(damaged, keeper); err == nil && textOf(got) != textOf(h) {
				t.Errorf("byte %d (%c) damaged: no error", i, data[i])
			}
		}
	}
	if _, err := DecodeHolding([]byte(`{"format":1,"checksum":"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","holding":{}}`), keeper); err == nil {
		t.Error("the holding of no kind is read")
	}
}

// FuzzDecodeHolding reads what may have become of a file.
func FuzzDecodeHolding(f *testing.F) {
	keeper := testKeeper(f)
	for _, h := range []*Holding{holding(f, 0, 1, "a=1"), holding(f, 1, 2, "-a")} {
		data, err := h.Encode(keeper)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := DecodeHolding(data, keeper)
		if err != nil {
			return
		}
		again, err := h.Encode(keeper)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := DecodeHolding(again, keeper); err != nil || textOf(got) != textOf(h) {
			t.Errorf("%s, then %v, %v", textOf(h), got, err)
		}
	})
}

func TestEditions(t *testing.T) {
	order := []Edition{{0, 9}, {1, 0}, {1, 1}, {2, 0}}
	for i, a := range order {
		for j, b := range order {
			if got := a.Before(b); got != (i < j) {
				t.Errorf("%v before %v: %v", a, b, got)
			}
		}
	}
}

// Contents travel with the snapshot, and are no part of the version's identity.
func TestSnapshotContents(t *testing.T) {
	keeper := testKeeper(t)
	s := testSnapshot(t)
	var snippets []Object
	for _, pairs := range [][]string{{"name=d", "dynamic=1", "content=first"}, {"name=v", "content=own"}} {
		o, err := SnippetKind.Create(form(append(pairs, "type=recv")...))
		if err != nil {
			t.Fatal(err)
		}
		snippets = append(snippets, o)
	}
	s.Objects["snippet"] = snippets
	without := s.Identity()
	dynamic, versioned := snippets[0].(*Snippet), snippets[1].(*Snippet)
	s.ContentRevision, s.Contents = 4, map[string]string{dynamic.ID: "now"}
	data, err := s.Encode(keeper)
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodeSnapshot(data, keeper)
	if err != nil {
		t.Fatal(err)
	}
	if got.Edition() != (Edition{7, 4}) || got.ContentOf(dynamic) != "now" || got.ContentOf(versioned) != "own" {
		t.Errorf("got %v %q %q", got.Edition(), got.ContentOf(dynamic), got.ContentOf(versioned))
	}
	if got.Identity() != without {
		t.Error("contents changed the identity")
	}
}
