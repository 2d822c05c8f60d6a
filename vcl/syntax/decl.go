package syntax

import (
	"fmt"
	"strings"
)

// ParseUnit reads a file of declarations, as a VCL is, or a snippet that stands
// outside of all subroutines. What could be read is returned with the problems of
// the rest.
func ParseUnit(f *File) (*Unit, Problems) {
	p := newParser(f, false)
	u := &Unit{}
	for p.lost || p.tok.kind != endOfFile {
		if p.word("C", "W") && p.at(0, "!") {
			p.skipMark()
			continue
		}
		start, before := p.tok.off, p.take()
		d := p.decl()
		if p.lost {
			p.inner = nil
			p.skipDecl(start)
			continue
		}
		r := d.(remarked)
		r.note(before)
		r.note(p.inner)
		p.inner = nil
		p.trail(r)
		u.Decls = append(u.Decls, d)
	}
	u.Comments, u.Warnings = p.take(), p.warnings
	return u, p.problems
}

// declarers begin a declaration, and no statement.
var declarers = []string{"sub", "backend", "director", "acl", "table", "penaltybox", "ratecounter", "pragma"}

// declares reports whether the token begins a declaration, and a line.
func (p *parser) declares() bool { return p.tok.fresh && p.word(declarers...) }

func (p *parser) decl() Decl {
	place := p.here()
	if p.word("pragma") {
		return p.pragma(place)
	}
	word := p.name("a declaration")
	switch word.Text {
	case "import":
		i := &Import{at: place, Name: p.name("a name")}
		p.end()
		return i
	case "include":
		return p.include(place)
	case "backend":
		b := &Backend{at: place, Name: p.name("a name")}
		b.Props = p.braced()
		return b
	case "director":
		return p.director(place)
	case "acl":
		return p.acl(place)
	case "table":
		return p.table(place)
	case "sub":
		return p.sub(place)
	case "penaltybox":
		b := &Penaltybox{at: place, Name: p.name("a name")}
		p.empty()
		return b
	case "ratecounter":
		r := &Ratecounter{at: place, Name: p.name("a name")}
		p.empty()
		return r
	}
	p.fail(place.Pos.Off, fmt.Sprintf("expected a declaration, found %q", word.Text), "")
	return nil
}

// skipMark skips a line of generated VCL that begins with C! or W!.
func (p *parser) skipMark() {
	p.line()
	p.tok.end = p.off
	p.next()
}

// pragma reads a pragma, whatever stands between the word and the semicolon.
func (p *parser) pragma(place at) Decl {
	rest := p.src[p.off:]
	end := strings.IndexByte(rest, ';')
	if end < 0 {
		p.fail(p.tok.off, "a pragma that does not end", "is a ; missing?")
		p.stop()
		return nil
	}
	p.off += end + 1
	p.tok.end = p.off
	p.next()
	return &Pragma{at: place, Text: strings.TrimSpace(rest[:end])}
}

// braced reads { properties }.
func (p *parser) braced() []*Property {
	open := p.here().Pos
	p.expect("{")
	list := p.props()
	p.inner = append(p.inner, p.take()...)
	if !p.is("}") {
		p.missing(`"." or "}"`)
	}
	p.closing(open)
	return list
}

func (p *parser) props() (list []*Property) {
	for p.is(".") {
		list = append(list, p.prop())
	}
	return list
}

// prop reads .name = value; or .name = { properties }, one level deep.
func (p *parser) prop() *Property {
	o := p.propName()
	if p.is("{") {
		p.group(o)
		p.trail(o)
	} else {
		p.propValue(o)
	}
	return o
}

// propName reads .name = of a property.
func (p *parser) propName() *Property {
	o := &Property{at: p.here()}
	o.note(p.take())
	p.next()
	o.Name = p.name("a property").Text
	p.expect("=")
	return o
}

// propValue reads that of o, and what ends it.
func (p *parser) propValue(o *Property) {
	o.Value = p.concat()
	p.endOfEntry(o, ";")
}

// group reads the properties that are the value of o. None of them has some.
func (p *parser) group(o *Property) {
	open := p.here().Pos
	p.expect("{")
	o.Props = p.flatProps()
	o.note(p.take())
	if !p.is("}") {
		p.missing(`"." or "}"`)
	}
	p.closing(open)
	if p.is(";") {
		p.next()
	}
}

// flatProps reads properties of which none has some.
func (p *parser) flatProps() (list []*Property) {
	for p.is(".") {
		o := p.propName()
		p.propValue(o)
		list = append(list, o)
	}
	return list
}

// endOfEntry reads what ends an entry, and the comments up to there.
func (p *parser) endOfEntry(n remarked, op string) {
	n.note(p.take())
	if !p.is(op) {
		p.forgotten(op)
	}
	p.next()
	if !p.lost {
		p.trail(n)
	}
}

func (p *parser) director(place at) Decl {
	d := &Director{at: place, Name: p.name("a name"), Type: p.name("a type")}
	open := p.here().Pos
	p.expect("{")
	for p.is(".") || p.is("{") {
		if p.is(".") {
			d.Props = append(d.Props, p.prop())
			continue
		}
		m := &Member{at: p.here()}
		m.note(p.take())
		open := p.here().Pos
		p.next()
		m.Props = p.flatProps()
		for _, o := range m.Props { // a member is one line
			m.note(o.Comments)
			o.Comments = nil
		}
		m.note(p.take())
		if !p.is("}") {
			p.missing(`"." or "}"`)
		}
		p.closing(open)
		p.trail(m)
		d.Members = append(d.Members, m)
	}
	p.endOfList(open, `".", "{" or "}"`)
	return d
}

// endOfList reads the } of a declaration; what says what else could stand here.
// Comments before it become the declaration's.
func (p *parser) endOfList(open Pos, what string) {
	p.inner = append(p.inner, p.take()...)
	if !p.is("}") {
		p.missing(what)
	}
	p.closing(open)
}

func (p *parser) acl(place at) Decl {
	a := &ACL{at: place, Name: p.name("a name")}
	open := p.here().Pos
	p.expect("{")
	for p.is("!") || p.tok.kind == shortString {
		a.Entries = append(a.Entries, p.aclEntry())
	}
	p.endOfList(open, `an address, "!" or "}"`)
	return a
}

func (p *parser) aclEntry() *ACLEntry {
	e := &ACLEntry{at: p.here(), Bits: -1}
	e.note(p.take())
	e.Negated = p.accept("!")
	if e.Address = p.tok.text; p.tok.kind != shortString {
		p.missing("an address")
	}
	p.next()
	if p.accept("/") {
		e.Bits = p.bits()
	}
	p.endOfEntry(e, ";")
	return e
}

// bits reads the length of a prefix.
func (p *parser) bits() int {
	n, err := integerValue(p.tok.text)
	if p.tok.kind != integer || err != nil || n > 128 {
		p.missing("a number of bits, at most 128")
		return -1
	}
	p.next()
	return int(n)
}

func (p *parser) table(place at) Decl {
	t := &Table{at: place, Name: p.name("a name")}
	if p.tok.kind == name {
		t.Type = p.name("a type")
	}
	open := p.here().Pos
	p.expect("{")
	for p.tok.kind == shortString || p.tok.kind == longString {
		t.Entries = append(t.Entries, p.tableEntry())
	}
	p.endOfList(open, `a key or "}"`)
	return t
}

func (p *parser) tableEntry() *TableEntry {
	e := &TableEntry{at: p.here(), Key: p.tok.text}
	e.note(p.take())
	p.next()
	p.expect(":")
	e.Value = p.value()
	if p.is("}") {
		e.note(p.take())
		return e
	}
	p.endOfEntry(e, ",")
	return e
}

func (p *parser) sub(place at) Decl {
	s := &Sub{at: place, Name: p.name("a name")}
	if p.accept("(") && !p.accept(")") {
		s.Params = append(s.Params, p.param())
		for p.accept(",") {
			s.Params = append(s.Params, p.param())
		}
		p.expect(")")
	}
	if p.tok.kind == name {
		s.Result = p.name("a type")
	}
	within := p.take()
	s.Body = p.block()
	p.inner = within
	return s
}

func (p *parser) param() *Param {
	place := p.here()
	return &Param{place, p.name("a type"), p.name("a name")}
}

// empty reads { }.
func (p *parser) empty() {
	open := p.here().Pos
	p.expect("{")
	p.endOfList(open, `"}"`)
}
