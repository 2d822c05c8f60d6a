package edge

import (
	"maps"
	"net/netip"
	"slices"
	"sync"

	"headwater/edge/program"
	"headwater/service"
	"headwater/vcl"
)

// itemKinds are the kinds of holders whose items this edge serves with.
var itemKinds = []*service.Kind{service.ACLKind, service.DictionaryKind}

// items are what the edge has of holders, by service and holder. They belong to
// no version: all versions of a service share them.
type items struct {
	mu      sync.Mutex // no request takes it
	holders map[string]map[string]*held
}

// held is what the edge has of one holder. Its table or ACL stays the same as long
// as the holder is known: programs have it, and what it holds is replaced.
type held struct {
	revision int64 // 0: nothing has come yet

	pairs map[string]string // of a dictionary
	table *vcl.Table

	entries map[string]*service.ACLEntry // of an ACL, by ID
	acl     *vcl.ACL
}

func newHeld() *held {
	return &held{table: vcl.NewTable("", nil), acl: vcl.NewACL("", nil)}
}

// ApplyItems makes h what its holder holds from the next request on, unless the
// edge has it in a newer revision. A change is left out if the edge has nothing
// of the holder: then no version here has it. One that does not follow what is
// here is [service.ErrGap].
func (e *Edge) ApplyItems(h *service.Holding) error {
	e.items.mu.Lock()
	defer e.items.mu.Unlock()
	return e.items.apply(h)
}

func (i *items) apply(h *service.Holding) error {
	if !slices.Contains(itemKinds, h.Kind) {
		return nil
	}
	has := i.holders[h.Service][h.ID]
	if has == nil {
		if !h.Whole() {
			return nil
		}
		has = i.add(h.HolderRef)
	}
	follows, err := h.Follows(has.revision)
	if err != nil || !follows {
		return err
	}
	has.take(h)
	return nil
}

// add makes a holder known, of which nothing has come yet.
func (i *items) add(at service.HolderRef) *held {
	if i.holders[at.Service] == nil {
		i.holders[at.Service] = map[string]*held{}
	}
	has := newHeld()
	i.holders[at.Service][at.ID] = has
	return has
}

// take puts new maps in the place of the old ones, which requests may read.
func (has *held) take(h *service.Holding) {
	if h.Kind == service.ACLKind {
		has.entries = changed(has.entries, h, func(o service.Object) *service.ACLEntry { return o.(*service.ACLEntry) })
		has.acl.Swap(networks(has.entries))
	} else {
		has.pairs = changed(has.pairs, h, func(o service.Object) string { return o.(*service.DictionaryItem).Value })
		has.table.Swap(has.pairs)
	}
	has.revision = h.Revision
}

// networks are the entries of an ACL as programs compare with them. What is no
// address, which the API refuses, is in none.
func networks(entries map[string]*service.ACLEntry) []vcl.ACLEntry {
	all := make([]vcl.ACLEntry, 0, len(entries))
	for _, e := range entries {
		ip, err := netip.ParseAddr(e.IP)
		if err != nil {
			continue
		}
		bits := ip.BitLen()
		if e.Subnet != nil {
			bits = int(*e.Subnet)
		}
		prefix := netip.PrefixFrom(ip.WithZone(""), bits)
		if prefix.IsValid() {
			all = append(all, vcl.ACLEntry{Prefix: prefix, Negated: e.Negated != 0})
		}
	}
	return all
}

// changed returns what is held after h, by what items are found by.
func changed[V any](before map[string]V, h *service.Holding, value func(service.Object) V) map[string]V {
	var now map[string]V
	if !h.Whole() {
		now = maps.Clone(before)
	}
	if now == nil {
		now = make(map[string]V, len(h.Items))
	}
	for _, name := range h.Gone {
		delete(now, name)
	}
	for _, o := range h.Items {
		now[h.Kind.Holds.Find(o)] = value(o)
	}
	return now
}

// Lacks returns the holders of s whose items the edge does not have and would
// serve s with.
func (e *Edge) Lacks(s *service.Snapshot) (lacking []service.HolderRef) {
	e.items.mu.Lock()
	defer e.items.mu.Unlock()
	for _, k := range itemKinds {
		for _, o := range s.Objects[k.Name] {
			id := o.Meta().ID
			if has := e.items.holders[s.Service][id]; has == nil || has.revision == 0 {
				lacking = append(lacking, service.HolderRef{Service: s.Service, ID: id})
			}
		}
	}
	return lacking
}

// provide adds what a program of the service takes from outside: for each
// dictionary and ACL that it declares, what the holder holds. Those of which
// nothing is known yet are empty; they are made known if the program is to serve.
func (i *items) provide(o *vcl.Options, id string, p *program.Program, serves bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	find := func(holder string) *held {
		has := i.holders[id][holder]
		switch {
		case has != nil:
			return has
		case serves:
			return i.add(service.HolderRef{Service: id, ID: holder})
		}
		return newHeld()
	}
	o.Tables, o.ACLs = map[string]*vcl.Table{}, map[string]*vcl.ACL{}
	for name, d := range p.Tables {
		o.Tables[name] = find(d.ID).table
	}
	for name, a := range p.ACLs {
		o.ACLs[name] = find(a.ID).acl
	}
}

// forget drops the items of holders that s, which is served now, has not.
func (i *items) forget(s *service.Snapshot) {
	i.mu.Lock()
	defer i.mu.Unlock()
	held := i.holders[s.Service]
	if len(held) == 0 {
		return
	}
	stays := map[string]bool{}
	for _, at := range s.Holders() {
		stays[at.ID] = true
	}
	for id := range held {
		if !stays[id] {
			delete(held, id)
		}
	}
	if len(held) == 0 {
		delete(i.holders, s.Service)
	}
}
