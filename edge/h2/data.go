package h2

import (
	"io"
	"sync"
	"time"
)

// An incoming is a DATA frame that is being taken.
type incoming struct {
	stream *Stream // nil if nobody wants it
	left   int     // bytes of the body to come
	pad    int
	last   bool
}

// beginData takes a DATA frame's head.
func (c *Conn) beginData(f *frame, b []byte) (used int, err error) {
	used, size := frameHead, f.length
	in := incoming{last: f.has(flagEndStream)}
	if f.has(flagPadded) {
		if f.length == 0 {
			return 0, &Fault{FrameSizeError, "DATA without its padding"}
		}
		if len(b) == frameHead {
			return 0, nil
		}
		used, in.pad = used+1, int(b[frameHead])
		if size -= 1 + in.pad; size < 0 {
			return 0, &Fault{ProtocolError, "too much padding"}
		}
	}
	in.left = size
	c.mu.Lock()
	defer c.mu.Unlock()
	if f.stream == 0 || f.stream > c.last {
		return 0, &Fault{ProtocolError, "DATA of no stream"}
	}
	if c.recvWindow -= f.length; c.recvWindow < 0 {
		return 0, &Fault{FlowControlError, "more than the connection's window"}
	}
	c.giveBack(f.length - size)
	if in.stream, err = c.receiver(f, size); err != nil {
		return 0, err
	}
	c.data = in
	if size > 0 {
		return used, nil
	}
	if !in.last {
		err = c.pay(priceFrame)
	}
	if err != nil {
		return 0, err
	}
	return used, c.endData()
}

// receiver is the stream that a DATA frame with that much of a body fills, nil for
// none.
func (c *Conn) receiver(f *frame, size int) (*Stream, error) {
	s := c.streams[f.stream]
	switch {
	case s == nil:
		return nil, c.overData(f.stream)
	case s.err != nil && s.ours:
		return nil, c.pay(priceFrame)
	case s.err != nil:
		return nil, &Fault{StreamClosed, "DATA behind RST_STREAM"}
	case s.remoteDone:
		return nil, c.fault(s, StreamClosed)
	}
	if s.recvWindow -= f.length; s.recvWindow < 0 {
		return nil, c.fault(s, FlowControlError)
	}
	s.credit += f.length - size
	if s.got += int64(size); s.length >= 0 && s.got > s.length {
		return nil, c.fault(s, ProtocolError)
	}
	return s, nil
}

// overData judges DATA of a stream that is over. Of one that we may have reset long
// ago it may still be on its way.
func (c *Conn) overData(id uint32) error {
	if _, known := c.recall(id); !known {
		return c.pay(priceFrame)
	}
	return c.overFrame(id)
}

// takeData takes what there is of a DATA frame's body.
func (c *Conn) takeData(b []byte) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := min(len(b), c.data.left)
	c.data.left -= n
	if s := c.data.stream; s != nil && s.err == nil {
		s.body.write(b[:n])
		wake(s.readable)
	} else {
		c.giveBack(n)
	}
	if c.data.left == 0 {
		c.endData() // pays for nothing
	}
	return n
}

// endData ends a DATA frame.
func (c *Conn) endData() error {
	in := c.data
	c.data, c.skip = incoming{}, in.pad
	if s := in.stream; s != nil && s.err == nil && in.last {
		return c.endBody(s)
	}
	return nil
}

// endBody ends a request.
func (c *Conn) endBody(s *Stream) error {
	if s.length >= 0 && s.got != s.length {
		return c.fault(s, ProtocolError)
	}
	s.remoteDone = true
	wake(s.readable)
	return nil
}

// giveBack opens the connection's window by bytes that are no longer held. The
// client is told in large steps.
func (c *Conn) giveBack(n int) {
	if c.credit += n; c.credit >= ConnWindow/4 {
		c.room()
		c.out = appendWindowUpdate(c.out, 0, c.credit)
		c.recvWindow += c.credit
		c.credit = 0
		c.kick()
	}
}

// Read reads from the request's body until due, a zero due for ever. The end is
// io.EOF. It returns [ErrInterrupted] after Interrupt.
func (s *Stream) Read(b []byte, due time.Time) (int, error) {
	for {
		n, wait, err := s.look(b)
		if !wait {
			return n, err
		}
		if due.IsZero() {
			<-s.readable
			continue
		}
		timer := time.NewTimer(time.Until(due))
		select {
		case <-s.readable:
			timer.Stop()
		case <-timer.C:
			return 0, ErrTimeout
		}
	}
}

// look reads what is there, or says that there is something to wait for.
func (s *Stream) look(b []byte) (n int, wait bool, err error) {
	c := s.c
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case s.interrupted:
		s.interrupted = false
		return 0, false, ErrInterrupted
	case s.err != nil:
		return 0, false, s.err
	case s.body.len() > 0:
		n = s.body.read(b)
		s.taken(n)
		return n, false, nil
	case s.remoteDone:
		return 0, false, io.EOF
	}
	return 0, true, nil
}

// taken opens the windows by what has been read.
func (s *Stream) taken(n int) {
	c := s.c
	c.giveBack(n)
	if s.credit += n; s.credit >= StreamWindow/2 && !s.remoteDone {
		c.room()
		c.out = appendWindowUpdate(c.out, s.id, s.credit)
		s.recvWindow += s.credit
		s.credit = 0
	}
	c.kick()
}

// Ended reports whether all of the body has been read.
func (s *Stream) Ended() bool {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	return s.err == nil && s.remoteDone && s.body.len() == 0
}

// Interrupt makes the Read that is under way, or the next, return [ErrInterrupted].
func (s *Stream) Interrupt() {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	s.interrupted = true
	wake(s.readable)
}

// Interrupted takes back an interrupt that no Read has seen, and reports whether
// there was one.
func (s *Stream) Interrupted() bool {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	was := s.interrupted
	s.interrupted = false
	return was
}

// A queue holds what has come of a body and was not read, in pooled memory, which
// it has only while there is something.
type queue struct {
	b           *[]byte
	read0, fill int
}

const (
	smallQueue = 8 << 10
	bigQueue   = StreamWindow + 1
)

var (
	smallQueues = sync.Pool{New: func() any { b := make([]byte, smallQueue); return &b }}
	bigQueues   = sync.Pool{New: func() any { b := make([]byte, bigQueue); return &b }}
)

func (q *queue) len() int { return q.fill - q.read0 }

// write appends b. There is no more in the queue than a stream's window.
func (q *queue) write(b []byte) {
	if len(b) == 0 {
		return
	}
	if q.b == nil {
		q.b = smallQueues.Get().(*[]byte)
	}
	if q.fill+len(b) > len(*q.b) {
		q.makeRoom(len(b))
	}
	q.fill += copy((*q.b)[q.fill:], b)
}

// makeRoom moves what is left to the front, of a larger buffer if need be.
func (q *queue) makeRoom(n int) {
	held := (*q.b)[q.read0:q.fill]
	if len(held)+n <= len(*q.b) {
		q.read0, q.fill = 0, copy(*q.b, held)
		return
	}
	big := bigQueues.Get().(*[]byte)
	had := copy(*big, held)
	q.free()
	q.b, q.fill = big, had
}

func (q *queue) read(b []byte) int {
	n := copy(b, (*q.b)[q.read0:q.fill])
	if q.read0 += n; q.read0 == q.fill {
		q.free()
	}
	return n
}

func (q *queue) free() {
	if q.b == nil {
		return
	}
	if len(*q.b) == smallQueue {
		smallQueues.Put(q.b)
	} else {
		bigQueues.Put(q.b)
	}
	*q = queue{}
}
