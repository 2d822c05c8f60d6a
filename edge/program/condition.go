package program

import (
	"fmt"
	"maps"
	"slices"

	"headwater/service"
	"headwater/vcl/syntax"
)

// condition returns the condition that a field of an object names, parsed. Its
// type has to be one of types. It returns nil, and complains, if there is
// something wrong with it.
func (b *builder) condition(k *service.Kind, o service.Object, field, name string, types ...string) *Condition {
	c := b.conditions[name]
	object := fmt.Sprintf("%s '%s'", k.Model, o.Meta().Name)
	if c == nil {
		b.complainf(syntax.Pos{}, "%s: no condition named '%s'", object, name)
		return nil
	}
	if !slices.Contains(types, c.Type) {
		b.complainf(syntax.Pos{}, "%s: its %s '%s' is a condition of type %s, where %s is needed", object, field, name, c.Type, types[0])
		return nil
	}
	if c.Expr == nil {
		c.Expr = b.expr("condition", c.Name, c.Statement)
	}
	if c.Expr == nil {
		return nil
	}
	return c
}

// groups are statements by the condition under which they run.
type groups struct {
	always list
	when   map[*Condition]*list
}

func newGroups() *groups { return &groups{when: map[*Condition]*list{}} }

// at returns the statements that run when all conditions hold; it is for one
// object. Those of the first condition stand together.
func (g *groups) at(all []*Condition) *list {
	if len(all) == 0 {
		return &g.always
	}
	l := g.when[all[0]]
	if l == nil {
		l = &list{}
		g.when[all[0]] = l
	}
	return l
}

// add adds what one object does under all of the conditions.
func (g *groups) add(all []*Condition, what *list) {
	outer := g.at(all)
	for i := len(all) - 1; i > 0; i-- {
		inner := what
		what = &list{}
		what.add(all[i].guard(inner))
	}
	outer.join(what)
}

// guard returns if (c) { l }.
func (c *Condition) guard(l *list) *syntax.If {
	guard := &syntax.If{Cond: c.Expr, Then: l.block()}
	guard.Pos = c.Expr.Place()
	return guard
}

// guarded returns one block for each condition, in the order of priorities.
func (g *groups) guarded() *list {
	conditions := slices.Collect(maps.Keys(g.when))
	slices.SortFunc(conditions, byPriority)
	all := &list{}
	for _, c := range conditions {
		all.note(fmt.Sprintf("%s Condition: %s Prio: %d", titles[c.Type], c.Name, c.Priority))
		all.add(c.guard(g.when[c]))
	}
	return all
}

var titles = map[string]string{"REQUEST": "Request", "CACHE": "Cache", "RESPONSE": "Response", "PREFETCH": "Prefetch"}
