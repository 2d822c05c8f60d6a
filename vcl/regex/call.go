package regex

// A call is a group that runs as a subroutine.
type call struct {
	back  int32 // the instruction to go on with
	outer int32 // the call around this, or -1
	group int32
	pos   int32
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
