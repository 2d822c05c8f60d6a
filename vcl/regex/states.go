package regex

import (
	"encoding/binary"
	"slices"
)

// How big a dfa may be, and how much work: a constant, and more for each byte of the
// pattern, so that what a program of many patterns costs is in proportion to its text.
const (
	smallTable   = 1 << 12 // entries of two bytes
	tableForByte = 1 << 5
	maxTable     = 1 << 18 // at most half of what uint16 can tell apart, in units
	smallWork    = 1 << 14 // units of about ten nanoseconds
	workForByte  = 1 << 7
	maxStateWork = 1 << 19
	maxColumns   = 200
)

// A builder makes a dfa of a sparse program, state by state. Each set of the program
// is a position, and a state is the positions that may have matched the byte before.
// Position 0 is the start. In a search that is not anchored every state has it, and
// none mentions it.
type builder struct {
	p         *program
	asserts   asserts
	anchored  bool
	positions []int32  // the doSet of each
	at        []uint16 // the position of each doSet
	sure      []bool   // whether a match is certain after a position
	columns   columns
	width     int                       // of a row of the dfa, in units
	rows      [contexts][contexts][]row // by what is before and after, and position
	starts    [contexts][contexts]*fresh
	marks     []uint32 // the value of mark when a position was last met
	mark      uint32

	// What expand works in.
	own       [][]uint16 // by column
	next      []uint16
	following []row

	states  []state
	numbers map[string]uint16
	key     []byte
	table   []uint16
	start   uint16

	room, work int // how many entries and units of work are left
}

// A row is what may match after a position, between two bytes.
type row struct {
	next    []uint16
	matches bool
	known   bool
}

// A state has its positions in order.
type state struct {
	positions []uint16
	before    context
}

// The states that every dfa has.
const (
	dead    uint16 = iota // there is no match any more
	matched               // there is one
	fixed                 // how many these are
)

// newDFA returns nil if the dfa of p would be too big for a pattern of n bytes.
func newDFA(p *program, anchored bool, n int) *dfa {
	b := &builder{p: p, asserts: assertsOf(p), anchored: anchored, numbers: map[string]uint16{}}
	b.room = min(maxTable, smallTable+tableForByte*n)
	b.work = min(maxStateWork, smallWork+workForByte*n)
	b.findPositions()
	b.columns = b.newColumns()
	if b.columns.n > maxColumns || !b.findSure() {
		return nil
	}
	b.width = (b.columns.n + unit - 1) / unit
	b.own = make([][]uint16, b.columns.n)
	b.states = make([]state, fixed, 64)
	b.table = make([]uint16, int(fixed)*b.columns.n, 64*b.columns.n)
	for column := range b.columns.n {
		b.table[int(matched)*b.columns.n+column] = matched
	}
	b.start = b.first()
	for i := int(fixed); i < len(b.states); i++ {
		if len(b.states)*b.width*unit > b.room || b.work < 0 {
			return nil
		}
		b.expand(i)
	}
	return b.finish()
}

func (b *builder) findPositions() {
	b.at = make([]uint16, len(b.p.code))
	b.positions = append(b.positions, -1) // so that what follows is instruction 0
	for pc, in := range b.p.code {
		if in.op == doSet {
			b.at[pc] = uint16(len(b.positions))
			b.positions = append(b.positions, int32(pc))
		}
	}
	b.marks = make([]uint32, max(len(b.positions), len(b.p.code)))
	b.sure = make([]bool, len(b.positions))
}

// findSure looks for positions that reach a match without an assertion. It reports
// false if that is too much work.
func (b *builder) findSure() bool {
	for i := range b.positions {
		if b.work < 0 {
			return false
		}
		b.sure[i] = b.row(uint16(i), unknown, unknown).matches
	}
	return true
}

// first makes the state that a search begins in.
func (b *builder) first() uint16 {
	before := other
	if b.asserts.begin || b.asserts.lines {
		before = atBegin
	}
	switch {
	case b.sure[0]:
		return matched
	case b.anchored:
		return b.number([]uint16{0}, before)
	}
	return b.number(nil, before)
}

// row returns what may match after a position.
func (b *builder) row(position uint16, before, after context) row {
	if !b.asserts.any {
		before, after = unknown, unknown
	}
	rows := &b.rows[before][after]
	if *rows == nil {
		*rows = make([]row, len(b.positions))
	}
	r := &(*rows)[position]
	if r.known {
		return *r
	}
	r.known = true
	b.mark++
	var room [16]int32
	stack := append(room[:0], b.positions[position]+1)
	for len(stack) > 0 {
		pc := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if b.marks[pc] == b.mark {
			continue
		}
		b.marks[pc] = b.mark
		b.work--
		switch in := &b.p.code[pc]; in.op {
		case doMatch:
			r.matches = true
		case doSet:
			r.next = append(r.next, b.at[pc])
		case doSplit:
			stack = append(stack, in.b, in.a)
		case doJump:
			stack = append(stack, in.a)
		case doAssert:
			if before.holds(op(in.a), after) {
				stack = append(stack, pc+1)
			}
		case doMark, doClose, doKeep:
			stack = append(stack, pc+1)
		}
	}
	return *r
}

// number returns the number of a state, which may be a new one. It keeps no hold of
// positions.
func (b *builder) number(positions []uint16, before context) uint16 {
	if b.anchored && len(positions) == 0 {
		return dead
	}
	b.key = append(b.key[:0], byte(before))
	for _, p := range positions {
		if b.sure[p] {
			return matched
		}
		b.key = binary.LittleEndian.AppendUint16(b.key, p)
	}
	b.work -= len(positions)
	n, known := b.numbers[string(b.key)]
	if !known {
		n = uint16(len(b.states))
		b.states = append(b.states, state{slices.Clone(positions), before})
		b.table = append(b.table, make([]uint16, b.columns.n)...)
		b.numbers[string(b.key)] = n
	}
	return n
}

// A fresh is what the start adds to the states of a search that is not anchored.
type fresh struct {
	row
	columns [][]uint16 // the positions of each column, in order
	targets []uint16   // where a column goes that has no others
}

// fresh returns what the start adds between two bytes.
func (b *builder) fresh(before, after context) *fresh {
	if f := b.starts[before][after]; f != nil {
		return f
	}
	f := &fresh{columns: make([][]uint16, b.columns.n), targets: make([]uint16, b.columns.n)}
	b.starts[before][after] = f
	if !b.anchored {
		f.row = b.row(0, before, after)
		b.distribute(slices.Sorted(slices.Values(f.next)), after, f.columns)
	}
	for column := range f.targets {
		if b.columns.before[column] == after && after != atEnd {
			f.targets[column] = b.number(f.columns[column], b.columns.after[column])
		}
	}
	return f
}

// distribute appends each position to the columns that its set has.
func (b *builder) distribute(positions []uint16, after context, to [][]uint16) {
	for _, p := range positions {
		for _, column := range b.columns.of[b.p.code[b.positions[p]].a] {
			if b.columns.before[column] == after {
				to[column] = append(to[column], p)
				b.work--
			}
		}
	}
}

// expand fills in where state n goes.
func (b *builder) expand(n int) {
	for _, after := range b.columns.sorts {
		b.work -= b.columns.n / 4
		f := b.fresh(b.states[n].before, after)
		next, matches := b.follow(b.states[n], after, f)
		if !matches {
			b.distribute(next, after, b.own)
		}
		for column, before := range b.columns.before {
			if before != after {
				continue
			}
			target := f.targets[column]
			if own := b.own[column]; matches {
				target = matched
			} else if len(own) > 0 {
				own = append(own, f.columns[column]...)
				slices.Sort(own)
				target = b.number(own, b.columns.after[column])
				b.own[column] = own[:0]
			}
			b.table[n*b.columns.n+column] = target
		}
	}
}

// follow returns the positions that may match the byte after s, in order, without
// those of f.
func (b *builder) follow(s state, after context, f *fresh) (next []uint16, matches bool) {
	rows := b.following[:0]
	for _, p := range s.positions {
		rows = append(rows, b.row(p, s.before, after))
	}
	b.following, next = rows, b.next[:0]
	b.mark++
	for _, p := range f.next {
		b.marks[p] = b.mark
	}
	matches = f.matches
	for _, r := range rows {
		matches = matches || r.matches
		b.work -= len(r.next)
		for _, p := range r.next {
			if b.marks[p] != b.mark {
				b.marks[p] = b.mark
				next = append(next, p)
			}
		}
	}
	slices.Sort(next)
	b.next = next
	return next, matches
}

// finish puts the states in order, those that matching may rest in first.
func (b *builder) finish() *dfa {
	d := &dfa{class: b.columns.class, newline: b.columns.n - 2, end: b.columns.n - 1, ends: b.asserts.any}
	order, others := []uint16{dead, matched}, []uint16(nil)
	exits := make([]byte, fixed)
	for n := fixed; int(n) < len(b.states); n++ {
		if c, only := b.exit(n); only {
			order, exits = append(order, n), append(exits, c)
		} else {
			others = append(others, n)
		}
	}
	d.rest = uint16((len(order) - 1) * b.width)
	d.leave = make([]byte, d.rest+1)
	order = append(order, others...)
	places := make([]uint16, len(order))
	for i, n := range order {
		places[n] = uint16(i * b.width)
	}
	for i, c := range exits {
		d.leave[i*b.width] = c
	}
	d.start, d.matched = places[b.start], places[matched]
	d.table = make([]uint16, len(order)*b.width*unit)
	for _, n := range order {
		for column, target := range b.table[int(n)*b.columns.n:][:b.columns.n] {
			d.table[int(places[n])*unit+column] = places[target]
		}
	}
	return d
}

// exit returns the one byte that leaves state n, if it is only one.
func (b *builder) exit(n uint16) (c byte, only bool) {
	leaving := 0
	for column, sample := range b.columns.samples {
		if b.table[int(n)*b.columns.n+column] != n {
			c = sample
			leaving += b.columns.sizes[column]
		}
	}
	return c, leaving == 1
}
