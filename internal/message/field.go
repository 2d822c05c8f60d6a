package message

import "unsafe"

// MaxName is how long the name of a field may be, in bytes. The names that can come
// over a wire are shorter, as heads are bounded.
const MaxName = 1<<16 - 1

// A Field is one header field, made as small as can be: exchanges are many, and what
// each has of fields falls out of the caches between two of its turns.
type Field struct {
	name, value *byte // nil for no bytes
	valueSize   uint32
	nameSize    uint16
	ID          ID
	flags       fieldFlags
}

type fieldFlags uint8

const (
	endsHere fieldFlags = 1 << iota // see [Field.Hop]
	inLine                          // name and value are part of a line as the wire has it
)

// lineMarks is what a line has beside name and value: colon, blank, CR and LF.
const lineMarks = len(": ") + len("\r\n")

// Name is the field's name.
func (f *Field) Name() []byte { return unsafe.Slice(f.name, f.nameSize) }

// Value is the field's value.
func (f *Field) Value() []byte { return unsafe.Slice(f.value, f.valueSize) }

// Hop reports whether a field ends at this hop: the fixed ones of RFC 9110 section
// 7.6.1, and those that [Field.EndHere] was called for, as Connection lists them.
func (f *Field) Hop() bool { return f.flags&endsHere != 0 }

// EndHere makes the field end at this hop.
func (f *Field) EndHere() { f.flags |= endsHere }

// setValue gives the field another value.
func (f *Field) setValue(b []byte) {
	f.value, f.valueSize = unsafe.SliceData(b), uint32(len(b))
	f.flags = 0
	if f.ID.HopByHop() {
		f.flags = endsHere
	}
}

// lineSize is how long the field's line is.
func (f *Field) lineSize() int { return int(f.nameSize) + int(f.valueSize) + lineMarks }

// precedes reports whether the line of next follows f's in memory. Both are in a line.
func (f *Field) precedes(next *Field, size int) bool {
	return uintptr(unsafe.Pointer(f.name))+uintptr(size) == uintptr(unsafe.Pointer(next.name))
}

// appendTo appends the field's line.
func (f *Field) appendTo(dst []byte) []byte {
	dst = append(append(dst, f.Name()...), ':', ' ')
	return append(append(dst, f.Value()...), '\r', '\n')
}
