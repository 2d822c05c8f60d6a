package edge

import (
	"fmt"

	"headwater/dial"
	"headwater/service"
	"headwater/vcl"
)

// maxMembers bounds the backends below a director, those of its members counted as
// often as they are reached.
const maxMembers = 1000

// addDestinations compiles what req.backend can be: the backends and directors of the
// site's program, by its numbers.
func (s *site) addDestinations(objects []*service.Backend, rules dial.Rules, h *home) (warnings []string, err error) {
	declared := s.program.Backends
	directors := len(s.program.Directors)
	s.backends = make([]backend, len(declared)-directors)
	s.directors = make([]destination, directors)
	for i := range s.directors {
		s.directors[i] = &director{}
	}
	for i := range s.backends {
		b, o := declared[i], objects[i]
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
	for _, b := range declared[len(s.backends):] {
		if b.Director.Type == vcl.ShieldDirector {
			warnings = append(warnings, s.addShield(b, h)...)
		}
	}
	l := linker{site: s, below: map[*vcl.Director]int{}, rings: s.rings()}
	for _, b := range declared[len(s.backends):] {
		if _, err := l.link(b); err != nil {
			return nil, err
		}
	}
	return append(warnings, l.warnings...), nil
}

// rings is how many directors have a ring.
func (s *site) rings() (n int64) {
	for _, d := range s.program.Directors {
		if d.Type == vcl.CHashDirector {
			n++
		}
	}
	return n
}

// A linker puts members under directors.
type linker struct {
	site     *site
	below    map[*vcl.Director]int // backends below; -1 while that is being found out
	rings    int64                 // that share allPoints
	warnings []string
}

// link compiles a director and returns how many backends are below it, or 1.
func (l *linker) link(b *vcl.Backend) (int, error) {
	from := b.Director
	to, ok := l.site.numbered(b.Index).(*director)
	if !ok {
		return l.site.numbered(b.Index).tries(), nil
	}
	switch n, known := l.below[from]; {
	case n < 0:
		return 0, service.Errorf(service.Invalid, "Director '%s' is a member of itself", from.Name)
	case known:
		return n, nil
	}
	l.below[from] = -1
	to.kind, to.quorum, to.retries, to.key = from.Type, int64(from.Quorum), from.Retries, from.Key
	to.salt = hashOf(0, from.Name)
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
		to.add(l.site.numbered(m.Backend.Index), m.Weight)
	}
	if to.retries == 0 {
		to.retries = below
	}
	l.addRing(to, from)
	l.below[from] = max(below, 1)
	return l.below[from], nil
}

// addRing gives a chash its ring.
func (l *linker) addRing(to *director, from *vcl.Director) {
	if from.Type != vcl.CHashDirector {
		return
	}
	if most := min(maxPoints, allPoints/l.rings); !to.addRing(from, most) {
		l.warnings = append(l.warnings, fmt.Sprintf("Director '%s' has %d vnodes for each member, as a ring has %d at most",
			from.Name, len(to.ring)/len(from.Members), most))
	}
}
