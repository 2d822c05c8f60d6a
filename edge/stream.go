package edge

import (
	"io"
	"strconv"
	"sync"
	"time"

	"headwater/edge/h2"
	"headwater/internal/message"
)

// A clientStream is the link of an exchange over HTTP/2: what is read is the
// request's body, what is written the answer. It has a clientConn of its own, which
// stands for the client in the exchange, and lives as long as that: it is served like a
// connection that brings one request.
//
// What is written may begin with a header block, and end with one: how much of it
// these are is marked before.
type clientStream struct {
	client *clientConn // whose request it is
	conn   clientConn
	stream *h2.Stream

	head int  // of the next write's bytes, this many are a header block
	tail int  // and those from there on are a trailer's, 0 for none
	last bool // it ends the answer
}

var clientStreams = sync.Pool{New: func() any { return new(clientStream) }}

// reside serves the one request that there is, or has it leave the resident loop as
// others do.
func (s *clientStream) reside(resident) error {
	c := &s.conn
	x := newExchange(c)
	x.headBytes = s.stream.Size
	n, all, ended := s.stream.Body()
	err := s.request(&x.req)
	switch {
	case err != nil:
		c.reject(x, err)
	case ended != nil:
		x.drop(ended)
		c.answered(x, false, false)
	case s.stream.Last || all && n < smallBuffer:
		s.serveWhole(x, n)
	default:
		c.upload = x
	}
	return nil
}

// drop gives up a request whose stream was over before an origin was asked: it costs
// none.
func (x *exchange) drop(err error) {
	x.note()
	x.event.failure, x.event.cause = failClientRead, known(err)
}

// serveWhole serves a request whose body, of n bytes, has come with its head.
func (s *clientStream) serveWhole(x *exchange, n int) {
	keep, body, err := false, []byte(nil), error(nil)
	if n > 0 {
		body, err = s.takeBody(x, n)
	}
	if err != nil {
		x.drop(err)
	} else {
		if x.req.chunked {
			x.req.chunked, x.req.length = false, int64(n)
		}
		x.rests = true
		keep = x.serve(body)
	}
	if x.asking {
		s.conn.asking = x
	} else {
		s.conn.answered(x, keep, false)
	}
}

// takeBody takes a body that has come. A stream that has been reset meanwhile has lost
// it: an origin would take the next request's bytes for it.
func (s *clientStream) takeBody(x *exchange, n int) ([]byte, error) {
	x.held = getBuffer(0)
	got, err := s.stream.Read(x.held.b, time.Time{})
	if err == nil && got < n {
		err = h2.ErrReset
	}
	return x.held.b[:got], err
}

// end closes the stream. After a panic its memory is not used again: an upload may
// have it.
func (s *clientStream) end() {
	s.stream.Close()
	if s.conn.exchange != nil || s.conn.dead.Load() {
		return
	}
	*s = clientStream{}
	clientStreams.Put(s)
}

// request makes the exchange's request of the stream's head, by the rules of
// HTTP/1: what those refuse is refused here.
func (s *clientStream) request(r *request) error {
	h := &s.stream.Head
	r.reset()
	r.Method, r.Target = h.Method, h.Path
	switch {
	case h.TooMuch:
		return errHeadSize
	case len(h.Method) > maxMethod || !all(h.Method, tokenByte):
		return errStartLine
	case len(h.Path) > maxTarget:
		return errTargetSize
	case refusedMethod(h.Method):
		return errMethod
	}
	r.length, r.chunked = h.Length, !h.Last && h.Length < 0
	r.Fields.Append(&h.Fields)
	joinCookies(&r.Fields)
	if err := r.enterAuthority(h.Authority); err != nil {
		return err
	}
	if err := r.settle(&r.Fields); err != nil {
		return err
	}
	return r.check()
}

// enterAuthority makes a Host of :authority, or holds the Host that there is to it.
func (r *request) enterAuthority(authority []byte) error {
	if len(authority) == 0 {
		return nil
	}
	if host, set := r.Fields.Get(hostKey); set {
		if !foldEqual(message.Bytes(host), authority) {
			return errHosts
		}
		return nil
	}
	r.Fields.Add(hostKey, message.Text(authority))
	return nil
}

var cookieKey = message.NewKey("cookie")

// joinCookies makes one Cookie of several, which HTTP/2 may split it into (RFC 9113
// section 8.2.3).
func joinCookies(fields *message.Fields) {
	first := fields.Index(cookieKey, 0)
	if first < 0 || fields.Index(cookieKey, first+1) < 0 {
		return
	}
	var joined []byte
	for i := first; i >= 0; i = fields.Index(cookieKey, i+1) {
		if i > first {
			joined = append(joined, "; "...)
		}
		joined = append(joined, fields.At(i).Value()...)
	}
	fields.Set(cookieKey, message.Text(joined))
}

func (s *clientStream) write(b []byte, stall time.Duration) (int, error) {
	p, end := h2.Part{Last: s.last}, len(b)
	if s.head > 0 {
		p.Head = b[:s.head]
	}
	if s.tail > 0 {
		p.Trailer, end = b[s.tail:], s.tail
	}
	p.Data = b[s.head:end]
	blocks := len(b) - len(p.Data)
	s.head, s.tail, s.last = 0, 0, false
	n := len(p.Data)
	all, err := s.stream.Send(p)
	if err == nil && !all {
		s.conn.stepOut()
		n, err = s.stream.Await(stall)
	}
	if err != nil {
		return n, known(err)
	}
	grown := s.stream.Grown()
	if s.conn.exchange != nil {
		s.conn.exchange.event.head += grown
	}
	return n + blocks + grown, nil
}

func (s *clientStream) post(b []byte, stall time.Duration) (int, error) { return s.write(b, stall) }

// read returns no bytes and no error at the body's end, as Ended then tells.
func (s *clientStream) read(b []byte, due time.Time) (int, error) {
	n, err := s.stream.Read(b, due)
	if err == io.EOF {
		return 0, nil
	}
	return n, known(err)
}

// known gives errors of HTTP/2 the names that links have for them.
func known(err error) error {
	switch err {
	case h2.ErrTimeout:
		return errTimeout
	case h2.ErrInterrupted:
		return errInterrupted
	}
	return err
}

func (s *clientStream) share() bool          { return false }
func (s *clientStream) keep([]byte) error    { return errStage }
func (s *clientStream) flush() (bool, error) { return false, errStage }
func (s *clientStream) lend(*clientConn)     {}
func (s *clientStream) park(time.Time) bool  { return false }
func (s *clientStream) stale(*lot) bool      { return true }
func (s *clientStream) move(*lot) bool       { return false }
func (s *clientStream) interrupt()           { s.stream.Interrupt() }
func (s *clientStream) interrupted() bool    { return s.stream.Interrupted() }
func (s *clientStream) closeWrite()          {}
func (s *clientStream) tear(bool)            {}
func (s *clientStream) close()               { s.stream.Reset(h2.InternalError) }

// appendBlock is appendHead for HTTP/2.
func (x *exchange) appendBlock(dst []byte, out framing, length int64) []byte {
	s := x.c.stream
	dst = h2.AppendStatus(dst, x.resp.Status)
	for i := range x.resp.Fields.Len() {
		f := x.resp.Fields.At(i)
		if f.Hop() || framingFields.Has(f.ID) || f.ID == message.Trailer && out != framedStream {
			continue
		}
		if i := commonIndex(f.ID); i >= 0 && x.c.edge.common != nil {
			dst = x.c.edge.common.Append(dst, i, f.Value())
		} else {
			dst = h2.AppendField(dst, f.Name(), f.Value())
		}
	}
	if length >= 0 {
		var digits [20]byte
		dst = h2.AppendField(dst, message.Bytes("content-length"), strconv.AppendInt(digits[:0], length, 10))
	}
	x.event.head, s.head, s.last = len(dst), len(dst), out == framedNone
	return dst
}

// appendInterim appends an answer that comes before the final one, without fields
// that end at this hop.
func (s *clientStream) appendInterim(dst []byte, r *message.Response) []byte {
	dst = h2.AppendStatus(dst, r.Status)
	for i := range r.Fields.Len() {
		if f := r.Fields.At(i); !f.Hop() && !f.ID.Frames() {
			dst = h2.AppendField(dst, f.Name(), f.Value())
		}
	}
	s.head = len(dst)
	return dst
}

// appendEnd marks the end of the answer, with its trailer.
func (s *clientStream) appendEnd(dst []byte, c *chunkReader) []byte {
	s.last = true
	at := len(dst)
	c.eachTrailer(func(f *message.Field) {
		if f.ID.Passes() {
			dst = h2.AppendField(dst, f.Name(), f.Value())
		}
	})
	if len(dst) > at {
		s.tail = at
	}
	return dst
}

// takeTrailer gives the request's trailer the form in which it goes on.
func (s *clientStream) takeTrailer(c *chunkReader) error {
	for _, f := range s.stream.Trailer() {
		c.trailer = appendField(c.trailer, f.Name(), f.Value())
	}
	if len(c.trailer) > maxTrailer {
		return errTrailer
	}
	return nil
}
