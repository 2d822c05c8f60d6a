package service

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
)

// A Snapshot is one whole version in memory, immutable: what validate and
// activate compile, and what travels to every edge.
type Snapshot struct {
	Customer string
	Service  string
	Version  int

	// Generation counts the activations and deactivations of the service. An
	// edge that has seen a greater one ignores this snapshot, so that two
	// changes that overtake each other on the way cannot undo the later.
	Generation int64

	// ContentRevision counts the changes of what is compiled into versions of
	// the service and is none's: the contents of dynamic snippets. Contents are
	// those of this version's, by the snippet's ID.
	ContentRevision int64
	Contents        map[string]string

	// Objects holds every object of the version by the kind's name, oldest
	// first.
	Objects map[string][]Object
}

// An Edition says which of two snapshots of a service is the newer one.
type Edition struct{ Generation, ContentRevision int64 }

// Edition returns the edition of s.
func (s *Snapshot) Edition() Edition { return Edition{s.Generation, s.ContentRevision} }

// Before reports whether e is older than o, and must not take its place.
func (e Edition) Before(o Edition) bool {
	if e.Generation != o.Generation {
		return e.Generation < o.Generation
	}
	return e.ContentRevision < o.ContentRevision
}

// ContentOf returns the program text of one of the version's snippets.
func (s *Snapshot) ContentOf(o *Snippet) string {
	if o.Dynamic != 0 {
		return s.Contents[o.ID]
	}
	if o.Content == nil {
		return ""
	}
	return *o.Content
}

// Holders returns the objects of s that have items which the version is served
// with, though they are not compiled into it.
func (s *Snapshot) Holders() (all []HolderRef) {
	for _, k := range Kinds() {
		if k.Holds == nil || k.Holds.Compiled {
			continue
		}
		for _, o := range s.Objects[k.Name] {
			all = append(all, HolderRef{Service: s.Service, ID: o.Meta().ID})
		}
	}
	return all
}

// An Unserved is a version that should be served and cannot be: it could not be
// read, or it does not compile. Err says why.
type Unserved struct {
	Ref
	Generation int64
	Err        error
}

// All returns the objects of type T (a pointer type, *[Backend]) in s, oldest
// first.
func All[T Object](s *Snapshot, k *Kind) []T {
	objects := s.Objects[k.Name]
	all := make([]T, len(objects))
	for i, o := range objects {
		all[i] = o.(T)
	}
	return all
}

// Backends returns the version's backends, oldest first.
func (s *Snapshot) Backends() []*Backend { return All[*Backend](s, BackendKind) }

// Domains returns the version's domains, oldest first.
func (s *Snapshot) Domains() []*Domain { return All[*Domain](s, DomainKind) }

// Settings returns the version's settings, defaults where none were written.
func (s *Snapshot) Settings() *Settings {
	if all := All[*Settings](s, SettingsKind); len(all) > 0 {
		return all[0]
	}
	return SettingsKind.Default().(*Settings)
}

// Extensions returns the version's extensions, defaults where none were written.
func (s *Snapshot) Extensions() *Extensions {
	if all := All[*Extensions](s, ExtensionsKind); len(all) > 0 {
		return all[0]
	}
	return ExtensionsKind.Default().(*Extensions)
}

// Sort puts the objects of each kind in order of age, and into each those that
// it shows of other kinds.
func (s *Snapshot) Sort() {
	for _, objects := range s.Objects {
		slices.SortFunc(objects, func(a, b Object) int {
			return cmp.Compare(a.Meta().Seq, b.Meta().Seq)
		})
	}
	for name, objects := range s.Objects {
		k := kinds[name]
		if k == nil || k.Related == nil {
			continue
		}
		for i, o := range objects {
			objects[i], _ = k.Gather(o, s.Objects[k.Related.Name])
		}
	}
}

// Identity is a hash of all that shapes the version's behaviour: equal for two
// versions whose objects are equal, whatever their numbers. Fields at their
// defaults are left out, so that a binary with a new field computes the same
// for a version that does not use it. Secrets are part of the hash, which gives
// away nothing of a private key but would confirm a guess of a short password.
func (s *Snapshot) Identity() string {
	h := sha256.New()
	var room [512]byte
	for _, k := range sortedKinds() {
		for _, o := range s.Objects[k.Name] {
			if text := k.appendChanged(room[:0], o); !k.Singleton || len(text) > 0 {
				fmt.Fprintf(h, "%s %d %s", k.Name, len(text), text)
			}
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// Changed reports whether a field of o is not at its default.
func (k *Kind) Changed(o Object) bool { return len(k.appendChanged(nil, o)) > 0 }

// appendChanged appends the fields in which o differs from the kind's default, in the
// order of their names: that of rows may change.
func (k *Kind) appendChanged(dst []byte, o Object) []byte {
	var room [64]byte
	for _, r := range k.sorted {
		if r.unset(o) {
			continue
		}
		if value := r.append(room[:0], o, Numbers); string(value) != r.usual {
			dst = append(appendKey(dst, r.name), value...)
		}
	}
	return dst
}

// unset reports whether the field is at its default, as far as that can be told without
// rendering it: of a composite it says no.
func (r *row) unset(o Object) bool {
	switch p := r.at(o).(type) {
	case *string:
		def, _ := r.def.(string)
		return *p == def
	case *int64:
		def, _ := r.def.(int64)
		return *p == def
	case *bool:
		def, _ := r.def.(bool)
		return *p == def
	case **string:
		return isDefault(*p, r.def)
	case **int64:
		return isDefault(*p, r.def)
	case **bool:
		return isDefault(*p, r.def)
	case *[]string:
		return len(*p) == 0
	}
	return false
}

// isDefault reports whether a field that can be null has the default, which is null if
// def is of another type.
func isDefault[V comparable](p *V, def any) bool {
	v, is := def.(V)
	if p == nil || !is {
		return p == nil && !is
	}
	return *p == v
}

// sortRows notes the order of the rows' names, and what they are by default.
func (k *Kind) sortRows() {
	unset := k.Default()
	for _, name := range slices.Sorted(maps.Keys(k.byName)) {
		r := k.byName[name]
		r.usual = string(r.append(nil, unset, Numbers))
		k.sorted = append(k.sorted, r)
	}
}
