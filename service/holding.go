package service

import (
	"errors"
	"slices"
)

// ErrGap says that a change of items begins at a revision which is not the one
// that is there: what lies between is missing, and only a whole holding helps.
var ErrGap = errors.New("the change begins at another revision")

// A Holding is what one holder holds: all its items at one revision, or how
// these differ from its items at an earlier one. It is immutable, and is what
// travels to every edge.
type Holding struct {
	HolderRef
	Kind *Kind // of the holder

	// Revision counts the writes of the holder's items, from 1 when it is made.
	// Who has a greater one ignores this holding, so that two changes that
	// overtake each other on the way cannot undo the later.
	Revision int64

	// Since is the revision that Items and Gone are the difference to. It is 0
	// for a whole holding, whose Items are all.
	Since int64

	Items []Object // of a whole holding, oldest first
	Gone  []string // what the removed ones were found by; no item of these is in Items
}

// Whole reports whether h has all items of its revision.
func (h *Holding) Whole() bool { return h.Since == 0 }

// Follows reports whether h changes what is there at that revision: false if it
// is known already, and [ErrGap] if it is the change of another one. A whole
// holding follows all that are older.
func (h *Holding) Follows(revision int64) (bool, error) {
	switch {
	case h.Revision <= revision:
		return false, nil
	case h.Whole() || h.Since == revision:
		return true, nil
	}
	return false, ErrGap
}

// With returns h, a whole holding, after a change. It returns h itself if the
// change is known already.
func (h *Holding) With(change *Holding) (*Holding, error) {
	follows, err := change.Follows(h.Revision)
	if err != nil || !follows {
		return h, err
	}
	if change.Whole() {
		return change, nil
	}
	next := *h
	next.Revision, next.Items = change.Revision, make([]Object, 0, len(h.Items)+len(change.Items))
	changed := map[string]Object{} // nil for those that are gone
	for _, name := range change.Gone {
		changed[name] = nil
	}
	for _, o := range change.Items {
		changed[h.Kind.Holds.Find(o)] = o
	}
	for _, o := range h.Items {
		name := h.Kind.Holds.Find(o)
		now, found := changed[name]
		if !found {
			next.Items = append(next.Items, o)
			continue
		}
		delete(changed, name)
		if now != nil {
			next.Items = append(next.Items, now)
		}
	}
	for _, o := range change.Items {
		if changed[h.Kind.Holds.Find(o)] != nil {
			next.Items = append(next.Items, o)
		}
	}
	return &next, nil
}

// NewChange returns how changes, whose results are made, change the items of the
// holder from one revision to the next.
func NewChange(at HolderRef, k *Kind, revision int64, changes []ItemChange, made []Object) *Holding {
	h := &Holding{HolderRef: at, Kind: k, Revision: revision, Since: revision - 1}
	seen := map[string]bool{}
	for i, o := range slices.Backward(made) { // the last word on an item is the one that counts
		name := changes[i].Name
		if o != nil {
			name = k.Holds.Find(o)
		}
		switch {
		case seen[name]:
		case o == nil:
			h.Gone = append(h.Gone, name)
		default:
			h.Items = append(h.Items, o)
		}
		seen[name] = true
	}
	slices.Reverse(h.Items)
	slices.Reverse(h.Gone)
	return h
}

// An ItemsWritten is what a write of items made.
type ItemsWritten struct {
	Items   []Object // as stored, one for each change; nil for those deleted
	Holding *Holding // how they differ from before

	// Active and Staged are the versions of the service that have the items
	// compiled in, as they are from now on; nil if there is none.
	Active, Staged *Snapshot
}
