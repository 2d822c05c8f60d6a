package program

import (
	"cmp"
	"maps"
	"slices"

	"headwater/service"
	"headwater/vcl/syntax"
)

// declarations returns all that stands before the subroutines, in Fastly's order.
func (b *builder) declarations() []syntax.Decl {
	var all []syntax.Decl
	for _, o := range b.s.Backends() {
		all = append(all, b.backendDecl(o))
	}
	if members := b.balanced(); len(members) > 0 {
		all = append(all, b.poolDecl(members))
	}
	for _, o := range b.filled() {
		all = append(all, b.directorDecl(o))
	}
	b.warnOfDirectors()
	all = append(all, b.shieldDecls()...)
	for _, id := range sorted(b.ACLs) {
		all = append(all, &syntax.ACL{Name: name(id)})
	}
	for _, id := range sorted(b.Tables) {
		all = append(all, &syntax.Table{Name: name(id)})
	}
	return append(all, b.initSnippets()...)
}

// sorted returns the names of m's objects, oldest first.
func sorted[T service.Object](m map[string]T) []string {
	ids := slices.Collect(maps.Keys(m))
	slices.SortFunc(ids, func(x, y string) int {
		return cmp.Or(cmp.Compare(m[x].Meta().Seq, m[y].Meta().Seq), cmp.Compare(x, y))
	})
	return ids
}
