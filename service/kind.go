package service

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// An Object is one versioned piece of configuration: a *[Backend], a *[Domain].
// It is read-only once made.
type Object interface {
	Meta() *Base
}

// Base is what every object has besides its own fields.
type Base struct {
	// Name identifies the object among those of its kind in one version. It is
	// empty for the kinds that a version has exactly one of.
	Name string

	// ID is what objects of some kinds are known by besides: it stays the same
	// when they are renamed, and in clones.
	ID string

	// Seq orders the objects of one version by age: smaller was added first. A
	// clone keeps it. Clock readings would not do: they tie and step back.
	Seq int64

	Created, Updated time.Time
}

// Meta returns b; embedding Base makes a struct an [Object].
func (b *Base) Meta() *Base { return b }

// Wire is the JSON dialect of a kind: newer ones of Fastly's kinds answer
// numbers as numbers, older ones everything as strings ("version":"3").
type Wire int

const (
	Numbers Wire = iota
	Strings
)

// A Kind is one sort of versioned object, erased of its Go type. Kinds are made
// at start-up by register and never change.
type Kind struct {
	// Name is the path segment under /service/{id}/version/{n}/ and the key in
	// the store: "backend".
	Name string

	// Model is the noun of the "Couldn't find" error: "Backend".
	Model string

	// Noun is the one of the "Duplicate" error: "backend".
	Noun string

	Wire Wire

	// Singleton marks a kind of which each version has exactly one object,
	// without a name, there from the start with its defaults: settings.
	// Optional marks one of which a version has one or none: http3.
	Singleton, Optional bool

	// Family joins kinds none of whose objects may share a name in a version.
	Family string

	// ByID marks a kind whose objects are found by their ID, not by name.
	ByID bool

	// Apart marks a kind that the routes of all kinds leave out.
	Apart bool

	// Ours marks a kind that Fastly does not have. Its routes are under /headwater.
	Ours bool

	// Related is the kind of those objects that belong to one of this kind:
	// shown in it, and deleted with it.
	Related *Kind

	// Holds is the kind of the items that an object of this kind holds outside
	// of all versions, and Holder what an item calls the object that holds it.
	Holds  *Kind
	Holder string

	// KeepOne, when set, is the refusal to delete a holder's only item.
	KeepOne string

	// Compiled marks items that are compiled into the versions which have their
	// holder: a write of one that breaks such a version is refused.
	Compiled bool

	// NumbersWritten marks items whose numbers are numbers in replies to writes
	// and texts in those to reads; BareUpdates those answered without times when
	// updated. Each is as Fastly does.
	NumbersWritten, BareUpdates bool

	placeless bool
	fold      bool
	missing   func(at Ref, name string) string
	ids       bool
	times     Times
	rows      []row
	byName    map[string]*row
	sorted    []*row // by name
	fresh     func() Object
	clone     func(Object) Object
	settle    func(o Object, in Input, creating bool) error
	adopt     func(o Object, serviceType string)
	gather    func(o, related Object) bool
	firstItem func(Object) Object
}

// Times says which of created_at, updated_at and deleted_at a kind's objects
// answer with.
type Times int

const (
	AllTimes Times = iota
	NoDeletedAt
	NoTimes
)

// Kinds returns every kind, sorted by name.
func Kinds() []*Kind { return slices.Clone(sortedKinds()) }

// sortedKinds is [Kinds], which nobody may change, once all have been registered.
var sortedKinds = sync.OnceValue(func() []*Kind {
	return slices.SortedFunc(maps.Values(kinds), func(a, b *Kind) int { return strings.Compare(a.Name, b.Name) })
})

// KindNamed returns the kind of that name, or nil.
func KindNamed(name string) *Kind { return kinds[name] }

// Key returns what name is known by among the objects of its kind in a version.
// Two names with one key cannot stand in one version.
func (k *Kind) Key(name string) string {
	if k.fold {
		return strings.ToLower(name)
	}
	return name
}

// Stamp returns a copy of o with what the store knows of it besides its fields.
func (k *Kind) Stamp(o Object, seq int64, created, updated time.Time) Object {
	o = k.clone(o)
	m := o.Meta()
	m.Seq, m.Created, m.Updated = seq, created, updated
	return o
}

// Find returns what o is found by: its name, or for some kinds its ID.
func (k *Kind) Find(o Object) string {
	if k.ByID {
		return o.Meta().ID
	}
	return o.Meta().Name
}

// Adopts reports whether new objects of the kind depend on their service's type.
func (k *Kind) Adopts() bool { return k.adopt != nil }

// Adopt returns a new o as it is in a service of that type.
func (k *Kind) Adopt(o Object, serviceType string) Object {
	o = k.clone(o)
	k.adopt(o, serviceType)
	return o
}

// Gather returns o with those of related, objects of k.Related, that are its
// own, and which those are.
func (k *Kind) Gather(o Object, related []Object) (Object, []Object) {
	o = k.clone(o)
	var own []Object
	for _, r := range related {
		if k.gather(o, r) {
			own = append(own, r)
		}
	}
	return o, own
}

// FirstItem returns the item that a new o holds from the start, or nil.
func (k *Kind) FirstItem(o Object) Object { return k.firstItem(o) }

// Yield returns o as it must be for that of other to be true: without the one
// boolean that only one object of a kind may have set, if other has it set. It
// returns nil if o can stay as it is.
func (k *Kind) Yield(o, other Object) Object {
	for i := range k.rows {
		r := &k.rows[i]
		if !r.sole || !*r.at(other).(*bool) || !*r.at(o).(*bool) {
			continue
		}
		o = k.clone(o)
		*r.at(o).(*bool) = false
		return o
	}
	return nil
}

// Sole reports whether objects of the kind may have to [Kind.Yield].
func (k *Kind) Sole() bool {
	for i := range k.rows {
		if k.rows[i].sole {
			return true
		}
	}
	return false
}
