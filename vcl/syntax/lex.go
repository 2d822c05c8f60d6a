package syntax

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// What one file may hold at most. All of them are far above what people write.
const (
	MaxSource = 1 << 20 // bytes
	maxTokens = 500_000
	MaxName   = 256 // bytes of a name, a number, or a delimiter of a long string
)

// A kind is a sort of token.
type kind uint8

const (
	endOfFile kind = iota
	nothing        // in place of what could not be read
	name
	shortString
	longString
	integer
	float
	rtime
	percent
	operator
)

// A token is a word of the language. Text is as written, but for a string it is
// what that says.
type token struct {
	kind     kind
	off, end int
	text     string
	fresh    bool // the first one on its line
}

// A comment has its opening characters.
type comment struct {
	text  string
	off   int
	live  bool   // stands where a statement may
	macro string // the subroutine of which it is the macro, or empty
}

// A fault is why a token could not be read.
type fault struct {
	off       int
	msg, hint string
}

// A lexer cuts a file into tokens, one a call.
type lexer struct {
	src      string
	off      int
	tokens   int
	comments []comment // since somebody took them
	fault    *fault    // what is wrong with the last token
}

// operators of two and three characters, by the first one.
var operators = map[byte][]string{
	'&': {"&&=", "&&", "&="},
	'|': {"||=", "||", "|="},
	'<': {"<<=", "<<", "<="},
	'>': {">>=", ">>", ">="},
	'=': {"=="}, '!': {"!=", "!~"},
	'+': {"+="}, '-': {"-="}, '*': {"*="}, '/': {"/="}, '%': {"%="}, '^': {"^="},
}

// scan reads the next token. One that cannot be read is of kind nothing, and
// l.fault says why.
func (l *lexer) scan() token {
	l.fault = nil
	fresh := l.skip()
	t := token{off: l.off, end: l.off, fresh: fresh}
	if l.fault != nil {
		t.kind = nothing
		return t
	}
	if l.off == len(l.src) {
		return t
	}
	if l.tokens++; l.tokens > maxTokens {
		l.reject(l.off, fmt.Sprintf("more than %d words in one file", maxTokens), "")
		l.off = len(l.src)
		t.kind = nothing
		return t
	}
	t.kind, t.text = l.read()
	if l.fault != nil {
		t.kind = nothing
	}
	t.end = l.off
	return t
}

// read reads a token that begins at l.off, whatever it is.
func (l *lexer) read() (kind, string) {
	switch c := l.src[l.off]; {
	case isLetter(c):
		return l.name()
	case isDigit(c):
		return l.number()
	case c == '"':
		return l.short()
	case c == '{':
		if delimiter, found := l.delimiter(); found {
			return l.long(delimiter)
		}
	}
	if size := l.operator(); size > 0 {
		l.off += size
		return operator, l.src[l.off-size : l.off]
	}
	return l.stray()
}

// operator returns the size of the operator at l.off, 0 if there is none.
func (l *lexer) operator() int {
	c := l.src[l.off]
	if strings.IndexByte("=~!<>+-*/%|&^(){}[],;:.", c) < 0 {
		return 0
	}
	for _, op := range operators[c] {
		if strings.HasPrefix(l.src[l.off:], op) {
			return len(op)
		}
	}
	return 1
}

// stray tells of a character that begins no token.
func (l *lexer) stray() (kind, string) {
	c, size := utf8.DecodeRuneInString(l.src[l.off:])
	hint := ""
	if c == '\'' || c == '“' || c == '”' || c == '`' {
		hint = `a string is written "..."`
	}
	l.reject(l.off, fmt.Sprintf("a character that has no meaning here: %q", c), hint)
	l.off += size
	return nothing, ""
}

func (l *lexer) reject(off int, msg, hint string) {
	if l.fault == nil {
		l.fault = &fault{off, msg, hint}
	}
}

// skip goes to the next token, keeps the comments before it, and reports whether
// a line ends before it.
func (l *lexer) skip() (fresh bool) {
	fresh = l.off == 0
	for l.off < len(l.src) {
		switch c := l.src[l.off]; {
		case c == '\n':
			fresh = true
			l.off++
		case c == ' ' || c == '\t' || c == '\r':
			l.off++
		case c == '#' || strings.HasPrefix(l.src[l.off:], "//"):
			l.lineComment()
		case strings.HasPrefix(l.src[l.off:], "/*"):
			l.blockComment()
		default:
			return fresh
		}
	}
	return fresh
}

func (l *lexer) lineComment() {
	rest := l.src[l.off:]
	if end := strings.IndexByte(rest, '\n'); end >= 0 {
		rest = rest[:end]
	}
	l.comments = append(l.comments, comment{text: strings.TrimRight(rest, " \t\r"), off: l.off})
	l.off += len(rest)
}

func (l *lexer) blockComment() {
	begin := l.off
	end := strings.Index(l.src[begin+2:], "*/")
	if end < 0 {
		l.reject(begin, "a comment that does not end", "it ends with */")
		l.off = len(l.src)
		return
	}
	l.off = begin + 2 + end + 2
	l.comments = append(l.comments, comment{text: l.src[begin:l.off], off: begin})
}

// name reads a name. A colon belongs to it in a header with a subfield, and is
// otherwise the end of a label or a key.
func (l *lexer) name() (kind, string) {
	begin := l.off
	l.nameChars()
	if strings.Contains(l.src[begin:min(l.off, begin+MaxName)], ".http.") {
		for l.off+1 < len(l.src) && l.src[l.off] == ':' && isNameChar(l.src[l.off+1]) {
			l.off++
			l.nameChars()
		}
	}
	// In var.a-=1 the minus is the operator's.
	if l.off < len(l.src) && l.src[l.off] == '=' && l.src[l.off-1] == '-' {
		l.off--
	}
	if l.off-begin > MaxName {
		l.reject(begin, fmt.Sprintf("a name of more than %d bytes", MaxName), "")
		return nothing, ""
	}
	return name, l.src[begin:l.off]
}

func (l *lexer) nameChars() {
	for l.off < len(l.src) && isNameChar(l.src[l.off]) {
		l.off++
	}
}

// line skips the rest of the line and returns it.
func (l *lexer) line() string {
	rest := l.src[l.off:]
	if end := strings.IndexByte(rest, '\n'); end >= 0 {
		rest = rest[:end]
	}
	l.off += len(rest)
	return rest
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isNameChar(c byte) bool { return isLetter(c) || isDigit(c) || c == '.' || c == '-' }

func isHexDigit(c byte) bool { return isDigit(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' }
