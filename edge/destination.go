package edge

import (
	"cmp"
	"slices"

	"headwater/dial"
	"headwater/service"
	"headwater/vcl"
)

// Bounds of directors.
const (
	// maxMembers bounds the backends below a director, those of its members
	// counted as often as they are reached.
	maxMembers = 1000

	// maxPoints bounds the ring of a chash.
	maxPoints = 1 << 18

	defaultVnodes = 256
)

// addDestinations compiles what req.backend can be: the backends and directors of the
// site's program, in its order.
func (s *site) addDestinations(rules dial.Rules) (warnings []string, err error) {
	declared := s.program.Backends
	s.destinations = make([]destination, len(declared))
	for i, b := range declared {
		if b.Director != nil {
			s.destinations[i] = &director{}
			continue
		}
		o := s.tree.Backends[b.Name]
		if o == nil {
			if o, err = declaredBackend(b.Decl); err != nil {
				return nil, err
			}
		}
		more, err := s.addBackend(b, o, rules)
		if err != nil {
			return nil, err
		}
		warnings = append(warnings, more...)
	}
	l := linker{site: s, below: map[*vcl.Director]int{}}
	for _, b := range declared {
		if b.Director != nil {
			if _, err := l.link(b); err != nil {
				return nil, err
			}
		}
	}
	return warnings, nil
}

// A linker puts members under directors.
type linker struct {
	site  *site
	below map[*vcl.Director]int // backends below; -1 while that is being found out
}

// link compiles a director and returns how many backends are below it.
func (l *linker) link(b *vcl.Backend) (int, error) {
	from := b.Director
	switch n, known := l.below[from]; {
	case n < 0:
		return 0, service.Errorf(service.Invalid, "Director '%s' is a member of itself", from.Name)
	case known:
		return n, nil
	}
	l.below[from] = -1
	to := l.site.destinations[b.Index].(*director)
	to.kind, to.quorum, to.retries, to.key = from.Type, int64(from.Quorum), from.Retries, from.Key
	below := 0
	for _, m := range from.Members {
		n, err := 1, error(nil)
		if m.Backend.Director != nil {
			n, err = l.link(m.Backend)
		}
		if err != nil {
			return 0, err
		}
		if below += n; below > maxMembers {
			return 0, service.Errorf(service.Invalid, "Director '%s' has more than %d backends below it", from.Name, maxMembers)
		}
		to.members = append(to.members, member{l.site.destinations[m.Backend.Index], m.Weight})
		to.total += m.Weight
	}
	if to.retries == 0 {
		to.retries = below
	}
	l.below[from] = below
	return below, to.addRing(from)
}

// addRing puts the members of a chash on its ring, each at many places.
func (d *director) addRing(from *vcl.Director) error {
	if d.kind != vcl.CHashDirector {
		return nil
	}
	each := cmp.Or(from.VnodesPerNode, defaultVnodes)
	if each*int64(len(from.Members)) > maxPoints {
		return service.Errorf(service.Invalid, "Director '%s' has more than %d vnodes", from.Name, maxPoints)
	}
	for i, m := range from.Members {
		base := hashOf(uint64(from.Seed), cmp.Or(m.ID, m.Backend.Name))
		for n := range each {
			d.ring = append(d.ring, point{remix(base + uint64(n)), int32(i)})
		}
	}
	slices.SortFunc(d.ring, func(a, b point) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.member, b.member))
	})
	return nil
}
