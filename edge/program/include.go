package program

import (
	"slices"
	"strings"

	"headwater/service"
	"headwater/vcl/syntax"
)

// maxIncludes is how deep files may include each other.
const maxIncludes = 20

// An expander puts files in the place of the statements and declarations that
// include them, and generated statements in that of macros.
type expander struct {
	*builder
	sub    string            // the macro that may stand here, "" for none
	macros map[string]*macro // by sub
	within []string          // the files that include each other down to here
	seen   map[string]bool   // the files that were included as declarations
}

// inside expands statements that hold no macro.
func (b *builder) inside(stmts []syntax.Stmt) []syntax.Stmt {
	x := &expander{builder: b}
	return x.stmts(stmts).stmts
}

// outside expands declarations that hold no macro.
func (b *builder) outside(decls []syntax.Decl) []syntax.Decl {
	x := &expander{builder: b, seen: map[string]bool{}}
	return x.decls(decls)
}

// included returns the kind, name and text of what an include names: a snippet,
// or a VCL. It complains if it may not stand there.
func (x *expander) included(in *syntax.Include) (kind, name, text string, ok bool) {
	if snippet, found := strings.CutPrefix(in.Name, "snippet::"); found {
		for _, o := range service.All[*service.Snippet](x.s, service.SnippetKind) {
			if o.Name == snippet {
				return "snippet", snippet, x.s.ContentOf(o), x.enter(in)
			}
		}
		x.complainf(in.Pos, "there is no snippet %q to include", snippet)
		return "", "", "", false
	}
	for _, o := range service.All[*service.VCL](x.s, service.VCLKind) {
		if o.Name == in.Name {
			x.used[o.Name] = true
			return "vcl", o.Name, o.Content, x.enter(in)
		}
	}
	x.complainf(in.Pos, "there is no VCL %q to include", in.Name)
	return "", "", "", false
}

// enter reports whether a file may be included here; the caller leaves it again.
func (x *expander) enter(in *syntax.Include) bool {
	switch {
	case slices.Contains(x.within, in.Name):
		x.complainf(in.Pos, "%q includes itself: %s", in.Name, strings.Join(append(x.within, in.Name), " includes "))
		return false
	case len(x.within) == maxIncludes:
		x.complainf(in.Pos, "files include each other more than %d deep", maxIncludes)
		return false
	}
	x.within = append(x.within, in.Name)
	return true
}

func (x *expander) leave() { x.within = x.within[:len(x.within)-1] }

// decls expands declarations. A file is included as declarations once at most:
// the second time it would declare all of them again.
func (x *expander) decls(decls []syntax.Decl) (all []syntax.Decl) {
	for _, d := range decls {
		switch d := d.(type) {
		case *syntax.Include:
			all = append(all, x.includeDecls(d)...)
		case *syntax.Sub:
			x.sub = strings.TrimPrefix(d.Name.Text, "vcl_")
			if x.sub == d.Name.Text {
				x.sub = ""
			}
			x.block(d.Body)
			all = append(all, d)
		default:
			all = append(all, d)
		}
	}
	return all
}

func (x *expander) includeDecls(in *syntax.Include) []syntax.Decl {
	kind, name, text, ok := x.included(in)
	if !ok {
		return nil
	}
	defer x.leave()
	if x.seen[in.Name] {
		x.complainf(in.Pos, "%q is included already", in.Name)
		return nil
	}
	x.seen[in.Name] = true
	decls := x.decls(x.builder.decls(kind, name, text))
	if len(decls) > 0 {
		remark(decls[0], in.Comments)
	}
	return decls
}

// stmts expands statements.
func (x *expander) stmts(stmts []syntax.Stmt) *list {
	out := &list{}
	for _, s := range stmts {
		switch s := s.(type) {
		case *syntax.Macro:
			out.waiting = append(out.waiting, s.Comments...)
			x.macro(out, s)
		case *syntax.Include:
			out.waiting = append(out.waiting, s.Comments...)
			x.includeStmts(out, s)
		default:
			x.nested(s)
			out.add(s)
		}
	}
	return out
}

func (x *expander) includeStmts(out *list, in *syntax.Include) {
	kind, name, text, ok := x.included(in)
	if !ok {
		return
	}
	defer x.leave()
	out.join(x.stmts(x.builder.stmts(kind, name, text)))
}

// nested expands the statements that s holds.
func (x *expander) nested(s syntax.Stmt) {
	switch s := s.(type) {
	case *syntax.Block:
		x.block(s)
	case *syntax.If:
		x.block(s.Then)
		if s.Else != nil {
			x.nested(s.Else)
		}
	case *syntax.Switch:
		for _, c := range s.Cases {
			c.Stmts = x.stmts(c.Stmts).stmts
		}
	}
}

func (x *expander) block(b *syntax.Block) {
	if b == nil {
		return
	}
	l := x.stmts(b.Stmts)
	b.Stmts = l.stmts
	b.Comments = append(l.waiting, b.Comments...)
}

// macro puts the generated statements of a subroutine in the place of its macro.
func (x *expander) macro(out *list, s *syntax.Macro) {
	m := x.macros[s.Sub]
	switch {
	case x.macros == nil:
		x.complainf(s.Pos, "a snippet cannot hold the macro #FASTLY %s", s.Sub)
	case m == nil:
		x.complainf(s.Pos, "there is no macro #FASTLY %s", s.Sub)
	case s.Sub != x.sub:
		x.complainf(s.Pos, "the macro #FASTLY %s belongs in vcl_%s", s.Sub, s.Sub)
	case m.expanded:
		x.complainf(s.Pos, "the macro #FASTLY %s is here a second time", s.Sub)
	default:
		m.expanded = true
		out.waiting = append(out.waiting, "#--FASTLY "+strings.ToUpper(s.Sub)+" BEGIN")
		out.join(&m.list)
		out.waiting = append(out.waiting, "#--FASTLY "+strings.ToUpper(s.Sub)+" END")
	}
}
