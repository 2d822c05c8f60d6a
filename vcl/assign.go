package vcl

import (
	"math/bits"
	"time"

	"headwater/vcl/syntax"
)

// assign compiles a set statement.
func (c *compiler) assign(s *syntax.Set) runner {
	t := c.target(s.Target)
	if t == nil {
		return nil
	}
	if !c.allowed(s.Target.Pos, t, t.write, "set") {
		return nil
	}
	v := c.assigned(t, s)
	if v.typ == Void {
		return nil
	}
	store := t.set(v)
	if c.options.Untraced {
		return does(store)
	}
	return func(x *Ctx) Action {
		store(x)
		if x.Trace != nil {
			x.Trace.assigned(s, t.get, x)
		}
		return Default
	}
}

// assigned is the value that a set statement stores.
func (c *compiler) assigned(t *variable, s *syntax.Set) value {
	v, at := c.expr(s.Value), s.Value.Place()
	if v.typ == Void {
		return v
	}
	if s.Op == syntax.Assign {
		return c.stored(t, v, at)
	}
	if t.get.typ == Void {
		if t.typ == String && s.Op == syntax.AssignAdd {
			return c.stored(t, v, at) // what is only written, like req.hash, adds up by itself
		}
		c.failf(s.Pos, "%s cannot be read, so that %s has no meaning", t.name, s.Op)
		return value{}
	}
	out := c.combined(t, s.Op, v, at)
	if out.typ == Void && len(c.problems) == 0 {
		c.failf(s.Pos, "%s %s %s has no meaning", t.typ, s.Op, describe(v))
	}
	return out
}

// stored is v as t takes it.
func (c *compiler) stored(t *variable, v value, at syntax.Pos) value {
	if t.typ == String {
		return ofString(c.text(v, at, notSetIn(t)))
	}
	return c.convert(v, t.typ, at)
}

// notSetIn is what stands for a NOTSET part of a text that t is set to.
func notSetIn(t *variable) string {
	if t.local {
		return ""
	}
	return "(null)"
}

// combined is the value of an assignment that begins with what there is.
func (c *compiler) combined(t *variable, op syntax.Op, v value, at syntax.Pos) value {
	switch t.typ {
	case String:
		if op == syntax.AssignAdd {
			added := c.text(v, at, notSetIn(t))
			return ofString(joined([]textFunc{t.get.str, added}, ""))
		}
	case Boolean:
		return combinedBool(t.get, op, v)
	case Integer:
		return combinedInteger(t.get, op, v)
	case Float:
		return combinedFloat(t.get, op, v)
	case RTime:
		return combinedRTime(t.get, op, v)
	case Timestamp:
		return combinedTime(t.get, op, v)
	}
	return value{}
}

func combinedBool(a value, op syntax.Op, b value) value {
	if b.typ != Boolean {
		return value{}
	}
	was, by := a.boolean, b.boolean
	switch op {
	case syntax.AssignAll:
		return ofBool(func(x *Ctx) bool { return was(x) && by(x) })
	case syntax.AssignAny:
		return ofBool(func(x *Ctx) bool { return was(x) || by(x) })
	}
	return value{}
}

// integerOps are the operators of INTEGER. They wrap around.
var integerOps = map[syntax.Op]func(a, b int64) int64{
	syntax.AssignAdd: func(a, b int64) int64 { return a + b },
	syntax.AssignSub: func(a, b int64) int64 { return a - b },
	syntax.AssignMul: func(a, b int64) int64 { return a * b },
	syntax.AssignOr:  func(a, b int64) int64 { return a | b },
	syntax.AssignAnd: func(a, b int64) int64 { return a & b },
	syntax.AssignXor: func(a, b int64) int64 { return a ^ b },
	syntax.AssignShl: func(a, b int64) int64 { return a << (uint64(b) & 63) },
	syntax.AssignShr: func(a, b int64) int64 { return int64(uint64(a) >> (uint64(b) & 63)) },
	syntax.AssignRol: func(a, b int64) int64 { return int64(bits.RotateLeft64(uint64(a), int(b&63))) },
	syntax.AssignRor: func(a, b int64) int64 { return int64(bits.RotateLeft64(uint64(a), -int(b&63))) },
}

func combinedInteger(a value, op syntax.Op, b value) value {
	if b.typ == Float && (op == syntax.AssignMul || op == syntax.AssignDiv) {
		v := combinedFloat(converted(a, Float), op, b)
		return converted(v, Integer)
	}
	if b.typ != Integer {
		if b = converted(b, Integer); b.typ == Void {
			return b
		}
	}
	was, by := a.integer, b.integer
	if f := integerOps[op]; f != nil {
		return ofInteger(func(x *Ctx) int64 { return f(was(x), by(x)) })
	}
	switch op {
	case syntax.AssignDiv:
		return ofInteger(func(x *Ctx) int64 { return x.divide(was(x), by(x), false) })
	case syntax.AssignMod:
		return ofInteger(func(x *Ctx) int64 { return x.divide(was(x), by(x), true) })
	}
	return value{}
}

// divide returns a/b, or the rest. By zero it changes nothing, and says so in
// fastly.error.
func (x *Ctx) divide(a, b int64, rest bool) int64 {
	switch {
	case b == 0:
		x.Failure = "EDOM"
		return a
	case rest:
		return a % b
	}
	return a / b
}

func combinedFloat(a value, op syntax.Op, b value) value {
	if b.typ != Float {
		if b = converted(b, Float); b.typ == Void {
			return b
		}
	}
	was, by := a.float, b.float
	switch op {
	case syntax.AssignAdd:
		return ofFloat(func(x *Ctx) float64 { return was(x) + by(x) })
	case syntax.AssignSub:
		return ofFloat(func(x *Ctx) float64 { return was(x) - by(x) })
	case syntax.AssignMul:
		return ofFloat(func(x *Ctx) float64 { return was(x) * by(x) })
	case syntax.AssignDiv:
		return ofFloat(func(x *Ctx) float64 {
			by := by(x)
			if by == 0 {
				x.Failure = "EDOM"
				return was(x)
			}
			return was(x) / by
		})
	}
	return value{}
}

func combinedRTime(a value, op syntax.Op, b value) value {
	if op == syntax.AssignMul || op == syntax.AssignDiv {
		if !numeric(b) {
			return value{}
		}
		v := combinedFloat(converted(a, Float), op, converted2(b, Float))
		return converted(v, RTime)
	}
	if b.typ != RTime {
		if b = converted(b, RTime); b.typ == Void {
			return b
		}
	}
	was, by := a.rtime, b.rtime
	switch op {
	case syntax.AssignAdd:
		return ofRTime(func(x *Ctx) time.Duration { return was(x) + by(x) })
	case syntax.AssignSub:
		return ofRTime(func(x *Ctx) time.Duration { return was(x) - by(x) })
	}
	return value{}
}

func combinedTime(a value, op syntax.Op, b value) value {
	if b.typ != RTime {
		if b = converted(b, RTime); b.typ == Void {
			return b
		}
	}
	was, by := a.time, b.rtime
	switch op {
	case syntax.AssignAdd:
		return ofTime(func(x *Ctx) Time { return was(x).Add(by(x)) })
	case syntax.AssignSub:
		return ofTime(func(x *Ctx) Time { return was(x).Add(-by(x)) })
	}
	return value{}
}

// add compiles an add statement: one more field of a name.
func (c *compiler) add(s *syntax.Add) runner {
	t := c.target(s.Target)
	if t == nil {
		return nil
	}
	if t.add == nil {
		c.failf(s.Target.Pos, "%s is no header, and only headers can be added to", s.Target.Text)
		return nil
	}
	if !c.allowed(s.Target.Pos, t, t.write, "set") {
		return nil
	}
	v := c.expr(s.Value)
	if v.typ == Void {
		return nil
	}
	return does(t.add(ofString(c.text(v, s.Value.Place(), "(null)"))))
}
