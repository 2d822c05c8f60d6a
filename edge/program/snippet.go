package program

import (
	"cmp"
	"fmt"
	"slices"

	"headwater/service"
	"headwater/vcl/syntax"
)

// snippets returns the snippets of a type, those with a lower priority first,
// then the older.
func (b *builder) snippets(where string) (all []*service.Snippet) {
	for _, o := range service.All[*service.Snippet](b.s, service.SnippetKind) {
		if o.Type == where {
			all = append(all, o)
		}
	}
	slices.SortStableFunc(all, func(x, y *service.Snippet) int { return cmp.Compare(x.Priority, y.Priority) })
	return all
}

// addSnippets adds the snippets of a subroutine.
func (m *macro) addSnippets(b *builder) {
	for _, o := range b.snippets(m.sub) {
		m.credit("snippet", o.Name)
		m.note(fmt.Sprintf("Snippet %s : %d", o.Name, o.Priority))
		m.add(b.inside(b.stmts("snippet", o.Name, b.s.ContentOf(o)))...)
	}
}

// initSnippets are declarations.
func (b *builder) initSnippets() (all []syntax.Decl) {
	for _, o := range b.snippets("init") {
		decls := b.outside(b.decls("snippet", o.Name, b.s.ContentOf(o)))
		if len(decls) > 0 {
			remark(decls[0], []string{comment(fmt.Sprintf("Snippet %s : %d", o.Name, o.Priority))})
		}
		all = append(all, decls...)
	}
	return all
}
