package vcl

import (
	"strings"

	"headwater/vcl/syntax"
)

// maxTrace bounds the steps that a trace keeps.
const maxTrace = 10_000

// A Trace is what a program did for one request, step by step. Its Ctx writes it.
type Trace struct {
	Steps []TraceStep
	// More counts the steps that were not kept.
	More int

	scope Scope
}

// A StepKind is a kind of step.
type StepKind string

// The kinds of steps.
const (
	StepEnter    StepKind = "enter"     // a subroutine began
	StepReach    StepKind = "statement" // a statement is about to run
	StepDecide   StepKind = "condition" // the condition of an if, and what it was
	StepMatch    StepKind = "match"     // a pattern, and its groups
	StepAssigned StepKind = "set"       // a variable, and what it is now
	StepLeave    StepKind = "leave"     // a subroutine ended, and how
)

// A TraceStep is one step.
type TraceStep struct {
	Scope Scope
	Kind  StepKind
	Node  syntax.Node // what of the program it is about; nil for enter and leave
	// Value is what came of it: true or false, the variable's value, the action.
	Value string
	// Groups are those of a match, from the whole on.
	Groups []string
}

// kept is a node that traces tell of, none of a program that is never traced: then it
// keeps nothing of its tree.
func kept[N syntax.Node](c *compiler, n N) (none N) {
	if c.options.Untraced {
		return none
	}
	return n
}

// At returns the subroutine that ran last.
func (t *Trace) At() Scope { return t.scope }

func (t *Trace) add(s TraceStep) {
	if len(t.Steps) >= maxTrace {
		t.More++
		return
	}
	s.Scope = t.scope
	t.Steps = append(t.Steps, s)
}

func (t *Trace) enter(s Scope) {
	t.scope = s
	t.add(TraceStep{Kind: StepEnter})
}

func (t *Trace) leave(a Action) { t.add(TraceStep{Kind: StepLeave, Value: a.String()}) }

func (t *Trace) reach(n syntax.Stmt) { t.add(TraceStep{Kind: StepReach, Node: n}) }

func (t *Trace) decide(cond syntax.Expr, yes bool) {
	t.add(TraceStep{Kind: StepDecide, Node: cond, Value: truthText(yes)})
}

func (t *Trace) matched(n syntax.Expr, yes bool, x *Ctx) {
	s := TraceStep{Kind: StepMatch, Node: n, Value: truthText(yes)}
	if yes {
		for i := range min(x.captures.regex.Groups(), maxGroup) + 1 {
			s.Groups = append(s.Groups, shown(x.group(i)))
		}
	}
	t.add(s)
}

func (t *Trace) assigned(n syntax.Stmt, v value, x *Ctx) {
	s := TraceStep{Kind: StepAssigned, Node: n}
	switch get := toText(v); {
	case v.typ == String:
		text, set := v.str(x)
		s.Value = shown(text, set)
	case get.typ == String:
		text, set := get.str(x)
		s.Value = shown(text, set)
	}
	t.add(s)
}

// maxShown bounds the texts that a trace keeps, in bytes.
const maxShown = 1024

// shown is a copy of a value, since the trace outlives the request's memory.
func shown(text string, set bool) string {
	switch {
	case !set:
		return "(not set)"
	case len(text) > maxShown:
		return text[:maxShown] + "..."
	}
	return strings.Clone(text)
}

func truthText(yes bool) string { return either(yes, "true", "false") }
