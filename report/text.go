package report

import (
	"fmt"
	"strings"
	"time"
)

// Text returns the check as a report to read, at the time now.
func (c *Check) Text(now time.Time) string {
	w := &writer{now: now}
	w.head(c)
	if c.Names != nil {
		w.line("")
		w.names(c)
	}
	for i := range c.Addresses {
		w.line("")
		w.address(c, &c.Addresses[i])
	}
	return w.b.String()
}

// A writer writes a report: rows of a name and what there is to say of it.
type writer struct {
	b   strings.Builder
	now time.Time
}

func (w *writer) row(name, format string, args ...any) {
	w.line("%-13s%s", name, fmt.Sprintf(format, args...))
}

func (w *writer) line(format string, args ...any) {
	w.b.WriteString(strings.TrimRight(fmt.Sprintf(format, args...), " ") + "\n")
}

func (w *writer) head(c *Check) {
	w.row("backend", "%s, at %s port %d", c.Backend, c.Host, c.Port)
	w.row("service", "%s (%s), version %d, %s", c.Name, c.Service, c.Version, c.State)
	verdict := "passed"
	if !c.Passed {
		verdict = "FAILED"
	}
	w.row("check", "%s, in %s", verdict, c.Took)
	for _, text := range c.Problems {
		w.row("", "%s", text)
	}
	for _, text := range c.Warnings {
		w.row("warning", "%s", text)
	}
}

func (w *writer) names(c *Check) {
	switch n := c.Names; {
	case !n.Passed:
		w.row("dns", "failed, after %s", n.Took)
		w.row("", "%s", n.Cause)
	case n.Known:
		w.row("dns", "%s%s, known before%s", addresses(len(c.Addresses)), forbidden(n.Forbidden), w.until(n.Expires))
	default:
		w.row("dns", "%s%s, in %s%s", addresses(len(c.Addresses)), forbidden(n.Forbidden), n.Took, w.until(n.Expires))
	}
}

func forbidden(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" and %d forbidden", n)
}

func addresses(n int) string {
	if n == 1 {
		return "1 address"
	}
	return fmt.Sprintf("%d addresses", n)
}

func (w *writer) until(t *time.Time) string {
	if t == nil {
		return ""
	}
	return fmt.Sprintf(", good for %v", max(t.Sub(w.now), 0).Round(time.Second))
}

func (w *writer) address(c *Check, a *Address) {
	w.row("address", "%s", a.Address)
	w.step("connect", &a.Connect, "")
	if a.TLS != nil {
		w.secure(a.TLS)
	}
	switch p := a.Probe; {
	case p != nil:
		w.probe(p)
	case c.Healthcheck == "" && a.Connect.Passed && (a.TLS == nil || a.TLS.Passed):
		w.row("health check", "none: nothing was asked")
	}
}

func (w *writer) step(name string, s *Step, what string) {
	if s.Passed {
		w.row(name, "in %s%s", s.Took, what)
		return
	}
	w.row(name, "failed, after %s: %s", s.Took, s.Reason)
	if s.Cause != "" && s.Cause != s.Reason {
		w.row("", "%s", s.Cause)
	}
}

func (w *writer) secure(t *TLS) {
	agreed := ""
	if t.Version != "" {
		agreed = t.Version + ", " + t.Cipher
		if t.ALPN != "" {
			agreed += ", " + t.ALPN
		}
	}
	if t.Passed {
		w.step("TLS", &t.Step, ": "+agreed)
	} else {
		w.step("TLS", &t.Step, "")
		if agreed != "" {
			w.row("", "agreed on %s", agreed)
		}
	}
	w.row("names", "sent %s, certificate %s", or(t.SNI, "none"), checked(t.Name))
	w.row("client cert.", "%s", map[string]string{
		"not wanted": "not wanted", "shown": "wanted, and shown", "wanted": "wanted, and the backend has none",
	}[t.ClientCertificate])
	for i := range t.Chain {
		w.certificate(i, &t.Chain[i])
	}
}

func checked(name string) string {
	if name == "" {
		return "not checked"
	}
	return "checked for " + name
}

func or(text, none string) string {
	if text == "" {
		return none
	}
	return text
}

func (w *writer) certificate(i int, c *Certificate) {
	name := ""
	if i == 0 {
		name = "certificate"
	}
	w.row(name, "%d  %s", i, or(c.Subject, "(no subject)"))
	if names := strings.Join(c.Names, ", "); names != "" {
		if c.MoreNames > 0 {
			names += fmt.Sprintf(" and %d more", c.MoreNames)
		}
		w.row("", "   for %s", names)
	}
	w.row("", "   by %s, %s", or(c.Issuer, "(no name)"), c.Key)
	w.row("", "   %s", w.validity(c))
}

// validity tells from when to when a certificate is good, and what that means now.
func (w *writer) validity(c *Certificate) string {
	const day = 24 * time.Hour
	between := c.NotBefore.UTC().Format(time.DateOnly) + " to " + c.NotAfter.UTC().Format(time.DateOnly)
	switch left := c.NotAfter.Sub(w.now); {
	case w.now.Before(c.NotBefore):
		return between + ", NOT VALID YET"
	case left < 0:
		return fmt.Sprintf("%s, EXPIRED %d days ago", between, -left/day)
	default:
		return fmt.Sprintf("%s, %d days left", between, left/day)
	}
}

func (w *writer) probe(p *Probe) {
	w.row("health check", "%s", p.Request)
	switch {
	case p.Passed:
		w.row("", "%d, as expected, in %s", p.Status, p.Took)
	case p.Status != 0:
		w.row("", "failed, after %s: %d, and %d is expected", p.Took, p.Status, p.Expected)
	default:
		w.row("", "failed, after %s: %s", p.Took, p.Reason)
	}
}

// String returns the time with its unit.
func (m Millis) String() string { return fmt.Sprintf("%.1f ms", float64(m)) }
