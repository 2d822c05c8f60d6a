package syntax

import (
	"fmt"
	"slices"
)

// starters begin a statement and are no part of a concatenation. The word if is
// not among them, since if(...) is a value too.
var starters = []string{
	"set", "unset", "remove", "add", "else", "elseif", "elsif", "switch", "case", "break", "fallthrough",
	"call", "return", "error", "restart", "esi", "log", "synthetic", "synthetic.base64", "declare", "goto",
	"import", "include",
}

// ParseStmts reads a file of statements, as the content of a snippet of a
// subroutine is. It may be empty or hold comments alone. The statements that
// could be read are returned with the problems of the others.
func ParseStmts(f *File) ([]Stmt, Problems) {
	p := newParser(f, true)
	list := p.stmts(nil)
	switch {
	case p.is("}"):
		p.fail(p.tok.off, `"}" closes nothing`, "")
	case p.tok.kind != endOfFile:
		p.fail(p.tok.off, p.found()+" outside of a switch", "")
	case len(list) > 0:
		list[len(list)-1].(remarked).note(p.take())
	}
	return list, p.problems
}

// stmts reads statements and appends them to list, up to what is none.
func (p *parser) stmts(list []Stmt) []Stmt {
	for {
		list = p.macros(list)
		switch {
		case p.tok.kind == endOfFile, p.is("}"), p.word("case", "default"):
			return list
		case p.declares():
			p.fail(p.tok.off, p.found()+" cannot stand in a subroutine", "is a } missing before it?")
			return list
		}
		list = p.stmt(list)
	}
}

// stmt reads a statement and appends it to list, if it could be read.
func (p *parser) stmt(list []Stmt) []Stmt {
	start, braces := p.tok.off, p.braces
	var before []string
	if !p.is("{") { // the first statement of a block has those before it
		before = p.take()
	}
	s := p.statement()
	if p.lost {
		p.inner, p.then = nil, nil
		p.resync(start, braces)
		return list
	}
	r := s.(remarked)
	if _, block := s.(*Block); !block {
		r.note(before)
		r.note(p.inner)
	}
	p.inner = nil
	p.trail(r)
	list = append(list, s)
	if p.then != nil {
		list, p.then = append(list, p.then), nil
	}
	return list
}

// end reads the end of a statement.
func (p *parser) end() {
	p.inner = append(p.inner, p.take()...)
	if !p.is(";") {
		p.forgotten(";")
	}
	p.nextLive()
}

func (p *parser) statement() Stmt {
	place := p.here()
	if p.is("{") {
		return p.block()
	}
	word := p.name("a statement")
	switch word.Text {
	case "set":
		s := &Set{at: place, Target: p.name("a variable"), Op: p.assignment()}
		s.Value = p.expr()
		p.end()
		return s
	case "add":
		s := &Add{at: place, Target: p.name("a header")}
		p.expect("=")
		s.Value = p.expr()
		p.end()
		return s
	case "unset", "remove":
		return p.unset(place)
	case "if":
		return p.ifs(place)
	case "switch":
		return p.switches(place)
	case "break", "fallthrough":
		return p.caseEnd(place, word.Text)
	case "declare":
		return p.declare(place)
	case "include":
		return p.include(place)
	}
	if s := p.leaving(place, word.Text); s != nil {
		return s
	}
	return p.other(place, word)
}

// leaving reads the statements that hand over to something else, and those that
// are a word and a value. It returns nil if word begins none of them.
func (p *parser) leaving(place at, word string) (s Stmt) {
	switch word {
	case "call":
		c := &Invoke{at: place, Sub: p.name("a subroutine")}
		if p.is("(") {
			c.Args = p.args()
		}
		s = c
	case "return":
		s = p.returns(place)
	case "error":
		s = p.errors(place)
	case "restart":
		s = &Restart{at: place}
	case "esi":
		s = &ESI{at: place}
	case "log":
		s = &Log{at: place, Value: p.expr()}
	case "synthetic", "synthetic.base64":
		s = &Synthetic{at: place, Value: p.expr(), Base64: word == "synthetic.base64"}
	case "goto":
		s = &Goto{at: place, Label: p.name("a label")}
	case "import":
		s = &Import{at: place, Name: p.name("a name")}
	default:
		return nil
	}
	p.end()
	return s
}

// other reads what begins with a word that is no keyword: a call or a label.
func (p *parser) other(place at, word *Name) Stmt {
	switch {
	case slices.Contains(declarers, word.Text):
	case p.is(":"):
		p.nextLive()
		return &Label{at: place, Name: word}
	case p.is("("):
		d := &Do{at: place, Call: &Call{at: place, Fun: word, Args: p.args()}}
		p.end()
		return d
	}
	p.fail(place.Pos.Off, fmt.Sprintf("expected a statement, found %q", word.Text), "")
	return nil
}

// assignment reads the operator of a set.
func (p *parser) assignment() Op {
	op := Op(p.tok.text)
	if p.word("rol", "ror") && p.at(0, "=") && !p.at(1, "=") {
		p.next()
		p.next()
		return op + "="
	}
	switch op {
	case Assign, AssignAdd, AssignSub, AssignMul, AssignDiv, AssignMod, AssignOr, AssignAnd, AssignXor,
		AssignShl, AssignShr, AssignAll, AssignAny:
		p.next()
		return op
	}
	p.missing(`"=" or another assignment`)
	return Assign
}

func (p *parser) unset(place at) Stmt {
	u := &Unset{at: place, Target: p.name("a variable")}
	if p.is("*") && p.tok.off == p.prev {
		u.Target.Text += "*"
		p.next()
	}
	p.end()
	return u
}

// block reads { statements }.
func (p *parser) block() *Block {
	b := &Block{at: p.here()}
	defer p.leave()
	if !p.enter() {
		return b
	}
	if !p.is("{") {
		p.missing(`"{"`)
		return b
	}
	p.nextLive()
	b.Stmts = p.stmts(nil)
	b.note(p.take())
	p.closing(b.Pos)
	return b
}

// closing reads the } for the { at open.
func (p *parser) closing(open Pos) {
	if !p.is("}") {
		line, _ := open.Line()
		p.fail(p.tok.off, `expected "}", found `+p.found(), fmt.Sprintf("the { in line %d is not closed", line))
	}
	p.nextLive()
}

// ifs reads an if from behind the word, with all its branches.
func (p *parser) ifs(place at) Stmt {
	first := &If{at: place}
	for i, n := first, 1; ; n++ {
		p.expect("(")
		i.Cond = p.expr()
		p.expect(")")
		i.Then = p.block()
		if !p.word("else", "elseif", "elsif") {
			return first
		}
		if n == maxChain {
			p.fail(p.tok.off, fmt.Sprintf("more than %d branches of one if", maxChain), "")
		}
		place, word := p.here(), p.tok.text
		p.enliven(0, false)
		p.next()
		if word == "else" && !p.word("if") {
			i.Else = p.block()
			return first
		}
		if word == "else" {
			p.next()
		}
		branch := &If{at: place}
		branch.note(p.take())
		i.Else, i = branch, branch
	}
}

func (p *parser) returns(place at) Stmt {
	r := &Return{at: place}
	if p.is(";") {
		return r
	}
	r.Value = p.expr()
	if paren, ok := r.Value.(*Paren); ok {
		if state, ok := paren.X.(*Name); ok {
			r.State, r.Value = state, state
		}
	}
	return r
}

func (p *parser) errors(place at) Stmt {
	e := &Error{at: place}
	if p.is(";") {
		return e
	}
	e.Status = p.value()
	if !p.is(";") {
		e.Reason = p.expr()
	}
	return e
}

func (p *parser) declare(place at) Stmt {
	if !p.word("local", "block") {
		p.missing(`"local"`)
	}
	d := &Declare{at: place, Block: p.word("block")}
	p.next()
	d.Name, d.Type = p.name("a variable"), p.name("a type")
	if p.accept("=") {
		p.then = &Set{at: place, Target: &Name{d.Name.at, d.Name.Text}, Op: Assign, Value: p.expr()}
	}
	p.end()
	return d
}

// include reads from behind the word. The semicolon may be left out.
func (p *parser) include(place at) *Include {
	i := &Include{at: place, Name: p.tok.text}
	if p.tok.kind != shortString && p.tok.kind != longString {
		p.missing("a string")
	}
	p.nextLive()
	if p.is(";") {
		p.end()
	}
	return i
}
