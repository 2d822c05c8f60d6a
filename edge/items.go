package edge

import (
	"maps"
	"slices"
	"sync"

	"headwater/service"
)

// itemKinds are the kinds of holders whose items this edge serves with.
var itemKinds = []*service.Kind{service.ACLKind, service.DictionaryKind}

// items are what the edge has of holders, by service and holder. They belong to
// no version: all versions of a service share them.
type items struct {
	mu      sync.Mutex // no request takes it
	holders map[string]map[string]*held
}

// held is what the edge has of one holder.
type held struct {
	revision int64
	pairs    map[string]string            // of a dictionary
	entries  map[string]*service.ACLEntry // of an ACL, by ID
}

// ApplyItems makes h what its holder holds from the next request on, unless the
// edge has it in a newer revision. A change is left out if the edge has nothing
// of the holder: then no version here has it. One that does not follow what is
// here is [service.ErrGap].
func (e *Edge) ApplyItems(h *service.Holding) error {
	if !slices.Contains(itemKinds, h.Kind) {
		return nil
	}
	e.items.mu.Lock()
	defer e.items.mu.Unlock()
	return e.items.apply(h)
}

func (i *items) apply(h *service.Holding) error {
	has := i.holders[h.Service][h.ID]
	if has == nil {
		if !h.Whole() {
			return nil
		}
		has = &held{}
	}
	follows, err := h.Follows(has.revision)
	if err != nil || !follows {
		return err
	}
	has.take(h)
	if i.holders[h.Service] == nil {
		i.holders[h.Service] = map[string]*held{}
	}
	i.holders[h.Service][h.ID] = has
	return nil
}

// take puts new maps in the place of the old ones, which requests may read.
func (has *held) take(h *service.Holding) {
	if h.Kind == service.ACLKind {
		has.entries = changed(has.entries, h, func(o service.Object) *service.ACLEntry { return o.(*service.ACLEntry) })
	} else {
		has.pairs = changed(has.pairs, h, func(o service.Object) string { return o.(*service.DictionaryItem).Value })
	}
	has.revision = h.Revision
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
			if e.items.holders[s.Service][id] == nil {
				lacking = append(lacking, service.HolderRef{Service: s.Service, ID: id})
			}
		}
	}
	return lacking
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
