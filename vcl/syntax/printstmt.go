package syntax

import "strings"

func (p *printer) stmts(list []Stmt) {
	for _, s := range list {
		p.stmt(s)
	}
}

// stmt writes a statement with its comments.
func (p *printer) stmt(s Stmt) {
	switch s := s.(type) {
	case *Block:
		p.begin()
		p.block(s)
		p.text.WriteByte('\n')
	case *Macro:
		p.macro(s)
	case *If:
		p.comments(s.Comments)
		p.begin()
		p.ifs(s)
	case *Switch:
		p.switches(s)
	case *Label:
		p.comments(s.Comments)
		p.line(nameText(s.Name), ":")
	default:
		comments, words := simple(s)
		p.comments(comments)
		p.line(strings.Join(words, " "), ";")
	}
}

// simple returns the words of a statement that ends in a semicolon.
func simple(s Stmt) (comments, words []string) {
	switch s := s.(type) {
	case *Set:
		return s.Comments, []string{"set", nameText(s.Target), string(s.Op), PrintExpr(s.Value)}
	case *Add:
		return s.Comments, []string{"add", nameText(s.Target), "=", PrintExpr(s.Value)}
	case *Unset:
		return s.Comments, []string{"unset", wildcardText(s.Target)}
	case *Log:
		return s.Comments, []string{"log", PrintExpr(s.Value)}
	case *Synthetic:
		if s.Base64 {
			return s.Comments, []string{"synthetic.base64", PrintExpr(s.Value)}
		}
		return s.Comments, []string{"synthetic", PrintExpr(s.Value)}
	case *Declare:
		if s.Block {
			return s.Comments, []string{"declare block", nameText(s.Name), nameText(s.Type)}
		}
		return s.Comments, []string{"declare local", nameText(s.Name), nameText(s.Type)}
	case *Do:
		return s.Comments, []string{PrintExpr(s.Call)}
	case *Include:
		return s.Comments, []string{"include", quoted(s.Name)}
	case *Import:
		return s.Comments, []string{"import", nameText(s.Name)}
	}
	return leaving(s)
}

// leaving returns the words of a statement that hands over to something else.
func leaving(s Stmt) (comments, words []string) {
	switch s := s.(type) {
	case *Invoke:
		if len(s.Args) > 0 {
			return s.Comments, []string{"call", PrintExpr(&Call{Fun: s.Sub, Args: s.Args})}
		}
		return s.Comments, []string{"call", nameText(s.Sub)}
	case *Return:
		switch {
		case s.State != nil:
			return s.Comments, []string{"return(" + nameText(s.State) + ")"}
		case s.Value != nil:
			return s.Comments, []string{"return", PrintExpr(s.Value)}
		}
		return s.Comments, []string{"return"}
	case *Error:
		words := []string{"error"}
		if s.Status != nil {
			words = append(words, exprText(s.Status, levelValue))
		}
		if s.Reason != nil {
			words = append(words, PrintExpr(s.Reason))
		}
		return s.Comments, words
	case *Restart:
		return s.Comments, []string{"restart"}
	case *ESI:
		return s.Comments, []string{"esi"}
	case *Goto:
		return s.Comments, []string{"goto", nameText(s.Label)}
	case *Break:
		return s.Comments, []string{"break"}
	case *Fallthrough:
		return s.Comments, []string{"fallthrough"}
	}
	return nil, nil
}

// block writes { statements } from where the line is, without an end of line.
func (p *printer) block(b *Block) {
	p.text.WriteString("{\n")
	p.indent++
	if b != nil {
		p.stmts(b.Stmts)
		p.comments(b.Comments)
	}
	p.indent--
	p.begin("}")
}

// macro writes what stands for a macro, or its body and where that begins and
// ends.
func (p *printer) macro(m *Macro) {
	p.comments(m.Comments)
	sub := cleanName(m.Sub)
	if m.Body == nil {
		p.line("#FASTLY ", sub)
		return
	}
	p.line("#--FASTLY ", strings.ToUpper(sub), " BEGIN")
	p.stmts(m.Body)
	p.line("#--FASTLY ", strings.ToUpper(sub), " END")
}

// ifs writes an if with all its branches from where the line is.
func (p *printer) ifs(i *If) {
	for {
		p.text.WriteString("if (" + PrintExpr(i.Cond) + ") ")
		p.block(i.Then)
		branch, ok := i.Else.(*If)
		if !ok {
			break
		}
		if i = branch; len(i.Comments) > 0 {
			p.text.WriteByte('\n')
			p.comments(i.Comments)
			p.begin("else ")
			continue
		}
		p.text.WriteString(" else ")
	}
	if b, ok := i.Else.(*Block); ok {
		p.text.WriteString(" else ")
		p.block(b)
	}
	p.text.WriteByte('\n')
}

func (p *printer) switches(s *Switch) {
	p.comments(s.Comments)
	p.open("switch (", PrintExpr(s.Value), ") {")
	for _, c := range s.Cases {
		p.comments(c.Comments)
		switch {
		case c.Match == nil:
			p.line("default:")
		case c.Regex:
			p.line("case ~ ", exprText(c.Match, levelValue), ":")
		default:
			p.line("case ", exprText(c.Match, levelValue), ":")
		}
		p.indent++
		p.stmts(c.Stmts)
		p.indent--
	}
	p.end()
}
