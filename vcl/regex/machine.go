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

	memo    bool
	visited []uint64 // a bit for each doSplit and position
}

const (
	maxSteps  = 1 << 20
	maxStack  = 1 << 18 // frames of 16 bytes
	fewSteps  = 1 << 8
	maxMemo   = 1 << 22 // bits
	keptStack = 1 << 15 // frames that a machine keeps for the next run
)

var machines = sync.Pool{New: func() any { return new(machine) }}

// newMachine returns a machine with all the steps that one may take.
func newMachine() *machine {
	m := machines.Get().(*machine)
	m.steps, m.notEmpty = maxSteps, false
	return m
}

// hold keeps most steps back for a memoised run of p, and returns how many. None are
// if there is no p, or if memoising it would take too much memory.
func (m *machine) hold(p *program, s string) (held int) {
	if p == nil || p.splits*(len(s)+1) > maxMemo {
		return 0
	}
	held = max(0, m.steps-fewSteps-8*len(s))
	m.steps -= held
	return held
}

// reset readies m for a program.
func (m *machine) reset(p *program, from int) {
	if cap(m.slots) < p.slots {
		m.slots = make([]int32, p.slots)
	}
	m.slots = m.slots[:p.slots]
	for i := range m.slots {
		m.slots[i] = -1
	}
	m.from, m.memo = from, false
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
	if cap(m.calls) > keptStack {
		m.calls = nil
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
			m.slots[0] = min(m.slots[0], m.slots[1]) // after a \K in what a look-ahead has called
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
			if ok = !m.memo || m.fresh(in.min, pos, len(s)); ok {
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

// memoise makes the next run of p one in which no doSplit is tried twice at one position,
// nor at another start. Where it has failed once it would fail again.
func (m *machine) memoise(p *program, s string) {
	words := p.splits*(len(s)+1)/64 + 1
	if cap(m.visited) < words {
		m.visited = make([]uint64, words)
	}
	m.visited = m.visited[:words]
	clear(m.visited)
	m.memo = true
}

// fresh reports whether the doSplit of this number is tried at pos for the first time.
func (m *machine) fresh(number int32, pos, n int) bool {
	bit := int(number)*(n+1) + pos
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
