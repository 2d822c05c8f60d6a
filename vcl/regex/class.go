package regex

import (
	"strings"
	"sync"
	"unicode"
)

// posix are the classes that are named within brackets.
var posix = map[string]set{
	"alnum": setRanges("09AZaz"), "alpha": setRanges("AZaz"), "ascii": setRanges("\x00\x7f"), "blank": setOf("\t "),
	"cntrl": setRanges("\x00\x1f\x7f\x7f"), "digit": digits, "graph": setRanges("!~"), "lower": setRanges("az"),
	"print": setRanges(" ~"), "punct": setRanges("!/:@[`{~"), "space": spaces, "upper": setRanges("AZ"),
	"word": words, "xdigit": setRanges("09AFaf"),
}

// bracket parses a character class.
func (p *parser) bracket() (n *node, repeatable bool) {
	start := p.pos
	if n := p.wordEdge(); n != nil {
		return n, false
	}
	if name := p.src[p.pos:]; posixName(name) > 0 {
		p.fail(start, "named classes belong in brackets of their own")
	}
	p.pos++
	not := p.accept("^")
	var s set
	for first := true; ; first = false {
		p.skipInClass()
		if !p.more() {
			p.fail(start, "this [ has no ]")
		}
		if !p.quoting && !first && p.accept("]") {
			break
		}
		p.member(start, &s)
	}
	if not {
		s = s.inverted()
	}
	return &node{op: opSet, pos: start, set: s}, true
}

// wordEdge parses [[:<:]] and [[:>:]], which are assertions.
func (p *parser) wordEdge() *node {
	start := p.pos
	side := words
	switch {
	case p.accept("[[:<:]]"):
	case p.accept("[[:>:]]"):
		side = words.inverted()
	default:
		return nil
	}
	behind := side == words.inverted()
	next := &node{op: opLook, pos: start, behind: behind, subs: []*node{{op: opSet, pos: start, set: words}}}
	return &node{op: opSeq, pos: start, subs: []*node{{op: opWord, pos: start}, next}}
}

// posixName returns how long the [:name:] is that s begins with, 0 if it does not.
func posixName(s string) int {
	if len(s) < 4 || s[0] != '[' || strings.IndexByte(":.=", s[1]) < 0 {
		return 0
	}
	for i := 2; i+1 < len(s); i++ {
		switch {
		case s[i] == s[1] && s[i+1] == ']':
			return i + 2
		case s[i] == ']', s[i] == '\\' && (s[i+1] == ']' || s[i+1] == '\\'), s[i] == '[' && s[i+1] == s[1]:
			return 0
		}
	}
	return 0
}

func (p *parser) skipInClass() {
	for p.more() {
		switch {
		case p.accept(`\E`):
			p.quoting = false
		case p.quoting:
			return
		case p.accept(`\Q`):
			p.quoting = true
		case p.flags.extendedMore && (p.next() == ' ' || p.next() == '\t'):
			p.pos++
		default:
			return
		}
	}
}

// member parses one byte, range, escape or named class, and adds it to s.
func (p *parser) member(start int, s *set) {
	at := p.pos
	lo, several, single := p.item()
	p.skipInClass()
	dash := !p.quoting && strings.HasPrefix(p.src[p.pos:], "-")
	if !dash {
		s.union(several)
		return
	}
	p.pos++
	p.skipInClass()
	if !p.more() {
		p.fail(start, "this [ has no ]")
	}
	if !p.quoting && p.next() == ']' {
		several.add('-')
		s.union(several)
		return
	}
	if !single {
		p.fail(at, "a class does not begin a range")
	}
	hi, _, single := p.item()
	if !single {
		p.fail(at, "a class does not end a range")
	}
	if hi < lo {
		p.fail(at, "this range is out of order")
	}
	var between set
	between.addRange(lo, hi)
	s.union(p.class(at, between).set)
}

// item parses a byte, which is single, or what stands for several.
func (p *parser) item() (c byte, s set, single bool) {
	start := p.pos
	if !p.quoting {
		if n := posixName(p.src[p.pos:]); n > 0 {
			p.pos += n
			return 0, p.namedClass(start, p.src[start+1:p.pos-1]), false
		}
		if p.accept(`\`) {
			return p.escapedItem(start)
		}
	}
	c = p.next()
	p.pos++
	return c, p.literal(start, c).set, true
}

func (p *parser) escapedItem(start int) (c byte, s set, single bool) {
	if !p.more() {
		p.fail(start, `a \ at the end escapes nothing`)
	}
	if s, ok := p.shorthand(start); ok {
		return 0, s, false
	}
	switch c = p.next(); c {
	case 'b':
		p.pos++
		c = '\b'
	case '8', '9', 'g':
		p.pos++ // themselves
	default:
		c = p.escapedByte(start)
	}
	return c, p.literal(start, c).set, true
}

// namedClass returns the set of ":name:".
func (p *parser) namedClass(start int, text string) set {
	if text[0] != ':' {
		p.fail(start, "collating elements are not supported")
	}
	name, not := strings.CutPrefix(text[1:len(text)-1], "^")
	s, known := posix[name]
	if !known {
		p.fail(start, "no class is named %q", name)
	}
	if p.flags.fold {
		s = s.folded()
	}
	if not {
		return s.inverted()
	}
	return s
}

// property parses what follows \p: a general category or a script of Unicode, for
// the first 256 code points, which are what bytes stand for.
func (p *parser) property(start int, not bool) (s set) {
	name := p.take(1, "CLMNPSZ")
	if name == "" {
		if !p.accept("{") {
			p.fail(start, "the name of a property is missing")
		}
		p.take(maxPattern, " ")
		if p.accept("^") {
			not = !not
		}
		end := strings.IndexByte(p.src[p.pos:], '}')
		if end < 0 {
			p.fail(start, "the name of a property ends with }")
		}
		name = p.src[p.pos : p.pos+end]
		p.pos += end + 1
	}
	in := propertyNamed(name)
	if in == nil {
		p.fail(start, "no property is named %q", name)
	}
	for c := range 256 {
		if in(rune(c)) {
			s.add(byte(c))
		}
	}
	if not {
		return s.inverted()
	}
	return s
}

// propertyNamed ignores case, white space, hyphens and underscores in a name, as PCRE2
// does.
func propertyNamed(name string) func(rune) bool {
	name = plainName(name)
	if in := properties[name]; in != nil {
		return in
	}
	if table := tables()[name]; table != nil {
		return func(r rune) bool { return unicode.Is(table, r) }
	}
	return nil
}

// tables are the categories and scripts of Unicode, by plain name.
var tables = sync.OnceValue(func() map[string]*unicode.RangeTable {
	all := map[string]*unicode.RangeTable{}
	for _, named := range []map[string]*unicode.RangeTable{unicode.Scripts, unicode.Categories} {
		for name, table := range named {
			all[plainName(name)] = table
		}
	}
	return all
})

// properties are those that are neither a category nor a script of package unicode.
var properties = map[string]func(rune) bool{
	"any": func(rune) bool { return true },
	"l&":  func(r rune) bool { return unicode.In(r, unicode.Lu, unicode.Ll, unicode.Lt) },
	"cn":  func(rune) bool { return false }, // all of the first 256 are assigned
	"xan": func(r rune) bool { return unicode.In(r, unicode.L, unicode.N) },
	"xwd": func(r rune) bool { return unicode.In(r, unicode.L, unicode.N) || r == '_' },
	"xsp": spaceProperty,
	"xps": spaceProperty,
}

func spaceProperty(r rune) bool {
	return unicode.Is(unicode.Z, r) || r >= '\t' && r <= '\r' || r == 0x85
}

// dropped are the characters that do not count in the name of a property.
var dropped = strings.NewReplacer(" ", "", "\t", "", "-", "", "_", "")

func plainName(name string) string { return strings.ToLower(dropped.Replace(name)) }
