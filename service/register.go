package service

import "cmp"

// spec declares a kind over its Go type T. What is not said here is said at the
// field of the same name in [Kind].
type spec[T any] struct {
	Name, Model, Noun   string
	Wire                Wire
	Singleton, Optional bool
	Family              string
	ByID, Apart, Ours   bool
	Times               Times
	Holds               *Kind
	Holder              string
	KeepOne             string
	Compiled            bool
	NumbersWritten      bool
	BareUpdates         bool

	// Placeless leaves service_id and version out of replies.
	Placeless bool

	// Missing, when set, is the detail of the error for an object that is not
	// there.
	Missing func(at Ref, name string) string

	// Related is the kind whose objects Gather adds to t, if they are t's.
	Related *Kind
	Gather  func(t *T, o Object) bool

	// FirstItem, when set, is the item that a new object holds; nil is none.
	FirstItem func(t *T) Object

	// Fold makes names that differ only in case one name, as for host names.
	Fold bool

	// Fields are the rows of the wire object, in the order of replies.
	Fields []Field[T]

	// Settle, when set, brings fields that depend on each other into line after
	// those of in were assigned, and refuses what cannot be right together.
	Settle func(t *T, in Input, creating bool) error

	// Adopt, when set, gives fields that were not sent the defaults that they
	// have in a service of that type.
	Adopt func(t *T, serviceType string)
}

var kinds = map[string]*Kind{}

// register makes the kind known to the engine. It panics on a name that is
// taken, as http.ServeMux does, and on a row that contradicts itself.
func register[T any, P interface {
	*T
	Object
}](s spec[T]) *Kind {
	if kinds[s.Name] != nil {
		panic("service: kind " + s.Name + " is declared twice")
	}
	k := newKind[T, P](s)
	kinds[s.Name] = k
	return k
}

// newKind makes a kind that is not among [Kinds]: one of items.
func newKind[T any, P interface {
	*T
	Object
}](s spec[T]) *Kind {
	k := &Kind{
		Name: s.Name, Model: s.Model, Noun: cmp.Or(s.Noun, s.Name), Wire: s.Wire,
		Singleton: s.Singleton, Optional: s.Optional, Family: s.Family, ByID: s.ByID, Apart: s.Apart, Ours: s.Ours,
		Related: s.Related, Holds: s.Holds, Holder: s.Holder, KeepOne: s.KeepOne, Compiled: s.Compiled,
		NumbersWritten: s.NumbersWritten, BareUpdates: s.BareUpdates,
		placeless: s.Placeless, missing: s.Missing,
		fold:   s.Fold,
		times:  s.Times,
		rows:   make([]row, len(s.Fields)),
		byName: make(map[string]*row, len(s.Fields)),
	}
	for i, f := range s.Fields {
		k.rows[i] = f.erase(func(o Object) *T { return (*T)(o.(P)) })
		k.rows[i].mustFit(P(new(T)))
		if k.byName[f.Name] != nil {
			panic("service: field " + s.Name + "." + f.Name + " is declared twice")
		}
		k.rows[i].place = i
		k.byName[f.Name] = &k.rows[i]
	}
	k.ids = k.byName["id"] != nil
	unset := P(new(T))
	for i := range k.rows {
		k.rows[i].reset(unset)
	}
	k.fresh = func() Object { return k.clone(unset) }
	k.clone = func(o Object) Object {
		t := *(o.(P))
		return P(&t)
	}
	k.settle = func(o Object, in Input, creating bool) error {
		if s.Settle == nil {
			return nil
		}
		return s.Settle((*T)(o.(P)), in, creating)
	}
	if s.Adopt != nil {
		k.adopt = func(o Object, serviceType string) { s.Adopt((*T)(o.(P)), serviceType) }
	}
	k.gather = func(o, related Object) bool { return s.Gather((*T)(o.(P)), related) }
	k.firstItem = func(o Object) Object {
		if s.FirstItem == nil {
			return nil
		}
		return s.FirstItem((*T)(o.(P)))
	}
	k.sortRows()
	return k
}
