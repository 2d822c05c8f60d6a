package syntax

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// MaxErrors is how many errors one compilation tells at most.
const MaxErrors = 20

// A Problem is one thing that is wrong with a program, and where.
type Problem struct {
	Pos  Pos
	Msg  string
	Hint string // "did you mean ...", or empty
}

// Error tells the problem in one line: file, line, column, message.
func (p *Problem) Error() string {
	msg := p.Msg
	if p.Hint != "" {
		msg += "; " + p.Hint
	}
	if !p.Pos.Known() {
		return msg
	}
	line, column := p.Pos.Line()
	return fmt.Sprintf("%s, line %d, column %d: %s", p.Pos.File.Name, line, column, msg)
}

// Show tells the problem in three lines: the message, the line of the source, and
// a caret under the place.
func (p *Problem) Show() string {
	if !p.Pos.Known() {
		return p.Error()
	}
	text, caret := p.Excerpt()
	pad := strings.Map(func(r rune) rune {
		if r == '\t' {
			return '\t'
		}
		return ' '
	}, text[:caret])
	return p.Error() + "\n    " + text + "\n    " + pad + "^"
}

// Excerpt returns the line of the source where the problem is, or of a long one
// what is around it, and at which byte of that it is.
func (p *Problem) Excerpt() (text string, at int) {
	const widest = 200
	_, column := p.Pos.Line()
	text, at = p.Pos.Text(), max(column-1, 0)
	if at > widest/2 && len(text) > widest {
		cut := wholeRunes(text, at-widest/2)
		text, at = text[cut:], at-cut
	}
	text = text[:wholeRunes(text, widest)]
	return text, min(at, len(text))
}

// wholeRunes returns n, or what is left of it without a part of a character.
func wholeRunes(text string, n int) int {
	for n < len(text) && n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return min(n, len(text))
}

// Problems are all that is wrong with a program, in order of discovery, and are
// an error if there is one.
type Problems []*Problem

func (ps Problems) Error() string {
	all := make([]string, len(ps))
	for i, p := range ps {
		all[i] = p.Error()
	}
	return strings.Join(all, "\n")
}

// Show tells all problems with their lines of source.
func (ps Problems) Show() string {
	all := make([]string, len(ps))
	for i, p := range ps {
		all[i] = p.Show()
	}
	return strings.Join(all, "\n")
}
