package regex

// A context is what a byte is to the assertions of a program. Those that no
// assertion tells apart are taken together.
type context uint8

const (
	other context = iota
	word
	line     // a newline
	lastLine // a newline that ends the subject
	atBegin  // no byte, since the subject begins here
	atEnd    // no byte, since it ends here
	unknown  // no assertion is known to hold
	contexts = int(unknown) + 1
)

// holds reports whether an assertion is true between before and after.
func (before context) holds(o op, after context) bool {
	if before == unknown {
		return false
	}
	switch o {
	case opBegin:
		return before == atBegin
	case opBeginLine:
		return before == atBegin || before == line && after != atEnd
	case opEnd:
		return after == atEnd || after == lastLine
	case opEndLine:
		return after == atEnd || after == lastLine || after == line
	case opEndText:
		return after == atEnd
	case opWord:
		return (before == word) != (after == word)
	}
	return (before == word) == (after == word)
}

// asserts says what the assertions of a program look at.
type asserts struct {
	any, begin, words, lines bool
}

func assertsOf(p *program) (a asserts) {
	for _, in := range p.code {
		if in.op != doAssert {
			continue
		}
		a.any = true
		switch op(in.a) {
		case opWord, opNotWord:
			a.words = true
		case opBeginLine, opEndLine:
			a.lines = true
		case opBegin:
			a.begin = true
		}
	}
	return a
}

// columns are the bytes that no set of a program tells apart, and two more if there
// are assertions: a newline at the end of the subject, and the end.
type columns struct {
	n       int
	class   [256]uint8
	members []bitset  // the positions whose sets have the column
	before  []context // what a column is to the place before it
	after   []context // and to the place after it
}

func (b *builder) newColumns() (c columns) {
	sets := b.p.sets
	if b.asserts.words {
		sets = append(sets[:len(sets):len(sets)], words)
	}
	if b.asserts.any {
		sets = append(sets[:len(sets):len(sets)], newline)
	}
	samples := c.split(sets)
	b.work += len(sets) * 128
	for _, sample := range samples {
		c.add(b, sample, b.context(sample))
	}
	if b.asserts.any {
		c.add(b, '\n', lastLine)
		c.add(b, '\n', atEnd)
		c.after[c.n-2] = b.context('\n')
		c.members[c.n-1] = newBitset(b.words)
	}
	return c
}

// split gives each byte its class, and returns one byte of each.
func (c *columns) split(sets []set) (samples []byte) {
	n := 1
	for _, s := range sets {
		var numbers [2][256]uint16 // of the new classes, and 1 more; by whether s has them, and the old class
		n = 0
		for i := range 256 {
			had := 0
			if s.has(byte(i)) {
				had = 1
			}
			number := &numbers[had][c.class[i]]
			if *number == 0 {
				n++
				*number = uint16(n)
			}
			c.class[i] = uint8(*number - 1)
		}
	}
	samples = make([]byte, n)
	for i := range 256 {
		samples[c.class[i]] = byte(i)
	}
	return samples
}

// add appends a column.
func (c *columns) add(b *builder, sample byte, before context) {
	members := newBitset(b.words)
	for i, pc := range b.positions[1:] {
		if b.p.sets[b.p.code[pc].a].has(sample) {
			members.add(i + 1)
		}
	}
	b.work += len(b.positions) / 4
	c.n++
	c.members = append(c.members, members)
	c.before = append(c.before, before)
	c.after = append(c.after, before)
}

// context returns what a byte in the middle is.
func (b *builder) context(c byte) context {
	switch {
	case b.asserts.words && words.has(c):
		return word
	case b.asserts.lines && c == '\n':
		return line
	}
	return other
}
