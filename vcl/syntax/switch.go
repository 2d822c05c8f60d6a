package syntax

// switches reads a switch from behind the word.
func (p *parser) switches(place at) Stmt {
	s := &Switch{at: place}
	defer p.leave()
	if !p.enter() {
		return s
	}
	p.expect("(")
	s.Value = p.expr()
	p.expect(")")
	open := p.here().Pos
	p.expect("{")
	for p.word("case", "default") {
		s.Cases = append(s.Cases, p.caseOf())
	}
	comments := p.take()
	if !p.is("}") {
		p.missing(`"case", "default" or "}"`)
	}
	p.closing(open)
	p.inner = comments
	return s
}

// caseOf reads one case of a switch, with its statements.
func (p *parser) caseOf() *Case {
	c := &Case{at: p.here()}
	c.note(p.take())
	word := p.tok.text
	p.next()
	if word == "case" {
		c.Regex = p.accept("~")
		c.Match = p.value()
	}
	if !p.is(":") {
		p.missing(`":"`)
		return c
	}
	p.nextLive()

	outer := p.cases
	p.cases = p.depth
	c.Stmts = p.stmts(nil)
	p.cases = outer
	p.endOfCase(c)
	return c
}

// endOfCase sees to it that nothing runs into the next case by accident, and that
// what ends a case is its last statement.
func (p *parser) endOfCase(c *Case) {
	for i, s := range c.Stmts {
		last := i == len(c.Stmts)-1
		switch s.(type) {
		case *Break, *Fallthrough:
			if !last {
				p.tell(c.Stmts[i+1].Place().Off, "a statement behind the end of its case", "")
			}
			return
		case *Return, *Error, *Restart, *Goto:
			if last {
				return
			}
		}
	}
	if p.lost {
		return
	}
	p.tell(p.prev, `expected "break" or "fallthrough", found `+p.found(), "every case ends in one of them")
}

// caseEnd reads a break or a fallthrough from behind the word.
func (p *parser) caseEnd(place at, word string) Stmt {
	if p.cases != p.depth {
		p.tell(place.Pos.Off, `"`+word+`" stands at the end of a case, and nowhere else`, "")
	}
	p.end()
	if word == "break" {
		return &Break{at: place}
	}
	return &Fallthrough{at: place}
}
