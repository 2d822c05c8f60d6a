package h2

import (
	"runtime"
	"sync"
	"time"
)

// A Part is a piece of an answer. Head and Trailer are header blocks, made with
// [AppendStatus], [AppendField] and [Common.Append]; nil for none.
type Part struct {
	Head    []byte
	Data    []byte
	Trailer []byte // with Last alone
	Last    bool   // it ends the answer
}

// Send queues what there is room for of a part. If that is all of it, its memory is the
// caller's again; else the caller has to call [Stream.Await].
func (s *Stream) Send(p Part) (all bool, err error) {
	c := s.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.err != nil {
		return false, s.err
	}
	s.part, s.size, s.moved = p, len(p.Data), false
	c.room()
	if len(c.waiting) > 0 || !c.emit(s, false) {
		c.waiting, s.waiting = append(c.waiting, s), true
		c.fill()
	}
	c.kick()
	return !s.waiting, nil
}

// Await returns when all of the part is queued that Send was given, whose memory is the
// caller's again then, and how many bytes of its data were. stall bounds how long the client
// may keep its window shut, 0 for ever.
func (s *Stream) Await(stall time.Duration) (int, error) {
	var shut <-chan time.Time
	var timer *time.Timer
	if stall > 0 {
		timer = time.NewTimer(stall)
		defer timer.Stop()
		shut = timer.C
	}
	for {
		late := false
		select {
		case <-s.writable:
		case <-shut:
			late = true
			timer.Reset(stall)
		}
		if done, n, err := s.sent(late); done {
			return n, err
		}
	}
}

// sent looks what has become of the part.
func (s *Stream) sent(late bool) (done bool, n int, err error) {
	c := s.c
	c.mu.Lock()
	defer c.mu.Unlock()
	n = s.size - len(s.part.Data)
	switch {
	case s.err != nil:
		return true, n, s.err
	case !s.waiting:
		return true, n, nil
	case late && !s.moved && (s.sendWindow <= 0 || c.sendWindow <= 0):
		c.reset(s, Cancel, ErrTimeout)
		c.kick()
		return true, n, ErrTimeout
	case late:
		s.moved = false
	}
	return false, 0, nil
}

// spareRoom is how much room for DATA is not worth a frame.
const spareRoom = 1 << 10

// emit queues what it can of s.part, of its data one frame if once is set. It
// reports whether all is queued.
func (c *Conn) emit(s *Stream, once bool) bool {
	p := &s.part
	if p.Head != nil {
		if len(c.out) >= outLimit {
			return false
		}
		last := p.Last && len(p.Data) == 0 && p.Trailer == nil
		c.out = appendHeaders(c.out, c.spelled(s, p.Head), s.id, last)
		p.Head, s.moved = nil, true
		s.localDone = last
	}
	for len(p.Data) > 0 {
		n := min(len(p.Data), maxFrame, s.sendWindow, c.sendWindow)
		if n <= 0 || outLimit-len(c.out) < min(n, spareRoom) {
			return false
		}
		c.appendData(s, min(n, outLimit-len(c.out)))
		if once && len(p.Data) > 0 {
			return false
		}
	}
	if p.Trailer != nil && len(c.out) >= outLimit {
		return false
	}
	if p.Last && !s.localDone {
		s.localDone = true
		if p.Trailer != nil {
			c.out = appendHeaders(c.out, c.spelled(s, p.Trailer), s.id, true)
		} else {
			c.out = appendFrameHead(c.out, 0, frameData, flagEndStream, s.id)
		}
	}
	return true
}

// appendData queues n bytes of s.part as a frame.
func (c *Conn) appendData(s *Stream, n int) {
	p, flags := &s.part, uint8(0)
	if n == len(p.Data) && p.Last && p.Trailer == nil {
		flags, s.localDone = flagEndStream, true
	}
	c.out = append(appendFrameHead(c.out, n, frameData, flags, s.id), p.Data[:n]...)
	p.Data, s.moved = p.Data[n:], true
	s.sendWindow -= n
	c.sendWindow -= n
	c.sent += n
	c.allowance.earn(c.sent / allowanceBytes)
	c.sent %= allowanceBytes
}

// fill queues what can be of what waits, the most urgent first.
func (c *Conn) fill() {
	for {
		s := c.next()
		if s == nil {
			return
		}
		c.room()
		before := len(c.out)
		if c.emit(s, s.priority.incremental) {
			c.unwait(s)
			wake(s.writable)
		} else if len(c.out) == before {
			return // no room
		} else if s.priority.incremental {
			c.unwait(s)
			c.waiting, s.waiting = append(c.waiting, s), true
		}
	}
}

// next is the stream whose turn it is, of those that wait for nothing but room.
func (c *Conn) next() *Stream {
	var first *Stream
	for _, s := range c.waiting {
		if s.part.Head == nil && len(s.part.Data) > 0 && (s.sendWindow <= 0 || c.sendWindow <= 0) {
			continue
		}
		if first == nil || s.before(first) {
			first = s
		}
	}
	return first
}

func (c *Conn) unwait(s *Stream) {
	if !s.waiting {
		return
	}
	s.waiting = false
	for i, w := range c.waiting {
		if w == s {
			c.waiting = append(c.waiting[:i], c.waiting[i+1:]...)
			return
		}
	}
}

// pages are what a connection writes from, while there is something to write.
type pages struct{ out, spare []byte }

var pagePool = sync.Pool{New: func() any { return new(pages) }}

// room readies c.out for something to be appended.
func (c *Conn) room() {
	if c.pages == nil {
		c.pages = pagePool.Get().(*pages)
		c.out, c.spare = c.pages.out, c.pages.spare
	}
}

func (c *Conn) freeRoom() {
	if c.pages == nil {
		return
	}
	if cap(c.out) <= outMax && cap(c.spare) <= outMax {
		*c.pages = pages{c.out[:0], c.spare[:0]}
		pagePool.Put(c.pages)
	}
	c.pages, c.out, c.spare = nil, nil, nil
}

// kick has the writer run if there is something to write, and nobody else who will. Whoever
// queues something calls it before the lock is given up.
func (c *Conn) kick() {
	if !c.writing && c.held == 0 && len(c.out) > 0 && c.failed == nil {
		c.writing = true
		c.cfg.Spawn(c.flushed)
	}
}

// Hold has what is to be written wait for as many calls of [Conn.Release], so that one write
// takes many answers.
func (c *Conn) Hold() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held++
}

// Release writes what Hold has put off, if it is the last, and does not wait: the writer goes
// on with what there is no room for, and with what comes meanwhile.
func (c *Conn) Release() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held = max(c.held-1, 0) // Finish waits for nobody
	if c.held == 0 && !c.writing && len(c.out) > 0 && c.failed == nil {
		c.writing = true
		c.writeOut(false)
	}
}

// flush is the writer: it writes until nothing is left. The others who are about to
// answer go first, so that one write takes several answers.
func (c *Conn) flush() {
	runtime.Gosched()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.writeOut(true)
}

// writeOut writes until nothing is left. Where it is not to wait it does so once, and has the
// writer go on: for a client that takes as fast as streams answer there would be no end.
func (c *Conn) writeOut(wait bool) {
	c.passedOn = false
	defer c.flushEnded()
	for more := true; more && c.failed == nil; more = len(c.out) > 0 {
		b := c.out
		c.out, c.spare = c.spare[:0], nil
		all, err := c.write(b, wait)
		c.spare = b
		if err != nil {
			c.fail(err)
		}
		c.fill()
		if c.failed == nil && !wait && (!all || len(c.out) > 0) {
			c.cfg.Spawn(c.flushed)
			c.passedOn = true
			return
		}
	}
	c.freeRoom()
	c.writing = false
}

// write writes b without the lock.
func (c *Conn) write(b []byte, wait bool) (all bool, err error) {
	c.mu.Unlock()
	defer c.mu.Lock()
	return c.cfg.Write(b, wait)
}

// fail gives up a connection to which nothing can be written any more.
func (c *Conn) fail(err error) {
	c.failed = err
	c.end()
}

// flushEnded tells who waits for the writer's end. A writer that has panicked leaves
// its memory to the collector.
func (c *Conn) flushEnded() {
	if c.writing && !c.passedOn {
		c.writing = false
		c.pages, c.out, c.spare = nil, nil, nil
		c.fail(errWriter)
	}
	if c.ended {
		c.cfg.Wake()
		c.changed.Broadcast()
	}
}
