package regex

import (
	"strings"
)

// shorthands are the escapes for sets; the capital letter is the complement.
var shorthands = map[byte]set{'d': digits, 'w': words, 's': spaces, 'h': horizontal, 'v': vertical}

// controls are the escapes for single bytes.
var controls = map[byte]byte{'a': '\a', 'e': 0x1b, 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// positions are the escapes for assertions.
var positions = map[byte]op{'A': opBegin, 'Z': opEnd, 'z': opEndText, 'b': opWord, 'B': opNotWord, 'G': opFrom}

// escape parses an item that begins with a backslash.
func (p *parser) escape() (n *node, repeatable bool) {
	start := p.pos
	if p.pos++; !p.more() {
		p.fail(start, `a \ at the end escapes nothing`)
	}
	c := p.next()
	if s, ok := p.shorthand(start); ok {
		return &node{op: opSet, pos: start, set: s}, true
	}
	if o, ok := positions[c]; ok {
		p.pos++
		return &node{op: o, pos: start}, false
	}
	switch c {
	case 'K':
		if p.looks > 0 {
			p.fail(start, `\K is not allowed in look-around`)
		}
		p.pos++
		return &node{op: opKeep, pos: start}, false
	case 'N':
		p.pos++
		if _, _, repeat := p.quantifier(); p.next() == '{' && !repeat {
			p.fail(start, `\N{...} is not supported`)
		}
		p.pos = start + len(`\N`)
		return &node{op: opSet, pos: start, set: notNewline}, true
	case 'C':
		p.pos++
		return &node{op: opSet, pos: start, set: anyByte}, true
	case 'R':
		p.pos++
		return lineBreak(start, vertical), true
	case 'X':
		p.pos++
		return lineBreak(start, anyByte), true
	case 'g', 'k':
		return p.named(start), true
	case '1', '2', '3', '4', '5', '6', '7', '8', '9':
		if n := p.backref(start); n != nil {
			return n, true
		}
	}
	return p.literal(start, p.escapedByte(start)), true
}

// lineBreak is (?>\r\n|s).
func lineBreak(pos int, s set) *node {
	one := func(s set) *node { return &node{op: opSet, pos: pos, set: s} }
	pair := &node{op: opSeq, pos: pos, subs: []*node{one(setOf("\r")), one(newline)}}
	return &node{op: opAtomic, pos: pos, subs: []*node{{op: opAlt, pos: pos, subs: []*node{pair, one(s)}}}}
}

// shorthand parses \d and its like, and \p, after the backslash.
func (p *parser) shorthand(start int) (s set, ok bool) {
	c := p.next()
	if c == 'p' || c == 'P' {
		p.pos++
		return p.property(start, c == 'P'), true
	}
	if s, ok = shorthands[c]; ok {
		p.pos++
		return s, true
	}
	if s, ok = shorthands[c|0x20]; ok {
		p.pos++
		return s.inverted(), true
	}
	return set{}, false
}

// backref parses \1. What is too big to be a group is octal.
func (p *parser) backref(start int) *node {
	digit := p.pos
	for p.pos-digit < 5 && digits.has(p.next()) {
		p.pos++
	}
	number := 0
	for _, c := range []byte(p.src[digit:p.pos]) {
		number = number*10 + int(c-'0')
	}
	if number < 10 || p.src[digit] >= '8' || number <= p.groups {
		return p.reference(start, &node{op: opBackref, n: number})
	}
	p.pos = digit
	return nil
}

// named parses \g and \k in all their forms.
func (p *parser) named(start int) *node {
	letter := p.next()
	p.pos++
	switch open := p.next(); {
	case open == '{', letter == 'k' && (open == '<' || open == '\''):
		p.pos++
		end := map[byte]string{'{': "}", '<': ">", '\'': "'"}[open]
		if c := p.next(); letter == 'k' || c != '+' && c != '-' && !digits.has(c) {
			return p.reference(start, &node{op: opBackref, name: p.name(end)})
		}
		number := p.number()
		if !p.accept(end) {
			p.fail(p.pos, "the number of a group ends with %s", end)
		}
		return p.numbered(start, number)
	case letter == 'g' && (open == '<' || open == '\''):
		return p.call(start, open)
	case letter == 'g' && (open == '+' || open == '-' || digits.has(open)):
		return p.numbered(start, p.number())
	}
	p.fail(start, `\%c needs the name or number of a group`, letter)
	return nil
}

func (p *parser) numbered(start, number int) *node {
	if number == 0 {
		p.fail(start, "there is no group 0 to refer to")
	}
	return p.reference(start, &node{op: opBackref, n: number})
}

// call parses \g<...> and \g'...', which call a group.
func (p *parser) call(start int, open byte) *node {
	end := ">"
	if open == '\'' {
		end = "'"
	}
	p.pos++
	if c := p.next(); c != '+' && c != '-' && !digits.has(c) {
		return p.reference(start, &node{op: opCall, name: p.name(end)})
	}
	number := p.number()
	if !p.accept(end) {
		p.fail(p.pos, "the number of a group ends with %s", end)
	}
	return p.reference(start, &node{op: opCall, n: number})
}

// escapedByte parses an escape for one byte, after the backslash.
func (p *parser) escapedByte(start int) byte {
	c := p.next()
	if b, ok := controls[c]; ok {
		p.pos++
		return b
	}
	switch {
	case c >= '0' && c <= '7':
		return p.value(start, p.take(3, "01234567"), 8)
	case c == 'o':
		p.pos++
		return p.braced(start, "01234567", 8)
	case c == 'x':
		p.pos++
		if p.next() == '{' {
			return p.braced(start, hexDigits, 16)
		}
		return p.value(start, p.take(2, hexDigits), 16)
	case c == 'c':
		return p.control(start)
	case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || digits.has(c):
		p.fail(start, `\%c is not supported`, c)
	}
	p.pos++
	return c
}

const hexDigits = "0123456789abcdefABCDEF"

// take passes over at most n bytes out of chars.
func (p *parser) take(n int, chars string) string {
	start := p.pos
	for p.pos-start < n && p.more() && strings.IndexByte(chars, p.next()) >= 0 {
		p.pos++
	}
	return p.src[start:p.pos]
}

func (p *parser) braced(start int, chars string, base int) byte {
	if !p.accept("{") {
		p.fail(start, `\o needs a {`)
	}
	text := p.take(maxPattern, chars)
	if text == "" || !p.accept("}") {
		p.fail(p.pos, "not a number in braces")
	}
	return p.value(start, text, base)
}

// value reads digits, of which there may be none.
func (p *parser) value(start int, text string, base int) byte {
	v := 0
	for _, c := range []byte(text) {
		d := int(c - '0')
		if c > '9' {
			d = int(c|0x20-'a') + 10
		}
		if v = v*base + d; v > 0xff {
			p.fail(start, "this is more than a byte")
		}
	}
	return byte(v)
}

func (p *parser) control(start int) byte {
	p.pos++
	c := p.next()
	if c < ' ' || c > '~' {
		p.fail(start, `\c needs a printable character`)
	}
	p.pos++
	if c >= 'a' && c <= 'z' {
		c -= 'a' - 'A'
	}
	return c ^ 0x40
}
