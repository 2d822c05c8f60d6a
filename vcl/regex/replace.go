package regex

import "strings"

// maxResult is how long replacing may make a subject, in bytes.
const maxResult = 1 << 20

// Replace puts replacement in the place of the first match in subject, or of all.
// In replacement, \0 to \9 and \{0} to \{99} stand for a group, empty if that is
// unset; a backslash before anything else only quotes it. After the first match
// only those count that are not empty, as in Varnish.
//
// With an error subject comes back as it is. ErrBudget says that all the matches
// together take too many steps, or that the result would be longer than 1 MiB.
func (r *Regex) Replace(subject, replacement string, all bool) (string, error) {
	m := newMachine()
	defer m.release()
	var out strings.Builder
	done := 0 // up to where subject has been copied
	for first := true; ; first = false {
		m.notEmpty = !first
		found, err := r.find(m, subject, done)
		if err != nil || first && !found {
			return subject, err
		}
		if !found {
			break
		}
		if first {
			out.Grow(len(subject) + len(replacement))
		}
		begin, end := int(m.slots[0]), int(m.slots[1])
		out.WriteString(subject[done:begin])
		r.expand(&out, m.slots, subject, replacement)
		if out.Len() > maxResult {
			return subject, ErrBudget
		}
		if done = end; !all {
			break
		}
	}
	out.WriteString(subject[done:])
	return out.String(), nil
}

// expand writes replacement with the groups of a match.
func (r *Regex) expand(out *strings.Builder, slots []int32, subject, replacement string) {
	for i := 0; i < len(replacement) && out.Len() <= maxResult; i++ {
		c := replacement[i]
		if c != '\\' || i == len(replacement)-1 {
			out.WriteByte(c)
			continue
		}
		group, n := groupNumber(replacement[i+1:])
		if n == 0 {
			i++
			out.WriteByte(replacement[i])
			continue
		}
		i += n
		if group <= r.groups && slots[2*group+1] >= 0 {
			out.WriteString(subject[slots[2*group]:slots[2*group+1]])
		}
	}
}

// groupNumber reads 1 or {12} at the beginning of s, n bytes of it.
func groupNumber(s string) (group, n int) {
	if digits.has(s[0]) {
		return int(s[0] - '0'), 1
	}
	if s[0] != '{' {
		return 0, 0
	}
	for n = 1; n < len(s) && n <= 2 && digits.has(s[n]); n++ {
		group = group*10 + int(s[n]-'0')
	}
	if n == 1 || n == len(s) || s[n] != '}' {
		return 0, 0
	}
	return group, n + 1
}
