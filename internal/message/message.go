// Package message is how HTTP messages lie in memory: ordered fields, sliced out
// of the buffer that a message was read into. The edge parses and writes them,
// and programs read and change them, with no copy in between.
//
// Names are compared without case. A field that is set but empty is in the list
// with a value of no bytes; one that is absent is not in the list.
//
// # Ownership
//
// Nothing here owns bytes. A value taken out as a string is valid as long as the
// buffer, or the memory that it was set from; none of these may change meanwhile.
package message

import "unsafe"

// A Request is a request's line and fields.
type Request struct {
	Method []byte
	Target []byte // origin-form, or "*"
	Fields Fields
}

// A Response is an answer's status and fields.
type Response struct {
	Status int
	Reason []byte
	Fields Fields
}

// Reset readies r for another request, whose fields lie where its own did.
func (r *Request) Reset() {
	r.Fields.Reset()
	r.Method, r.Target = nil, nil
}

// Reset readies r for another answer, likewise.
func (r *Response) Reset() {
	r.Fields.Reset()
	r.Status, r.Reason = 0, nil
}

// Text returns b as a string without copying it.
func Text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// Bytes returns s as bytes, which nobody may change.
func Bytes(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

// A Key is a field's name, prepared for comparing.
type Key struct {
	Name  string // as it is written to the wire
	lower string
	id    ID
	bit   uint64 // of those that Fields.seen has
}

// NewKey prepares a name.
func NewKey(name string) *Key {
	id := Identify(Bytes(name))
	k := &Key{Name: name, id: id, bit: bitOf(id, Bytes(name))}
	low := make([]byte, len(name))
	for i := range name {
		low[i] = Lower(name[i])
	}
	k.lower = string(low)
	return k
}

// ID is the key's ID, Other for a name that has none.
func (k *Key) ID() ID { return k.id }

func (k *Key) matches(f *Field) bool {
	if k.id != Other || f.ID != Other {
		return k.id == f.ID
	}
	return EqualFold(f.Name(), k.lower)
}
