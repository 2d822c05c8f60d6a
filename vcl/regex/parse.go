package regex

import (
	"fmt"
	"strings"
)

const (
	maxPattern = 8 << 10
	maxDepth   = 100
	maxGroups  = 200
	maxRepeat  = 65535
)

// A parser turns one pattern into nodes. It leaves by panic with an *Error.
type parser struct {
	src     string
	pos     int
	flags   flags
	quoting bool // between \Q and \E
	depth   int
	looks   int // look-arounds around pos

	groups int           // highest number so far
	nodes  map[int]*node // the first group of each number
	names  map[string]int
	refs   []*node // nodes that name a group, to be resolved at the end
	called map[int]bool
}

// flags are the options that a pattern sets for parts of itself.
type flags struct {
	fold, lines, dotall, extended, extendedMore, ungreedy, noCapture bool
}

// parse returns the tree of src.
func parse(src string) (p *parser, root *node, err error) {
	p = &parser{src: src, nodes: map[int]*node{}, names: map[string]int{}, called: map[int]bool{}}
	defer func() {
		if r := recover(); r != nil {
			e, ours := r.(*Error)
			if !ours {
				panic(r)
			}
			err = e
		}
	}()
	if len(src) > maxPattern {
		p.fail(maxPattern, "a pattern has at most %d bytes", maxPattern)
	}
	root = p.alternatives(false)
	if p.pos < len(src) {
		p.fail(p.pos, "there is no ( for this )")
	}
	p.resolve()
	newWidths(p).check(root)
	return p, root, nil
}

func (p *parser) fail(pos int, format string, args ...any) {
	panic(&Error{Pattern: p.src, Offset: pos, Msg: fmt.Sprintf(format, args...)})
}

// next returns the byte at pos; 0 at the end, where more is false.
func (p *parser) next() byte {
	if p.more() {
		return p.src[p.pos]
	}
	return 0
}

func (p *parser) more() bool { return p.pos < len(p.src) }

func (p *parser) accept(prefix string) bool {
	if strings.HasPrefix(p.src[p.pos:], prefix) {
		p.pos += len(prefix)
		return true
	}
	return false
}

// alternatives parses up to a ) or the end. Options set inside end there. With
// reset, each alternative numbers its groups from the same start.
func (p *parser) alternatives(reset bool) *node {
	if p.depth++; p.depth > maxDepth {
		p.fail(p.pos, "nested deeper than %d", maxDepth)
	}
	outer, first, highest := p.flags, p.groups, p.groups
	n := &node{op: opAlt, pos: p.pos}
	for {
		n.subs = append(n.subs, p.branch())
		highest = max(highest, p.groups)
		if !p.accept("|") {
			break
		}
		if reset {
			p.groups = first
		}
	}
	p.groups = highest
	p.flags = outer
	p.depth--
	if len(n.subs) == 1 {
		return n.subs[0]
	}
	return n
}

// branch parses one alternative.
func (p *parser) branch() *node {
	n := &node{op: opSeq, pos: p.pos}
	repeatable := false
	for {
		p.skip()
		if !p.more() || !p.quoting && (p.next() == '|' || p.next() == ')') {
			break
		}
		start := p.pos
		if lo, hi, ok := p.quantifier(); ok {
			if !repeatable {
				p.fail(start, "there is nothing to repeat")
			}
			last := len(n.subs) - 1
			n.subs[last] = &node{op: opRepeat, pos: start, subs: []*node{n.subs[last]}, min: lo, max: hi, mode: p.mode()}
			repeatable = false
			continue
		}
		var atom *node
		if atom, repeatable = p.atom(); atom != nil {
			n.subs = append(n.subs, atom)
		}
	}
	if len(n.subs) == 1 {
		return n.subs[0]
	}
	return n
}

// skip passes over what has no meaning: \Q and \E themselves, comments, and white
// space where (?x) holds.
func (p *parser) skip() {
	for p.more() {
		switch {
		case p.accept(`\E`):
			p.quoting = false
		case p.quoting:
			return
		case p.accept(`\Q`):
			p.quoting = true
		case strings.HasPrefix(p.src[p.pos:], "(?#"):
			end := strings.IndexByte(p.src[p.pos:], ')')
			if end < 0 {
				p.fail(p.pos, "this comment has no )")
			}
			p.pos += end + 1
		default:
			if !p.blank() {
				return
			}
		}
	}
}

// blank passes over white space or a comment of (?x), if any is next.
func (p *parser) blank() bool {
	if !p.flags.extended || !p.more() {
		return false
	}
	if spaces.has(p.next()) {
		p.pos++
		return true
	}
	if p.next() != '#' {
		return false
	}
	if end := strings.IndexByte(p.src[p.pos:], '\n'); end >= 0 {
		p.pos += end + 1
	} else {
		p.pos = len(p.src)
	}
	return true
}

// quantifier parses * + ? {n} {n,} or {n,m}. A brace that begins none of these is
// an ordinary character.
func (p *parser) quantifier() (lo, hi int, ok bool) {
	if p.quoting {
		return 0, 0, false
	}
	switch p.next() {
	case '*':
		p.pos++
		return 0, unlimited, true
	case '+':
		p.pos++
		return 1, unlimited, true
	case '?':
		p.pos++
		return 0, 1, true
	case '{':
		return p.braces()
	}
	return 0, 0, false
}

func (p *parser) braces() (lo, hi int, ok bool) {
	text, _, closed := strings.Cut(p.src[p.pos+1:], "}")
	low, high, comma := strings.Cut(text, ",")
	if !closed || !allDigits(low) || low == "" || !allDigits(high) {
		return 0, 0, false
	}
	start := p.pos
	p.pos += len(text) + 2
	lo = p.repeats(start, low)
	switch {
	case !comma:
		hi = lo
	case high == "":
		hi = unlimited
	default:
		if hi = p.repeats(start, high); hi < lo {
			p.fail(start, "the numbers of this repeat are out of order")
		}
	}
	return lo, hi, true
}

func (p *parser) repeats(pos int, text string) (n int) {
	for _, c := range []byte(text) {
		if n = n*10 + int(c-'0'); n > maxRepeat {
			p.fail(pos, "repeats go to %d", maxRepeat)
		}
	}
	return n
}

func allDigits(s string) bool {
	for i := range len(s) {
		if !digits.has(s[i]) {
			return false
		}
	}
	return true
}

// mode parses what may follow a quantifier.
func (p *parser) mode() mode {
	for p.blank() {
	}
	switch {
	case p.accept("+"):
		return possessive
	case p.accept("?") != p.flags.ungreedy:
		return lazy
	}
	return greedy
}

// atom parses one item, and tells whether it may be repeated. Options are none.
func (p *parser) atom() (n *node, repeatable bool) {
	start, c := p.pos, p.next()
	if p.quoting {
		p.pos++
		return p.literal(start, c), true
	}
	switch c {
	case '(':
		return p.group()
	case '[':
		return p.bracket()
	case '\\':
		return p.escape()
	}
	p.pos++
	switch c {
	case '^':
		if p.flags.lines {
			return &node{op: opBeginLine, pos: start}, false
		}
		return &node{op: opBegin, pos: start}, false
	case '$':
		if p.flags.lines {
			return &node{op: opEndLine, pos: start}, false
		}
		return &node{op: opEnd, pos: start}, false
	case '.':
		if p.flags.dotall {
			return &node{op: opSet, pos: start, set: anyByte}, true
		}
		return &node{op: opSet, pos: start, set: notNewline}, true
	}
	return p.literal(start, c), true
}

func (p *parser) literal(pos int, c byte) *node {
	var s set
	s.add(c)
	return p.class(pos, s)
}

// class is a set as the options in force make it.
func (p *parser) class(pos int, s set) *node {
	if p.flags.fold {
		s = s.folded()
	}
	return &node{op: opSet, pos: pos, set: s}
}

// resolve gives every reference its number, and refuses those to no group.
func (p *parser) resolve() {
	for _, n := range p.refs {
		if n.name != "" {
			number, known := p.names[n.name]
			if !known {
				p.fail(n.pos, "no group is named %q", n.name)
			}
			n.n = number
		}
		if n.n > p.groups || n.n < anyCall {
			p.fail(n.pos, "there is no group %d", n.n)
		}
		if n.op == opCall {
			p.called[n.n] = true
		}
	}
}
