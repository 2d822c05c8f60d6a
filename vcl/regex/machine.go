package regex

import (
	"strings"
	"sync"
)

// A machine runs programs by trying, and by going back to the last choice when that
// fails. What it may have to go back to is a stack of frames.
type machine struct {
	stack   []frame
	slots   []int32
	barrier int32 // the innermost doEnter on the stack, or -1
	call    int32 // the innermost call in calls, or -1
	calls   []call
	saved   []int32 // slots as they were before each call
	steps   int     // left before it gives up
	from    int     // where the search began: \G

	notEmpty bool // a match of nothing does not count

	// In a memoised run no place is tried twice at one position, nor at another start.
	memo    bool
	visited []uint64
}

// A frame is a choice to come back to, or what to undo on the way there.
type frame struct {
	kind frameKind
	pc   int32
	pos  int32
	x    int32
}

type frameKind uint8

const (
	choose    frameKind = iota // go on at pc and pos
	shorten                    // a run that may end at pos, or before, down to x
	lengthen                   // a run that may go on from pos, for x more bytes; pc is the run itself
	undoSlot                   // slot pc was pos
	undoGroup                  // group pc was pos, x
	undoCall                   // call was x, and calls had pc entries
	undoEnter                  // a doEnter, for pos; then go to pc. The barrier was x
)

// A call is a group that runs as a subroutine.
type call struct {
	back  int32 // the instruction to go on with
	outer int32 // the call around this, or -1
	group int32
	pos   int32
}

const (
	maxSteps  = 1 << 20
	keptStack = 1 << 15 // frames that a machine keeps for the next run
)

var machines = sync.Pool{New: func() any { return new(machine) }}

// reset readies m for a program.
func (m *machine) reset(p *program, from, steps int) {
	if cap(m.slots) < p.slots {
		m.slots = make([]int32, p.slots)
	}
	m.slots = m.slots[:p.slots]
	for i := range m.slots {
		m.slots[i] = -1
	}
	m.from, m.steps, m.memo = from, steps, false
}

// release gives m back.
func (m *machine) release() {
	if cap(m.stack) > keptStack {
		m.stack = nil
	}
	if cap(m.visited) > keptStack {
		m.visited = nil
	}
	if cap(m.saved) > keptStack {
		m.saved = nil
	}
	machines.Put(m)
}

// try runs p at start. Whether it gave up shows in steps, which is then negative.
// Every instruction is a step, and what costs more counts for more. Where it fails
// it has undone what it set, so that the next start finds the slots unset.
func (m *machine) try(p *program, s string, start int) bool {
	m.slots[0] = int32(start)
	m.stack, m.calls, m.saved = m.stack[:0], m.calls[:0], m.saved[:0]
	m.barrier, m.call = -1, -1
	pc, pos := int32(0), start
	for {
		if m.steps--; m.steps < 0 {
			return false
		}
		in := &p.code[pc]
		ok := true
		switch in.op {
		case doMatch:
			m.slots[1] = int32(pos)
			if ok = !m.notEmpty || m.slots[0] != m.slots[1]; ok {
				return true
			}
		case doSet:
			if ok = pos < len(s) && p.sets[in.a].has(s[pos]); ok {
				pos++
			}
		case doString:
			if ok = strings.HasPrefix(s[pos:], p.strings[in.a]); ok {
				pos += len(p.strings[in.a])
			}
		case doRun:
			pos, ok = m.run(p, in, pc, s, pos)
		case doSplit:
			if ok = !m.memo || m.fresh(pc, pos, len(s)); ok {
				m.push(frame{kind: choose, pc: in.b, pos: int32(pos)})
				pc = in.a - 1
			}
		case doJump:
			pc = in.a - 1
		case doLoop:
			pc = m.loop(in, pc, pos)
		case doMark:
			m.push(frame{kind: undoSlot, pc: in.a, pos: m.slots[in.a]})
			m.slots[in.a] = int32(pos)
		case doClose:
			m.setGroup(in.a, m.slots[in.b], int32(pos))
		case doKeep:
			m.push(frame{kind: undoSlot, pc: 0, pos: m.slots[0]})
			m.slots[0] = int32(pos)
		case doAssert:
			ok = holds(op(in.a), s, pos, m.from)
		case doBackref:
			pos, ok = m.backref(in, s, pos)
		default:
			pc, pos, ok = m.rare(p, in, pc, pos)
		}
		pc++
		if !ok {
			if pc, pos, ok = m.back(p, s); !ok {
				return false
			}
		}
	}
}

// rare runs what few patterns have.
func (m *machine) rare(p *program, in *inst, pc int32, pos int) (int32, int, bool) {
	switch in.op {
	case doBack:
		return pc, pos - int(in.a), pos >= int(in.a)
	case doEnter:
		m.push(frame{kind: undoEnter, pc: in.b, pos: int32(pos), x: m.barrier})
		m.barrier = int32(len(m.stack) - 1)
		return pc, pos, true
	case doLeave:
		return m.leave(in, pc, pos)
	case doCall:
		return in.a - 1, pos, m.enterCall(in, pc, pos)
	case doReturn:
		return m.leaveCall() - 1, pos, true
	case doIfGroup:
		if m.slots[2*in.a+1] < 0 {
			pc = in.b - 1
		}
		return pc, pos, true
	case doIfCalled:
		if m.call < 0 || in.a != anyCall && m.calls[m.call].group != in.a {
			pc = in.b - 1
		}
		return pc, pos, true
	}
	return pc, pos, false
}

func (m *machine) push(f frame) { m.stack = append(m.stack, f) }

// back returns to the last choice; ok is false if there is none.
func (m *machine) back(p *program, s string) (pc int32, pos int, ok bool) {
	for len(m.stack) > 0 {
		top := len(m.stack) - 1
		f := &m.stack[top]
		switch f.kind {
		case choose:
			m.stack = m.stack[:top]
			return f.pc, int(f.pos), true
		case shorten:
			pos := m.shorten(p, f, s)
			if pos < 0 {
				break
			}
			return f.pc, pos, true
		case lengthen:
			m.steps--
			if f.x == 0 || int(f.pos) >= len(s) || !p.sets[p.code[f.pc].a].has(s[f.pos]) {
				break
			}
			f.pos, f.x = f.pos+1, f.x-1
			return f.pc + 1, int(f.pos), true
		case undoEnter:
			m.stack = m.stack[:top]
			m.barrier = f.x
			if f.pc != neverSticks {
				return f.pc, int(f.pos), true
			}
			continue
		default:
			m.undo(f)
		}
		m.stack = m.stack[:top]
	}
	return 0, 0, false
}

// shorten gives back bytes of a greedy run, to where what follows may match.
func (m *machine) shorten(p *program, f *frame, s string) int {
	next := &p.code[f.pc]
	for {
		if f.pos <= f.x {
			return -1
		}
		f.pos--
		m.steps--
		switch next.op {
		case doSet:
			if !p.sets[next.a].has(s[f.pos]) {
				continue
			}
		case doString:
			if p.strings[next.a][0] != s[f.pos] {
				continue
			}
		}
		return int(f.pos)
	}
}

func (m *machine) undo(f *frame) {
	switch f.kind {
	case undoSlot:
		m.slots[f.pc] = f.pos
	case undoGroup:
		m.slots[2*f.pc], m.slots[2*f.pc+1] = f.pos, f.x
	case undoCall:
		m.call = f.x
		m.calls = m.calls[:f.pc]
		m.saved = m.saved[:int(f.pc)*len(m.slots)]
	}
}

func (m *machine) setGroup(n, begin, end int32) {
	m.push(frame{kind: undoGroup, pc: n, pos: m.slots[2*n], x: m.slots[2*n+1]})
	m.slots[2*n], m.slots[2*n+1] = begin, end
}

// run matches as many bytes of a set as its mode wants.
func (m *machine) run(p *program, in *inst, pc int32, s string, pos int) (int, bool) {
	members := &p.sets[in.a]
	most := len(s) - pos
	if int(in.max) < most {
		most = int(in.max)
	}
	need := int(in.min)
	if need > most {
		return pos, false
	}
	want := most
	if in.mode == lazy {
		want = need
	}
	end := pos
	for end < pos+want && members.has(s[end]) {
		end++
	}
	m.steps -= (end - pos) >> 3
	if end-pos < need {
		return pos, false
	}
	if in.mode == lazy && most > need {
		m.push(frame{kind: lengthen, pc: pc, pos: int32(end), x: int32(most - need)})
	}
	if in.mode == greedy && end > pos+need {
		m.push(frame{kind: shorten, pc: pc + 1, pos: int32(end), x: int32(pos + need)})
	}
	return end, true
}

// loop returns the instruction before the one to go on with.
func (m *machine) loop(in *inst, pc int32, pos int) int32 {
	switch {
	case m.slots[in.b] == int32(pos):
		return pc
	case in.mode == lazy:
		m.push(frame{kind: choose, pc: in.a, pos: int32(pos)})
		return pc
	}
	m.push(frame{kind: choose, pc: pc + 1, pos: int32(pos)})
	return in.a - 1
}

// leave ends what doEnter began. There is no going back into it, but what it set is
// still to be undone.
func (m *machine) leave(in *inst, pc int32, pos int) (int32, int, bool) {
	at := m.barrier
	entered := m.stack[at]
	m.barrier = entered.x
	m.steps -= (len(m.stack) - int(at)) >> 3
	if in.a == notAhead {
		for i := len(m.stack) - 1; i > int(at); i-- {
			m.undo(&m.stack[i])
		}
		m.stack = m.stack[:at]
		if in.b == neverSticks {
			return pc, pos, false
		}
		return in.b - 1, int(entered.pos), true
	}
	kept := m.stack[:at]
	for _, f := range m.stack[at+1:] {
		if f.kind == undoSlot || f.kind == undoGroup || f.kind == undoCall {
			kept = append(kept, f)
		}
	}
	m.stack = kept
	if in.a == ahead {
		pos = int(entered.pos)
	}
	return pc, pos, true
}

// enterCall refuses, as if out of steps, what calls itself without end.
func (m *machine) enterCall(in *inst, pc int32, pos int) bool {
	for c := m.call; c >= 0 && m.calls[c].pos == int32(pos); c = m.calls[c].outer {
		if m.calls[c].group == in.b {
			m.steps = -1
			return false
		}
	}
	m.push(frame{kind: undoCall, pc: int32(len(m.calls)), x: m.call})
	m.calls = append(m.calls, call{back: pc + 1, outer: m.call, group: in.b, pos: int32(pos)})
	m.saved = append(m.saved, m.slots...)
	m.steps -= len(m.slots) >> 2
	m.call = int32(len(m.calls) - 1)
	return true
}

// leaveCall puts the groups back as they were, and returns where to go on.
func (m *machine) leaveCall() int32 {
	c := m.calls[m.call]
	before := m.saved[int(m.call)*len(m.slots):][:len(m.slots)]
	for i := 1; i < len(before); i++ {
		if m.slots[i] != before[i] {
			m.push(frame{kind: undoSlot, pc: int32(i), pos: m.slots[i]})
			m.slots[i] = before[i]
		}
	}
	m.push(frame{kind: undoCall, pc: int32(len(m.calls)), x: m.call})
	m.call = c.outer
	return c.back
}

func (m *machine) backref(in *inst, s string, pos int) (int, bool) {
	begin, end := m.slots[2*in.a], m.slots[2*in.a+1]
	if end < 0 || int(end-begin) > len(s)-pos {
		return pos, false
	}
	was, is := s[begin:end], s[pos:pos+int(end-begin)]
	m.steps -= len(is) >> 3
	if was == is || in.fold && sameFolded(was, is) {
		return pos + len(is), true
	}
	return pos, false
}

func sameFolded(a, b string) bool {
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// fresh reports whether pc is tried at pos for the first time.
func (m *machine) fresh(pc int32, pos, n int) bool {
	bit := int(pc)*(n+1) + pos
	if m.visited[bit>>6]&(1<<(bit&63)) != 0 {
		return false
	}
	m.visited[bit>>6] |= 1 << (bit & 63)
	return true
}

// holds reports whether an assertion is true between two bytes of s.
func holds(o op, s string, pos, from int) bool {
	switch o {
	case opBegin:
		return pos == 0
	case opBeginLine: // not after a newline at the very end
		return pos == 0 || s[pos-1] == '\n' && pos < len(s)
	case opEnd:
		return pos == len(s) || pos == len(s)-1 && s[pos] == '\n'
	case opEndLine:
		return pos == len(s) || s[pos] == '\n'
	case opEndText:
		return pos == len(s)
	case opFrom:
		return pos == from
	}
	before := pos > 0 && words.has(s[pos-1])
	after := pos < len(s) && words.has(s[pos])
	return (before != after) == (o == opWord)
}
