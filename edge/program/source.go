package program

import (
	"fmt"

	"headwater/vcl/syntax"
)

// file returns the text of an object as a source file of its own, or nil if the
// program has become too large.
func (b *builder) file(kind, name, text string) *syntax.File {
	id := fmt.Sprintf("%s %q", kind, name)
	if b.left -= len(text); b.left < 0 {
		b.complainf(syntax.Pos{}, "the VCL of the version is longer than %d bytes, with all that is included", maxSource)
		return nil
	}
	key := [2]string{id, text}
	if b.files[key] == nil {
		b.files[key] = syntax.NewFile(id, text)
	}
	return b.files[key]
}

// expr parses text that is an expression. It returns nil, and complains, if it is
// none.
func (b *builder) expr(kind, name, text string) syntax.Expr {
	f := b.file(kind, name, text)
	if f == nil {
		return nil
	}
	x, problems := syntax.ParseExpr(f)
	if b.complain(problems...); len(problems) > 0 {
		return nil
	}
	return x
}

// stmts parses text that is statements.
func (b *builder) stmts(kind, name, text string) []syntax.Stmt {
	f := b.file(kind, name, text)
	if f == nil {
		return nil
	}
	stmts, problems := syntax.ParseStmts(f)
	b.complain(problems...)
	return stmts
}

// decls parses text that is declarations.
func (b *builder) decls(kind, name, text string) []syntax.Decl {
	f := b.file(kind, name, text)
	if f == nil {
		return nil
	}
	unit, problems := syntax.ParseUnit(f)
	if b.complain(problems...); unit == nil {
		return nil
	}
	for _, w := range unit.Warnings {
		b.warnf("%s", w.Error())
	}
	return unit.Decls
}

// Source is what positions call the text that this package has written, and not a
// customer.
const Source = "generated VCL"

// own parses statements that are written in this package.
func own(text string) []syntax.Stmt {
	stmts, problems := syntax.ParseStmts(syntax.NewFile(Source, text))
	if len(problems) > 0 {
		panic("program: " + problems.Show())
	}
	return stmts
}
