package syntax

import (
	"strconv"
	"strings"
)

// Print writes a program down so that reading it makes an equal tree, except for
// two things that have no form of their own: a macro with a body becomes the body
// between two comments, and a string that is not UTF-8 or has a zero byte is
// written as escapes that are only for people.
//
// Nothing in the tree can end a construct early: what a name or a comment cannot
// hold is replaced.
func Print(u *Unit) string {
	p := &printer{}
	for i, d := range u.Decls {
		if i > 0 && !(short(d) && short(u.Decls[i-1])) {
			p.text.WriteByte('\n')
		}
		p.decl(d)
	}
	if len(u.Comments) > 0 && len(u.Decls) > 0 {
		p.text.WriteByte('\n')
	}
	p.comments(u.Comments)
	return p.text.String()
}

// PrintStmts writes statements down as they stand in a subroutine.
func PrintStmts(list []Stmt) string {
	p := &printer{}
	p.stmts(list)
	return p.text.String()
}

// short reports whether a declaration is one line, which needs none free around it.
func short(d Decl) bool {
	switch d.(type) {
	case *Pragma, *Import, *Include:
		return true
	}
	return false
}

// A printer writes lines.
type printer struct {
	text   strings.Builder
	indent int
}

// line writes one line.
func (p *printer) line(parts ...string) {
	p.begin(parts...)
	p.text.WriteByte('\n')
}

// begin writes a line without its end.
func (p *printer) begin(parts ...string) {
	for range p.indent {
		p.text.WriteString("  ")
	}
	for _, part := range parts {
		p.text.WriteString(part)
	}
}

// open writes a line that opens a level, and end closes it.
func (p *printer) open(parts ...string) {
	p.line(parts...)
	p.indent++
}

func (p *printer) end() {
	p.indent--
	p.line("}")
}

// comments writes comments, each on a line of its own.
func (p *printer) comments(list []string) {
	for _, c := range list {
		switch {
		case strings.HasPrefix(c, "/*") && strings.Index(c[2:], "*/") == len(c)-4:
			p.line(c)
			continue
		case strings.HasPrefix(c, "/*"):
			c = "# " + strings.ReplaceAll(c, "*/", "")
		case !strings.HasPrefix(c, "#") && !strings.HasPrefix(c, "//"):
			c = "# " + c
		}
		if _, exact := macro(c); exact {
			c = defused(c)
		}
		first, rest, more := strings.Cut(c, "\n")
		p.line(strings.TrimSuffix(first, "\r"))
		for more {
			first, rest, more = strings.Cut(rest, "\n")
			p.line("# ", strings.TrimSuffix(first, "\r"))
		}
	}
}

func (p *printer) decl(d Decl) {
	switch d := d.(type) {
	case *Pragma:
		p.comments(d.Comments)
		text, _, _ := strings.Cut(d.Text, ";")
		p.line("pragma ", text, ";")
	case *Import:
		p.stmt(d)
	case *Include:
		p.stmt(d)
	case *Backend:
		p.comments(d.Comments)
		p.open("backend ", nameText(d.Name), " {")
		p.props(d.Props)
		p.end()
	case *Director:
		p.director(d)
	case *ACL:
		p.acl(d)
	case *Table:
		p.table(d)
	case *Sub:
		p.sub(d)
	case *Penaltybox:
		p.comments(d.Comments)
		p.line("penaltybox ", nameText(d.Name), " { }")
	case *Ratecounter:
		p.comments(d.Comments)
		p.line("ratecounter ", nameText(d.Name), " { }")
	}
}

func (p *printer) props(list []*Property) {
	for _, o := range list {
		p.comments(o.Comments)
		if o.Value != nil {
			p.line(".", cleanName(o.Name), " = ", exprText(o.Value, levelConcat), ";")
			continue
		}
		p.open(".", cleanName(o.Name), " = {")
		p.props(o.Props)
		p.end()
	}
}

func (p *printer) director(d *Director) {
	p.comments(d.Comments)
	p.open("director ", nameText(d.Name), " ", nameText(d.Type), " {")
	p.props(d.Props)
	for _, m := range d.Members {
		p.comments(m.Comments)
		p.begin("{")
		for _, o := range m.Props {
			p.text.WriteString(" ." + cleanName(o.Name) + " = " + exprText(o.Value, levelConcat) + ";")
		}
		p.text.WriteString(" }\n")
	}
	p.end()
}

func (p *printer) acl(a *ACL) {
	p.comments(a.Comments)
	p.open("acl ", nameText(a.Name), " {")
	for _, e := range a.Entries {
		p.comments(e.Comments)
		not, bits := "", ""
		if e.Negated {
			not = "!"
		}
		if e.Bits >= 0 {
			bits = "/" + strconv.Itoa(e.Bits)
		}
		p.line(not, quoted(e.Address), bits, ";")
	}
	p.end()
}

func (p *printer) table(t *Table) {
	p.comments(t.Comments)
	of := ""
	if t.Type != nil {
		of = " " + nameText(t.Type)
	}
	p.open("table ", nameText(t.Name), of, " {")
	for _, e := range t.Entries {
		p.comments(e.Comments)
		p.line(quoted(e.Key), ": ", exprText(e.Value, levelValue), ",")
	}
	p.end()
}

func (p *printer) sub(s *Sub) {
	p.comments(s.Comments)
	p.begin("sub ", nameText(s.Name))
	for i, param := range s.Params {
		between := ", "
		if i == 0 {
			between = "("
		}
		p.text.WriteString(between + nameText(param.Type) + " " + nameText(param.Name))
	}
	if len(s.Params) > 0 {
		p.text.WriteByte(')')
	}
	if s.Result != nil {
		p.text.WriteString(" " + nameText(s.Result))
	}
	p.text.WriteByte(' ')
	p.block(s.Body)
	p.text.WriteByte('\n')
}
