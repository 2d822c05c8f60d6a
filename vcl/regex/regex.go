package regex

import (
	"errors"
	"fmt"
	"strings"
)

// ErrBudget says that matching took more steps than a subject may cost. It depends
// on pattern and subject alone.
var ErrBudget = errors.New("regex: matching takes too many steps")

// An Error says what is wrong with a pattern, and where.
type Error struct {
	Pattern string
	Offset  int // in bytes
	Msg     string
}

func (e *Error) Error() string {
	return fmt.Sprintf("pattern %q, at offset %d: %s", e.Pattern, e.Offset, e.Msg)
}

// A Regex is a compiled pattern. It may be used by several goroutines at once.
type Regex struct {
	pattern string
	groups  int
	literal *literal // of a pattern that comes down to one
	dfa     *dfa     // of a regular pattern, unless it would be too big
	full    *program
	sparse  *program // of a regular pattern whose memoised run gives what full does

	// Where a match can begin.
	begin  bool   // only at the beginning of the subject
	prefix string // only with these bytes
	filter bool   // only with one of first
	first  set
}

// Compile parses a pattern of PCRE2. The error is an *Error.
func Compile(pattern string) (*Regex, error) {
	p, root, err := parse(pattern)
	if err != nil {
		return nil, err
	}
	root = factor(root)
	r := &Regex{pattern: pattern, groups: p.groups, full: compile(p, root, false)}
	if r.full == nil {
		return nil, &Error{Pattern: pattern, Msg: "the pattern is too big once its repeats are written out"}
	}
	r.begin = root.anchored(opBegin)
	r.filter = !root.empties()
	if r.filter {
		r.first = root.firsts()
	}
	if root.op == opSeq {
		r.prefix = literalPrefix(root.subs)
	}
	r.literal = literalOf(root)
	if !root.regular() || r.literal != nil && r.literal.whole {
		return r, nil
	}
	if r.sparse = compile(p, root, true); r.sparse != nil && r.literal == nil {
		r.dfa = newDFA(r.sparse, r.begin, len(pattern))
	}
	if r.full.rechecks && r.Linear() {
		r.sparse = nil // of no more use
	}
	return r, nil
}

func (r *Regex) String() string { return r.pattern }

// Groups returns the highest number of a group that captures.
func (r *Regex) Groups() int { return r.groups }

// Linear reports whether Match takes time in proportion to the subject, and so never
// fails.
func (r *Regex) Linear() bool { return r.literal != nil || r.dfa != nil }

// Prefix returns what a subject has to begin with, and whether that is all that r asks
// of it.
func (r *Regex) Prefix() (text string, all bool) {
	if l := r.literal; l != nil && l.begin && !l.end {
		return l.text, true
	}
	return "", false
}

// Size returns about how many bytes of memory r keeps. A short pattern can take 100
// KiB, so whoever compiles many from one source has to add them up.
func (r *Regex) Size() int {
	size := 256 + len(r.pattern) + r.full.size()
	if r.sparse != nil {
		size += r.sparse.size()
	}
	if r.dfa != nil {
		size += 2*len(r.dfa.table) + len(r.dfa.class) + len(r.dfa.leave)
	}
	return size
}

// Match reports whether subject has a match anywhere. The error is ErrBudget.
func (r *Regex) Match(subject string) (bool, error) {
	found, _, err := r.MatchSteps(subject)
	return found, err
}

// MatchSteps is Match, and tells how many steps of a million it took; none for a
// pattern that is Linear.
func (r *Regex) MatchSteps(subject string) (found bool, steps int, err error) {
	switch {
	case r.literal != nil:
		return r.literal.match(subject), 0, nil
	case r.dfa != nil:
		return r.dfa.match(subject), 0, nil
	}
	m := newMachine()
	defer m.release()
	found, err = r.run(m, subject, 0, r.sparse)
	return found, maxSteps - max(m.steps, 0), err
}

// Find looks for the first match that begins at or after from, and puts where it and
// its groups begin and end in loc, -1 for those that are unset, as far as there is
// room. It returns how many pairs a match has, or 0 for none. Look-behind and \b
// see what is before from, which is between 0 and the length of subject. The error is
// ErrBudget.
func (r *Regex) Find(subject string, from int, loc []int) (int, error) {
	m := newMachine()
	defer m.release()
	found, err := r.find(m, subject, from)
	if !found {
		return 0, err
	}
	for i := range min(len(loc), 2*(r.groups+1)) {
		loc[i] = int(m.slots[i])
	}
	return r.groups + 1, nil
}

// find leaves what it finds in the slots of m.
func (r *Regex) find(m *machine, subject string, from int) (bool, error) {
	if r.literal.findable() && r.groups == 0 {
		at := r.literal.find(subject, from)
		m.slots = append(m.slots[:0], int32(at), int32(at+len(r.literal.text)))
		return at >= 0, nil
	}
	if from == 0 && r.Linear() {
		if match, _ := r.Match(subject); !match {
			return false, nil
		}
	}
	memoised := r.sparse
	if r.full.rechecks || m.notEmpty && r.full.keeps {
		memoised = nil
	}
	return r.run(m, subject, from, memoised)
}

// run searches with the full program. Where that takes many steps, it starts again
// with one that can be memoised, if there is one.
func (r *Regex) run(m *machine, s string, from int, memoised *program) (bool, error) {
	held := m.hold(memoised, s)
	m.reset(r.full, from)
	found := r.search(m, r.full, s)
	spent := m.steps < 0
	m.steps += held
	if spent && held > 0 {
		m.reset(memoised, from)
		m.memoise(memoised, s)
		found = r.search(m, memoised, s)
	}
	if m.steps < 0 {
		return false, ErrBudget
	}
	return found, nil
}

// search tries p wherever a match can begin.
func (r *Regex) search(m *machine, p *program, s string) bool {
	for at := m.from; at <= len(s); at++ {
		if r.begin && at > 0 {
			return false
		}
		if at = r.candidate(s, at); at < 0 {
			return false
		}
		if m.try(p, s, at) {
			return true
		}
		if m.steps < 0 {
			return false
		}
	}
	return false
}

// candidate returns the next position at which a match can begin, or -1.
func (r *Regex) candidate(s string, at int) int {
	switch {
	case r.begin:
		return at
	case len(r.prefix) > 0:
		i := strings.Index(s[at:], r.prefix)
		if i < 0 {
			return -1
		}
		return at + i
	case r.filter:
		for ; at < len(s); at++ {
			if r.first.has(s[at]) {
				return at
			}
		}
		return -1
	}
	return at
}
