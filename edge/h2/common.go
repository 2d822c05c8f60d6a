package h2

// Common are fields that most answers have: pairs of a name in lower case and a value, "" for
// any. The first answer of a connection that has all of them, in their order, puts them into the
// client's table (RFC 7541 section 2.3.2), and from then on they go by their indexes there.
// Nothing else is ever put there, so that these stay.
//
// Header blocks are made without knowing how far a connection is, and have the indexes in any
// case. One that comes before is translated.
type Common struct {
	names, values []string
}

// NewCommon makes Common of some pairs. It returns nil if they would not fit in a client's table
// with a hundred bytes for each value that may be any.
func NewCommon(pairs ...string) *Common {
	f := &Common{}
	size := 0
	for i := 0; i < len(pairs); i += 2 {
		f.names, f.values = append(f.names, pairs[i]), append(f.values, pairs[i+1])
		size += len(pairs[i]) + len(pairs[i+1]) + 32 // RFC 7541 section 4.1
		if pairs[i+1] == "" {
			size += anyValue
		}
	}
	if size > tableSize {
		return nil
	}
	return f
}

// anyValue is how long a value that may be any is at most when it goes into the table.
const anyValue = 100

// Append appends the field i, with that value, to a header block.
func (f *Common) Append(dst []byte, i int, value []byte) []byte {
	if fixed := f.values[i]; fixed != "" && string(value) == fixed {
		return append(dst, indexed|byte(f.index(i)))
	}
	return appendString(appendInteger(dst, literal, 4, f.index(i)), value)
}

// index is that of field i when all have been put into the table, the last one first, behind
// the static one.
func (f *Common) index(i int) int { return staticSize + len(f.names) - i }

// at is the field with that index, -1 for none.
func (f *Common) at(index int) int {
	if index <= staticSize {
		return -1
	}
	return staticSize + len(f.names) - index
}

// Representations that header blocks have (RFC 7541 section 6), in their first bits, and the size of the static table.
const (
	indexed    = 0x80
	inserted   = 0x40 // a literal that goes into the table
	resized    = 0x20
	literal    = 0
	staticSize = 61

	tableSize = 4096 // of a client that says nothing (RFC 9113 section 6.5.2)
)

// A tableState is how far a client's table is.
type tableState uint8

const (
	tableEmpty tableState = iota
	tableFilled
	tableRefused // it is too small
)

// resizeTable takes what a client says of its table. Of a smaller one than usual none is
// used, which the next block begins by saying (RFC 7541 section 4.2).
func (c *Conn) resizeTable(size uint32) {
	if size < tableSize {
		c.table, c.resized = tableRefused, true
	}
}

// spelled is known for a block of a stream.
func (c *Conn) spelled(s *Stream, block []byte) []byte {
	b := c.known(block)
	s.grown += len(b) - len(block)
	return b
}

// known gives a block the form that the client understands. What it returns is valid until
// it is called again.
func (c *Conn) known(block []byte) []byte {
	f := c.cfg.Common
	if !c.resized && (f == nil || c.table == tableFilled) {
		return block
	}
	dst := c.translated[:0]
	if c.resized {
		dst, c.resized = append(dst, resized), false
	}
	how := byte(literal)
	if c.table == tableEmpty && f.allIn(block) {
		how, c.table = inserted, tableFilled
	}
	if f == nil {
		dst = append(dst, block...)
	} else {
		dst = f.translate(dst, block, how)
	}
	if c.translated = dst; c.table == tableFilled || cap(dst) > tableSize {
		c.translated = nil
	}
	return dst
}

// allIn reports whether a block has all of the fields, each once, in their order and with its
// value.
func (f *Common) allIn(block []byte) bool {
	next := 0
	for len(block) > 0 {
		field := takeField(block)
		if i := f.at(field.index); i >= 0 {
			fixed := f.values[i] != ""
			if i != next || fixed != (field.value == nil) || len(field.value) > anyValue {
				return false
			}
			next++
		}
		block = block[field.size:]
	}
	return next == len(f.names)
}

// translate appends block to dst without indexes in the client's table. The fields that they
// stand for become literals: inserted for those that are to have them.
func (f *Common) translate(dst, block []byte, how byte) []byte {
	for len(block) > 0 {
		field := takeField(block)
		if i := f.at(field.index); i < 0 {
			dst = append(dst, block[:field.size]...)
		} else {
			dst = appendString(append(dst, how), f.names[i])
			if field.value == nil {
				dst = appendString(dst, f.values[i])
			} else {
				dst = append(dst, field.value...)
			}
		}
		block = block[field.size:]
	}
	return dst
}

// A blockField is one field of a header block of ours.
type blockField struct {
	size  int
	index int    // of it, or of its name; 0 for none
	value []byte // with its length; nil if the index is the whole field's
}

// takeField reads the field that a block begins with.
func takeField(b []byte) (f blockField) {
	if b[0]&indexed != 0 {
		f.index, f.size = takeInteger(b, 7)
		return f
	}
	if f.index, f.size = takeInteger(b, 4); f.index == 0 {
		f.size += stringSize(b[f.size:])
	}
	f.value = b[f.size:]
	f.value = f.value[:stringSize(f.value)]
	f.size += len(f.value)
	return f
}

// takeInteger reads what appendInteger has written, and returns how many bytes that is.
func takeInteger(b []byte, bits uint) (n, size int) {
	most := 1<<bits - 1
	if n = int(b[0]) & most; n < most {
		return n, 1
	}
	for shift := uint(0); ; shift += 7 {
		size++
		n += int(b[size]&0x7f) << shift
		if b[size]&0x80 == 0 {
			return n, size + 1
		}
	}
}

// stringSize is how many bytes a string has, with its length.
func stringSize(b []byte) int {
	n, size := takeInteger(b, 7)
	return n + size
}
