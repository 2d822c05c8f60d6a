package program

import (
	"fmt"

	"headwater/service"
	"headwater/vcl/syntax"
)

// pool is the director over the backends with auto_loadbalance and no condition:
// the weighted pool.
const pool = "autodirector_"

// directorTypes are the types of the API by number.
var directorTypes = map[int64]string{1: "random", 2: "round-robin", 3: "hash", 4: "client"}

// maxRetries is as many as the language takes, and no fewer than a director may have
// backends.
const maxRetries = 1000

// balanced returns the backends of the weighted pool, oldest first.
func (b *builder) balanced() (all []*service.Backend) {
	for _, o := range b.s.Backends() {
		if o.AutoLoadbalance && o.RequestCondition == "" {
			all = append(all, o)
		}
	}
	return all
}

// poolDecl declares the weighted pool: any healthy member will do, and each may
// be tried.
func (b *builder) poolDecl(members []*service.Backend) *syntax.Director {
	d := &syntax.Director{Name: name(pool), Type: name("random"), Props: []*syntax.Property{
		property("quorum", &syntax.Percent{Value: 1}),
		property("retries", integer(min(int64(len(members)), maxRetries))),
	}}
	for _, o := range members {
		d.Members = append(d.Members, b.member(o, true))
	}
	return d
}

func (b *builder) member(o *service.Backend, weight bool) *syntax.Member {
	m := &syntax.Member{Props: []*syntax.Property{property("backend", name(b.backends[o.Name]))}}
	if weight {
		m.Props = append(m.Props, property("weight", integer(o.Weight)))
	}
	return m
}

// members returns the backends that a director names, as far as they exist.
func (b *builder) members(o *service.Director) (all []*service.Backend) {
	for _, own := range o.Backends {
		if backend := b.Backends[b.backends[own]]; backend != nil {
			all = append(all, backend)
		}
	}
	return all
}

// filled returns the directors that have members; no others can be declared.
func (b *builder) filled() (all []*service.Director) {
	for _, o := range service.All[*service.Director](b.s, service.DirectorKind) {
		if len(b.members(o)) > 0 {
			all = append(all, o)
		}
	}
	return all
}

func (b *builder) warnOfDirectors() {
	if members := b.balanced(); len(members) > 0 && !sameShield(members) {
		b.warnf("The backends of the weighted pool have different shields, and so it has none")
	}
	for _, o := range service.All[*service.Director](b.s, service.DirectorKind) {
		for _, own := range o.Backends {
			if b.backends[own] == "" {
				b.warnf("Director '%s': there is no backend '%s', which it names", o.Name, own)
			}
		}
		if len(b.members(o)) == 0 {
			b.warnf("Director '%s' has no backends and is left out", o.Name)
		}
	}
}

// directorDecl declares a director of the API.
func (b *builder) directorDecl(o *service.Director) *syntax.Director {
	d := &syntax.Director{Name: name(b.directors[o.Name]), Type: name(directorTypes[o.Type])}
	weighted := o.Type != 2
	if weighted {
		d.Props = append(d.Props, property("quorum", &syntax.Percent{Value: o.Quorum}))
	}
	if o.Type == 1 {
		d.Props = append(d.Props, property("retries", integer(min(o.Retries, maxRetries))))
	}
	for _, member := range b.members(o) {
		d.Members = append(d.Members, b.member(member, weighted))
	}
	return d
}

// A shield is a POP that other POPs fetch through, reached with TLS or without.
type shield struct {
	code   string
	secure bool
}

// A shielded is a backend or director, by its name in VCL, that has a shield.
type shielded struct {
	object string // "Backend 'x'", for people
	id     string
	shield shield
}

// shielding returns all that is shielded, in the order of declarations.
func (b *builder) shielding() (all []shielded) {
	add := func(object, id string, code *string, secure bool) {
		if code != nil && *code != "" {
			all = append(all, shielded{object, id, shield{*code, secure}})
		}
	}
	members := b.balanced()
	for _, o := range b.s.Backends() {
		if !o.AutoLoadbalance || o.RequestCondition != "" {
			add(fmt.Sprintf("Backend '%s'", o.Name), b.backends[o.Name], o.Shield, o.UseSSL)
		}
	}
	if len(members) > 0 && sameShield(members) {
		add("The weighted pool", pool, members[0].Shield, members[0].UseSSL)
	}
	for _, o := range b.filled() {
		add(fmt.Sprintf("Director '%s'", o.Name), b.directors[o.Name], o.Shield, b.members(o)[0].UseSSL)
	}
	return all
}

func sameShield(members []*service.Backend) bool {
	for _, o := range members[1:] {
		if text(o.Shield) != text(members[0].Shield) || o.UseSSL != members[0].UseSSL {
			return false
		}
	}
	return true
}

func (b *builder) nameShields() {
	b.shields = map[shield]string{}
	for _, d := range b.shielding() {
		if b.shields[d.shield] == "" {
			prefix := "shield_"
			if d.shield.secure {
				prefix = "ssl_shield_"
			}
			b.shields[d.shield] = b.names.take(identifier(prefix, d.shield.code))
		}
	}
}

// shieldDecls declares each shield once.
func (b *builder) shieldDecls() (all []syntax.Decl) {
	declared := map[shield]bool{}
	for _, d := range b.shielding() {
		if declared[d.shield] {
			continue
		}
		declared[d.shield] = true
		all = append(all, &syntax.Director{Name: name(b.shields[d.shield]), Type: name("shield"), Props: []*syntax.Property{
			property("shield", str(d.shield.code)),
			property("is_ssl", boolean(d.shield.secure)),
		}})
	}
	return all
}

// text returns what an optional field holds.
func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
