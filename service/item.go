package service

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// A HolderRef names an object of a service that holds items.
type HolderRef struct {
	Service string
	ID      string
}

// A Holder is what is known of an object that holds items, besides them.
type Holder struct {
	WriteOnly bool      // its items cannot be read
	Changed   time.Time // when one of them was written last
}

// An ItemOp is a way to change an item.
type ItemOp int

const (
	CreateItem ItemOp = iota
	UpdateItem
	UpsertItem
	DeleteItem
)

// An ItemChange is one change of an item. Name is what it is found by, empty if
// only Make knows. Make returns the item from its former self, nil if there is
// none.
type ItemChange struct {
	Op   ItemOp
	Name string
	Make func(old Object) (Object, error)
}

// Missing is the error of an object that is not there, in Fastly's words.
func (k *Kind) Missing(at Ref, name string) *Error {
	switch {
	case k.Optional:
		return Errorf(Hidden, "Not found")
	case k.missing != nil:
		return Errorf(Missing, "%s", k.missing(at, name))
	case k.ByID:
		return Errorf(Missing, "Couldn't find %s '{ deleted => 0000-00-00 00:00:00, id => %s, service => %s, version => %d }'",
			k.Model, name, at.Service, at.Version)
	}
	return Errorf(Missing, "Couldn't find %s '{ deleted => 0000-00-00 00:00:00, name => %s, service => %s, version => %d }'",
		k.Model, name, at.Service, at.Version)
}

// MissingHolder is the error of a holder that is not there.
func (k *Kind) MissingHolder(at HolderRef) *Error {
	return Errorf(Missing, "Couldn't find %s '{ deleted => 0000-00-00 00:00:00, id => %s, service => %s }'", k.Model, at.ID, at.Service)
}

// MissingItem is the error of an item that is not there.
func (k *Kind) MissingItem(at HolderRef, name string) *Error {
	if k.ByID {
		return Errorf(Missing, "Couldn't find %s '{ deleted => 0000-00-00 00:00:00, id => %s }'", k.Model, name)
	}
	return Errorf(Missing, "Couldn't find %s '{ %s => %s, item_key => %s, service_id => %s }'", k.Model, k.Holder, at.ID, name, at.Service)
}

// DuplicateItem is the error of an item that is there already.
func (k *Kind) DuplicateItem(at HolderRef, name string) *Error {
	return Errorf(Conflict, "Duplicate %s: '%s'", k.Noun,
		fmt.Sprintf("%s=%s item_key=%s service_id=%s", k.Holder, at.ID, name, at.Service))
}

// HidesItems reports whether the items that o holds may be written only.
func HidesItems(o Object) bool {
	h, ok := o.(interface{ hidesItems() bool })
	return ok && h.hidesItems()
}

// ItemKey is the wire name of what items are found by; "" if there is one only.
func (k *Kind) ItemKey() string {
	switch {
	case k.ByID:
		return "id"
	case k.byName["item_key"] != nil:
		return "item_key"
	}
	return ""
}

// ItemName is what the item that in describes is found by.
func (k *Kind) ItemName(in Input) string { return in[k.ItemKey()].Text }

// NameItem returns in as it describes the item of that name.
func (k *Kind) NameItem(in Input, name string) Input {
	key := k.ItemKey()
	if key == "" || k.ByID {
		return in
	}
	named := maps.Clone(in)
	named[key] = Value{Text: name}
	return named
}

// SortItems orders items, which come in order of age, by a field. A field that
// is none of the kind's leaves them as they are.
func (k *Kind) SortItems(all []Object, field string, descending bool) {
	if r := k.byName[field]; r != nil {
		slices.SortStableFunc(all, func(a, b Object) int { return strings.Compare(r.text(a), r.text(b)) })
	}
	if descending {
		slices.Reverse(all)
	}
}
