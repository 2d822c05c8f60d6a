package regex

import "strings"

const maxName = 32

// group parses what begins with a parenthesis.
func (p *parser) group() (n *node, repeatable bool) {
	start := p.pos
	switch {
	case p.accept("(*"):
		return p.verb(start)
	case !p.accept("(?"):
		p.pos++
		if p.flags.noCapture {
			return p.enclosed(start, opSeq), true
		}
		return p.capture(start, ""), true
	case p.accept(":"):
		return p.enclosed(start, opSeq), true
	case p.accept("|"):
		n := p.alternatives(true)
		p.close(start)
		return &node{op: opSeq, pos: start, subs: []*node{n}}, true
	case p.accept(">"):
		return p.enclosed(start, opAtomic), true
	case p.accept("="), p.accept("!"), p.accept("<="), p.accept("<!"):
		return p.look(start, p.src[start+2:p.pos]), true
	case p.accept("("):
		return p.condition(start), true
	case p.accept("P="):
		return p.reference(start, &node{op: opBackref, name: p.name(")")}), true
	case p.accept("P>"), p.accept("&"):
		return p.reference(start, &node{op: opCall, name: p.name(")")}), true
	case p.accept("P<"), p.accept("<"):
		return p.capture(start, p.name(">")), true
	case p.accept("'"):
		return p.capture(start, p.name("'")), true
	case p.accept("R"):
		p.close(start)
		return p.reference(start, &node{op: opCall}), true
	}
	if at := p.pos; digits.has(p.next()) || (p.next() == '+' || p.next() == '-') && p.pos+1 < len(p.src) && digits.has(p.src[p.pos+1]) {
		number := p.number()
		p.close(start)
		return p.reference(at, &node{op: opCall, n: number}), true
	}
	return p.options(start)
}

// close passes over the ) of the group that begins at start.
func (p *parser) close(start int) {
	if !p.accept(")") {
		p.fail(start, "this ( has no )")
	}
}

// enclosed parses a group that does not capture.
func (p *parser) enclosed(start int, o op) *node {
	n := &node{op: o, pos: start, subs: []*node{p.alternatives(false)}}
	p.close(start)
	return n
}

func (p *parser) capture(start int, name string) *node {
	p.groups++
	n := &node{op: opGroup, pos: start, n: p.groups}
	if n.n > maxGroups {
		p.fail(start, "more than %d groups", maxGroups)
	}
	if p.nodes[n.n] == nil {
		p.nodes[n.n] = n
	}
	p.baptise(n, name)
	n.subs = []*node{p.alternatives(false)}
	p.close(start)
	return n
}

// baptise gives a group its name. Groups of one number, in (?|...), share one.
func (p *parser) baptise(n *node, name string) {
	if name == "" {
		return
	}
	if number, known := p.names[name]; known && number != n.n {
		p.fail(n.pos, "two groups are named %q", name)
	}
	for other, number := range p.names {
		if number == n.n && other != name {
			p.fail(n.pos, "group %d has two names", number)
		}
	}
	p.names[name] = n.n
}

// name parses a group's name and what ends it.
func (p *parser) name(end string) string {
	start := p.pos
	for words.has(p.next()) && p.more() {
		p.pos++
	}
	name := p.src[start:p.pos]
	switch {
	case name == "":
		p.fail(start, "the name of a group is missing")
	case digits.has(name[0]):
		p.fail(start, "the name of a group begins with a digit")
	case len(name) > maxName:
		p.fail(start, "the name of a group has more than %d characters", maxName)
	case !p.accept(end):
		p.fail(p.pos, "the name of a group ends with %s", end)
	}
	return name
}

// number parses a group's number, which a sign makes relative to pos.
func (p *parser) number() int {
	start, sign := p.pos, p.next()
	if sign == '+' || sign == '-' {
		p.pos++
	}
	n, first := 0, p.pos
	for p.more() && digits.has(p.next()) {
		if n = n*10 + int(p.next()-'0'); n > maxRepeat {
			p.fail(start, "the number of a group is too big")
		}
		p.pos++
	}
	switch {
	case p.pos == first:
		p.fail(start, "the number of a group is missing")
	case sign != '+' && sign != '-':
		return n
	case n == 0:
		p.fail(start, "a relative number is not 0")
	case sign == '+':
		return p.groups + n
	case n > p.groups:
		p.fail(start, "there are only %d groups before this", p.groups)
	}
	return p.groups + 1 - n
}

// reference keeps a node whose group may be still to come.
func (p *parser) reference(pos int, n *node) *node {
	n.pos, n.fold = pos, p.flags.fold
	p.refs = append(p.refs, n)
	return n
}

// look parses a look-around after its sign.
func (p *parser) look(start int, sign string) *node {
	n := &node{op: opLook, pos: start, behind: sign[0] == '<', not: strings.HasSuffix(sign, "!")}
	p.looks++
	n.subs = []*node{p.alternatives(false)}
	p.looks--
	p.close(start)
	return n
}

// looks and atomic groups in words.
var verbs = map[string]string{
	"pla": "=", "positive_lookahead": "=",
	"nla": "!", "negative_lookahead": "!",
	"plb": "<=", "positive_lookbehind": "<=",
	"nlb": "<!", "negative_lookbehind": "<!",
	"atomic": ">",
}

// verb parses what begins with (*.
func (p *parser) verb(start int) (n *node, repeatable bool) {
	name := p.pos
	for p.more() && (words.has(p.next()) && !digits.has(p.next())) {
		p.pos++
	}
	switch word := p.src[name:p.pos]; {
	case (word == "FAIL" || word == "F") && p.accept(")"):
		return &node{op: opFail, pos: start}, false
	case verbs[word] == ">" && p.accept(":"):
		return p.enclosed(start, opAtomic), true
	case verbs[word] != "" && p.accept(":"):
		return p.look(start, verbs[word]), true
	case word == "" && p.next() != ':':
		p.fail(name-1, "there is nothing to repeat")
	default:
		p.fail(start, "(*%s is not supported", word)
	}
	return nil, false
}

// condition parses (?(...)yes|no) after its second parenthesis.
func (p *parser) condition(start int) *node {
	n := &node{op: opIfGroup, pos: p.pos}
	switch c := p.next(); {
	case digits.has(c), c == '+', c == '-':
		n.n = p.number()
		p.reference(n.pos, n)
		if n.n == 0 {
			p.fail(n.pos, "there is no group 0 to ask for")
		}
		p.close(start)
	case p.accept("?="), p.accept("?!"), p.accept("?<="), p.accept("?<!"):
		n.op = opIfLook
		n.subs = []*node{p.look(n.pos-1, p.src[n.pos+1:p.pos])}
	case p.accept("*"):
		look, _ := p.verb(n.pos - 1)
		if look.op != opLook {
			p.fail(n.pos, "a condition is a group or a look-around")
		}
		n.op, n.subs = opIfLook, []*node{look}
	case p.accept("<"):
		n.name = p.name(">")
		p.reference(n.pos, n)
		p.close(start)
	case p.accept("'"):
		n.name = p.name("'")
		p.reference(n.pos, n)
		p.close(start)
	default:
		p.wordCondition(n)
	}
	return p.chosen(start, n)
}

// wordCondition parses R, R1, R&name, DEFINE, or a name on its own.
func (p *parser) wordCondition(n *node) {
	if p.accept("R&") {
		n.op, n.name = opIfCalled, p.name(")")
		p.reference(n.pos, n)
		return
	}
	if p.next() == '?' || strings.HasPrefix(p.src[p.pos:], "VERSION") {
		p.fail(p.pos, "this condition is not supported")
	}
	n.name = p.name(")")
	if p.names[n.name] != 0 {
		p.reference(n.pos, n)
		return
	}
	switch {
	case n.name == "R":
		n.op, n.n, n.name = opIfCalled, anyCall, ""
	case n.name == "DEFINE":
		n.op, n.name = opDefine, ""
	case n.name[0] == 'R' && allDigits(n.name[1:]):
		p.pos = n.pos + 1
		n.op, n.n, n.name = opIfCalled, p.number(), ""
		p.accept(")")
		p.reference(n.pos, n)
	default:
		p.reference(n.pos, n)
	}
}

// chosen parses what a condition chooses from.
func (p *parser) chosen(start int, n *node) *node {
	body := p.alternatives(false)
	p.close(start)
	all := []*node{body}
	if body.op == opAlt {
		all = body.subs
	}
	limit := 2
	if n.op == opDefine {
		limit = 1
	}
	if len(all) > limit {
		p.fail(start, "this condition has more than %d alternatives", limit)
	}
	if len(all) == 1 {
		all = append(all, &node{op: opEmpty, pos: p.pos})
	}
	n.subs = append(n.subs, all...)
	return n
}

// options parses (?i) and (?i:...).
func (p *parser) options(start int) (n *node, repeatable bool) {
	set := p.flags
	on := true
	if p.accept("^") {
		set = flags{ungreedy: set.ungreedy}
	}
	reset := p.pos
	for ; ; p.pos++ {
		switch p.next() {
		case 'i':
			set.fold = on
		case 'm':
			set.lines = on
		case 's':
			set.dotall = on
		case 'n':
			set.noCapture = on
		case 'U':
			set.ungreedy = on
		case 'x':
			set.extended, set.extendedMore = on, false
			if strings.HasPrefix(p.src[p.pos:], "xx") {
				p.pos++
				set.extendedMore = on
			}
		case '-':
			if !on || p.src[reset-1] == '^' {
				p.fail(p.pos, "this - does not belong here")
			}
			on = false
		case ')':
			p.pos++
			p.flags = set
			return nil, false
		case ':':
			p.pos++
			outer := p.flags
			p.flags = set
			n := p.enclosed(start, opSeq)
			p.flags = outer
			return n, true
		default:
			if !p.more() {
				p.fail(start, "this ( has no )")
			}
			p.fail(p.pos, "(?%c is not supported", p.next())
		}
	}
}
