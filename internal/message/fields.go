package message

import (
	"slices"
	"unsafe"
)

// Fields are the header fields of a message in their order. The zero value is none.
type Fields struct {
	list []Field
	seen uint64 // the bits of all names in the list, and maybe of some that are not
}

// bitOf is the bit of a name. Names that have IDs have one of their own, and all
// others share the rest.
func bitOf(id ID, name []byte) uint64 {
	if id != Other {
		return 1 << id
	}
	n := len(name)
	if n == 0 {
		return 1
	}
	const fold = 'a' ^ 'A' // what is the same without case is the same with this bit set
	sum := uint(n) + 3*uint(name[0]|fold) + 5*uint(name[n-1]|fold)
	return 1 << (uint(numIDs) + sum%(64-uint(numIDs)))
}

// Len is how many fields there are.
func (fs *Fields) Len() int { return len(fs.list) }

// At is the field with that index.
func (fs *Fields) At(i int) *Field { return &fs.list[i] }

// All are the fields, for looking at them.
func (fs *Fields) All() []Field { return fs.list }

// May reports whether a field with one of these IDs may be there: false is certain.
func (fs *Fields) May(ids Set) bool { return fs.seen&uint64(ids) != 0 }

// Use empties the list, and has it lie in room until it outgrows that.
func (fs *Fields) Use(room []Field) { *fs = Fields{list: room[:0]} }

// Reset empties the list and keeps its memory.
func (fs *Fields) Reset() { fs.list, fs.seen = fs.list[:0], 0 }

// Copy makes the fields those of another message.
func (fs *Fields) Copy(from *Fields) { fs.list, fs.seen = append(fs.list[:0], from.list...), from.seen }

// Take makes the fields those of another message, which has none any more.
func (fs *Fields) Take(from *Fields) {
	fs.Reset()
	*fs, *from = *from, *fs
}

// Append appends the fields of another message.
func (fs *Fields) Append(from *Fields) {
	fs.list, fs.seen = append(fs.list, from.list...), fs.seen|from.seen
}

// Put appends one field, whose ID is that of its name. It returns the field, which is
// valid until the next is added.
func (fs *Fields) Put(name, value []byte, id ID) *Field {
	if len(fs.list) == cap(fs.list) {
		fs.list = slices.Grow(fs.list, 1)
	}
	fs.list = fs.list[:len(fs.list)+1]
	f := &fs.list[len(fs.list)-1] // made in its place, which costs half of appending it
	f.name, f.nameSize, f.ID = unsafe.SliceData(name), uint16(len(name)), id
	f.setValue(value)
	fs.seen |= bitOf(id, name)
	return f
}

// PutLine appends one field that is a line as the wire has it: a name, a colon, one
// blank, a value, CR and LF. In the memory of the line there has to be more behind it.
func (fs *Fields) PutLine(line []byte, name int, id ID) {
	f := fs.Put(line[:name], line[name+2:len(line)-2], id)
	f.flags |= inLine
}

// Index returns where the first field of that name is, at or after from, or -1.
func (fs *Fields) Index(k *Key, from int) int {
	if fs.seen&k.bit == 0 {
		return -1
	}
	if k.id != Other {
		for i := from; i < len(fs.list); i++ {
			if fs.list[i].ID == k.id {
				return i
			}
		}
		return -1
	}
	for i := from; i < len(fs.list); i++ {
		if f := &fs.list[i]; int(f.nameSize) == len(k.lower) && f.ID == Other && EqualFold(f.Name(), k.lower) {
			return i
		}
	}
	return -1
}

// Has reports whether there is a field of that name.
func (fs *Fields) Has(k *Key) bool { return fs.Index(k, 0) >= 0 }

// Get returns the value of the first field of that name.
func (fs *Fields) Get(k *Key) (value string, set bool) {
	if i := fs.Index(k, 0); i >= 0 {
		return Text(fs.list[i].Value()), true
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
	fs.list[i].setValue(Bytes(value))
	fs.unset(k, i+1)
}

// Add appends one more field.
func (fs *Fields) Add(k *Key, value string) { fs.Put(Bytes(k.Name), Bytes(value), k.id) }

// Unset takes out all fields of that name.
func (fs *Fields) Unset(k *Key) { fs.unset(k, 0) }

func (fs *Fields) unset(k *Key, from int) {
	if i := fs.Index(k, from); i >= 0 { // most often there is nothing to take out
		fs.filter(i, func(f *Field) bool { return !k.matches(f) })
	}
}

// UnsetPrefix takes out all fields whose name begins with prefix, in lower case.
func (fs *Fields) UnsetPrefix(prefix string) {
	fs.Filter(func(f *Field) bool {
		return int(f.nameSize) < len(prefix) || !EqualFold(f.Name()[:len(prefix)], prefix)
	})
}

// UnsetAll takes out all fields whose ID is in the set, which Other is not.
func (fs *Fields) UnsetAll(ids Set) {
	if !fs.May(ids) { // most often none is
		return
	}
	fs.Filter(func(f *Field) bool { return !ids.Has(f.ID) })
	fs.seen &^= uint64(ids)
}

// UnsetHops takes out the fields that end at this hop.
func (fs *Fields) UnsetHops() {
	for i := range fs.list {
		if fs.list[i].Hop() {
			fs.filter(i, func(f *Field) bool { return !f.Hop() })
			return
		}
	}
}

// Filter takes out the fields that keep does not accept.
func (fs *Fields) Filter(keep func(*Field) bool) { fs.filter(0, keep) }

// filter keeps, of the fields from there on, those that keep accepts.
func (fs *Fields) filter(from int, keep func(*Field) bool) {
	all := fs.list
	to := from
	for i := from; i < len(all); i++ {
		if keep(&all[i]) {
			if to != i {
				all[to] = all[i]
			}
			to++
		}
	}
	fs.list = all[:to]
}

// AppendTo appends the lines of the fields that do not end at this hop, but for those
// whose ID is in the set, which Other is not. Lines that follow each other in memory,
// as they have come, are copied in one piece.
func (fs *Fields) AppendTo(dst []byte, but Set) []byte {
	all := fs.list
	for i := 0; i < len(all); i++ {
		f := &all[i]
		switch {
		case f.flags&endsHere != 0 || but.Has(f.ID):
			continue
		case f.flags&inLine == 0:
			dst = f.appendTo(dst)
			continue
		}
		size := f.lineSize()
		for ; i+1 < len(all); i++ {
			next := &all[i+1]
			if next.flags != inLine || but.Has(next.ID) || !f.precedes(next, size) {
				break
			}
			size += next.lineSize()
		}
		dst = append(dst, unsafe.Slice(f.name, size)...)
	}
	return dst
}
