package regex

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

// push gives up, as if out of steps, when there would be too many frames.
func (m *machine) push(f frame) {
	if len(m.stack) == maxStack {
		m.steps = 0
		return
	}
	m.stack = append(m.stack, f)
}

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
