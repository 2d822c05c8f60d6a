package program

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"headwater/vcl/syntax"
)

// A list is a sequence of statements in the making. Comments that come before a
// statement wait for it.
type list struct {
	stmts   []syntax.Stmt
	waiting []string
}

// note puts a comment before the next statement. The text may hold names that
// customers chose.
func (l *list) note(text string) { l.waiting = append(l.waiting, comment(text)) }

func (l *list) add(stmts ...syntax.Stmt) {
	if len(stmts) == 0 {
		return
	}
	remark(stmts[0], l.waiting)
	l.waiting = nil
	l.stmts = append(l.stmts, stmts...)
}

// join adds all of m, and its comments too.
func (l *list) join(m *list) {
	l.add(m.stmts...)
	l.waiting = append(l.waiting, m.waiting...)
}

func (l *list) empty() bool { return len(l.stmts) == 0 }

// block returns the statements in braces.
func (l *list) block() *syntax.Block {
	b := &syntax.Block{Stmts: l.stmts}
	b.Comments = l.waiting
	return b
}

// remark puts comments before those that a declaration or statement has.
func remark(n syntax.Node, comments []string) {
	if r, ok := n.(interface{ Remark(...string) }); ok && len(comments) > 0 {
		r.Remark(comments...)
	}
}

// comment returns text as a comment of one line, whatever it holds.
func comment(text string) string {
	clean := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text)
	return strings.TrimRight("# "+clean, " ")
}

// Makers of nodes.

func name(text string) *syntax.Name { return &syntax.Name{Text: text} }

func str(text string) *syntax.String { return &syntax.String{Value: text} }

func integer(n int64) *syntax.Integer { return &syntax.Integer{Value: n} }

func boolean(b bool) *syntax.Bool { return &syntax.Bool{Value: b} }

// seconds is a span of time of so many seconds.
func seconds(n int64) *syntax.RTime { return millis(n * 1000) }

// millis is a span of time of so many milliseconds, written in seconds.
func millis(n int64) *syntax.RTime {
	text := strconv.FormatFloat(float64(n)/1000, 'f', -1, 64) + "s"
	return &syntax.RTime{Value: time.Duration(n) * time.Millisecond, Text: text}
}

func set(target string, value syntax.Expr) *syntax.Set {
	return &syntax.Set{Target: name(target), Op: syntax.Assign, Value: value}
}

func call(fun string, args ...syntax.Expr) *syntax.Call {
	return &syntax.Call{Fun: name(fun), Args: args}
}

func not(x syntax.Expr) *syntax.Not { return &syntax.Not{X: x} }

func binary(x syntax.Expr, op syntax.Op, y syntax.Expr) *syntax.Binary {
	return &syntax.Binary{X: x, Op: op, Y: y}
}

// when returns if (cond) { stmts }.
func when(cond syntax.Expr, stmts ...syntax.Stmt) *syntax.If {
	return &syntax.If{Cond: cond, Then: &syntax.Block{Stmts: stmts}}
}

func finish(state string) *syntax.Return {
	return &syntax.Return{State: name(state), Value: name(state)}
}

func fail(status int64, reason string) *syntax.Error {
	return &syntax.Error{Status: integer(status), Reason: str(reason)}
}

func synthetic(text string) *syntax.Synthetic {
	return &syntax.Synthetic{Value: &syntax.String{Value: text, Long: true}}
}

// texts are strings one after the other, as a property has them.
func texts(all []string) syntax.Expr {
	if len(all) == 1 {
		return str(all[0])
	}
	c := &syntax.Concat{}
	for _, text := range all {
		c.Parts = append(c.Parts, syntax.Part{X: str(text)})
	}
	return c
}

func property(key string, value syntax.Expr) *syntax.Property {
	return &syntax.Property{Name: key, Value: value}
}

// byName orders properties, as generated declarations have them.
func byName(props []*syntax.Property) []*syntax.Property {
	slices.SortStableFunc(props, func(a, b *syntax.Property) int { return strings.Compare(a.Name, b.Name) })
	return props
}
