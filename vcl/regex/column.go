package regex

import "slices"

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
	samples []byte    // one byte of each, but for those two
	sizes   []int     // how many bytes each has
	of      [][]uint8 // the columns of each set
	before  []context // what a column is to the place before it
	after   []context // and to the place after it
	sorts   []context // all that there are in before
}

func (b *builder) newColumns() (c columns) {
	c.split(b.p.sets)
	if b.asserts.words {
		c.split([]set{words})
	}
	if b.asserts.any {
		c.split([]set{newline})
	}
	b.work -= len(b.p.sets) * 64
	c.measure()
	for _, sample := range c.samples {
		c.add(b.context(sample))
	}
	if b.asserts.any {
		c.add(lastLine)
		c.after[c.n-1] = b.context('\n')
		c.add(atEnd)
	}
	for _, s := range b.p.sets {
		var of []uint8
		for column, sample := range c.samples {
			if s.has(sample) {
				of = append(of, uint8(column))
			}
		}
		if b.asserts.any && s.has('\n') {
			of = append(of, uint8(c.n-2))
		}
		c.of = append(c.of, of)
	}
	return c
}

// split makes two classes of each that a set divides.
func (c *columns) split(sets []set) {
	for _, s := range sets {
		var numbers [2][256]uint16 // of the new classes, and 1 more; by whether s has them, and the old class
		n := uint16(0)
		for i := range 256 {
			had := 0
			if s.has(byte(i)) {
				had = 1
			}
			number := &numbers[had][c.class[i]]
			if *number == 0 {
				n++
				*number = n
			}
			c.class[i] = uint8(*number - 1)
		}
	}
}

// measure finds the samples and sizes of the classes.
func (c *columns) measure() {
	n := int(slices.Max(c.class[:])) + 1
	c.samples, c.sizes = make([]byte, n), make([]int, n)
	for i, class := range c.class {
		c.samples[class] = byte(i)
		c.sizes[class]++
	}
}

// add appends a column.
func (c *columns) add(before context) {
	c.n++
	c.before = append(c.before, before)
	c.after = append(c.after, before)
	if !slices.Contains(c.sorts, before) {
		c.sorts = append(c.sorts, before)
	}
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
