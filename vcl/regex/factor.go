package regex

// factor writes what alternatives begin with once, as in a(?:b|c) for ab|ac, so that
// long lists of words cost about as much as one. What matches stays the same, and
// which alternative is first.
func factor(n *node) *node {
	behind := n.op == opLook && n.behind
	for i, s := range n.subs {
		if behind && s.op == opAlt { // each alternative has a width of its own
			for j, branch := range s.subs {
				s.subs[j] = factor(branch)
			}
			continue
		}
		n.subs[i] = factor(s)
	}
	switch n.op {
	case opSeq:
		n.subs = flattened(n.subs)
	case opAlt:
		n.subs = merged(n.subs)
	default:
		return n
	}
	if len(n.subs) == 1 {
		return n.subs[0]
	}
	return n
}

// flattened puts the parts of sequences in their place.
func flattened(subs []*node) (all []*node) {
	for _, s := range subs {
		if s.op == opSeq {
			all = append(all, s.subs...)
		} else {
			all = append(all, s)
		}
	}
	return all
}

// A bunch is alternatives that begin with the same set.
type bunch [][]*node

// merged returns fewer alternatives. Those that begin with different bytes may change
// places, since only one of them can match.
func merged(alternatives []*node) (all []*node) {
	var bunches []bunch
	var seen set // what these begin with
	numbers := map[set]int{}
	flush := func() {
		for _, b := range bunches {
			all = append(all, b.node())
		}
		bunches, seen = nil, set{}
		clear(numbers)
	}
	for _, a := range alternatives {
		parts := parts(a)
		if len(parts) == 0 || parts[0].op != opSet {
			flush()
			all = append(all, a)
			continue
		}
		first := parts[0].set
		number, known := numbers[first]
		if !known && seen.overlaps(first) {
			flush()
		}
		if !known {
			number = len(bunches)
			bunches = append(bunches, nil)
			numbers[first] = number
			seen.union(first)
		}
		bunches[number] = append(bunches[number], parts)
	}
	flush()
	return all
}

// parts are the nodes that follow each other in n.
func parts(n *node) []*node {
	switch n.op {
	case opEmpty:
		return nil
	case opSeq:
		return n.subs
	}
	return []*node{n}
}

// node returns what all of b begin with, and then what they differ in.
func (b bunch) node() *node {
	if len(b) == 1 {
		return sequence(b[0])
	}
	same := b.common()
	var rests []*node
	for _, parts := range b {
		rests = append(rests, sequence(parts[same:]))
	}
	head := b[0][:same:same]
	if rests = merged(rests); len(rests) == 1 {
		return sequence(append(head, parts(rests[0])...))
	}
	return sequence(append(head, &node{op: opAlt, pos: b[0][0].pos, subs: rests}))
}

// common returns how many sets all of b begin with.
func (b bunch) common() (n int) {
	for ; n < len(b[0]) && b[0][n].op == opSet; n++ {
		for _, parts := range b[1:] {
			if n == len(parts) || parts[n].op != opSet || parts[n].set != b[0][n].set {
				return n
			}
		}
	}
	return n
}

func sequence(parts []*node) *node {
	switch len(parts) {
	case 0:
		return &node{op: opEmpty}
	case 1:
		return parts[0]
	}
	return &node{op: opSeq, pos: parts[0].pos, subs: parts}
}
