package h2

import (
	"errors"
	"sync"
	"time"

	"golang.org/x/net/http2/hpack"
)

// Bounds of a connection.
const (
	MaxStreams     = 100       // whose request we are still at, whether the client wants the answer or not
	StreamWindow   = 65535     // bytes of a request's body that may wait for us
	ConnWindow     = 256 << 10 // and of all bodies
	MaxHeadList    = 64 << 10  // of a request's fields, as RFC 9113 section 6.5.2 counts them
	MaxFields      = 100
	maxBlock       = 128 << 10   // of a header block, as it comes
	outLimit       = 48 << 10    // answers wait while so much is there to be written
	outMax         = 128 << 10   // with the frames that cannot wait, and the largest head
	farewellTime   = time.Second // for the answer to a PING, before we say which request was the last
	rememberedOver = 128         // streams that are known to be over by their numbers
)

// Errors of streams.
var (
	ErrReset       = errors.New("stream reset")
	ErrOver        = errors.New("connection over")
	ErrTimeout     = errors.New("timeout")
	ErrInterrupted = errors.New("interrupted")

	errWriter = errors.New("the writer has panicked")
)

// A Fault is what a client did that ends its connection.
type Fault struct {
	Code Code
	Why  string
}

func (f *Fault) Error() string { return f.Why }

// Config is what a connection needs of its owner. All of it is called from within
// methods of the connection or its streams, and must not call them again.
type Config struct {
	// Common may be nil.
	Common *Common

	// Open takes a request. It runs on the goroutine that called Feed, when all of
	// the bytes that Feed was given are taken.
	Open func(*Stream)

	// Write writes all of b to the client, behind what it has kept. If it is not to wait it
	// keeps what there is no room for, and reports that it has. One call is made at a time.
	Write func(b []byte, wait bool) (all bool, err error)

	// Spawn runs f on another goroutine, and ends the client's link if f panics. The
	// connection can then be finished like any other.
	Spawn func(f func())

	// Wake tells the reader that the connection is over.
	Wake func()
}

// A Conn is a connection of one client, from its preface on. Make one with [New].
type Conn struct {
	cfg Config

	// The reader's.
	preface  int  // bytes of it that have come
	greeted  bool // the client's first SETTINGS has come
	decoder  *hpack.Decoder
	block    block
	trailing Head // of what has a block but makes no stream
	data     incoming
	skip     int // bytes of a payload that nobody wants
	opened   []*Stream

	mu        sync.Mutex
	changed   sync.Cond // the writer or a stream has ended
	streams   map[uint32]*Stream
	last      uint32 // the client's latest stream
	over      [rememberedOver]overStream
	overAt    int
	allowance allowance

	sendWindow, recvWindow int
	initialWindow          int // of streams, for what we send
	credit                 int // bytes taken that the client has not been told of
	sent                   int // bytes of DATA since points were earned last

	table      tableState // the client's
	resized    bool       // it has become smaller, and no block has said so yet
	translated []byte     // the last block that known has

	pages      *pages // of the two that follow, nil while there is nothing to write
	out, spare []byte // what is to be written; what was written last
	waiting    []*Stream
	writing    bool
	held       int    // calls of Hold without one of Release: what is queued waits
	passedOn   bool   // to the writer, by who has written without waiting
	flushed    func() // flush, made once

	drain   draining
	final   uint32 // the last stream that is served, once draining is known
	goodbye *time.Timer
	ended   bool  // no frame is taken any more
	failed  error // nothing can be written any more
	quiet   time.Time
}

// An overStream is a stream that has ended.
type overStream struct {
	id   uint32
	ours bool // by a reset of ours, which the client may not have seen yet
}

type draining uint8

const (
	drainNot draining = iota
	drainAsked
	drainTold
)

// New returns a connection of which nothing has come yet.
func New(cfg Config, now time.Time) *Conn {
	c := &Conn{
		cfg: cfg, streams: map[uint32]*Stream{}, quiet: now,
		sendWindow: StreamWindow, initialWindow: StreamWindow, recvWindow: ConnWindow,
	}
	c.changed.L = &c.mu
	c.flushed = c.flush
	c.decoder = hpack.NewDecoder(4096, c.field)
	c.decoder.SetMaxStringLength(MaxHeadList)
	return c
}

// Feed takes what has come. It returns how much of b it has used: what is left is
// the beginning of a frame, and has to be there again, with more behind it. After
// an error, a [*Fault] or [ErrOver], no more is taken: the owner calls [Conn.Finish].
//
// A frame that is not there whole has up to 16,393 bytes.
func (c *Conn) Feed(b []byte, now time.Time) (used int, err error) {
	if c.begin(now) {
		return 0, ErrOver
	}
	for used < len(b) {
		var n int
		if n, err = c.step(b[used:]); n == 0 || err != nil {
			break
		}
		used += n
	}
	c.hand()
	return used, err
}

// begin reports whether the connection is over. Whatever panics in Feed leaves no lock
// held, so that the connection can be finished.
func (c *Conn) begin(now time.Time) (over bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.allowance.refill(now)
	return c.ended
}

// hand gives the streams that were opened to their owner, but for those that are
// over already.
func (c *Conn) hand() {
	for _, s := range c.opened {
		if !c.closeOver(s) {
			c.cfg.Open(s)
		}
	}
	clear(c.opened)
	c.opened = c.opened[:0]
}

// closeOver closes a stream that is over before it was anybody's.
func (c *Conn) closeOver(s *Stream) (over bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if over = s.err != nil; over {
		c.close(s)
	}
	return over
}

// step takes what it can of the next frame; 0 bytes if there is not enough of it.
func (c *Conn) step(b []byte) (int, error) {
	switch {
	case c.preface < len(Preface):
		return c.takePreface(b)
	case c.data.left > 0:
		return c.takeData(b), nil
	case c.skip > 0:
		n := min(c.skip, len(b))
		c.skip -= n
		return n, nil
	case len(b) < frameHead:
		return 0, nil
	}
	f := parseFrameHead(b)
	if err := c.admit(&f); err != nil {
		return 0, err
	}
	whole := frameHead + f.length
	switch {
	case f.kind == frameData:
		return c.beginData(&f, b)
	case f.kind > frameContinuation && f.kind != framePriorityUpdate: // RFC 9113 section 5.5
		c.skip = f.length
		return frameHead, c.charge(priceFrame)
	case len(b) < whole:
		return 0, nil
	}
	f.payload = b[frameHead:whole]
	return whole, c.dispatch(&f)
}

func (c *Conn) takePreface(b []byte) (int, error) {
	n := min(len(b), len(Preface)-c.preface)
	if string(b[:n]) != Preface[c.preface:c.preface+n] {
		return 0, &Fault{ProtocolError, "no preface"}
	}
	if c.preface += n; c.preface == len(Preface) {
		c.greet()
	}
	return n, nil
}

// greet tells the client our settings.
func (c *Conn) greet() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.room()
	c.out = appendSettings(c.out, settingMaxStreams, MaxStreams, settingMaxHeaderList, MaxHeadList, settingNoPriorities, 1)
	c.out = appendWindowUpdate(c.out, 0, ConnWindow-StreamWindow)
	c.kick()
}

// admit holds a frame's head to what any frame has to keep.
func (c *Conn) admit(f *frame) error {
	switch {
	case f.length > maxFrame:
		return &Fault{FrameSizeError, "frame too large"}
	case !c.greeted && (f.kind != frameSettings || f.has(flagAck)):
		return &Fault{ProtocolError, "first frame is not SETTINGS"}
	case c.block.open != (f.kind == frameContinuation) || c.block.open && f.stream != c.block.id:
		return &Fault{ProtocolError, "header block interrupted"}
	}
	return nil
}

func (c *Conn) dispatch(f *frame) error {
	switch f.kind {
	case frameHeaders:
		return c.onHeaders(f)
	case frameContinuation:
		if err := c.charge(priceFrame); err != nil {
			return err
		}
		return c.fragment(f.payload, f.has(flagEndHeaders))
	case framePush:
		return &Fault{ProtocolError, "PUSH_PROMISE from a client"}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch f.kind {
	case framePriority:
		return c.onPriority(f)
	case frameReset:
		return c.onReset(f)
	case frameSettings:
		return c.onSettings(f)
	case framePing:
		return c.onPing(f)
	case frameGoAway:
		return c.onGoAway(f)
	case frameWindowUpdate:
		return c.onWindowUpdate(f)
	}
	return c.onPriorityUpdate(f)
}

// errCalm ends a connection whose allowance is spent.
var errCalm = &Fault{EnhanceYourCalm, "too much that brings nothing"}

// pay has the client pay, with c.mu held.
func (c *Conn) pay(points int) error {
	if !c.allowance.pay(points) || len(c.out) > outMax {
		return errCalm
	}
	return nil
}

func (c *Conn) charge(points int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pay(points)
}

// InHead reports whether a header block has begun and not ended. It is for the
// reader.
func (c *Conn) InHead() bool { return c.block.open }

// Quiet returns since when there has been no stream; false if there is one.
func (c *Conn) Quiet() (time.Time, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.quiet, len(c.streams) == 0
}

// Each calls f for the owner of every stream that is not closed yet, nor will be
// before f returns. f must not use the stream.
func (c *Conn) Each(f func(owner any)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.streams {
		if s.owner != nil {
			f(s.owner)
		}
	}
}

// Drain ends the connection once the requests under way have been answered. The
// client is told at first that it should send no more, and which request was the
// last when it has had time to hear of that (RFC 9113 section 6.8).
func (c *Conn) Drain() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.drain != drainNot || c.ended {
		return
	}
	if c.preface < len(Preface) {
		c.end()
		c.cfg.Wake()
		return
	}
	c.drain = drainAsked
	c.room()
	c.out = appendGoAway(c.out, maxStreamID, NoError)
	c.out = appendPing(c.out, 0, farewell[:])
	c.goodbye = time.AfterFunc(farewellTime, c.bidLate)
	c.kick()
}

// bidLate has bid run where a panic is contained. While the connection has not ended
// its owner waits for it, so that it may still spawn.
func (c *Conn) bidLate() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.drain != drainAsked || c.ended {
		return
	}
	c.cfg.Spawn(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.bid()
	})
}

// farewell is the PING whose answer says that a client has seen our GOAWAY.
var farewell = [8]byte{'f', 'a', 'r', 'e', 'w', 'e', 'l', 'l'}

// bid says which request is the last.
func (c *Conn) bid() {
	if c.drain != drainAsked || c.ended {
		return
	}
	c.drain, c.final = drainTold, c.last
	c.room()
	c.out = appendGoAway(c.out, c.last, NoError)
	c.settle()
	c.kick()
}

// settle ends a connection that is drained.
func (c *Conn) settle() {
	if c.drain == drainTold && len(c.streams) == 0 && !c.ended {
		c.end()
		if !c.writing && len(c.out) == 0 {
			c.cfg.Wake()
		}
	}
}

// end stops taking frames, and gives up all streams.
func (c *Conn) end() {
	c.ended = true
	if c.goodbye != nil {
		c.goodbye.Stop()
	}
	for _, s := range c.streams {
		s.fail(ErrOver)
	}
}

// Finish ends the connection, for a [*Fault] with a GOAWAY that says so, and
// returns when all that can be written has been. The client's link may then be
// closed.
func (c *Conn) Finish(why error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f, faulty := why.(*Fault); faulty && !c.ended && c.failed == nil {
		c.room()
		c.out = appendGoAway(c.out, c.last, f.Code)
	}
	c.end()
	c.held = 0
	c.kick()
	for c.writing {
		c.changed.Wait()
	}
	c.failed = ErrOver
}

// Join returns when no stream is left, after Finish.
func (c *Conn) Join() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.streams) > 0 {
		c.changed.Wait()
	}
}
