package vcl

import "headwater/vcl/syntax"

// A Common is a subroutine that was compiled by itself, for all programs that have it.
// It is one of those that the edge calls, names nothing that a program declares, and
// cannot be traced. It may be run by any number of goroutines at once.
type Common struct {
	routine
	decl   *syntax.Sub
	slots  slots
	hashes bool
}

// CompileCommon compiles a subroutine that programs are to share. Nobody may change its
// tree any more.
func CompileCommon(d *syntax.Sub) (*Common, syntax.Problems) {
	c := newCompiler(Options{Untraced: true})
	c.groups = true // some program that has it may read them
	c.unit(&syntax.Unit{Decls: []syntax.Decl{d}})
	scope, builtin := scopeOf(d.Name.Text)
	if !builtin {
		c.failf(d.Name.Pos, "%s is not called by the edge, and cannot be shared", d.Name.Text)
	}
	if len(c.problems) > 0 {
		return nil, c.problems
	}
	return &Common{routine: *c.program.subs[scope], decl: d, slots: c.program.slots, hashes: c.program.Hashes}, nil
}

// Decl is the subroutine as it is written.
func (s *Common) Decl() *syntax.Sub { return s.decl }

// share makes s one of the program's subroutines. The compiler gets another one of its
// name, as it writes down what each is reached from.
func (c *compiler) share(s *Common) {
	if !c.take(s.decl.Name) {
		return
	}
	scope, _ := scopeOf(s.name)
	c.program.subs[scope] = &s.routine
	c.subs[s.name] = &routine{name: s.name, scopes: s.scopes}
	c.program.Hashes = c.program.Hashes || s.hashes
	c.program.slots.hold(&s.slots)
}

// hold makes room for the variables of a shared subroutine. They lie where those of
// others do: no two that the edge calls run within each other, and each begins with its
// own variables anew.
func (n *slots) hold(other *slots) {
	for t := range n {
		n[t] = max(n[t], other[t])
	}
}
