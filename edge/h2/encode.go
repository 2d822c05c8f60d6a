package h2

import "headwater/internal/message"

// Header blocks that we send use the static table (RFC 7541 appendix A), and of the
// client's own only what never changes (see [Common]), so that a block can be made without a
// lock, by whoever has the answer. Texts go as they are: Huffman's code costs more time than it
// saves.

// AppendStatus begins the header block of an answer.
func AppendStatus(dst []byte, status int) []byte {
	for i, known := range statuses {
		if status == known {
			return append(dst, indexed|byte(8+i))
		}
	}
	dst = append(dst, 0x08, 3) // a literal with the name of entry 8
	return append(dst, byte('0'+status/100%10), byte('0'+status/10%10), byte('0'+status%10))
}

// statuses are those of the static table, from entry 8 on.
var statuses = [...]int{200, 204, 206, 304, 400, 404, 500}

// AppendField appends one field to a header block, its name in lower case.
func AppendField(dst, name, value []byte) []byte {
	if i := staticName(name); i > 0 {
		dst = appendInteger(dst, 0, 4, i)
	} else {
		dst = appendInteger(append(dst, 0), 0, 7, len(name))
		for _, c := range name {
			dst = append(dst, message.Lower(c))
		}
	}
	return appendString(dst, value)
}

// appendString appends a string as it is (RFC 7541 section 5.2).
func appendString[T string | []byte](dst []byte, s T) []byte {
	return append(appendInteger(dst, 0, 7, len(s)), s...)
}

// appendInteger appends n in the representation with a prefix of that many bits
// (RFC 7541 section 5.1).
func appendInteger(dst []byte, first byte, bits uint, n int) []byte {
	most := 1<<bits - 1
	if n < most {
		return append(dst, first|byte(n))
	}
	dst = append(dst, first|byte(most))
	for n -= most; n >= 0x80; n >>= 7 {
		dst = append(dst, byte(n)|0x80)
	}
	return append(dst, byte(n))
}

// A staticEntry is a name that answers have, and its first entry.
type staticEntry struct {
	name  string
	index int
}

// staticNames are the names of the static table that answers have, by length.
var staticNames = func() (by [28][]staticEntry) {
	for _, e := range []staticEntry{
		{"accept-ranges", 18}, {"access-control-allow-origin", 20}, {"age", 21}, {"allow", 22}, {"cache-control", 24},
		{"content-disposition", 25}, {"content-encoding", 26}, {"content-language", 27}, {"content-length", 28},
		{"content-location", 29}, {"content-range", 30}, {"content-type", 31}, {"date", 33}, {"etag", 34},
		{"expires", 36}, {"last-modified", 44}, {"link", 45}, {"location", 46}, {"refresh", 52}, {"retry-after", 53},
		{"server", 54}, {"set-cookie", 55}, {"strict-transport-security", 56}, {"vary", 59}, {"via", 60},
		{"www-authenticate", 61},
	} {
		by[len(e.name)] = append(by[len(e.name)], e)
	}
	return by
}()

// staticName returns the entry of a name, 0 for none.
func staticName(name []byte) int {
	if len(name) >= len(staticNames) {
		return 0
	}
	for _, e := range staticNames[len(name)] {
		if message.EqualFold(name, e.name) {
			return e.index
		}
	}
	return 0
}
