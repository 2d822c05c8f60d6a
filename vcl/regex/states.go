package regex

import "encoding/binary"

const (
	maxTable     = 1 << 15 // entries of a dfa, of two bytes each
	maxPositions = 1000    // sets in a program
	maxColumns   = 200
	maxStateWork = 1 << 17
)

// A builder makes a dfa of a sparse program, state by state. A state is which sets
// may have matched the byte before, so that each set of the program is a position;
// position 0 is the start, which is in every state of a search that is not anchored.
type builder struct {
	p         *program
	asserts   asserts
	anchored  bool
	positions []int32 // the doSet of each
	at        []int32 // the position of each instruction
	words     int     // in a bitset of positions, with one bit more for a match
	rows      map[rowKey]bitset
	sure      bitset // positions after which a match is certain
	columns   columns
	work      int

	states  []state
	numbers map[string]uint16
	key     []byte
	table   []uint16
	initial uint16
}

type state struct {
	members bitset
	before  context
}

// rowKey is a position, and what is on both sides of the place after it.
type rowKey struct {
	position      int32
	before, after context
}

// The states that every dfa has.
const (
	dead uint16 = iota
	matched
	fixed // how many they are
)

// newDFA returns nil if the dfa of p would be too big.
func newDFA(p *program, anchored bool) *dfa {
	b := &builder{p: p, asserts: assertsOf(p), anchored: anchored, rows: map[rowKey]bitset{}, numbers: map[string]uint16{}}
	b.at = make([]int32, len(p.code))
	b.positions = append(b.positions, -1)
	for pc, in := range p.code {
		if in.op == doSet {
			b.at[pc] = int32(len(b.positions))
			b.positions = append(b.positions, int32(pc))
		}
	}
	if len(b.positions) > maxPositions {
		return nil
	}
	b.words = len(b.positions)/64 + 1
	if b.columns = b.newColumns(); b.columns.n > maxColumns {
		return nil
	}
	b.findSure()
	b.states = make([]state, fixed, 64)
	b.table = make([]uint16, int(fixed)*b.columns.n, 64*b.columns.n)
	for i := range b.columns.n {
		b.table[int(matched)*b.columns.n+i] = matched
	}
	b.start()
	for n := int(fixed); n < len(b.states); n++ {
		if b.work > maxStateWork || len(b.states)*b.columns.n > maxTable {
			return nil
		}
		b.expand(n)
	}
	return b.finish()
}

// findSure looks for positions that reach a match without an assertion.
func (b *builder) findSure() {
	b.sure = newBitset(b.words)
	for i := range b.positions {
		if b.work > maxStateWork {
			return
		}
		if b.row(rowKey{int32(i), unknown, unknown}).has(len(b.positions)) {
			b.sure.add(i)
		}
	}
}

// row returns the positions that may match the byte after key.position.
func (b *builder) row(key rowKey) bitset {
	if !b.asserts.any {
		key.before, key.after = unknown, unknown
	}
	if row, known := b.rows[key]; known {
		return row
	}
	row, seen := newBitset(b.words), newBitset(len(b.p.code)/64+1)
	stack := append(make([]int32, 0, 16), b.positions[key.position]+1)
	for len(stack) > 0 {
		pc := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if seen.has(int(pc)) {
			continue
		}
		seen.add(int(pc))
		b.work++
		switch in := &b.p.code[pc]; in.op {
		case doMatch:
			row.add(len(b.positions))
		case doSet:
			row.add(int(b.at[pc]))
		case doSplit:
			stack = append(stack, in.b, in.a)
		case doJump:
			stack = append(stack, in.a)
		case doAssert:
			if key.before.holds(op(in.a), key.after) {
				stack = append(stack, pc+1)
			}
		case doMark, doClose, doKeep:
			stack = append(stack, pc+1)
		}
	}
	b.rows[key] = row
	return row
}

// start makes the state that a search begins in.
func (b *builder) start() {
	start := newBitset(b.words)
	start.add(0)
	before := other
	if b.asserts.begin || b.asserts.lines {
		before = atBegin
	}
	b.initial = b.number(start, before)
}

// number returns the number of a state, which may be a new one. It keeps no hold of
// members.
func (b *builder) number(members bitset, before context) uint16 {
	switch {
	case members.empty():
		return dead
	case members.overlaps(b.sure):
		return matched
	}
	b.key = append(b.key[:0], byte(before))
	for _, w := range members {
		b.key = binary.LittleEndian.AppendUint64(b.key, w)
	}
	n, known := b.numbers[string(b.key)]
	if !known {
		n = uint16(len(b.states))
		b.states = append(b.states, state{append(bitset(nil), members...), before})
		b.table = append(b.table, make([]uint16, b.columns.n)...)
		b.numbers[string(b.key)] = n
	}
	return n
}

// expand fills in where state n goes for each column.
func (b *builder) expand(n int) {
	s := b.states[n]
	var next [contexts]bitset
	to := newBitset(b.words)
	for column := range b.columns.n {
		after := b.columns.before[column]
		if next[after] == nil {
			next[after] = b.union(s, after)
		}
		b.work += b.words
		target := matched
		if !next[after].has(len(b.positions)) {
			to.intersect(next[after], b.columns.members[column])
			if !b.anchored && after != atEnd {
				to.add(0)
			}
			target = b.number(to, b.columns.after[column])
		}
		b.table[n*b.columns.n+column] = target
	}
}

// union returns the positions that may match the byte after s.
func (b *builder) union(s state, after context) bitset {
	all := newBitset(b.words)
	s.members.each(func(i int) {
		b.work += b.words
		all.union(b.row(rowKey{int32(i), s.before, after}))
	})
	return all
}

// finish puts the states in order, those that match rests in first.
func (b *builder) finish() *dfa {
	d := &dfa{class: b.columns.class, stride: b.columns.n, ends: b.asserts.any}
	d.newline, d.end = b.columns.n-2, b.columns.n-1
	order := []uint16{dead, matched}
	d.leave = []byte{0, 0}
	for n := fixed; int(n) < len(b.states); n++ {
		if c, only := b.exit(n); only {
			order = append(order, n)
			d.leave = append(d.leave, c)
		}
	}
	d.rest = uint16((len(order) - 1) * d.stride)
	place := make([]uint16, len(b.states))
	for i, n := range order {
		place[n] = uint16(i * d.stride)
	}
	for n := fixed; int(n) < len(b.states); n++ {
		if place[n] == 0 {
			place[n] = uint16(len(order) * d.stride)
			order = append(order, n)
		}
	}
	for _, n := range order {
		for _, target := range b.table[int(n)*d.stride:][:d.stride] {
			d.table = append(d.table, place[target])
		}
	}
	d.matched = place[matched]
	d.start = place[b.initial]
	return d
}

// exit returns the one byte that leaves state n, if it is only one.
func (b *builder) exit(n uint16) (c byte, only bool) {
	found := 0
	for i := range 256 {
		if b.table[int(n)*b.columns.n+int(b.columns.class[i])] != n {
			c = byte(i)
			found++
		}
	}
	return c, found == 1
}
