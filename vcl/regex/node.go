package regex

// A node is a part of a pattern. Options such as (?i) have gone into the sets, and
// names into numbers.
type node struct {
	op       op
	pos      int // where it begins in the pattern
	subs     []*node
	set      set  // opSet
	min, max int  // opRepeat; max is unlimited for no upper bound
	mode     mode // opRepeat
	n        int  // opGroup, opBackref, opCall, and conditions: the number
	fold     bool // opBackref: in either case
	not      bool // opLook
	behind   bool // opLook
	name     string
}

type op uint8

const (
	opEmpty op = iota
	opFail
	opSet
	opSeq
	opAlt
	opRepeat
	opGroup  // a capturing group
	opAtomic // (?>...)
	opLook   // look-ahead and look-behind
	opBackref
	opCall     // a group run as a subroutine; 0 is the whole pattern
	opIfGroup  // subs: then, else
	opIfCalled // the same, if inside call n; anyCall for whichever
	opIfLook   // subs: look, then, else
	opDefine   // never matched in place
	opKeep     // \K

	// Assertions on the position alone.
	opBegin
	opBeginLine
	opEnd // before a final newline, too
	opEndLine
	opEndText
	opWord
	opNotWord
	opFrom // \G
)

type mode uint8

const (
	greedy mode = iota
	lazy
	possessive
)

const (
	unlimited = -1
	anyCall   = -1
)

func (n *node) assertion() bool { return n.op >= opBegin }

// empties reports whether n may match nothing, or whether that is not known.
func (n *node) empties() bool {
	switch n.op {
	case opSet, opFail:
		return false
	case opSeq:
		for _, s := range n.subs {
			if !s.empties() {
				return false
			}
		}
		return true
	case opAlt:
		for _, s := range n.subs {
			if s.empties() {
				return true
			}
		}
		return false
	case opRepeat:
		return n.min == 0 || n.subs[0].empties()
	case opGroup, opAtomic:
		return n.subs[0].empties()
	case opIfGroup, opIfCalled:
		return n.subs[0].empties() || n.subs[1].empties()
	case opIfLook:
		return n.subs[1].empties() || n.subs[2].empties()
	}
	return true
}

// firsts returns the bytes a match of n may begin with. It is only complete if n
// does not match nothing.
func (n *node) firsts() (first set) {
	switch n.op {
	case opSet:
		return n.set
	case opSeq:
		for _, s := range n.subs {
			first.union(s.firsts())
			if !s.empties() {
				break
			}
		}
	case opAlt:
		for _, s := range n.subs {
			first.union(s.firsts())
		}
	case opRepeat:
		if n.max != 0 {
			return n.subs[0].firsts()
		}
	case opGroup, opAtomic:
		return n.subs[0].firsts()
	case opIfGroup, opIfCalled:
		first = n.subs[0].firsts()
		first.union(n.subs[1].firsts())
	case opIfLook:
		first = n.subs[1].firsts()
		first.union(n.subs[2].firsts())
	case opBackref, opCall:
		return anyByte
	}
	return first
}

// anchored reports whether every match of n begins with assertion o.
func (n *node) anchored(o op) bool {
	switch n.op {
	case o:
		return true
	case opSeq:
		return len(n.subs) > 0 && n.subs[0].anchored(o)
	case opAlt:
		for _, s := range n.subs {
			if !s.anchored(o) {
				return false
			}
		}
		return true
	case opGroup, opAtomic:
		return n.subs[0].anchored(o)
	}
	return false
}

// regular reports whether n is a regular expression as mathematics has it.
func (n *node) regular() bool {
	switch n.op {
	case opAtomic, opLook, opBackref, opCall, opIfGroup, opIfCalled, opIfLook, opFrom:
		return false
	case opRepeat:
		if n.mode == possessive {
			return false
		}
	}
	for _, s := range n.subs {
		if !s.regular() {
			return false
		}
	}
	return true
}
