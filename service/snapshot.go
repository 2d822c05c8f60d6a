package service

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
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

	// Objects holds every object of the version by the kind's name, oldest
	// first.
	Objects map[string][]Object
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

// Sort puts the objects of each kind in order of age.
func (s *Snapshot) Sort() {
	for _, objects := range s.Objects {
		slices.SortFunc(objects, func(a, b Object) int {
			return cmp.Compare(a.Meta().Seq, b.Meta().Seq)
		})
	}
}

// Identity is a hash of all that shapes the version's behaviour: equal for two
// versions whose objects are equal, whatever their numbers. Secrets are part of
// it, in a form that does not give them away.
func (s *Snapshot) Identity() string {
	h := sha256.New()
	for _, k := range Kinds() {
		for _, o := range s.Objects[k.Name] {
			h.Write([]byte(k.Name))
			for i := range k.rows {
				h.Write(k.rows[i].append(nil, o, Numbers))
				h.Write([]byte{0})
			}
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
