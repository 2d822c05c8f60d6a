package vcl

import (
	"headwater/internal/message"
	"headwater/vcl/syntax"
)

// A field is a header that has an ID.
type field struct {
	of string // the message: req.http.
	id message.ID
	in func(*Ctx) *message.Fields
}

// A gathering is a row of unset statements for headers of one message, which all have
// IDs: one look at the message does for all of them.
type gathering struct {
	of  string
	ids message.Set
	in  func(*Ctx) *message.Fields
	n   int // statements
}

// clear compiles an unset statement.
func (c *compiler) clear(s *syntax.Unset) (step, bool) {
	t := c.target(s.Target)
	if t == nil || !c.allowed(s.Target.Pos, t, t.unset, "unset") {
		return step{}, false
	}
	st := step{run: does(t.clear), node: kept[syntax.Stmt](c, s)}
	if f := t.field; f != nil {
		st.unsets = &gathering{f.of, message.SetOf(f.id), f.in, 1}
	}
	return st, true
}

// gather has each of the unset statements that follow each other do what those behind
// it would do too. They stay where they are, since a goto may lead to any of them, and
// for traces, which tell of each.
func (b *block) gather() {
	for i := len(b.steps) - 2; i >= 0; i-- {
		one, next := b.steps[i].unsets, b.steps[i+1].unsets
		if one != nil && next != nil && one.of == next.of {
			one.ids |= next.ids
			one.n += next.n
		}
	}
}

// run runs the statements, and returns how many they are.
func (g *gathering) run(x *Ctx) int {
	x.charge(g.n - 1)
	g.in(x).UnsetAll(g.ids)
	return g.n
}
