package vcl

import (
	"cmp"
	"strings"

	"headwater/vcl/regex"
	"headwater/vcl/syntax"
)

// compare compiles ==, !=, <, <=, > and >=.
func (c *compiler) compare(e *syntax.Binary) value {
	a, b := c.expr(e.X), c.expr(e.Y)
	if a.typ == Void || b.typ == Void {
		return value{}
	}
	if e.Op == syntax.Equal || e.Op == syntax.NotEqual {
		same := equality(a, b)
		if same == nil {
			c.failf(e.Pos, "%s cannot be compared with %s", describe(a), describe(b))
			return value{}
		}
		if e.Op == syntax.NotEqual {
			return ofBool(func(x *Ctx) bool { return !same(x) })
		}
		return ofBool(same)
	}
	yes, meant := ordering(e.Op, a, b)
	if !meant {
		c.failf(e.Pos, "%s and %s have no order", describe(a), describe(b))
		return value{}
	}
	if yes == nil {
		c.failf(e.Pos, "%s has no meaning between two values", e.Op)
		return value{}
	}
	return ofBool(yes)
}

func describe(v value) string {
	if v.literal {
		return "a literal " + v.typ.String()
	}
	return v.typ.String()
}

// equality compiles a == b; nil if their types have none. What is NOTSET is equal
// to nothing, not even to what is NOTSET too.
func equality(a, b value) func(*Ctx) bool {
	if a.typ == IP || b.typ == IP {
		a, b = orIP(a), orIP(b)
	}
	if numeric(a) && numeric(b) && a.typ != b.typ {
		a, b = converted2(a, Float), converted2(b, Float)
	}
	if a.typ != b.typ {
		return nil
	}
	switch a.typ {
	case String:
		return equalText(a, b)
	case Boolean:
		return alike(a.boolean, b.boolean)
	case Integer:
		if b.literal {
			number, want := a.integer, b.integer(nil)
			return func(x *Ctx) bool { return number(x) == want }
		}
		return alike(a.integer, b.integer)
	case Float:
		return alike(a.float, b.float)
	case RTime:
		return alike(a.rtime, b.rtime)
	case Timestamp:
		return alike(a.time, b.time)
	case IP:
		left, right := a.ip, b.ip
		return func(x *Ctx) bool { ip := left(x); return ip.IsValid() && ip.Unmap() == right(x).Unmap() }
	case BackendRef:
		left, right := a.backend, b.backend
		return func(x *Ctx) bool { be := left(x); return be != nil && be == right(x) }
	case ACLRef:
		left, right := a.acl, b.acl
		return func(x *Ctx) bool { acl := left(x); return acl != nil && acl == right(x) }
	}
	return nil
}

// alike compiles a == b for values of one type.
func alike[V comparable](a, b func(*Ctx) V) func(*Ctx) bool {
	return func(x *Ctx) bool { return a(x) == b(x) }
}

func equalText(a, b value) func(*Ctx) bool {
	left, right := a.str, b.str
	if want, text := b.text, a.plain; b.literal && text != nil {
		return func(x *Ctx) bool { return text(x) == want }
	} else if b.literal {
		return func(x *Ctx) bool { s, set := left(x); return set && s == want }
	}
	return func(x *Ctx) bool {
		s, set := left(x)
		if !set {
			return false
		}
		t, also := right(x)
		return also && s == t
	}
}

// orIP makes an address of a text that is compared with one.
func orIP(v value) value {
	if v.typ == String {
		return toIP(v)
	}
	return v
}

func numeric(v value) bool { return v.typ == Integer || v.typ == Float }

// converted2 is converted, but for a value of that type already.
func converted2(v value, to Type) value {
	if v.typ == to {
		return v
	}
	return converted(v, to)
}

// ordering compiles <, <=, > and >=, nil for what is none of these; there is none if the
// types have no order. A number that is none (NaN) is not ordered.
func ordering(op syntax.Op, a, b value) (yes func(*Ctx) bool, ordered bool) {
	switch {
	case a.typ == Integer && b.typ == Integer:
		return ordered2(op, a.integer, b.integer), true
	case numeric(a) && numeric(b):
		return ordered2(op, converted2(a, Float).float, converted2(b, Float).float), true
	case a.typ == RTime && b.typ == RTime:
		return ordered2(op, a.rtime, b.rtime), true
	case a.typ == Timestamp && b.typ == Timestamp:
		f, g := a.time, b.time
		return ordered2(op, func(x *Ctx) int { return f(x).Compare(g(x)) }, fixed(0)), true
	}
	return nil, false
}

// ordered2 is ordering for values of one type.
func ordered2[V cmp.Ordered](op syntax.Op, a, b func(*Ctx) V) func(*Ctx) bool {
	switch op {
	case syntax.Less:
		return func(x *Ctx) bool { return a(x) < b(x) }
	case syntax.LessEqual:
		return func(x *Ctx) bool { return a(x) <= b(x) }
	case syntax.Greater:
		return func(x *Ctx) bool { return a(x) > b(x) }
	case syntax.GreaterEqual:
		return func(x *Ctx) bool { return a(x) >= b(x) }
	}
	return nil
}

// matching compiles ~ and !~: an address and an ACL, or a text and a pattern.
func (c *compiler) matching(e *syntax.Binary) value {
	a := c.expr(e.X)
	if a.typ == Void {
		return value{}
	}
	if a.literal {
		c.failf(e.X.Place(), "what is matched cannot be a literal")
		return value{}
	}
	yes := c.matcher(a, e)
	if yes == nil {
		return value{}
	}
	if e.Op == syntax.NotMatch {
		return ofBool(func(x *Ctx) bool { return !yes(x) })
	}
	return ofBool(yes)
}

func (c *compiler) matcher(a value, e *syntax.Binary) func(*Ctx) bool {
	b := c.expr(e.Y)
	switch {
	case b.typ == Void:
		return nil
	case b.typ == ACLRef:
		ip := c.convert(a, IP, e.X.Place())
		if ip.typ == Void {
			return nil
		}
		acl, address := b.acl, ip.ip
		return func(x *Ctx) bool { return acl(x).Has(address(x)) }
	case b.typ == Regex:
		subject, pattern := c.text(a, e.X.Place(), ""), b.regs
		return func(x *Ctx) bool {
			r := pattern(x)
			s, _ := subject(x)
			return r != nil && x.match(r, s)
		}
	case b.typ == String && b.literal:
		r := c.compileRegex(b.text, e.Y)
		subject := c.text(a, e.X.Place(), "")
		if r == nil {
			return nil
		}
		if prefix, all := r.Prefix(); all && !c.groups {
			return c.begins(prefix, plain(a.plain, subject), matchText(r, subject, kept[syntax.Expr](c, e)))
		}
		return matchText(r, subject, kept[syntax.Expr](c, e))
	}
	c.failf(e.Y.Place(), "a pattern is a literal string, and this is %s", describe(b))
	return nil
}

// matchText compiles a match of a literal pattern.
//
// What is absent counts as a text of no bytes, which most patterns never match.
func matchText(r *regex.Regex, subject textFunc, told syntax.Expr) func(*Ctx) bool {
	nothing, err := r.Match("")
	never := !nothing && err == nil
	return func(x *Ctx) bool {
		s, _ := subject(x)
		yes := !(never && s == "") && x.match(r, s)
		if x.Trace != nil {
			x.Trace.matched(told, yes, x)
		}
		return yes
	}
}

// begins is matchText of a pattern that asks for a prefix alone, which most often is
// all that a condition has to find out of a URL. It is for programs that do not read
// what was matched; only a trace does, which gets the match itself.
func (c *compiler) begins(prefix string, text func(*Ctx) string, traced func(*Ctx) bool) func(*Ctx) bool {
	if c.options.Untraced {
		return func(x *Ctx) bool { return x.begins(text(x), prefix) }
	}
	return func(x *Ctx) bool {
		if x.Trace != nil {
			return traced(x)
		}
		return x.begins(text(x), prefix)
	}
}

func (x *Ctx) begins(s, prefix string) bool {
	x.charge(len(s) / bytesAStep)
	return strings.HasPrefix(s, prefix)
}

// plain is the first of them if there is one, and otherwise the text of the other, ""
// if it is NOTSET.
func plain(text func(*Ctx) string, otherwise textFunc) func(*Ctx) string {
	if text != nil {
		return text
	}
	return func(x *Ctx) string { s, _ := otherwise(x); return s }
}

// match looks for r in s. A match is what re.group tells of from then on; without
// one the former stays. One that takes too many steps counts as none.
func (x *Ctx) match(r *regex.Regex, s string) bool {
	yes := x.test(r, s)
	if yes {
		x.captures.regex, x.captures.subject, x.captures.found = r, s, false
	}
	return yes
}

// What a match costs as much as a statement.
const (
	bytesAStep      = 256
	matchStepsAStep = 256
)

// test reports whether a pattern matches, and keeps nothing of it.
func (x *Ctx) test(r *regex.Regex, s string) bool {
	yes, steps, err := r.MatchSteps(s)
	x.charge(len(s)/bytesAStep + steps/matchStepsAStep)
	if err != nil {
		x.Failure = "EREGRECUR"
		x.RegexGaveUp++
		return false
	}
	return yes
}

// group returns what group n of the last match is.
func (x *Ctx) group(n int) (string, bool) {
	k := &x.captures
	if k.regex == nil || n > min(k.regex.Groups(), maxGroup) {
		return "", false
	}
	if !k.found {
		if pairs, err := k.regex.Find(k.subject, 0, x.groups[:]); err != nil || pairs == 0 {
			return "", false
		}
		k.found = true
	}
	if x.groups[2*n] < 0 {
		return "", false
	}
	return k.subject[x.groups[2*n]:x.groups[2*n+1]], true
}

// pattern compiles an expression that must be a literal pattern; nil if it is none.
func (c *compiler) pattern(e syntax.Expr) *regex.Regex {
	v := c.expr(e)
	if v.typ == Void {
		return nil
	}
	if v.typ != String || !v.literal {
		c.failf(e.Place(), "a pattern is a literal string, and this is %s", describe(v))
		return nil
	}
	return c.compileRegex(v.text, e)
}

// maxPatternSize is how many bytes of memory the patterns of a program may take.
const maxPatternSize = 64 << 20

// compileRegex compiles each pattern once.
func (c *compiler) compileRegex(pattern string, e syntax.Expr) *regex.Regex {
	if r, done := c.patterns[pattern]; done {
		return r
	}
	if c.patternSize > maxPatternSize || c.stopped() {
		return nil
	}
	r, err := regex.Compile(pattern)
	if err != nil {
		c.failf(e.Place(), "%s", strings.TrimPrefix(err.Error(), "regex: "))
		return nil
	}
	if c.patternSize += r.Size(); c.patternSize > maxPatternSize {
		c.failf(e.Place(), "the patterns of this program take more than %d MiB", maxPatternSize>>20)
		return nil
	}
	c.patterns[pattern] = r
	return r
}
