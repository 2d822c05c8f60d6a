package syntax

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// How deep a tree may be.
const (
	maxDepth = 200    // parentheses, calls, negations and blocks in each other
	maxChain = 10_000 // operands of one && or ||, branches of one if
)

// A parser makes a tree of one file by recursive descent.
//
// After a problem it is lost: its token is of kind nothing, which fits nowhere,
// and all it tells is ignored until resync or skipDecl has found where the next
// statement or declaration begins. So the functions that follow the grammar read
// straight down and check nothing, but must not loop while the parser is lost.
type parser struct {
	lexer
	file *File

	tok  token
	prev int // where the token before tok ends

	lost  bool
	stuck token // what tok was when the parser got lost

	depth    int      // of the tree
	braces   int      // open before tok
	inner    []string // comments within the statement or declaration just read
	then     Stmt     // what the declaration just read is also to set
	cases    int      // how deep the statements of the innermost case are, or -1
	problems Problems
	warnings Problems
}

// newParser returns a parser at the first token, whose comments may be macros if
// statements are to follow.
func newParser(f *File, stmts bool) *parser {
	if f.lines == nil {
		f.lines = NewFile("", f.Text).lines
	}
	p := &parser{lexer: lexer{src: f.Text}, file: f, cases: -1}
	if off, msg := unreadable(f.Text); msg != "" {
		p.src = ""
		p.fail(off, msg, "")
		p.stop()
		return p
	}
	if strings.HasPrefix(p.src, "\ufeff") {
		p.off = len("\ufeff")
	}
	p.next()
	p.tok.fresh = true
	p.enliven(0, stmts)
	return p
}

// unreadable tells what keeps a text from being cut into tokens at all.
func unreadable(text string) (off int, msg string) {
	if len(text) > MaxSource {
		return 0, fmt.Sprintf("%d bytes in one file; %d are the most", len(text), MaxSource)
	}
	if off = strings.IndexByte(text, 0); off >= 0 {
		return off, "a NUL byte"
	}
	if utf8.ValidString(text) {
		return 0, ""
	}
	for off = 0; ; {
		r, size := utf8.DecodeRuneInString(text[off:])
		if r == utf8.RuneError && size == 1 {
			return off, "bytes that are not UTF-8"
		}
		off += size
	}
}

// next goes to the next token.
func (p *parser) next() {
	if p.lost {
		return
	}
	p.step()
	if f := p.fault; f != nil {
		p.fail(f.off, f.msg, f.hint)
	}
}

// nextLive goes to the next token from one behind which a statement may stand.
func (p *parser) nextLive() {
	before := len(p.comments)
	p.next()
	p.enliven(before, true)
}

// enliven says of the comments from that one on whether a statement may stand
// there: only then are they macros.
func (p *parser) enliven(from int, yes bool) {
	for i := from; i < len(p.comments); i++ {
		c := &p.comments[i]
		c.live, c.macro = yes, ""
		if sub, exact := macro(c.text); yes && exact {
			c.macro = sub
		}
	}
}

// step goes to the next token and counts braces.
func (p *parser) step() {
	switch {
	case p.is("{"):
		p.braces++
	case p.is("}"):
		p.braces--
	}
	p.prev = p.tok.end
	p.tok = p.scan()
}

// here is the place of a node that begins with the token.
func (p *parser) here() at { return at{Pos{p.file, p.tok.off}} }

// is reports whether the token is that operator.
func (p *parser) is(op string) bool { return p.tok.kind == operator && p.tok.text == op }

// word reports whether the token is one of these names.
func (p *parser) word(words ...string) bool {
	return p.tok.kind == name && slices.Contains(words, p.tok.text)
}

// accept skips that operator and reports whether it was there.
func (p *parser) accept(op string) bool {
	if !p.is(op) {
		return false
	}
	p.next()
	return true
}

// expect skips that operator, which must be there.
func (p *parser) expect(op string) {
	if !p.accept(op) {
		p.missing(`"` + op + `"`)
	}
}

// missing tells that something else should have stood here.
func (p *parser) missing(what string) {
	p.fail(p.tok.off, "expected "+what+", found "+p.found(), "")
}

// forgotten tells that op should have stood behind the token before.
func (p *parser) forgotten(op string) {
	hint := ""
	if p.tok.fresh || p.tok.kind == endOfFile {
		hint = "is a " + op + " missing?"
	}
	off := p.tok.off
	if hint != "" {
		off = p.prev
	}
	p.fail(off, fmt.Sprintf("expected %q, found %s", op, p.found()), hint)
}

// found names the token.
func (p *parser) found() string {
	switch p.tok.kind {
	case endOfFile:
		return "the end"
	case shortString, longString:
		return "a string"
	}
	return fmt.Sprintf("%q", p.src[p.tok.off:p.tok.end])
}

// fail tells a problem and makes the parser lost.
func (p *parser) fail(off int, msg, hint string) {
	if p.lost {
		return
	}
	p.lost, p.stuck = true, p.tok
	p.tok = token{kind: nothing, off: p.tok.off, end: p.tok.end}
	p.tell(off, msg, hint)
}

// tell tells a problem that does not keep the parser from going on. Of several at
// one place it tells the first: the others are the same, seen from further out.
func (p *parser) tell(off int, msg, hint string) {
	if n := len(p.problems); n > 0 && p.problems[n-1].Pos.Off == off || n == MaxErrors {
		return
	}
	p.problems = append(p.problems, &Problem{Pos{p.file, off}, msg, hint})
	if len(p.problems) == MaxErrors {
		p.stop()
	}
}

// stop leaves the rest of the file unread.
func (p *parser) stop() {
	p.off = len(p.src)
	p.stuck = token{off: p.off, end: p.off}
	p.lost, p.tok = true, token{kind: nothing, off: p.off, end: p.off}
}

// enter goes one level deeper, and reports whether that is allowed. leave is due
// in both cases.
func (p *parser) enter() bool {
	if p.depth++; p.depth > maxDepth {
		p.fail(p.tok.off, fmt.Sprintf("more than %d levels in each other", maxDepth), "")
		p.stop()
	}
	return !p.lost
}

func (p *parser) leave() { p.depth-- }

// resync ends being lost: at the end of the statement that begins at start with so
// many braces open, or where another begins.
func (p *parser) resync(start, braces int) {
	p.lost, p.tok = false, p.stuck
	if p.tok.off == start && !p.declares() {
		p.pass()
	}
	for p.tok.kind != endOfFile && !p.declares() {
		within := p.braces > braces
		switch {
		case !within && p.is("}"):
			return
		case !within && p.tok.fresh && (p.word(starters...) || p.word("if")) && !p.word("else", "elseif", "elsif"):
			return
		}
		ends := p.is(";") && !within || p.is("}") && p.braces == braces+1
		p.pass()
		if ends && !p.word("else", "elseif", "elsif") {
			break
		}
	}
	p.braces = braces
}

// skipDecl ends being lost where a declaration may begin: at a word for one, at
// the beginning of a line.
func (p *parser) skipDecl(start int) {
	p.lost, p.tok = false, p.stuck
	p.braces = 0
	if p.tok.off == start {
		p.pass()
	}
	for p.tok.kind != endOfFile && !p.declares() {
		p.pass()
	}
}

// pass goes to the next token, whatever is wrong with it. The comments before it
// are lost with what they stood in.
func (p *parser) pass() {
	p.comments = nil
	p.step()
	p.enliven(0, true)
}
