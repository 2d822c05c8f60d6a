package explain

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Text returns e as a report to read.
func (e *Explanation) Text() string {
	w := &writer{pretended: e.Pretended}
	w.service(e)
	for i := range e.Fetches {
		w.fetch(&e.Fetches[i])
	}
	w.response(e)
	w.conditions(e.Conditions)
	w.list("warnings", e.Warnings)
	w.list("log", e.Log)
	w.trace(e)
	return w.b.String()
}

// A writer writes a report: rows of a name and what there is to say of it.
type writer struct {
	b         strings.Builder
	pretended bool
}

const nameWidth = 11

// row writes one row. Further lines of text stand under its first.
func (w *writer) row(name, format string, args ...any) {
	for i, line := range strings.Split(fmt.Sprintf(format, args...), "\n") {
		if i > 0 {
			name = ""
		}
		w.line("%-*s %s", nameWidth, name, line)
	}
}

func (w *writer) line(format string, args ...any) {
	w.b.WriteString(strings.TrimRight(fmt.Sprintf(format, args...), " ") + "\n")
}

func (w *writer) service(e *Explanation) {
	s := &e.Service
	name := s.ID
	if s.Name != "" {
		name = fmt.Sprintf("%s (%s)", s.Name, s.ID)
	}
	w.row("request", "%s %s", e.Request.Method, e.Request.URL)
	w.row("service", "%s, version %d, %s", name, s.Version, s.State)
	switch d := e.Domain; {
	case d == nil:
		w.row("domain", "none of this version is the request's host; the rest is what would be if one were")
	case d.By == d.Host:
		w.row("domain", "%s", d.Host)
	default:
		w.row("domain", "%s, by %s", d.Host, d.By)
	}
}

func (w *writer) fetch(f *Fetch) {
	w.line("")
	if f.Round > 0 {
		w.row("restart", "%d", f.Round)
	}
	w.backend(f)
	switch s := f.Shield; {
	case s == nil:
	case s.Used:
		w.row("shield", "through %s", s.POP)
	default:
		w.row("shield", "%s, not passed", s.POP)
	}
	if f.Backend != nil {
		w.origin(f)
	}
}

func (w *writer) backend(f *Fetch) {
	if b := f.Backend; b != nil {
		health := "healthy"
		if !b.Healthy {
			health = "sick"
		}
		w.row("backend", "%s, %s:%d, %s", b.Name, b.Address, b.Port, health)
	} else {
		w.row("backend", "none: %s", f.Answer.Failure)
	}
	for _, d := range f.Through {
		sick := ""
		if len(d.Sick) > 0 {
			sick = "; sick: " + strings.Join(d.Sick, ", ")
		}
		w.row("", "through director %s, %s%s", d.Name, d.Type, sick)
	}
	name := "because"
	for _, r := range f.Why {
		w.row(name, "%s", r.Text)
		name = ""
	}
}

// origin tells of the exchange with the origin.
func (w *writer) origin(f *Fetch) {
	w.row("to origin", "%s %s", f.Request.Method, f.Request.URL)
	w.row("host", "%s", f.Host)
	if f.Backend.TLS {
		w.row("TLS", "SNI %s, certificate %s", or(f.SNI, "none"), or(f.Certificate, "not checked"))
	}
	w.row("timeouts", "%s", f.Timeouts)
	answer := f.Answer.Failure
	if answer == "" {
		answer = fmt.Sprintf("%d %s", f.Answer.Status, f.Answer.Reason)
	}
	if w.pretended {
		answer += " (pretended)"
	} else {
		answer += fmt.Sprintf(", after %v", micros(f.TookMicros))
	}
	w.row("answer", "%s", answer)
}

func or(text *string, none string) string {
	if text == nil {
		return none
	}
	return *text
}

// String tells the timeouts in one line.
func (t Timeouts) String() string {
	var all []string
	for _, one := range []struct {
		name, key string
		ms        int64
	}{
		{"connect", "connect", t.Connect}, {"first byte", "first_byte", t.FirstByte},
		{"between bytes", "between_bytes", t.BetweenBytes}, {"fetch", "fetch", t.Fetch},
	} {
		text := one.name + " " + duration(one.ms)
		if slices.Contains(t.Set, one.key) {
			text += " (set by the program)"
		}
		all = append(all, text)
	}
	return strings.Join(all, ", ")
}

func micros(n int64) time.Duration { return time.Duration(n) * time.Microsecond }

func duration(ms int64) string {
	if ms == 0 {
		return "none"
	}
	return (time.Duration(ms) * time.Millisecond).String()
}

var froms = map[string]string{
	"origin":  "the origin's answer",
	"program": "made by the program",
	"page":    "the edge's error page",
	"edge":    "a page that no program has a part in",
}

func (w *writer) response(e *Explanation) {
	w.line("")
	r, after := &e.Response, ""
	switch e.Restarts {
	case 0:
	case 1:
		after = ", after a restart"
	default:
		after = fmt.Sprintf(", after %d restarts", e.Restarts)
	}
	if !e.Pretended {
		after += fmt.Sprintf(", in %v", micros(e.TookMicros))
	}
	w.row("response", "%d %s, %s%s", r.Status, r.Reason, froms[r.From], after)
	for _, h := range r.Headers {
		w.row("", "%s: %s", h.Name, h.Value)
	}
	if r.Body != "" {
		w.row("body", "%s", strings.TrimSpace(r.Body))
	}
}

func (w *writer) conditions(all []Condition) {
	if len(all) == 0 {
		return
	}
	w.heading("conditions")
	wide := 0
	for _, c := range all {
		wide = max(wide, len(c.Name))
	}
	for _, c := range all {
		w.line("  %-9s %-8s %-*s  %s", c.said(), c.Type, wide, c.Name, firstLine(c.Statement))
	}
}

// said is what a condition was: its values in turn, each once for those that
// follow each other.
func (c *Condition) said() string {
	if !c.Used {
		return "unused"
	}
	if len(c.Values) == 0 {
		return "not asked"
	}
	var all []string
	for i, v := range c.Values {
		if i == 0 || v.Value != c.Values[i-1].Value {
			all = append(all, fmt.Sprint(v.Value))
		}
	}
	return strings.Join(all, ", ")
}

func (w *writer) heading(text string) { w.line("\n%s", text) }

func (w *writer) list(name string, all []string) {
	if len(all) == 0 {
		return
	}
	w.heading(name)
	for _, text := range all {
		w.line("  %s", strings.ReplaceAll(text, "\n", "\n  "))
	}
}

// firstLine is a text on one line, cut if it has more.
func firstLine(text string) string {
	const enough = 200
	line, _, more := strings.Cut(text, "\n")
	if len(line) > enough {
		line, more = strings.ToValidUTF8(line[:enough], ""), true
	}
	if more {
		return line + " ..."
	}
	return line
}
