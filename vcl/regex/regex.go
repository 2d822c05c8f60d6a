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
	full    *program
	sparse  *program // of a regular pattern

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
	if root.regular() {
		r.sparse = compile(p, root, true)
	}
	return r, nil
}

func (r *Regex) String() string { return r.pattern }

// Groups returns the highest number of a group that captures.
func (r *Regex) Groups() int { return r.groups }

// Linear reports whether Match and Find take time in proportion to the subject, and
// so never fail.
func (r *Regex) Linear() bool { return r.sparse != nil && !r.full.rechecks }

// Match reports whether subject has a match anywhere. The error is ErrBudget.
func (r *Regex) Match(subject string) (bool, error) {
	n, err := r.Find(subject, 0, nil)
	return n > 0, err
}

// Find looks for the first match that begins at or after from, and puts where it and
// its groups begin and end in loc, -1 for those that are unset, as far as there is
// room. It returns how many pairs a match has, or 0 for none. Look-behind and \b
// see what is before from, which is between 0 and the length of subject. The error is
// ErrBudget.
func (r *Regex) Find(subject string, from int, loc []int) (int, error) {
	m := machines.Get().(*machine)
	defer m.release()
	m.notEmpty = false
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
	m.reset(r.full, from, maxSteps)
	if r.search(m, r.full, subject) {
		return true, nil
	}
	if m.steps < 0 {
		return false, ErrBudget
	}
	return false, nil
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
		m.steps--
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
