package regex

import "math"

// An inst is one step of the machine. Unless it says otherwise, the next one follows.
type inst struct {
	op       opcode
	mode     mode
	fold     bool
	a, b     int32 // targets, or numbers of sets, strings, slots and groups
	min, max int32
}

type opcode uint8

const (
	doMatch opcode = iota
	doFail
	doSet    // one byte of set a
	doString // string a
	doRun    // min to max bytes of set a
	doSplit  // go to a, and if that fails to b; it is number min of these
	doJump   // go to a
	doLoop   // leave if nothing was matched since slot b; else go to a, or first leave if lazy
	doMark   // slot a is here
	doClose  // group a ends here, and began at slot b
	doKeep
	doAssert // op a
	doBackref
	doBack      // a bytes back
	doEnter     // a look-around or atomic group; see machine.leave
	doLeave     // its end
	doCall      // run from a as group b
	doReturn    // end of a call
	doIfGroup   // go to b unless group a is set
	doIfCalled  // go to b unless in call a
	maxProgram  = 20000
	maxWork     = 4 * maxProgram
	neverSticks = -1 // target of what fails when a look-around does
)

// What doEnter and doLeave enclose.
const (
	atomic = iota
	ahead
	notAhead
)

// A program is what the machine runs.
type program struct {
	code     []inst
	sets     []set
	strings  []string
	slots    int // 2 for each group and itself, then those of loops
	groups   int
	splits   int  // how many doSplit there are
	rechecks bool // has doLoop: what comes next depends on more than place and position
	keeps    bool // has doKeep
}

// size returns about how many bytes p has.
func (p *program) size() int {
	size := 20*len(p.code) + 32*len(p.sets)
	for _, s := range p.strings {
		size += len(s)
	}
	return size
}

// A compiler writes one program.
type compiler struct {
	program
	sparse bool // without doRun and doString, for automata
	sets   map[set]int32
	began  map[*node]int32
	called map[int]int32 // where calls of a group go
	calls  []int         // instructions that wait for called
	widths *widths
	work   int // nodes written, of which some emit nothing
	big    bool
}

// compile returns nil if the program would be too big.
func compile(p *parser, root *node, sparse bool) *program {
	c := &compiler{sparse: sparse, sets: map[set]int32{}, began: map[*node]int32{}, called: map[int]int32{}, widths: newWidths(p)}
	c.groups = p.groups
	c.slots = 2 * (p.groups + 1)
	c.node(root)
	c.emit(inst{op: doMatch})
	for number := range p.groups + 1 {
		if !p.called[number] {
			continue
		}
		c.called[number] = c.here()
		if number == 0 {
			c.node(root)
		} else {
			c.node(p.nodes[number])
		}
		c.emit(inst{op: doReturn})
	}
	for _, pc := range c.calls {
		c.code[pc].a = c.called[int(c.code[pc].b)]
	}
	if c.big {
		return nil
	}
	made := c.program // and nothing else of c
	return &made
}

func (c *compiler) here() int32 { return int32(len(c.code)) }

// emit adds an instruction, unless the program is too big already.
func (c *compiler) emit(in inst) int32 {
	if len(c.code) >= maxProgram {
		c.big = true
		return 0
	}
	if in.op == doSplit {
		in.min = int32(c.splits)
		c.splits++
	}
	c.code = append(c.code, in)
	return c.here() - 1
}

// slot returns where n keeps the position at which it began. All copies of n have one
// slot: none begins before the other has ended, but for calls, which keep slots.
func (c *compiler) slot(n *node) int32 {
	slot, known := c.began[n]
	if !known {
		slot = int32(c.slots)
		c.began[n] = slot
		c.slots++
	}
	return slot
}

func (c *compiler) setNumber(s set) int32 {
	number, known := c.sets[s]
	if !known {
		number = int32(len(c.program.sets))
		c.program.sets = append(c.program.sets, s)
		c.sets[s] = number
	}
	return number
}

func (c *compiler) node(n *node) {
	if c.work++; c.work > maxWork {
		c.big = true
	}
	if c.big {
		return
	}
	switch n.op {
	case opFail:
		c.emit(inst{op: doFail})
	case opSet:
		c.emit(inst{op: doSet, a: c.setNumber(n.set)})
	case opSeq:
		c.sequence(n.subs)
	case opAlt:
		c.alternatives(n.subs, c.node)
	case opRepeat:
		c.repeat(n)
	case opGroup:
		began := c.slot(n)
		c.emit(inst{op: doMark, a: began})
		c.node(n.subs[0])
		c.emit(inst{op: doClose, a: int32(n.n), b: began})
	case opAtomic:
		c.enclosed(atomic, func() { c.node(n.subs[0]) })
	case opLook:
		c.look(n)
	case opBackref:
		c.emit(inst{op: doBackref, a: int32(n.n), fold: n.fold})
	case opCall:
		c.calls = append(c.calls, len(c.code))
		c.emit(inst{op: doCall, b: int32(n.n)})
	case opIfGroup:
		c.choice(inst{op: doIfGroup, a: int32(n.n)}, n.subs)
	case opIfCalled:
		c.choice(inst{op: doIfCalled, a: int32(n.n)}, n.subs)
	case opIfLook:
		c.lookChoice(n)
	case opKeep:
		c.emit(inst{op: doKeep})
		c.keeps = true
	default:
		if n.assertion() {
			c.emit(inst{op: doAssert, a: int32(n.op)})
		}
	}
}

// sequence joins bytes that follow each other to a string.
func (c *compiler) sequence(subs []*node) {
	for i := 0; i < len(subs); i++ {
		text := literalPrefix(subs[i:])
		if c.sparse || len(text) < 2 {
			c.node(subs[i])
			continue
		}
		c.program.strings = append(c.program.strings, text)
		c.emit(inst{op: doString, a: int32(len(c.program.strings) - 1)})
		i += len(text) - 1
	}
}

// literalPrefix returns the bytes that subs begin with, one of each.
func literalPrefix(subs []*node) string {
	var text []byte
	for _, s := range subs {
		if s.op != opSet || s.set.len() != 1 {
			break
		}
		text = append(text, s.set.first())
	}
	return string(text)
}

func (c *compiler) alternatives(subs []*node, one func(*node)) {
	var ends []int32
	for i, s := range subs {
		if i == len(subs)-1 {
			one(s)
			break
		}
		split := c.emit(inst{op: doSplit})
		c.code[split].a = c.here()
		one(s)
		ends = append(ends, c.emit(inst{op: doJump}))
		c.code[split].b = c.here()
	}
	for _, end := range ends {
		c.code[end].a = c.here()
	}
}

func (c *compiler) repeat(n *node) {
	sub := n.subs[0]
	if sub.op == opSet && !c.sparse {
		most := int32(math.MaxInt32)
		if n.max != unlimited {
			most = int32(n.max)
		}
		c.emit(inst{op: doRun, mode: n.mode, a: c.setNumber(sub.set), min: int32(n.min), max: most})
		return
	}
	if n.mode == possessive {
		c.enclosed(atomic, func() { c.copies(n, sub) })
		return
	}
	c.copies(n, sub)
}

// copies writes a repeat out: what is needed, and then what is not.
func (c *compiler) copies(n *node, sub *node) {
	needed := n.min
	if n.max == unlimited {
		needed = max(needed-1, 0)
	}
	for range needed {
		if c.node(sub); c.big {
			return
		}
	}
	if n.max == unlimited {
		c.unlimited(n, sub)
		return
	}
	var splits []int32
	for range n.max - n.min {
		if c.big {
			return
		}
		splits = append(splits, c.emit(inst{op: doSplit}))
		c.node(sub)
	}
	for _, split := range splits {
		c.split(split, split+1, c.here(), n.mode)
	}
}

// unlimited writes one copy that may be repeated. It is left after a pass that
// matched nothing, which would go on for ever.
func (c *compiler) unlimited(n *node, sub *node) {
	skip := int32(-1)
	if n.min == 0 {
		skip = c.emit(inst{op: doSplit})
	}
	body := c.here()
	if !sub.empties() || c.sparse {
		c.node(sub)
		again := c.emit(inst{op: doSplit})
		c.split(again, body, c.here(), n.mode)
	} else {
		began := c.slot(n)
		c.emit(inst{op: doMark, a: began})
		c.node(sub)
		c.emit(inst{op: doLoop, a: body, b: began, mode: n.mode})
		c.rechecks = true
	}
	if skip >= 0 {
		c.split(skip, body, c.here(), n.mode)
	}
}

// split makes the instruction at pc go into a repeat, or past it.
func (c *compiler) split(pc, into, past int32, m mode) {
	if m == lazy {
		into, past = past, into
	}
	c.code[pc].a, c.code[pc].b = into, past
}

// enclosed writes what is matched once, at most.
func (c *compiler) enclosed(kind int32, body func()) (enter int32) {
	enter = c.emit(inst{op: doEnter, a: kind, b: neverSticks})
	body()
	leave := c.emit(inst{op: doLeave, a: kind, b: neverSticks})
	if kind == notAhead {
		c.code[enter].b = leave + 1
	}
	return enter
}

func (c *compiler) look(n *node) (enter int32) {
	kind := int32(ahead)
	if n.not {
		kind = notAhead
	}
	return c.enclosed(kind, func() {
		if n.behind {
			c.alternatives(branches(n.subs[0]), c.behind)
			return
		}
		c.node(n.subs[0])
	})
}

func (c *compiler) behind(n *node) {
	c.emit(inst{op: doBack, a: int32(c.widths.of(n))})
	c.node(n)
}

func (c *compiler) choice(in inst, subs []*node) {
	pc := c.emit(in)
	c.node(subs[0])
	end := c.emit(inst{op: doJump})
	c.code[pc].b = c.here()
	c.node(subs[1])
	c.code[end].a = c.here()
}

// lookChoice makes a look-around go to the second choice where it would fail.
func (c *compiler) lookChoice(n *node) {
	enter := c.look(n.subs[0])
	leave := c.here() - 1
	c.node(n.subs[1])
	end := c.emit(inst{op: doJump})
	other := c.here()
	c.node(n.subs[2])
	c.code[end].a = c.here()
	if n.subs[0].not {
		c.code[leave].b = other
	} else {
		c.code[enter].b = other
	}
}
