package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"headwater/service"
)

// holding is what edges would be given of a holder.
func (h *house) holding(at service.HolderRef) *service.Holding {
	h.Helper()
	all, err := h.db.Holdings(h.ctx, at)
	h.must(err)
	h.equal("holdings", len(all), 1)
	return all[0]
}

// told renders a holding: revision, items in order, and what is gone.
func told(h *service.Holding) string {
	text := fmt.Sprintf("%d<%d", h.Since, h.Revision)
	for _, o := range h.Items {
		text += " " + o.Meta().Name + "=" + o.(*service.DictionaryItem).Value
	}
	for _, name := range h.Gone {
		text += " -" + name
	}
	return text
}

// holdings are whole, and each write tells how it differs from the one before.
func holdings(h *house) {
	at := h.service(h.who, "shop")
	d := h.dictionary(at, "d")
	h.equal("of a new one", told(h.holding(d)), "0<1")
	carried := h.holding(d)
	write := func(want string, changes ...service.ItemChange) {
		h.Helper()
		h.now.move(minute)
		w, err := h.db.ChangeItems(h.ctx, h.who, d, service.DictionaryKind, changes, accept)
		h.must(err)
		h.equal("change", told(w.Holding), want)
		h.equal("versions compiled", w.Active == nil && w.Staged == nil, true)
		h.equal("items", len(w.Items), len(changes))
		if carried, err = carried.With(w.Holding); err != nil {
			h.Fatal(err)
		}
		h.equal("changes in a row", told(carried), told(h.holding(d)))
	}
	write("1<2 b=1", item(service.CreateItem, "b", "1"))
	write("2<3 a=2 b=3", item(service.CreateItem, "a", "2"), item(service.UpsertItem, "b", "3"))
	write("3<4 c=4 -a", item(service.DeleteItem, "a", ""), item(service.CreateItem, "c", "x"), item(service.UpdateItem, "c", "4"))
	h.equal("in the end", told(h.holding(d)), "0<4 b=3 c=4")
	h.equal("kind", h.holding(d).Kind, service.DictionaryKind)

	// A write that fails has no revision.
	h.equal("fails", h.change(d, item(service.UpdateItem, "none", "")) != nil, true)
	write("4<5 b=5", item(service.UpdateItem, "b", "5"))

	// A holder is its service's. One that is not there keeps no other from being read.
	theirs := h.service(h.other, "shop")
	all, err := h.db.Holdings(h.ctx, service.HolderRef{Service: theirs.Service, ID: d.ID}, d)
	h.equal("through another service", err != nil, true)
	h.equal("the others", len(all), 1)
}

// holdingRace has several writers of one dictionary: in whatever order the
// changes are told, they add up to what is stored.
func holdingRace(h *house) {
	d := h.dictionary(h.service(h.who, "shop"), "d")
	changes := make(chan *service.Holding, 64)
	for _, err := range each(8, func(i int) error {
		for n := range 8 {
			w, err := h.db.ChangeItems(h.ctx, h.who, d, service.DictionaryKind,
				[]service.ItemChange{item(service.UpsertItem, fmt.Sprint("k", n), fmt.Sprint(i))}, accept)
			if err != nil {
				return err
			}
			changes <- w.Holding
		}
		return nil
	}) {
		h.must(err)
	}
	close(changes)
	var all []*service.Holding
	for c := range changes {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b *service.Holding) int { return int(a.Revision - b.Revision) })
	sum := &service.Holding{HolderRef: d, Kind: service.DictionaryKind, Revision: 1}
	for _, c := range all {
		next, err := sum.With(c)
		h.must(err)
		h.equal("revision", next.Revision, sum.Revision+1)
		sum = next
	}
	h.equal("the sum of all changes", sorted(sum), sorted(h.holding(d)))
}

// sorted is told without the order of the items.
func sorted(h *service.Holding) string {
	words := strings.Fields(told(h))
	slices.Sort(words)
	return strings.Join(words, " ")
}

// snippet makes a dynamic one in a version, and returns it as a holder.
func (h *house) snippet(at service.Ref, name, content string) service.HolderRef {
	h.Helper()
	o, err := h.create(h.who, at, service.SnippetKind, "name="+name, "type=recv", "dynamic=1", "content="+content)
	h.must(err)
	return service.HolderRef{Service: at.Service, ID: o.Meta().ID}
}

// write changes a snippet's content.
func (h *house) write(at service.HolderRef, content string, compile func(*service.Snapshot) error) (*service.ItemsWritten, error) {
	k := service.SnippetContentKind
	return h.db.ChangeItems(h.ctx, h.who, at, service.SnippetKind, []service.ItemChange{{
		Op:   service.UpdateItem,
		Make: func(old service.Object) (service.Object, error) { return k.Update(old, input("content="+content)) },
	}}, compile)
}

// contents of dynamic snippets are in every snapshot, as they are when it is
// read.
func contents(h *house) {
	first := h.service(h.who, "shop")
	d := h.snippet(first, "d", "one")
	w, err := h.write(d, "two", func(*service.Snapshot) error { return errors.New("nothing is active") })
	h.must(err)
	h.equal("versions compiled", w.Active == nil && w.Staged == nil, true)

	second := h.clone(h.who, first)
	third := h.clone(h.who, first)
	h.must(h.db.DeleteObject(h.ctx, h.who, third, service.SnippetKind, "d"))
	s, err := h.db.Snapshot(h.ctx, h.who, second)
	h.must(err)
	h.equal("of a draft", s.Contents[d.ID], "two")
	_, activated, err := h.activate(h.who, first)
	h.must(err)
	h.equal("of the activated", activated.Contents[d.ID], "two")
	_, _, err = h.db.Stage(h.ctx, h.who, second, accept)
	h.must(err)

	var compiled []string
	w, err = h.write(d, "three", func(s *service.Snapshot) error {
		compiled = append(compiled, fmt.Sprint(s.Version, " ", s.Contents[d.ID]))
		return nil
	})
	h.must(err)
	h.equal("compiled", fmt.Sprint(compiled), "[1 three 2 three]")
	h.equal("active, staged", fmt.Sprint(w.Active.Version, w.Staged.Version), "1 2")
	h.equal("customer", w.Active.Customer, h.who.Customer)
	h.equal("newer than the activated", activated.Edition().Before(w.Active.Edition()), true)
	for what, read := range map[string]func() ([]*service.Snapshot, []service.Unserved, error){
		"at a start": func() ([]*service.Snapshot, []service.Unserved, error) { return h.db.ActiveSnapshots(h.ctx) },
		"on staging": func() ([]*service.Snapshot, []service.Unserved, error) { return h.db.StagedSnapshots(h.ctx) },
	} {
		all, _, err := read()
		h.must(err)
		h.equal(what, all[0].Contents[d.ID], "three")
		h.equal(what+", edition", all[0].Edition(), w.Active.Edition())
	}

	_, last, err := h.activate(h.who, third)
	h.must(err)
	h.equal("without the snippet", len(last.Contents), 0)
	h.equal("an activation is newer", w.Active.Edition().Before(last.Edition()), true)
	w, err = h.write(d, "four", accept)
	h.must(err)
	h.equal("active without the snippet", w.Active == nil, true)
}

// contentRefused has a content that breaks the active version: nothing is lost.
func contentRefused(h *house) {
	at := h.service(h.who, "shop")
	d := h.snippet(at, "d", "one")
	_, _, err := h.activate(h.who, at)
	h.must(err)
	_, err = h.write(d, "two", func(*service.Snapshot) error { return service.Errorf(service.Invalid, "no such thing") })
	h.fails(err, service.Invalid, "Version '1', which is active, does not compile with it: no such thing")
	s, err := h.db.Snapshot(h.ctx, h.who, at)
	h.must(err)
	h.equal("content", s.Contents[d.ID], "one")
	broken := errors.New("broken")
	_, err = h.write(d, "two", func(*service.Snapshot) error { return broken })
	h.equal("another failure", errors.Is(err, broken), true)
}

// contentRace changes a content while the version compiles, and the version while
// a content does: what is served is what was compiled.
func contentRace(h *house) {
	at := h.service(h.who, "shop")
	d := h.snippet(at, "d", "one")
	compiles := 0
	_, s, err := h.db.Activate(h.ctx, h.who, at, func(s *service.Snapshot) error {
		if compiles++; compiles == 1 {
			_, err := h.write(d, "late", accept)
			h.must(err)
		}
		return nil
	})
	h.must(err)
	h.equal("compiles", compiles, 2)
	h.equal("content", s.Contents[d.ID], "late")

	second := h.clone(h.who, at)
	var seen []string
	w, err := h.write(d, "new", func(s *service.Snapshot) error {
		if seen = append(seen, fmt.Sprint(s.Version)); len(seen) == 1 {
			_, _, err := h.activate(h.who, second)
			h.must(err)
		}
		return nil
	})
	h.must(err)
	h.equal("compiled", fmt.Sprint(seen), "[1 2]")
	h.equal("published", w.Active.Version, second.Version)

	// However busy the service is, a write ends: its last try lets nobody write.
	tries := 0
	w, err = h.write(d, "newest", func(s *service.Snapshot) error {
		if tries++; tries <= 3 {
			_, err := h.write(d, fmt.Sprint("between", tries), accept)
			h.must(err)
		}
		return nil
	})
	h.must(err)
	h.equal("tries", tries, 4)
	h.equal("content", w.Active.Contents[d.ID], "newest")
}
