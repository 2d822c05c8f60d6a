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

// A Field is one header field.
type Field struct {
	Name, Value []byte
	ID          ID

	// Hop marks a field that ends at this hop: the fixed ones of RFC 9110
	// section 7.6.1 and those that Connection lists.
	Hop bool
}

// Fields are the header fields of a message in their order.
type Fields []Field

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

// Text returns b as a string without copying it.
func Text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// Bytes returns s as bytes, which nobody may change.
func Bytes(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

// A Key is a field's name, prepared for comparing.
type Key struct {
	Name  string // as it is written to the wire
	lower string
	id    ID
}

// NewKey prepares a name.
func NewKey(name string) *Key {
	k := &Key{Name: name, id: Identify(Bytes(name))}
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
	return EqualFold(f.Name, k.lower)
}

// Index returns where the first field of that name is, at or after from, or -1.
func (fs Fields) Index(k *Key, from int) int {
	if k.id != Other {
		for i := from; i < len(fs); i++ {
			if fs[i].ID == k.id {
				return i
			}
		}
		return -1
	}
	for i := from; i < len(fs); i++ {
		if f := &fs[i]; len(f.Name) == len(k.lower) && f.ID == Other && EqualFold(f.Name, k.lower) {
			return i
		}
	}
	return -1
}

// Get returns the value of the first field of that name.
func (fs Fields) Get(k *Key) (value string, set bool) {
	if i := fs.Index(k, 0); i >= 0 {
		return Text(fs[i].Value), true
	}
	return "", false
}

// Set gives the field that value, in the place of all fields of that name, or at
// the end if there is none.
func (fs *Fields) Set(k *Key, value string) {
	i := fs.Index(k, 0)
	if i < 0 {
		fs.Add(k, value)
		return
	}
	f := &(*fs)[i]
	f.Value, f.Hop = Bytes(value), k.id.HopByHop()
	fs.unset(k, i+1)
}

// Add appends one more field.
func (fs *Fields) Add(k *Key, value string) {
	*fs = append(*fs, Field{Name: Bytes(k.Name), Value: Bytes(value), ID: k.id, Hop: k.id.HopByHop()})
}

// Unset takes out all fields of that name.
func (fs *Fields) Unset(k *Key) { fs.unset(k, 0) }

func (fs *Fields) unset(k *Key, from int) {
	if i := fs.Index(k, from); i >= 0 { // most often there is nothing to take out
		fs.filter(i, func(f *Field) bool { return !k.matches(f) })
	}
}

// UnsetPrefix takes out all fields whose name begins with prefix, in lower case.
func (fs *Fields) UnsetPrefix(prefix string) {
	fs.filter(0, func(f *Field) bool {
		return len(f.Name) < len(prefix) || !EqualFold(f.Name[:len(prefix)], prefix)
	})
}

// UnsetAll takes out all fields whose ID is in the set, which Other is not.
func (fs *Fields) UnsetAll(ids Set) {
	for i := range *fs {
		if ids.Has((*fs)[i].ID) { // most often none is
			fs.filter(i, func(f *Field) bool { return !ids.Has(f.ID) })
			return
		}
	}
}

// UnsetHops takes out the fields that end at this hop, and tells the IDs of those that
// are left.
func (fs *Fields) UnsetHops() (left Set) {
	all, to := *fs, 0
	for i := range all {
		f := &all[i]
		if f.Hop {
			continue
		}
		left.Add(f.ID)
		if to != i {
			all[to] = *f
		}
		to++
	}
	*fs = all[:to]
	return left
}

// filter keeps, of the fields from there on, those that keep accepts.
func (fs *Fields) filter(from int, keep func(*Field) bool) {
	all := *fs
	to := from
	for i := from; i < len(all); i++ {
		if keep(&all[i]) {
			if to != i {
				all[to] = all[i]
			}
			to++
		}
	}
	*fs = all[:to]
}
