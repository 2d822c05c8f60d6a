package regex

import "strings"

// A literal is a pattern of one string, perhaps tied to an end of the subject.
type literal struct {
	text    string
	begin   bool // only at the beginning of the subject
	end     bool // only at its end
	newline bool // or before its final newline
	whole   bool // text is all of a match, not what a match must contain
}

// literalOf returns what a search for n comes down to, or nil if that is not a literal.
func literalOf(n *node) *literal {
	parts := spine(n, nil)
	l := &literal{}
	if len(parts) > 0 && parts[0].op == opBegin {
		l.begin, parts = true, parts[1:]
	}
	if len(parts) > 0 && (parts[len(parts)-1].op == opEnd || parts[len(parts)-1].op == opEndText) {
		l.end, l.newline = true, parts[len(parts)-1].op == opEnd
		parts = parts[:len(parts)-1]
	}
	needed := parts
	if !l.end {
		needed = withoutTail(needed)
	}
	if !l.begin {
		needed = withoutHead(needed)
	}
	if l.text = literalPrefix(needed); len(l.text) < len(needed) {
		return nil
	}
	l.whole = len(needed) == len(parts)
	return l
}

// spine appends the nodes that follow each other in n, without their groups.
func spine(n *node, to []*node) []*node {
	switch n.op {
	case opEmpty:
		return to
	case opSeq, opGroup:
		for _, s := range n.subs {
			to = spine(s, to)
		}
		return to
	}
	return append(to, n)
}

// withoutTail leaves out what may match nothing at the end of a match: whether there
// is one does not depend on it.
func withoutTail(parts []*node) []*node {
	for len(parts) > 0 && optional(parts[len(parts)-1]) {
		parts = parts[:len(parts)-1]
	}
	return parts
}

// withoutHead does the same at the beginning.
func withoutHead(parts []*node) []*node {
	for len(parts) > 0 && optional(parts[0]) && parts[0].mode != possessive {
		parts = parts[1:]
	}
	return parts
}

// optional reports whether n is a set that may be left out.
func optional(n *node) bool {
	return n.op == opRepeat && n.min == 0 && n.subs[0].op == opSet
}

func (l *literal) match(s string) bool {
	switch {
	case !l.end && l.begin:
		return strings.HasPrefix(s, l.text)
	case !l.end:
		return strings.Contains(s, l.text)
	}
	return l.ends(s) || l.newline && strings.HasSuffix(s, "\n") && l.ends(s[:len(s)-1])
}

// ends reports whether s has a match at its very end.
func (l *literal) ends(s string) bool {
	return strings.HasSuffix(s, l.text) && (!l.begin || len(s) == len(l.text))
}

// findable reports whether find finds what the pattern of l does. That may be nil.
func (l *literal) findable() bool { return l != nil && l.whole && l.text != "" }

// find returns where the first match at or after from begins, or -1.
func (l *literal) find(s string, from int) int {
	at := -1
	switch {
	case !l.end && l.begin:
		if strings.HasPrefix(s, l.text) {
			at = 0
		}
	case !l.end:
		if at = strings.Index(s[from:], l.text); at >= 0 {
			at += from
		}
	case l.newline && strings.HasSuffix(s, "\n") && l.ends(s[:len(s)-1]) && len(s)-1-len(l.text) >= from:
		at = len(s) - 1 - len(l.text)
	case l.ends(s):
		at = len(s) - len(l.text)
	}
	if at < from {
		return -1
	}
	return at
}
