package edge

import (
	"sync"
	"sync/atomic"
)

// Buffer sizes. Small ones hold nearly every head; big ones take the largest head
// we accept and stream bodies. Long ones stream answers that are fast. Output has room for the
// fields that we add.
const (
	smallBuffer  = 16 << 10
	bigBuffer    = maxHead
	longBuffer   = 512 << 10
	outputBuffer = smallBuffer + 4<<10
)

// A buffer is pooled memory. Connections hold one only while there are bytes in
// it: ten thousand idle clients hold none.
type buffer struct{ b []byte }

var (
	smallBuffers  = sync.Pool{New: func() any { return &buffer{make([]byte, smallBuffer)} }}
	bigBuffers    = sync.Pool{New: func() any { return &buffer{make([]byte, bigBuffer)} }}
	longBuffers   = sync.Pool{New: func() any { return &buffer{make([]byte, longBuffer)} }}
	outputBuffers = sync.Pool{New: func() any { return &buffer{make([]byte, outputBuffer)} }}
)

// maxLong is how many long buffers are in use at a time, which are 32 MiB.
const maxLong = 64

var longInUse atomic.Int32

// getLong returns a long buffer, nil if there is none to be had.
func getLong() *buffer {
	if longInUse.Add(1) > maxLong {
		longInUse.Add(-1)
		return nil
	}
	return longBuffers.Get().(*buffer)
}

// getBuffer returns a buffer with room for more than n bytes, n below bigBuffer.
func getBuffer(n int) *buffer {
	if n < smallBuffer {
		return smallBuffers.Get().(*buffer)
	}
	return bigBuffers.Get().(*buffer)
}

func (b *buffer) free() {
	switch len(b.b) {
	case smallBuffer:
		smallBuffers.Put(b)
	case bigBuffer:
		bigBuffers.Put(b)
	case longBuffer:
		longBuffers.Put(b)
		longInUse.Add(-1)
	}
}

// room is the part of the buffer that body bytes are read into: before and behind
// it there is space for the framing of a chunk.
func (b *buffer) room() []byte { return b.b[chunkRoom : len(b.b)-chunkTail] }

// fit returns a buffer for a sender whose last read brought n bytes into b's
// room, and frees b if that is another: who sends slowly holds a small one. Who is to have a
// long one [body.fit] says.
func (b *buffer) fit(n int) *buffer {
	switch {
	case len(b.b) == longBuffer && n < smallBuffer:
		b.free()
		return getBuffer(smallBuffer)
	case len(b.b) == smallBuffer && n == len(b.room()):
		b.free()
		return getBuffer(smallBuffer)
	case len(b.b) == bigBuffer && n < smallBuffer/2:
		b.free()
		return getBuffer(0)
	}
	return b
}

// grow returns a big buffer with the first n bytes of b, and frees b.
func (b *buffer) grow(n int) *buffer {
	big := getBuffer(smallBuffer)
	copy(big.b, b.b[:n])
	b.free()
	return big
}

// An output is a message under construction. Appending may outgrow the pooled
// memory; the outgrown piece is then the collector's.
type output struct {
	b    []byte
	home *buffer
}

func newOutput() output {
	home := outputBuffers.Get().(*buffer)
	return output{b: home.b[:0], home: home}
}

func (o *output) free() {
	outputBuffers.Put(o.home)
	*o = output{}
}
