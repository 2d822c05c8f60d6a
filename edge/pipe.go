package edge

import (
	"errors"
	"sync"
	"time"
)

// A piper is a link that moves bytes between its socket and a pipe of the kernel's:
// they pass without being copied into our memory. Where both links of an exchange are
// pipers, a long body that nobody has to look at goes that way.
type piper interface {
	// fill moves bytes that come, n at most, into an empty pipe. It waits as read
	// does. After errNoSplice nothing has been moved, and nothing can be.
	fill(p *pipe, n int64, due time.Time) (int, error)

	// pull and push move what they can, as those of [pipe], and do not wait.
	pull(p *pipe, n int64) (int, error)
	push(p *pipe) (int, error)

	// empty moves all that the pipe holds out of it. It waits as write does.
	empty(p *pipe, stall time.Duration) (int, error)
}

// errNoSplice is what fill returns on a system that moves nothing between sockets and
// pipes, or does not let us.
var errNoSplice = errors.New("sockets and pipes cannot be spliced")

// pipeFrom is how much of a body has to be to come for a pipe to be worth while: more
// than one read brings.
const pipeFrom = bigBuffer

// Bounds of pipes: those of one edge may hold 64 MiB of the kernel's memory, which is
// also what Linux lets a user have that is not root.
const (
	pipeSize = 1 << 20
	maxPipes = 64
)

// A pipe is one of the kernel's: what is written to w can be read from r.
type pipe struct {
	r, w int
	held int // bytes in it
}

// pipes are those of an edge. Each is of one body, or idle.
type pipes struct {
	mu     sync.Mutex
	idle   []*pipe
	open   int
	closed bool
}

// get returns an empty pipe, or nil if there is none to be had.
func (p *pipes) get() *pipe {
	p.mu.Lock()
	defer p.mu.Unlock()
	if last := len(p.idle) - 1; last >= 0 {
		one := p.idle[last]
		p.idle = p.idle[:last]
		return one
	}
	if p.open == maxPipes || p.closed {
		return nil
	}
	one := newPipe()
	if one != nil {
		p.open++
	}
	return one
}

// put takes a pipe back. One that still holds something is closed.
func (p *pipes) put(one *pipe) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if one.held == 0 && !p.closed {
		p.idle = append(p.idle, one)
		return
	}
	one.close()
	p.open--
}

// scarce reports whether the next to get a pipe would have none.
func (p *pipes) scarce() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.open == maxPipes && len(p.idle) == 0
}

// close ends those that are idle, and the others as they are put back. There are none
// afterwards.
func (p *pipes) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, one := range p.idle {
		one.close()
	}
	p.open -= len(p.idle)
	p.idle, p.closed = nil, true
}

// slowPiece is how long a piece of a body may take, from when it is waited for until it has been
// sent. A body with a slower piece gives up what others may lack: a pipe if there is none for them, and a
// long buffer always. Copying little at a time costs least where little comes.
const slowPiece = 100 * time.Millisecond

// A conduit carries a long body from one link to another through a pipe.
type conduit struct {
	from, to piper
	pipe     *pipe
	home     *pipes
	moved    time.Time // when the last piece began
}

// conduit returns one for a body of which n bytes are still to come, or nil: it is to
// be copied then.
func (p *pipes) conduit(from, to link, n int64) *conduit {
	if n <= pipeFrom {
		return nil
	}
	return p.between(from, to)
}

// between returns a conduit from one link to another, nil if there can be none.
func (p *pipes) between(from, to link) *conduit {
	in, able := from.(piper)
	out, ableToo := to.(piper)
	if !able || !ableToo {
		return nil
	}
	one := p.get()
	if one == nil {
		return nil
	}
	return &conduit{from: in, to: out, pipe: one, home: p}
}

// end gives the pipe back.
func (c *conduit) end() { c.home.put(c.pipe) }

// yields reports whether the rest of the body is to be copied, so that another can
// have the pipe. It is asked when a piece begins.
func (c *conduit) yields(now time.Time) bool {
	slow := !c.moved.IsZero() && now.Sub(c.moved) > slowPiece
	c.moved = now
	return slow && c.home.scarce()
}

// fill waits for what comes next; an interrupt means nothing if it may be ignored.
// After errNoSplice the body has to be copied, as all that come later are.
func (c *conduit) fill(n int64, due time.Time, ignore func() bool) (int, error) {
	for {
		got, err := c.from.fill(c.pipe, n, due)
		if err == errNoSplice {
			c.home.close()
		}
		if err != errInterrupted || !ignore() {
			return got, err
		}
	}
}
