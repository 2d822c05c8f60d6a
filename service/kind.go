package service

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
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

	// Related is the kind of those objects that belong to one of this kind:
	// shown in it, and deleted with it.
	Related *Kind

	// Holds is the kind of the items that an object of this kind holds outside
	// of all versions, and Holder what an item calls the object that holds it.
	Holds  *Kind
	Holder string

	// KeepOne, when set, is the refusal to delete a holder's only item.
	KeepOne string

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

// spec declares a kind over its Go type T. What is not said here is said at the
// field of the same name in [Kind].
type spec[T any] struct {
	Name, Model, Noun   string
	Wire                Wire
	Singleton, Optional bool
	Family              string
	ByID, Apart         bool
	Times               Times
	Holds               *Kind
	Holder              string
	KeepOne             string
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
		Singleton: s.Singleton, Optional: s.Optional, Family: s.Family, ByID: s.ByID, Apart: s.Apart,
		Related: s.Related, Holds: s.Holds, Holder: s.Holder, KeepOne: s.KeepOne,
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
		k.byName[f.Name] = &k.rows[i]
	}
	k.ids = k.byName["id"] != nil
	k.fresh = func() Object {
		p := P(new(T))
		for i := range k.rows {
			k.rows[i].reset(p)
		}
		return p
	}
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
	return k
}

// Kinds returns every kind, sorted by name.
func Kinds() []*Kind {
	all := make([]*Kind, 0, len(kinds))
	for _, k := range kinds {
		all = append(all, k)
	}
	slices.SortFunc(all, func(a, b *Kind) int { return strings.Compare(a.Name, b.Name) })
	return all
}

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

// Default returns a new object with every field at its default.
func (k *Kind) Default() Object { return k.fresh() }

// Create makes an object from what a client sent. Fields that are not sent get
// their defaults; keys that name no field are ignored, as Fastly does (its own
// client sends several). The error, if any, is an [*Error] of code [Invalid].
func (k *Kind) Create(in Input) (Object, error) {
	o := k.fresh()
	if k.ids {
		o.Meta().ID = NewID()
	}
	for i := range k.rows {
		r := &k.rows[i]
		v, sent := r.of(in)
		if !sent {
			if r.required {
				return nil, Errorf(Invalid, "'%s' is required", r.name)
			}
			continue
		}
		if err := r.assign(o, v, true); err != nil {
			return nil, err
		}
	}
	if err := k.settle(o, in, true); err != nil {
		return nil, err
	}
	return o, nil
}

// Update returns a copy of old with what a client sent merged in; fields that
// are not sent keep their values. Errors are as for [Kind.Create].
func (k *Kind) Update(old Object, in Input) (Object, error) {
	o := k.clone(old)
	for i := range k.rows {
		r := &k.rows[i]
		if v, sent := r.of(in); sent && r.access != AtCreation {
			if err := r.assign(o, v, false); err != nil {
				return nil, err
			}
			if r.access == Unchangeable && !bytes.Equal(r.append(nil, old, Numbers), r.append(nil, o, Numbers)) {
				return nil, Errorf(Invalid, "Not allowed to modify field '%s'", r.name)
			}
		}
	}
	if err := k.settle(o, in, false); err != nil {
		return nil, err
	}
	return o, nil
}

// A Reference is a field that names an object of another kind.
type Reference struct {
	Kind string // the kind that the field names an object of
	Name string
}

// References returns the objects that o names and that must exist when it is
// written; later they may be gone until an activation looks again.
func (k *Kind) References(o Object) []Reference { return k.references(o, false) }

func (k *Kind) references(o Object, late bool) []Reference {
	var refs []Reference
	for i := range k.rows {
		if r := &k.rows[i]; r.refers != "" && (late || !r.late) {
			if name := r.text(o); name != "" {
				refs = append(refs, Reference{Kind: r.refers, Name: name})
			}
		}
	}
	return refs
}

// A Place is where an object is rendered from: its service and version. Reader
// is set when the token may not see secrets, which then read as null.
type Place struct {
	Service string
	Version int
	Locked  bool // the version is; every object of it says so
	Reader  bool

	Holder  string // of an item: the id of the object that holds it
	Numbers bool   // numbers are numbers also where the kind's are texts
	Omit    string // a field to leave out
	Bare    bool   // without times
}

// AppendJSON appends o as the API answers it at p.
func (k *Kind) AppendJSON(dst []byte, o Object, p Place) []byte {
	w := k.Wire
	if p.Numbers {
		w = Numbers
	}
	once := numberOnce(o)
	dst = append(dst, '{')
	for i := range k.rows {
		r := &k.rows[i]
		if r.name == p.Omit {
			continue
		}
		dst = appendKey(dst, r.name)
		switch {
		case r.secret && p.Reader:
			dst = append(dst, "null"...)
		case r.name == once:
			dst = r.append(dst, o, Numbers)
		default:
			dst = r.append(dst, o, w)
		}
		dst = append(dst, ',')
	}
	if k.placeless {
		dst = dst[:len(dst)-1] // the comma
	} else {
		dst = k.appendPlace(dst, p)
	}
	if !p.Bare {
		dst = k.appendTimes(dst, o.Meta())
	}
	if p.Locked && !k.Singleton {
		dst = append(dst, `,"locked":true`...)
	}
	return append(dst, '}')
}

// numberOnce names the field that the reply to the write which made o has as a
// number, where all later ones have a text. Fastly answers so what it fills in by
// itself, for some kinds.
func numberOnce(o Object) string {
	if n, ok := o.(interface{ numberOnce() string }); ok {
		return n.numberOnce()
	}
	return ""
}

func (k *Kind) appendPlace(dst []byte, p Place) []byte {
	dst = appendKey(dst, "service_id")
	dst = appendText(dst, p.Service)
	dst = append(dst, ',')
	if k.Holder != "" {
		dst = appendKey(dst, k.Holder)
		return appendText(dst, p.Holder)
	}
	dst = appendKey(dst, "version")
	return appendInt(dst, int64(p.Version), k.Wire)
}

func (k *Kind) appendTimes(dst []byte, m *Base) []byte {
	if k.times == NoTimes {
		return dst
	}
	dst = append(dst, ',')
	dst = appendKey(dst, "created_at")
	dst = appendTime(dst, m.Created)
	dst = append(dst, ',')
	dst = appendKey(dst, "updated_at")
	dst = appendTime(dst, m.Updated)
	if k.times == AllTimes {
		dst = append(dst, `,"deleted_at":null`...)
	}
	return dst
}

// Marshal returns o's own fields as JSON for the store, secrets sealed. The
// context that seals them begins with owner, the service's id.
func (k *Kind) Marshal(o Object, owner string, s Sealer) ([]byte, error) {
	dst := []byte{'{'}
	for i := range k.rows {
		r := &k.rows[i]
		if r.derived {
			continue
		}
		if len(dst) > 1 {
			dst = append(dst, ',')
		}
		dst = appendKey(dst, r.name)
		if plain := r.secretText(o); plain != "" {
			sealed, err := s.Seal(plain, k.sealContext(owner, r))
			if err != nil {
				return nil, fmt.Errorf("seal %s.%s: %w", k.Name, r.name, err)
			}
			dst = appendText(dst, sealed)
			continue
		}
		dst = r.append(dst, o, Numbers)
	}
	return append(dst, '}'), nil
}

// Unmarshal is the inverse of [Kind.Marshal]. Fields that body lacks (it was
// written by an older binary) get their defaults; fields that the kind lacks
// (a newer one wrote it) are dropped.
func (k *Kind) Unmarshal(body []byte, owner string, s Sealer) (Object, error) {
	o := k.fresh()
	err := eachMember(body, func(name, value []byte) error {
		r := k.byName[string(name)]
		if r == nil || r.derived {
			return nil
		}
		if err := r.load(o, value); err != nil {
			return fmt.Errorf("field %s: %w", r.name, err)
		}
		if !r.secret {
			return nil
		}
		return r.unseal(o, s, k.sealContext(owner, r))
	})
	if err == nil && k.byName["name"] == nil && k.Apart {
		err = k.settle(o, nil, false) // the name is made of other fields
	}
	if err != nil {
		return nil, fmt.Errorf("stored %s: %w", k.Name, err)
	}
	return o, nil
}

func (k *Kind) sealContext(owner string, r *row) string {
	return owner + "/" + k.Name + "/" + r.name
}
