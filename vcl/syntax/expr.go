package syntax

import (
	"fmt"
	"strings"
)

// ParseExpr reads a file that is one expression and nothing else: a condition, the
// source of a header. A comment in it is refused, so that it can be shown on one
// line and joined to others. The first word of the file's name says what it is.
func ParseExpr(f *File) (Expr, Problems) {
	p := newParser(f, false)
	x := p.expr()
	what, _, _ := strings.Cut(f.Name, " ")
	if p.tok.kind != endOfFile {
		p.fail(p.tok.off, "expected the end of the "+what+", found "+p.found(), "")
	}
	if len(p.comments) > 0 && len(p.problems) == 0 {
		off := p.comments[0].off
		p.problems = Problems{{Pos{f, off}, "a " + what + " cannot hold a comment", ""}}
	}
	if len(p.problems) > 0 {
		return nil, p.problems
	}
	return x, nil
}

// expr reads an expression, up to what cannot go on with it.
func (p *parser) expr() Expr {
	defer p.leave()
	if !p.enter() {
		return &Name{}
	}
	x := p.chain(Or, func(p *parser) Expr { return p.chain(And, (*parser).comparison) })
	switch {
	case p.is("=") && p.at(0, "~"):
		p.fail(p.tok.off, `"=~" is not an operator`, "to match, write ~")
	case p.is("="):
		p.fail(p.tok.off, `"=" compares nothing`, "to compare, write ==")
	case p.is("&"), p.is("|"):
		p.fail(p.tok.off, fmt.Sprintf("%q joins nothing", p.tok.text), "write "+p.tok.text+p.tok.text)
	}
	return x
}

// chain reads operands with op between them. The first ones are the deepest.
func (p *parser) chain(op Op, operand func(*parser) Expr) Expr {
	x := operand(p)
	for n := 1; p.is(string(op)); n++ {
		if n == maxChain {
			p.fail(p.tok.off, fmt.Sprintf("more than %d operands of %s", maxChain, op), "")
			break
		}
		p.next()
		x = &Binary{at{x.Place()}, op, x, operand(p)}
	}
	return x
}

// comparison reads X, X op Y or !comparison: the ! is of all that follows it.
func (p *parser) comparison() Expr {
	if p.is("!") {
		n := &Not{at: p.here()}
		p.next()
		defer p.leave()
		if p.enter() {
			n.X = p.comparison()
		}
		return n
	}
	x := p.concat()
	if !p.compares() {
		return x
	}
	op := Op(p.tok.text)
	p.next()
	c := &Binary{at{x.Place()}, op, x, p.concat()}
	if p.compares() {
		p.fail(p.tok.off, "comparisons do not chain", "write two of them, with && between")
	}
	return c
}

// compares reports whether the token is an operator of comparison.
func (p *parser) compares() bool {
	if p.tok.kind != operator {
		return false
	}
	switch Op(p.tok.text) {
	case Equal, NotEqual, Match, NotMatch, Less, Greater, LessEqual, GreaterEqual:
		return true
	}
	return false
}

// concat reads one value, or a concatenation. The end of a line ends nothing. A +
// before the first joins it to nothing: conditions that Fastly has stored have it.
func (p *parser) concat() Expr {
	p.accept("+")
	first := p.value()
	if !p.goesOn() {
		return first
	}
	c := &Concat{at{first.Place()}, []Part{{X: first}}}
	for p.goesOn() {
		if p.word("and", "or") {
			p.fail(p.tok.off, fmt.Sprintf("%q is not an operator", p.tok.text), "write && or ||")
			break
		}
		if _, paren := first.(*Paren); paren || p.is("(") {
			p.noParen()
			break
		}
		part := Part{}
		if p.is("+") || p.is("-") {
			part.Sign = p.tok.text[0]
			p.next()
		}
		if p.is("(") {
			p.noParen()
		}
		part.X = p.value()
		c.Parts = append(c.Parts, part)
	}
	return c
}

func (p *parser) noParen() {
	p.fail(p.tok.off, "a parenthesis in a concatenation", "values next to each other are joined as they are")
}

// goesOn reports whether the token is one more part of a concatenation. A word that begins
// a statement is none: a semicolon is missing before it.
func (p *parser) goesOn() bool {
	switch p.tok.kind {
	case name:
		return !p.word(starters...)
	case operator:
		return p.is("+") || p.is("-") || p.is("(")
	case endOfFile, nothing:
		return false
	}
	return true
}

// value reads one value, or a condition in parentheses.
func (p *parser) value() Expr {
	place := p.here()
	switch t := p.tok; t.kind {
	case name:
		return p.named()
	case shortString, longString:
		p.next()
		return &String{place, t.text, t.kind == longString}
	case integer, float, rtime, percent:
		return p.numeral(place, "")
	}
	switch {
	case p.accept("("):
		x := p.expr()
		p.expect(")")
		return &Paren{place, x}
	case p.accept("-"):
		if k := p.tok.kind; k != integer && k != float && k != rtime {
			p.fail(place.Pos.Off, `"-" stands before a number only`, "")
		}
		return p.numeral(place, "-")
	}
	p.missing("a value")
	return &Name{at: place}
}

// named reads a variable, a call, or one of the two values that are words.
func (p *parser) named() Expr {
	n := p.name("a name")
	if p.is("(") {
		return p.call(n)
	}
	switch n.Text {
	case "true", "false":
		return &Bool{n.at, n.Text == "true"}
	}
	return n
}

// name reads a name; what says of what.
func (p *parser) name(what string) *Name {
	n := &Name{p.here(), p.tok.text}
	if p.tok.kind != name {
		p.missing(what)
	}
	p.next()
	return n
}

// call reads the arguments of a call.
func (p *parser) call(fun *Name) Expr {
	c := &Call{at: fun.at, Fun: fun, Args: p.args()}
	if fun.Text == "if" && len(c.Args) != 3 {
		hint := ""
		if p.is("{") {
			hint = "is it a statement, and a ; missing before it?"
		}
		p.fail(fun.Pos.Off, "if as a value takes three arguments, a condition and two values", hint)
	}
	return c
}

// args reads arguments in parentheses.
func (p *parser) args() (list []Expr) {
	p.expect("(")
	if p.accept(")") {
		return nil
	}
	list = append(list, p.expr())
	for p.accept(",") {
		list = append(list, p.expr())
	}
	p.expect(")")
	return list
}

// numeral reads a number that sign stood before. A unit may stand apart from it.
func (p *parser) numeral(place at, sign string) Expr {
	t := p.tok
	text := sign + t.text
	p.next()
	switch t.kind {
	case rtime:
		return newRTime(place, text)
	case percent:
		n, err := integerValue(text)
		p.fits(t, err)
		return &Percent{place, n}
	}
	if _, known := units[p.tok.text]; known && p.tok.kind == name && plainDecimal(t.text) {
		text += p.tok.text
		p.next()
		return newRTime(place, text)
	}
	if t.kind == float {
		v, err := floatValue(text)
		p.fits(t, err)
		return &Float{place, v, text}
	}
	n, err := integerValue(text)
	p.fits(t, err)
	return &Integer{place, n}
}

// fits tells of a number that its type has no room for.
func (p *parser) fits(t token, err error) {
	if err != nil && !p.lost {
		p.tell(t.off, t.text+" does not fit in 64 bits", "")
	}
}

func newRTime(place at, text string) *RTime {
	unit := len(text)
	for !isDigit(text[unit-1]) {
		unit--
	}
	return &RTime{place, rtimeValue(text[:unit], text[unit:]), text}
}

func plainDecimal(number string) bool {
	for i := range len(number) {
		if !isDigit(number[i]) && number[i] != '.' {
			return false
		}
	}
	return true
}
