package syntax

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// The levels of expressions, looser ones first. One that is looser than its place
// needs parentheses.
const (
	levelOr = iota
	levelAnd
	levelComparison
	levelConcat
	levelValue
)

// PrintExpr writes an expression down, on one line unless a long string has more.
func PrintExpr(x Expr) string { return exprText(x, levelOr) }

// exprText writes an expression down for a place of that level.
func exprText(x Expr, level int) string {
	var e exprPrinter
	e.expr(x, level)
	return e.String()
}

func levelOf(x Expr) int {
	switch x := x.(type) {
	case *Binary:
		switch x.Op {
		case Or:
			return levelOr
		case And:
			return levelAnd
		}
		return levelComparison
	case *Not:
		return levelComparison
	case *Concat:
		return levelConcat
	}
	return levelValue
}

// An exprPrinter writes expressions one behind the other.
type exprPrinter struct{ strings.Builder }

func (e *exprPrinter) expr(x Expr, level int) {
	if levelOf(x) < level {
		x = &Paren{X: x}
	}
	switch x := x.(type) {
	case *Binary:
		left, right := levelConcat, levelConcat
		if own := levelOf(x); own < levelComparison {
			left, right = own, own+1
		}
		e.expr(x.X, left)
		e.WriteString(" " + string(x.Op) + " ")
		e.expr(x.Y, right)
	case *Not:
		e.WriteByte('!')
		e.expr(x.X, levelComparison)
	case *Concat:
		e.concat(x)
	case *Call:
		e.call(x)
	case *Paren:
		e.WriteByte('(')
		e.expr(x.X, levelOr)
		e.WriteByte(')')
	case nil:
	default:
		e.WriteString(atom(x))
	}
}

func (e *exprPrinter) call(c *Call) {
	e.WriteString(nameText(c.Fun))
	e.WriteByte('(')
	for i, arg := range c.Args {
		if i > 0 {
			e.WriteString(", ")
		}
		e.expr(arg, levelOr)
	}
	e.WriteByte(')')
}

// concat writes a concatenation. A number in front of a name that is a unit would
// be one with it, so an integer is written as none that can have a unit, and a
// plus goes behind any other number.
func (e *exprPrinter) concat(c *Concat) {
	parts := flat(c.Parts)
	for i, part := range parts {
		switch {
		case i == 0:
		case part.Sign != 0:
			e.WriteString(" " + string(part.Sign) + " ")
		case negative(part.X) || isUnit(part.X) && isPlainFloat(parts[i-1].X):
			e.WriteString(" + ")
		default:
			e.WriteByte(' ')
		}
		n, ok := part.X.(*Integer)
		if ok && i+1 < len(parts) && parts[i+1].Sign == 0 && isUnit(parts[i+1].X) {
			e.WriteString(hexText(n.Value))
			continue
		}
		e.expr(part.X, levelValue)
	}
}

// flat takes concatenations in each other, and parentheses, out of parts: neither
// can be written there.
func flat(parts []Part) []Part {
	var all []Part
	for _, part := range parts {
		for paren, ok := part.X.(*Paren); ok && levelOf(paren.X) >= levelConcat; paren, ok = part.X.(*Paren) {
			part.X = paren.X
		}
		inner, ok := part.X.(*Concat)
		if !ok || len(inner.Parts) == 0 {
			all = append(all, part)
			continue
		}
		from := len(all)
		all = append(all, flat(inner.Parts)...)
		all[from].Sign = part.Sign
	}
	return all
}

func negative(x Expr) bool { return strings.HasPrefix(atom(x), "-") }

func hexText(n int64) string {
	text := strconv.FormatInt(n, 16)
	if n < 0 {
		return "-0x" + text[1:]
	}
	return "0x" + text
}

func isPlainFloat(x Expr) bool {
	f, ok := x.(*Float)
	return ok && plainDecimal(strings.TrimPrefix(floatText(f), "-"))
}

func isUnit(x Expr) bool {
	if c, ok := x.(*Call); ok {
		x = c.Fun
	}
	n, ok := x.(*Name)
	return ok && units[nameText(n)] != 0
}

// atom writes what has no expression in it.
func atom(x Expr) string {
	switch x := x.(type) {
	case *Name:
		return nameText(x)
	case *String:
		if x.Long {
			return long(x.Value)
		}
		return quoted(x.Value)
	case *Integer:
		return strconv.FormatInt(x.Value, 10)
	case *Percent:
		return strconv.FormatInt(x.Value, 10) + "%"
	case *Bool:
		return strconv.FormatBool(x.Value)
	case *Float:
		return floatText(x)
	case *RTime:
		return rtimeText(x)
	}
	return ""
}

// floatText writes a float as it was written, or so that it is not an integer.
func floatText(f *Float) string {
	if isOne(strings.TrimPrefix(f.Text, "-"), float) {
		return f.Text
	}
	text := strconv.FormatFloat(f.Value, 'g', -1, 64)
	if !strings.ContainsAny(text, ".e") {
		text += ".0"
	}
	return text
}

// rtimeText writes a span as it was written, or in seconds or milliseconds.
func rtimeText(r *RTime) string {
	if isOne(strings.TrimPrefix(r.Text, "-"), rtime) {
		return r.Text
	}
	switch {
	case r.Value%time.Second == 0:
		return strconv.FormatInt(int64(r.Value/time.Second), 10) + "s"
	case r.Value%time.Millisecond == 0:
		return strconv.FormatInt(int64(r.Value/time.Millisecond), 10) + "ms"
	}
	sign, whole, rest := "", r.Value/time.Second, r.Value%time.Second
	if r.Value < 0 {
		sign, whole, rest = "-", -whole, -rest
	}
	return fmt.Sprintf("%s%d.%09ds", sign, whole, rest)
}

// isOne reports whether text is one token of that kind.
func isOne(text string, want kind) bool {
	l := lexer{src: text}
	t := l.scan()
	return t.kind == want && t.off == 0 && t.end == len(l.src)
}

func nameText(n *Name) string {
	if n == nil {
		return "_"
	}
	return cleanName(n.Text)
}

// wildcardText writes a name that may end in an asterisk.
func wildcardText(n *Name) string {
	if n != nil && strings.HasSuffix(n.Text, "*") {
		return cleanName(n.Text[:len(n.Text)-1]) + "*"
	}
	return nameText(n)
}

// cleanName returns a name as it is, or with underscores for what no name has.
func cleanName(text string) string {
	if isOne(text, name) {
		return text
	}
	b := []byte(text)
	for i, c := range b {
		if !isNameChar(c) {
			b[i] = '_'
		}
	}
	if len(b) == 0 || !isLetter(b[0]) {
		return "_" + string(b)
	}
	return string(b)
}

// quoted writes a string with escapes.
func quoted(value string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := 0; i < len(value); {
		r, size := utf8.DecodeRuneInString(value[i:])
		if r < ' ' || r == '"' || r == '%' || r == 0x7f || r == utf8.RuneError && size == 1 {
			fmt.Fprintf(&b, "%%%02X", value[i])
		} else {
			b.WriteString(value[i : i+size])
		}
		i += size
	}
	b.WriteByte('"')
	return b.String()
}

// long writes a string in which nothing is an escape, between delimiters that it
// does not hold. One that no such string can hold is quoted.
func long(value string) string {
	delimiter := ""
	if strings.Contains(value, `"}`) {
		delimiter = strings.Repeat("X", 1+longestMark(value))
	}
	if len(delimiter) >= MaxName || !utf8.ValidString(value) || strings.IndexByte(value, 0) >= 0 {
		return quoted(value)
	}
	return "{" + delimiter + `"` + value + `"` + delimiter + "}"
}

// longestMark returns the most X that stand between a quote and a brace.
func longestMark(value string) (most int) {
	for {
		_, rest, found := strings.Cut(value, `"`)
		if !found {
			return most
		}
		value = strings.TrimLeft(rest, "X")
		if n := len(rest) - len(value); n > most && strings.HasPrefix(value, "}") {
			most = n
		}
	}
}
