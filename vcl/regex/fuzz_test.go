package regex

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

// Whatever the pattern, it is compiled or refused at a place within it, and a match
// lies within the subject.
func FuzzCompile(f *testing.F) {
	for _, e := range examples(f) {
		f.Add(e[0], e[1])
	}
	f.Fuzz(func(t *testing.T, pattern, subject string) {
		r, err := Compile(pattern)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Offset < 0 || e.Offset > len(pattern) || e.Msg == "" {
				t.Errorf("%q: got %v, which is not a place in the pattern", pattern, err)
			}
			return
		}
		checkPlaces(t, r, subject)
	})
}

func checkPlaces(t *testing.T, r *Regex, subject string) {
	t.Helper()
	for _, from := range []int{0, len(subject) / 2, len(subject)} {
		loc := make([]int, 2*(r.Groups()+1))
		n, err := r.Find(subject, from, loc)
		if n == 0 {
			if err != nil && err != ErrBudget {
				t.Errorf("%q in %q: got error %v", r, subject, err)
			}
			continue
		}
		for i := 0; i < len(loc); i += 2 {
			unset := loc[i] == -1 && loc[i+1] == -1 && i > 0
			if !unset && (loc[i] < 0 || loc[i] > loc[i+1] || loc[i+1] > len(subject)) {
				t.Errorf("%q in %q from %d: got places %v", r, subject, from, loc)
			}
		}
	}
}

// The shortcuts give what the machine gives by itself.
func FuzzMatch(f *testing.F) {
	for _, e := range examples(f) {
		f.Add(e[0], e[1])
		f.Add(e[0], e[1]+"\n")
	}
	f.Fuzz(func(t *testing.T, pattern, subject string) {
		r, err := Compile(pattern)
		if err != nil || len(subject) > 1000 {
			return
		}
		want := runOf(r, r.full, subject, false)
		if want == ErrBudget.Error() {
			return
		}
		if got := resultOf(r, subject); got != want {
			t.Errorf("%q in %q: got %s, want %s", pattern, subject, got, want)
		}
		if got, err := r.Match(subject); got != (want != none) || err != nil {
			t.Errorf("%q in %q: Match gives %v, %v, the machine %s", pattern, subject, got, err, want)
		}
		if r.sparse == nil || r.full.rechecks {
			return
		}
		if got := runOf(r, r.sparse, subject, true); got != want {
			t.Errorf("%q in %q: a memoised run gives %s, want %s", pattern, subject, got, want)
		}
	})
}

const none = "[]"

// resultOf is what Find gives, as text.
func resultOf(r *Regex, subject string) string {
	loc := make([]int, 2*(r.Groups()+1))
	n, err := r.Find(subject, 0, loc)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprint(loc[:2*n])
}

// runOf is what a machine that runs p gives.
func runOf(r *Regex, p *program, subject string, memoised bool) string {
	m := newMachine()
	defer m.release()
	m.reset(p, 0)
	if memoised {
		m.memoise(p, subject)
	}
	switch {
	case r.search(m, p, subject):
		return fmt.Sprint(m.slots[:2*(r.groups+1)])
	case m.steps < 0:
		return ErrBudget.Error()
	}
	return none
}

// On what both can read, matches are those of Go's regexp.
func FuzzGo(f *testing.F) {
	f.Add("ab|(c)*$", "abcab\n")
	f.Add("((ax)+?|b{1,2})", "aaxbb")
	f.Add(`+(.a)?\b`, "xa-a")
	f.Fuzz(func(t *testing.T, source, subject string) {
		if len(source) > 100 || len(subject) > 1000 || strings.ContainsFunc(subject, func(c rune) bool { return c > unicode.MaxASCII }) {
			return
		}
		pattern := (&writer{source: source}).alternatives(0)
		g, err := regexp.Compile(pattern)
		if err != nil {
			t.Fatalf("Go cannot read %q: %v", pattern, err)
		}
		r := mustCompile(t, pattern)
		if r.full.rechecks {
			return // captures of empty passes differ
		}
		want := fmt.Sprint(g.FindStringSubmatchIndex(subject))
		if got := resultOf(r, subject); got != want && got != ErrBudget.Error() {
			t.Errorf("%q in %q: got %s, want %s", pattern, subject, got, want)
		}
	})
}

// A writer writes patterns that PCRE2 and Go read alike, as the bytes of source say.
type writer struct {
	source string
	at     int
}

func (w *writer) next(n int) int {
	if w.at == len(w.source) {
		return 0
	}
	w.at++
	return int(w.source[w.at-1]) % n
}

func (w *writer) pick(from ...string) string { return from[w.next(len(from))] }

func (w *writer) alternatives(depth int) string {
	all := []string{w.sequence(depth)}
	for w.next(3) == 1 {
		all = append(all, w.sequence(depth))
	}
	return strings.Join(all, "|")
}

func (w *writer) sequence(depth int) (s string) {
	for range w.next(5) {
		s += w.item(depth)
	}
	return s
}

func (w *writer) item(depth int) string {
	if n := w.next(12); n == 1 && depth < 5 {
		return w.pick("(", "(?:", "(?i:", "(?s:") + w.alternatives(depth+1) + ")" + w.repeat()
	} else if n == 2 {
		return w.pick(`\b`, `\B`, "^", `\z`, "(?m:$)")
	}
	return w.pick("a", "b", "x", "foo", "-", `\n`, ".", "[ab]", "[^a]", `\w`, `\d`, `[[:punct:]]`, `\.`) + w.repeat()
}

func (w *writer) repeat() string {
	return w.pick("", "", "", "", "*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{2,}", "{0,2}?")
}

// Replacing every match by itself changes nothing, and Replace puts in place of the
// first match what it puts in place of the only one.
func FuzzReplace(f *testing.F) {
	for _, e := range examples(f) {
		f.Add(e[0], e[1], `[\1\{2}\9\\x\]`)
	}
	f.Fuzz(func(t *testing.T, pattern, subject, replacement string) {
		r, err := Compile(pattern)
		if err != nil || len(subject) > 1000 {
			return
		}
		for _, all := range []bool{false, true} {
			if got, _ := r.Replace(subject, `\0`, all); got != subject {
				t.Errorf("%q in %q by itself, all %v: got %q", pattern, subject, all, got)
			}
			got, err := r.Replace(subject, replacement, all)
			if err != nil && (err != ErrBudget || got != subject) || len(got) > maxResult+len(subject) {
				t.Errorf("%q in %q by %q, all %v: got %d bytes, %v", pattern, subject, replacement, all, len(got), err)
			}
		}
		loc := []int{0, 0}
		if n, _ := r.Find(subject, 0, loc); n > 0 && !strings.Contains(replacement, `\`) {
			want := subject[:loc[0]] + replacement + subject[loc[1]:]
			if got, err := r.Replace(subject, replacement, false); got != want || err != nil {
				t.Errorf("%q in %q by %q: got %q, %v, want %q", pattern, subject, replacement, got, err, want)
			}
		}
	})
}
