package h2

import (
	"sync"
	"time"

	"headwater/internal/message"
)

// A Stream is one request of a client, and its answer.
type Stream struct {
	Head

	c  *Conn
	id uint32

	// Guarded by the connection's lock.
	owner      any
	err        error // why nothing more comes or goes, nil while it does
	ours       bool  // we have reset it
	remoteDone bool  // the request is all here
	localDone  bool  // the answer is all queued

	sendWindow, recvWindow int
	credit                 int // bytes taken that the client has not been told of
	length, got            int64
	body                   queue
	trailer                message.Fields
	interrupted            bool

	part    Part // what Send was given and is not queued yet
	size    int  // of the part's data, when it was given
	grown   int  // by how many bytes blocks have
	waiting bool
	moved   bool // some of it has gone since Send looked last

	readable, writable chan struct{}
}

var streams = sync.Pool{New: func() any {
	return &Stream{readable: make(chan struct{}, 1), writable: make(chan struct{}, 1)}
}}

func newStream(c *Conn, id uint32) *Stream {
	s := streams.Get().(*Stream)
	s.c, s.id = c, id
	s.sendWindow, s.recvWindow, s.length = c.initialWindow, StreamWindow, -1
	s.Head.reset()
	return s
}

// recycle gives the stream's memory back, with all that it may still say.
func (s *Stream) recycle() {
	s.body.free()
	hush(s.readable)
	hush(s.writable)
	clear(s.Fields.All())
	s.Fields.Reset()
	*s = Stream{Head: Head{Fields: s.Fields}, readable: s.readable, writable: s.writable}
	streams.Put(s)
}

func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func hush(c chan struct{}) {
	select {
	case <-c:
	default:
	}
}

// Own says who is told of by [Conn.Each].
func (s *Stream) Own(owner any) {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	s.owner = owner
}

// Grown returns how many bytes more than they were given with the header blocks have that
// were sent since the last call, as a client gets those spelled out that it does not know. It is
// for whoever sends.
func (s *Stream) Grown() int {
	n := s.grown
	s.grown = 0
	return n
}

// Body returns how much of the request's body waits to be read, and whether that
// is all that will come of it. The error is what has ended the stream, if anything has.
func (s *Stream) Body() (n int, all bool, err error) {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	return s.body.len(), s.remoteDone && s.err == nil && s.trailer.Len() == 0, s.err
}

// Trailer returns the fields behind the body, when Ended reports its end. They are
// valid until Close.
func (s *Stream) Trailer() []message.Field {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	return s.trailer.All()
}

// fail ends what goes on with the stream; its owner finds out by err.
func (s *Stream) fail(err error) {
	if s.err != nil {
		return
	}
	s.err = err
	s.c.giveBack(s.body.len())
	s.body.free()
	s.c.unwait(s)
	wake(s.readable)
	wake(s.writable)
}

// Reset ends a stream that is not served as it should be.
func (s *Stream) Reset(code Code) {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	if s.err == nil {
		s.c.reset(s, code, ErrReset)
		s.c.kick()
	}
}

// Close ends the stream, when nobody uses it any more. One whose answer is not
// whole is reset, so that its client can tell.
func (s *Stream) Close() {
	c := s.c
	c.mu.Lock()
	defer c.mu.Unlock()
	c.close(s)
}

func (c *Conn) close(s *Stream) {
	switch {
	case s.err != nil:
	case !s.localDone:
		c.reset(s, InternalError, ErrOver)
	case !s.remoteDone: // and the rest is not wanted (RFC 9113 section 8.1)
		c.reset(s, NoError, ErrOver)
	default:
		c.allowance.earn(allowanceRequest)
	}
	if c.data.stream == s {
		c.data.stream = nil
	}
	c.giveBack(s.body.len())
	delete(c.streams, s.id)
	c.remember(s.id, s.ours)
	s.recycle()
	if len(c.streams) == 0 {
		c.quiet = time.Now()
		c.settle()
	}
	c.kick()
	if c.ended {
		c.changed.Broadcast()
	}
}

func (c *Conn) remember(id uint32, ours bool) {
	c.over[c.overAt] = overStream{id, ours}
	c.overAt = (c.overAt + 1) % len(c.over)
}
