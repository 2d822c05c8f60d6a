package vcl

import (
	"headwater/vcl/syntax"
)

// call compiles a call of a function.
func (c *compiler) call(e *syntax.Call) value {
	name := e.Fun.Text
	if name == "if" {
		return c.conditional(e)
	}
	if r := c.subs[name]; r != nil {
		return c.resultOf(r, e)
	}
	f := functions[name]
	switch {
	case f == nil && c.loose && !hasDot(name):
		return value{}
	case f == nil:
		c.unknown(e.Fun.Pos, "function", name, keys(functions))
		return value{}
	case f.reason != "":
		c.failf(e.Fun.Pos, "%s is not implemented: %s", name, f.reason)
		return value{}
	}
	if bad := c.sub.scopes &^ f.scopes; bad != 0 {
		c.failf(e.Fun.Pos, "%s is not allowed in %s, but only in: %s", name, c.where(bad), f.scopes)
		return value{}
	}
	args, ok := c.given(f, e)
	if !ok {
		return value{}
	}
	return f.build(&call{compiler: c, at: e.Pos, fun: f, args: args, exprs: e.Args})
}

func hasDot(name string) bool {
	for i := range len(name) {
		if name[i] == '.' {
			return true
		}
	}
	return false
}

// given compiles the arguments of a call as the function takes them.
func (c *compiler) given(f *function, e *syntax.Call) (args []value, ok bool) {
	if n := len(e.Args); n < f.least || n > len(f.params) && !f.more {
		c.failf(e.Pos, "%s takes %s, not %d", f.name, f.count(), n)
		return nil, false
	}
	ok = true
	for i, a := range e.Args {
		p := f.params[min(i, len(f.params)-1)]
		v := c.argument(p, a)
		if v.typ == Void {
			ok = false
		}
		args = append(args, v)
	}
	return args, ok
}

// argument compiles one argument as a parameter takes it.
func (c *compiler) argument(p param, a syntax.Expr) value {
	name, named := a.(*syntax.Name)
	switch p.typ {
	case Ident:
		if !named {
			c.failf(a.Place(), "a name is wanted here, for %s", p.name)
			return value{}
		}
		return value{typ: Ident, text: name.Text}
	case TableRef:
		if named {
			if t := c.tables[name.Text]; t != nil {
				return value{typ: TableRef, table: t}
			}
			if !c.loose {
				c.unknown(a.Place(), "table", name.Text, keys(c.tables))
			}
			return value{}
		}
		c.failf(a.Place(), "the name of a table is wanted here")
		return value{}
	case Regex:
		if r := c.pattern(a); r != nil {
			return value{typ: Regex, literal: true, regex: r}
		}
		return value{}
	case String:
		v := c.expr(a)
		if v.typ == Void {
			return v
		}
		if v.typ == String && v.parts == nil {
			return v
		}
		return value{typ: String, str: c.text(v, a.Place(), "")}
	}
	return c.convert(c.expr(a), p.typ, a.Place())
}
