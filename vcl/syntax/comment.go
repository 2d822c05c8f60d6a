package syntax

import (
	"fmt"
	"strings"
)

// take returns the comments since somebody took them last, to be kept by a node.
func (p *parser) take() []string {
	all := p.texts(p.comments)
	p.comments = nil
	return all
}

// texts returns the text of comments. One that is a macro but cannot be one where
// it stands is spelled so that it does not become one where it is kept.
func (p *parser) texts(comments []comment) (all []string) {
	for _, c := range comments {
		sub, exact := macro(c.text)
		switch {
		case sub == "":
		case exact:
			p.warn(c.off, fmt.Sprintf("%s does nothing here: it stands between two statements of a subroutine", c.text))
			c.text = defused(c.text)
		case c.live:
			p.warn(c.off, fmt.Sprintf("%s is only a comment: a macro is written #FASTLY %s", c.text, sub))
		}
		all = append(all, c.text)
	}
	return all
}

func (p *parser) warn(off int, msg string) {
	if len(p.warnings) < MaxErrors {
		p.warnings = append(p.warnings, &Problem{Pos: Pos{p.file, off}, Msg: msg})
	}
}

// macro returns the subroutine that a comment names as a macro does, or "", and
// whether it is one.
func macro(comment string) (sub string, exact bool) {
	text := strings.TrimLeft(comment, "#/* \t")
	if len(text) < 7 || !strings.EqualFold(text[:6], "FASTLY") || text[6] != ' ' && text[6] != '\t' {
		return "", false
	}
	sub = strings.Trim(text[6:], "*/ \t")
	for i := range len(sub) {
		if !isLetter(sub[i]) {
			return "", false
		}
	}
	return strings.ToLower(sub), strings.HasPrefix(comment, "#FASTLY") && !strings.ContainsAny(comment, "*/")
}

// defused spells a macro as a comment.
func defused(comment string) string { return "# " + comment[1:] }

// macros makes statements of the comments before the token that are macros.
func (p *parser) macros(list []Stmt) []Stmt {
	for i := 0; i < len(p.comments); i++ {
		c := p.comments[i]
		if c.macro == "" {
			continue
		}
		m := &Macro{at: at{Pos{p.file, c.off}}, Sub: c.macro}
		m.note(p.texts(p.comments[:i]))
		list = append(list, m)
		p.comments, i = p.comments[i+1:], -1
	}
	return list
}

// trail gives n the comments within it that nobody took, and those behind it on its
// last line.
func (p *parser) trail(n remarked) {
	behind, from := 0, p.prev
	for _, c := range p.comments {
		if c.macro != "" || strings.Contains(p.src[min(from, c.off):c.off], "\n") {
			break
		}
		behind, from = behind+1, max(from, c.off)
	}
	n.note(p.texts(p.comments[:behind]))
	p.comments = p.comments[behind:]
}
