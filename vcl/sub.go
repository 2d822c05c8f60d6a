package vcl

import (
	"maps"
	"slices"
	"strings"

	"headwater/vcl/syntax"
)

// A local is a variable of a subroutine: its type, and its place among those of
// that type.
type local struct {
	typ  Type
	slot int
}

// newLocal gives out a place.
func (c *compiler) newLocal(typ Type) local {
	count := &c.program.slots[typ]
	l := local{typ, *count}
	*count++
	return l
}

// storable reports whether a local can have the type.
func storable(t Type) bool { return t > Void && t <= ACLRef }

// declareSub makes a subroutine known. One that the edge calls may be declared
// several times: what they say runs in that order.
func (c *compiler) declareSub(d *syntax.Sub) {
	name := d.Name.Text
	scope, builtin := scopeOf(name)
	r := c.subs[name]
	if s := c.options.Commons[d]; s != nil {
		c.share(s)
		return
	}
	if r != nil && builtin && r.decls != nil {
		r.decls = append(r.decls, d)
		r.calls = append(r.calls, c.namesIn(d)...)
		return
	}
	if name == "vcl_pipe" {
		c.warnf(d.Pos, "nothing is piped, so that vcl_pipe never runs")
		return
	}
	if strings.HasPrefix(name, "vcl_") && !builtin {
		c.failf(d.Name.Pos, "there is no subroutine %s to fill", name)
		return
	}
	if !c.take(d.Name) {
		return
	}
	r = &routine{name: name, decls: []*syntax.Sub{d}, calls: c.namesIn(d), body: &block{}}
	if builtin {
		r.scopes = 1 << scope
		c.program.subs[scope] = r
		if d.Result != nil || len(d.Params) > 0 {
			c.failf(d.Name.Pos, "%s has no parameters and no result", name)
		}
	}
	c.signature(r, d)
	c.subs[name] = r
	c.order = append(c.order, r)
}

func (c *compiler) signature(r *routine, d *syntax.Sub) {
	if d.Result != nil {
		r.result = c.typeOf(d.Result)
		if !storable(r.result) {
			c.failf(d.Result.Pos, "a subroutine cannot return %s", d.Result.Text)
		}
	}
	for _, p := range d.Params {
		typ := c.typeOf(p.Type)
		if !storable(typ) {
			c.failf(p.Pos, "a parameter cannot have the type %s", p.Type.Text)
			typ = String
		}
		r.params = append(r.params, c.newLocal(typ))
	}
}

// namesIn returns the names that a subroutine calls, of statements and functions,
// and notes whether it reads what was matched, or the hash.
func (c *compiler) namesIn(d *syntax.Sub) (calls []*syntax.Name) {
	syntax.Walk(d.Body, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Invoke:
			calls = append(calls, n.Sub)
		case *syntax.Call:
			calls = append(calls, n.Fun)
		case *syntax.Name:
			c.groups = c.groups || strings.HasPrefix(n.Text, "re.group.")
			c.program.Hashes = c.program.Hashes || n.Text == "req.digest"
		}
		return true
	})
	return calls
}

// maxCalls bounds the subroutines that are in each other at one time.
const maxCalls = 100

// checkCalls finds out from where each subroutine is reached, and that none calls
// itself, by whatever way.
func (c *compiler) checkCalls() {
	const visiting = -1
	height := map[*routine]int{}
	var visit func(r *routine, at syntax.Pos) int
	visit = func(r *routine, at syntax.Pos) int {
		if h := height[r]; h > 0 {
			return h
		} else if h == visiting {
			c.failf(at, "%s calls itself", r.name)
			return 1
		}
		height[r] = visiting
		highest := 0
		for _, name := range r.calls {
			if next := c.subs[name.Text]; next != nil && len(c.problems) == 0 {
				highest = max(highest, visit(next, name.Pos))
			}
		}
		if highest == maxCalls {
			c.failf(r.decls[0].Name.Pos, "%s begins more than %d calls in each other", r.name, maxCalls)
		}
		height[r] = highest + 1
		return highest + 1
	}
	for _, r := range c.order {
		visit(r, r.decls[0].Name.Pos)
	}
	if len(c.problems) == 0 {
		c.spread()
	}
}

// spread tells each subroutine all that it is reached from.
func (c *compiler) spread() {
	var from func(r *routine, scopes Scopes)
	from = func(r *routine, scopes Scopes) {
		for _, name := range r.calls {
			if next := c.subs[name.Text]; next != nil && next.scopes|scopes != next.scopes {
				next.scopes |= scopes
				from(next, next.scopes)
			}
		}
	}
	for _, r := range c.program.subs {
		if r != nil {
			from(r, r.scopes)
		}
	}
}

// routine compiles the body of a subroutine.
func (c *compiler) routine(r *routine) {
	c.sub, c.locals = r, map[string]local{}
	c.gotos, c.labels = map[string][][]*block{}, map[string]bool{}
	for i, p := range r.decls[0].Params {
		c.locals[p.Name.Text] = r.params[i]
	}
	var stmts []syntax.Stmt
	for _, d := range r.decls {
		stmts = append(stmts, d.Body.Stmts...)
	}
	c.at = r.decls[0].Pos
	before := c.program.slots
	r.body = c.block(stmts)
	r.settle(stmts)
	if r == c.program.subs[Hash] && !addsUp(stmts) {
		c.program.Hashes = true
	}
	r.anew = clears(&before, &c.program.slots)
	for _, label := range slices.Sorted(maps.Keys(c.gotos)) {
		c.failf(r.decls[0].Pos, "%s has no label %s after the goto", r.name, label)
	}
}

// settle finds out whether the subroutine is nothing but a return of a state.
func (r *routine) settle(stmts []syntax.Stmt) {
	if r.result != Void {
		return // (name) is a value then
	}
	switch steps := r.body.steps; len(steps) {
	case 0:
		r.fixed, r.always = true, Default
	case 1:
		if returnsState(stmts) {
			r.fixed, r.always = true, steps[0].run(nil) // which asks for nothing
		}
	}
}

// returnsState reports whether one of the statements is the return of a state.
func returnsState(stmts []syntax.Stmt) bool {
	return slices.ContainsFunc(stmts, func(s syntax.Stmt) bool {
		switch s := s.(type) {
		case *syntax.Return:
			return s.State != nil
		case *syntax.Macro:
			return returnsState(s.Body)
		}
		return false
	})
}

// addsUp reports whether statements do nothing but add variables to req.hash, and
// return.
func addsUp(stmts []syntax.Stmt) bool {
	for _, s := range stmts {
		switch s := s.(type) {
		case *syntax.Macro:
			if !addsUp(s.Body) {
				return false
			}
		case *syntax.Set:
			if s.Target.Text != "req.hash" || !isName(s.Value) {
				return false
			}
		case *syntax.Return:
			if s.State == nil || s.State.Text != "hash" {
				return false
			}
		default:
			return false
		}
	}
	return true
}

func isName(e syntax.Expr) bool {
	_, is := e.(*syntax.Name)
	return is
}
