package regex

// widths tells how many bytes nodes match, for look-behind: each alternative of
// one has to have a width of its own.
type widths struct {
	p      *parser
	groups map[int]int // by number; unlimited while it is looked at, or for none
}

const maxBehind = 65535

func newWidths(p *parser) *widths { return &widths{p, map[int]int{}} }

// check refuses look-behind that has alternatives without a width.
func (w *widths) check(n *node) {
	for _, s := range n.subs {
		w.check(s)
	}
	if n.op != opLook || !n.behind {
		return
	}
	for _, branch := range branches(n.subs[0]) {
		if w.of(branch) < 0 {
			w.p.fail(n.pos, "look-behind needs alternatives of a fixed length")
		}
	}
}

// branches are the alternatives of n.
func branches(n *node) []*node {
	if n.op == opAlt {
		return n.subs
	}
	return []*node{n}
}

// of returns the width of n, or unlimited if it has none.
func (w *widths) of(n *node) int {
	switch n.op {
	case opSet:
		return 1
	case opSeq:
		return w.sum(n.subs)
	case opAlt, opIfGroup, opIfCalled:
		return w.same(n.subs)
	case opIfLook:
		return w.same(n.subs[1:])
	case opAtomic:
		return w.of(n.subs[0])
	case opGroup:
		return w.group(n)
	case opBackref, opCall:
		if g := w.p.nodes[n.n]; g != nil {
			return w.group(g)
		}
		return unlimited
	case opRepeat:
		each := w.of(n.subs[0])
		if n.min != n.max || each < 0 || each*n.min > maxBehind {
			return unlimited
		}
		return each * n.min
	}
	return 0
}

func (w *widths) group(n *node) int {
	if width, known := w.groups[n.n]; known {
		return width
	}
	w.groups[n.n] = unlimited
	w.groups[n.n] = w.of(n.subs[0])
	return w.groups[n.n]
}

func (w *widths) sum(all []*node) (sum int) {
	for _, n := range all {
		width := w.of(n)
		if width < 0 || sum+width > maxBehind {
			return unlimited
		}
		sum += width
	}
	return sum
}

func (w *widths) same(all []*node) int {
	width := w.of(all[0])
	for _, n := range all[1:] {
		if w.of(n) != width {
			return unlimited
		}
	}
	return width
}
