package edge

import (
	"cmp"
	"io"
	"testing"
	"time"

	"headwater/dial/dialtest"
)

const filled = -1 // is all that a buffer has room for

// An answer's buffer goes by what the last piece brought, and by whether all were fast.
func TestBufferOfBody(t *testing.T) {
	tests := []struct {
		name string
		body body
		have int
		n    int
		took time.Duration
		want int
	}{
		{"little", body{}, smallBuffer, 100, 0, smallBuffer},
		{"all", body{}, smallBuffer, filled, 0, bigBuffer},
		{"much", body{}, bigBuffer, smallBuffer, 0, bigBuffer},
		{"little after much", body{}, bigBuffer, 100, 0, smallBuffer},
		{"all, fast", body{}, bigBuffer, filled, slowPiece, longBuffer},
		{"all, fast, of a length", body{in: framedLength, left: bigBuffer + 1}, bigBuffer, filled, 0, longBuffer},
		{"all, fast, and little left", body{in: framedLength, left: bigBuffer}, bigBuffer, filled, 0, bigBuffer},
		{"all, fast, and nothing left", body{done: true}, bigBuffer, filled, 0, bigBuffer},
		{"all, slowly", body{}, bigBuffer, filled, slowPiece + 1, bigBuffer},
		{"all, once slow", body{slow: true}, bigBuffer, filled, 0, bigBuffer},
		{"much again", body{}, longBuffer, smallBuffer, slowPiece, longBuffer},
		{"not fast any more", body{}, longBuffer, filled, slowPiece + 1, smallBuffer},
		{"little after very much", body{}, longBuffer, 100, 0, bigBuffer},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x := &exchange{c: &clientConn{}, in: newBufferOf(t, tt.have)}
			b := &x.body
			*b = tt.body
			b.x = x
			n := tt.n
			if n == filled {
				n = len(x.in.room())
			}
			b.fit(n, tt.took)
			if got := len(x.in.b); got != tt.want {
				t.Errorf("it has %d bytes, want %d", got, tt.want)
			}
			if slow := tt.body.slow || tt.took > slowPiece; b.slow != slow {
				t.Errorf("slow: %t", b.slow)
			}
			x.in.free()
		})
	}
	if n := longInUse.Load(); n != 0 {
		t.Errorf("%d long buffers in use", n)
	}
}

func newBufferOf(t *testing.T, size int) *buffer {
	t.Helper()
	switch size {
	case smallBuffer:
		return getBuffer(0)
	case bigBuffer:
		return getBuffer(smallBuffer)
	}
	b := getLong()
	if b == nil {
		t.Fatal("no long buffer")
	}
	return b
}

// There are so many long buffers. Who has none goes on with what it has, or has a pipe, and nobody has one
// for a stream.
func TestLongBuffersAreFew(t *testing.T) {
	var taken []*buffer
	for b := getLong(); b != nil; b = getLong() {
		taken = append(taken, b)
	}
	if len(taken) != maxLong {
		t.Errorf("%d long buffers, want %d", len(taken), maxLong)
	}
	x := &exchange{c: &clientConn{}, in: getBuffer(smallBuffer)}
	b := &x.body
	b.x = x
	if b.fit(len(x.in.room()), 0); len(x.in.b) != bigBuffer {
		t.Errorf("it has %d bytes", len(x.in.b))
	}
	for _, b := range taken {
		b.free()
	}
	x.c.stream = &clientStream{}
	if b.long() != nil {
		t.Error("a stream has a long one")
	}
	x.c.stream = nil
	if long := b.long(); long == nil {
		t.Error("there is none afterwards")
	} else {
		long.free()
	}
}

// A gushing link brings all that there is room for, until it has brought so much.
type gushing struct {
	link
	left int
}

func (g *gushing) read(b []byte, _ time.Time) (int, error) {
	if g.left <= 0 {
		return 0, io.EOF
	}
	g.left -= len(b)
	return len(b), nil
}

// A gulping link takes everything, and may have a bug with what is long.
type gulping struct {
	link
	buggy   bool
	slow    bool // with what is long
	first   int  // bytes that it was given
	longest int
	in      int32 // long buffers in use then
	last    int
	lastIn  int32
}

func (g *gulping) write(b []byte, _ time.Duration) (int, error) {
	g.first = cmp.Or(g.first, len(b))
	if len(b) > g.longest {
		g.longest, g.in = len(b), longInUse.Load()
	}
	if g.buggy && len(b) > bigBuffer {
		panic("a bug")
	}
	if g.slow && len(b) > bigBuffer {
		time.Sleep(slowPiece + 1)
	}
	g.last, g.lastIn = len(b), longInUse.Load()
	return len(b), nil
}

// A long buffer is in use while the body is under way, and goes back whatever becomes of that.
func TestLongBufferGoesBack(t *testing.T) {
	for _, tt := range []struct {
		name  string
		body  body
		buggy bool
		first int
	}{
		{"of a length", body{in: framedLength, out: framedLength, left: 1 << 40}, false, longBuffer},
		{"until the end", body{in: framedClose, out: framedClose}, false, bigBuffer},
		{"a bug", body{in: framedClose, out: framedClose}, true, bigBuffer},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := New(Config{})
			t.Cleanup(func() { e.Shutdown(t.Context()) })
			client := &gulping{buggy: tt.buggy}
			x := newExchange(&clientConn{edge: e, link: client})
			x.origin = &originConn{link: &gushing{left: 4 << 20}}
			x.site, x.in = &site{}, getBuffer(0)
			b := &x.body
			*b = tt.body
			b.x = x
			func() {
				defer func() { recover() }()
				b.stream()
			}()
			const framing = chunkRoom + chunkTail
			if client.first != tt.first-framing || client.longest != longBuffer-framing || client.in != 1 {
				t.Errorf("%d bytes at first, %d at a time, %d long buffers", client.first, client.longest, client.in)
			}
			if n := longInUse.Load(); n != 0 {
				t.Errorf("%d long buffers are in use afterwards", n)
			}
		})
	}
}

// A body that is slow goes on without its long buffer, in the memory that others have, and its head is kept once.
func TestLongBufferOfSlowBody(t *testing.T) {
	dialtest.Bubble(t, func(t *testing.T) {
		client := &gulping{slow: true}
		x := newExchange(&clientConn{edge: &Edge{}, link: client})
		x.origin = &originConn{link: &gushing{left: 4 << 20}}
		x.site, x.in = &site{logs: true}, getBuffer(0)
		x.body = body{x: x, in: framedLength, out: framedLength, left: 1 << 40}
		head := x.in
		x.body.stream()
		if !x.body.slow || client.in != 1 || client.lastIn != 0 || client.last > bigBuffer {
			t.Errorf("slow: %t; %d long buffers in use at first, %d at last, for %d bytes", x.body.slow, client.in, client.lastIn, client.last)
		}
		if len(x.kept) != 1 || x.kept[0] != head {
			t.Errorf("%d buffers are kept", len(x.kept))
		}
	})
}
