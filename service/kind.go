package service

import (
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

	Wire Wire

	// Singleton marks a kind of which each version has exactly one object,
	// without a name, there from the start with its defaults: settings.
	Singleton bool

	fold   bool
	rows   []row
	byName map[string]*row
	fresh  func() Object
	clone  func(Object) Object
	settle func(o Object, in Input, creating bool) error
}

// spec declares a kind over its Go type T.
type spec[T any] struct {
	Name, Model string
	Wire        Wire
	Singleton   bool

	// Fold makes names that differ only in case one name, as for host names.
	Fold bool

	// Fields are the rows of the wire object, in the order of replies.
	Fields []Field[T]

	// Settle, when set, brings fields that depend on each other into line after
	// those of in were assigned, and refuses what cannot be right together.
	Settle func(t *T, in Input, creating bool) error
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
	k := &Kind{
		Name: s.Name, Model: s.Model, Wire: s.Wire, Singleton: s.Singleton,
		fold:   s.Fold,
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
	kinds[s.Name] = k
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

// Default returns a new object with every field at its default.
func (k *Kind) Default() Object { return k.fresh() }

// Create makes an object from what a client sent. Fields that are not sent get
// their defaults; keys that name no field are ignored, as Fastly does (its own
// client sends several). The error, if any, is an [*Error] of code [Invalid].
func (k *Kind) Create(in Input) (Object, error) {
	o := k.fresh()
	for i := range k.rows {
		r := &k.rows[i]
		v, sent := in[r.name]
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
		if v, sent := in[r.name]; sent {
			if err := r.assign(o, v, false); err != nil {
				return nil, err
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

// References returns the objects that o names, leaving out empty ones. Nothing
// says that they exist: a write checks those it sets, activation all.
func (k *Kind) References(o Object) []Reference {
	var refs []Reference
	for i := range k.rows {
		if r := &k.rows[i]; r.refers != "" {
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
}

// AppendJSON appends o as the API answers it at p.
func (k *Kind) AppendJSON(dst []byte, o Object, p Place) []byte {
	dst = append(dst, '{')
	for i := range k.rows {
		r := &k.rows[i]
		dst = appendKey(dst, r.name)
		if r.secret && p.Reader {
			dst = append(dst, "null"...)
		} else {
			dst = r.append(dst, o, k.Wire)
		}
		dst = append(dst, ',')
	}
	dst = appendKey(dst, "service_id")
	dst = appendText(dst, p.Service)
	dst = append(dst, ',')
	dst = appendKey(dst, "version")
	dst = appendInt(dst, int64(p.Version), k.Wire)
	if k.Singleton {
		return append(dst, '}')
	}
	m := o.Meta()
	dst = append(dst, ',')
	dst = appendKey(dst, "created_at")
	dst = appendTime(dst, m.Created)
	dst = append(dst, ',')
	dst = appendKey(dst, "updated_at")
	dst = appendTime(dst, m.Updated)
	dst = append(dst, `,"deleted_at":null`...)
	if p.Locked {
		dst = append(dst, `,"locked":true`...)
	}
	return append(dst, '}')
}

// Marshal returns o's own fields as JSON for the store, secrets sealed. The
// context that seals them begins with owner, the service's id.
func (k *Kind) Marshal(o Object, owner string, s Sealer) ([]byte, error) {
	dst := []byte{'{'}
	for i := range k.rows {
		r := &k.rows[i]
		if i > 0 {
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
		if r == nil {
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
	if err != nil {
		return nil, fmt.Errorf("stored %s: %w", k.Name, err)
	}
	return o, nil
}

func (k *Kind) sealContext(owner string, r *row) string {
	return owner + "/" + k.Name + "/" + r.name
}
