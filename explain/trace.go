package explain

import (
	"fmt"
	"strings"
)

// trace writes the steps, each beside the place where it was written. Places of
// what is generated are blank, so that one's own stand out.
func (w *writer) trace(e *Explanation) {
	w.heading("trace")
	const widest = 32
	wide, round := 0, 0
	for _, s := range e.Trace {
		wide = max(wide, min(len(s.At.String()), widest))
	}
	condition := ""
	for i := range e.Trace {
		s := &e.Trace[i]
		if s.Round != round {
			round = s.Round
			w.line("  restart %d", round)
		}
		if s.Kind == "condition" {
			condition = s.Text
		}
		w.step(s, wide, condition)
	}
	if e.TraceMore > 0 {
		w.line("  and %d more steps", e.TraceMore)
	}
}

// step writes one step. A match whose pattern is the condition before it says
// nothing more than its groups.
func (w *writer) step(s *Step, wide int, condition string) {
	place := fmt.Sprintf("    %-*s ", wide, s.At)
	switch s.Kind {
	case "enter":
		w.line("  %s", s.Sub)
	case "leave":
		w.line("%sends: %s", place, s.Value)
	case "condition":
		w.line("%sif %s   -> %s", place, firstLine(s.Text), s.Value)
	case "match":
		if len(s.Groups) == 0 && strings.Contains(condition, s.Text) {
			return
		}
		w.match(s, fmt.Sprintf("    %-*s ", wide, ""), condition)
	default:
		came := ""
		if s.Value != "" {
			came = "   -> " + firstLine(s.Value)
		}
		w.line("%s%s%s", place, firstLine(s.Text), came)
	}
}

func (w *writer) match(s *Step, indent, condition string) {
	if s.Text != condition {
		w.line("%s   %s   -> %s", indent, firstLine(s.Text), s.Value)
	}
	for i, g := range s.Groups {
		if i > 0 || len(s.Groups) == 1 {
			w.line("%s   re.group.%d is %q", indent, i, g)
		}
	}
}

// String tells a place in one word or a few; of what is generated nothing.
func (p *Place) String() string {
	if p == nil {
		return ""
	}
	return fmt.Sprintf("%s %d", p.Source, p.Line)
}
