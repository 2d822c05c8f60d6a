package vcl

import "unsafe"

const (
	firstChunk = 2 << 10

	// maxWorkspace bounds what one request's program may make, in bytes
	// (workspace.bytes_total).
	maxWorkspace = 256 << 10
)

// An arena is memory for the texts of one request. Nothing in it is freed before
// the request ends, so that texts may point into it from anywhere.
type arena struct {
	chunk []byte // its length is how far it is used
	used  int    // in all chunks
	over  bool   // more was asked for than there may be
}

// reset takes all memory back. The last chunk, which is the largest, is kept unless
// it is unusually large.
func (a *arena) reset() {
	a.used, a.over = 0, false
	if cap(a.chunk) > 8*firstChunk {
		a.chunk = nil
	}
	a.chunk = a.chunk[:0]
}

// take returns n bytes; nil if the request has used up what it may.
func (a *arena) take(n int) []byte {
	if a.used+n > maxWorkspace {
		a.over = true
		return nil
	}
	a.used += n
	if len(a.chunk)+n > cap(a.chunk) {
		a.chunk = make([]byte, 0, max(n, 2*cap(a.chunk), firstChunk))
	}
	from := len(a.chunk)
	a.chunk = a.chunk[:from+n]
	return a.chunk[from : from+n : from+n]
}

// keep copies b into the arena, for a text that was made elsewhere.
func (a *arena) keep(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	m := a.take(len(b))
	copy(m, b)
	return unsafe.String(unsafe.SliceData(m), len(m))
}

// join makes one text of several.
func (a *arena) join(parts []string) string {
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	if n == 0 {
		return ""
	}
	m := a.take(n)
	if m == nil {
		return ""
	}
	at := 0
	for _, p := range parts {
		at += copy(m[at:], p)
	}
	return unsafe.String(unsafe.SliceData(m), n)
}
