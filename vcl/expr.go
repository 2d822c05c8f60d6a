package vcl

import (
	"time"

	"headwater/vcl/syntax"
)

// expr compiles an expression. What has no meaning is a value of type Void.
func (c *compiler) expr(e syntax.Expr) value {
	v := c.exprOf(e)
	if v.typ == Void && v.boolean != nil {
		c.failf(e.Place(), "a function that returns nothing is no value")
		v = value{}
	}
	return v
}

func (c *compiler) exprOf(e syntax.Expr) value {
	switch e := e.(type) {
	case *syntax.Name:
		return c.name(e)
	case *syntax.Call:
		return c.call(e)
	case *syntax.Concat:
		return c.concat(e)
	case *syntax.Paren:
		return c.expr(e.X)
	case *syntax.Not:
		not := c.truth(e.X)
		return ofBool(func(x *Ctx) bool { return !not(x) })
	case *syntax.Binary:
		return c.binary(e)
	case *syntax.Percent:
		c.failf(e.Pos, "a percentage is a value in a director only")
		return value{}
	}
	return literal(e)
}

// literal is the value of what is written out.
func literal(e syntax.Expr) (v value) {
	switch e := e.(type) {
	case *syntax.String:
		v = constant(e.Value)
		v.text = e.Value
	case *syntax.Integer:
		v = ofInteger(fixed(e.Value))
	case *syntax.Float:
		v = ofFloat(fixed(e.Value))
	case *syntax.RTime:
		v = ofRTime(fixed(e.Value))
	case *syntax.Bool:
		v = ofBool(fixed(e.Value))
	}
	v.literal = true
	return v
}

// fixed computes what is known already.
func fixed[V any](v V) func(*Ctx) V { return func(*Ctx) V { return v } }

func (c *compiler) binary(e *syntax.Binary) value {
	switch e.Op {
	case syntax.And:
		left, right := c.truth(e.X), c.truth(e.Y)
		return ofBool(func(x *Ctx) bool { x.charge(1); return left(x) && right(x) })
	case syntax.Or:
		left, right := c.truth(e.X), c.truth(e.Y)
		return ofBool(func(x *Ctx) bool { x.charge(1); return left(x) || right(x) })
	case syntax.Match, syntax.NotMatch:
		return c.matching(e)
	}
	return c.compare(e)
}

// truth compiles a condition. A STRING is true when it is set, even to nothing.
func (c *compiler) truth(e syntax.Expr) func(*Ctx) bool {
	v := c.expr(e)
	switch {
	case v.typ == Boolean:
		return v.boolean
	case v.has != nil:
		return v.has
	case v.typ == String && !v.literal:
		set := c.text(v, e.Place(), "")
		return func(x *Ctx) bool { _, yes := set(x); return yes }
	case v.typ == IP:
		get := v.ip
		return func(x *Ctx) bool { return get(x).IsValid() }
	case v.typ == String:
		c.failf(e.Place(), "a literal string is no condition")
	case v.typ != Void:
		c.failf(e.Place(), "%s is no condition: a BOOL or a STRING is", v.typ)
	}
	return func(*Ctx) bool { return false }
}

// concat compiles parts that stand one after the other: a moment and spans of time
// to move it by, or else a text.
func (c *compiler) concat(e *syntax.Concat) value {
	if v, ok := c.moved(e); ok {
		return v
	}
	all := make([]textFunc, 0, len(e.Parts))
	constantSoFar, text := true, ""
	for _, p := range e.Parts {
		if p.Sign == '-' {
			c.failf(p.X.Place(), "- has no meaning here: only a RTIME can be taken from a TIME")
			return value{}
		}
		if _, paren := p.X.(*syntax.Paren); paren {
			c.failf(p.X.Place(), "parentheses cannot be part of a text")
			return value{}
		}
		v := c.expr(p.X)
		if v.typ == Void {
			return value{}
		}
		constantSoFar = constantSoFar && v.literal && v.typ == String
		text += v.text
		all = append(all, c.text(v, p.X.Place(), ""))
	}
	if constantSoFar {
		v := constant(text)
		v.literal, v.text = true, text
		return v
	}
	return value{typ: String, parts: all, str: joined(all, "")}
}

// moved compiles a TIME with literal spans added to it or taken from it. Nothing
// else is arithmetic outside of assignments.
func (c *compiler) moved(e *syntax.Concat) (value, bool) {
	first, ok := e.Parts[0].X.(*syntax.Name)
	if !ok || c.typeOfName(first) != Timestamp {
		return value{}, false
	}
	var by time.Duration
	for _, p := range e.Parts[1:] {
		span, ok := p.X.(*syntax.RTime)
		switch {
		case !ok || p.Sign == 0:
			return value{}, false
		case p.Sign == '-':
			by -= span.Value
		default:
			by += span.Value
		}
	}
	from, span := c.expr(first).time, by
	return ofTime(func(x *Ctx) Time { return from(x).Add(span) }), true
}

// joined makes one text of several. It is NOTSET if all of them are, and has
// notSet in the place of those that are, if only some.
func joined(parts []textFunc, notSet string) textFunc {
	return func(x *Ctx) (string, bool) {
		var space [8]string
		all, any := space[:0], false
		x.charge(len(parts) / len(space))
		for _, p := range parts {
			s, set := p(x)
			if !set {
				s = notSet
			}
			any = any || set
			all = append(all, s)
		}
		if !any {
			return "", false
		}
		return x.arena.join(all), true
	}
}

// text compiles v as a STRING. Parts of a text that are NOTSET become notSet:
// nothing in a local variable or an argument, (null) on the way out.
func (c *compiler) text(v value, at syntax.Pos, notSet string) textFunc {
	if v.parts != nil {
		return joined(v.parts, notSet)
	}
	if s := c.convert(v, String, at); s.typ == String {
		return s.str
	}
	return func(*Ctx) (string, bool) { return "", false }
}

// literalText is the text of what must be a literal string.
func (c *compiler) literalText(e syntax.Expr) string {
	v := c.expr(e)
	if v.typ != Void && (v.typ != String || !v.literal) {
		c.failf(e.Place(), "a literal string is wanted here")
	}
	return v.text
}

// conditional compiles if(cond, yes, no).
func (c *compiler) conditional(e *syntax.Call) value {
	if len(e.Args) != 3 {
		c.failf(e.Pos, "if() takes a condition and two values")
		return value{}
	}
	cond, yes, no := c.truth(e.Args[0]), c.expr(e.Args[1]), c.expr(e.Args[2])
	typ := yes.typ
	switch {
	case typ == Void || no.typ == Void:
		return value{}
	case typ != no.typ && (typ == String || no.typ == String):
		typ = String
	case typ != no.typ && (typ == Integer || typ == Float) && (no.typ == Integer || no.typ == Float):
		typ = Float
	}
	yes, no = c.convert(yes, typ, e.Args[1].Place()), c.convert(no, typ, e.Args[2].Place())
	if yes.typ == Void || no.typ == Void {
		return value{}
	}
	switch typ {
	case String:
		a, b := yes.str, no.str
		return ofString(func(x *Ctx) (string, bool) { return either(cond(x), a, b)(x) })
	case Boolean:
		return ofBool(chosen(cond, yes.boolean, no.boolean))
	case Integer:
		return ofInteger(chosen(cond, yes.integer, no.integer))
	case Float:
		return ofFloat(chosen(cond, yes.float, no.float))
	case RTime:
		return ofRTime(chosen(cond, yes.rtime, no.rtime))
	case Timestamp:
		return ofTime(chosen(cond, yes.time, no.time))
	case IP:
		return ofIP(chosen(cond, yes.ip, no.ip))
	case BackendRef:
		return ofBackend(chosen(cond, yes.backend, no.backend))
	case ACLRef:
		return ofACL(chosen(cond, yes.acl, no.acl))
	}
	c.failf(e.Pos, "if() cannot choose between %ss", typ)
	return value{}
}

// chosen computes one of two.
func chosen[V any](cond func(*Ctx) bool, yes, no func(*Ctx) V) func(*Ctx) V {
	return func(x *Ctx) V { return either(cond(x), yes, no)(x) }
}

func either[F any](yes bool, a, b F) F {
	if yes {
		return a
	}
	return b
}
