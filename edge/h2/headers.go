package h2

import (
	"encoding/binary"

	"golang.org/x/net/http2/hpack"

	"headwater/internal/message"
)

// A Head is a request's. Its texts are the collector's and may be kept; Fields are
// the stream's.
type Head struct {
	Method, Scheme, Authority, Path []byte

	Fields  message.Fields // but for the pseudo-fields
	Length  int64          // Content-Length, -1 for none
	Last    bool           // no body follows
	TooMuch bool           // there were more fields than we take, or larger ones

	Size int // of all fields, as RFC 9113 section 6.5.2 counts

	priority priority

	regular bool   // a field that is no pseudo-field has come
	fault   string // what is wrong with it, "" for nothing
}

func (h *Head) reset() {
	h.Fields.Reset()
	*h = Head{Fields: h.Fields, Length: -1, priority: usual}
}

// A block is a header block that is being taken.
type block struct {
	open   bool
	id     uint32
	stream *Stream // that it opens, nil for none
	head   *Head   // where it goes
	known  *Stream // whose trailer it is
	last   bool
	size   int
	fault  string // of the frame
}

// onHeaders begins a header block. All of them are decoded, whatever becomes of
// them: the table has to stay the client's.
func (c *Conn) onHeaders(f *frame) error {
	if f.stream%2 == 0 {
		return &Fault{ProtocolError, "HEADERS on a stream that no client may open"}
	}
	b, ok := f.unpad(f.payload)
	if !ok {
		return &Fault{ProtocolError, "too much padding"}
	}
	c.block = block{open: true, id: f.stream, last: f.has(flagEndStream), head: &c.trailing}
	if f.has(flagPriority) {
		if len(b) < priorityPart {
			return &Fault{FrameSizeError, "HEADERS too short"}
		}
		if binary.BigEndian.Uint32(b)&maxStreamID == f.stream {
			c.block.fault = "stream depends on itself"
		}
		b = b[priorityPart:]
	}
	if err := c.addressBlock(); err != nil {
		return err
	}
	c.block.head.reset()
	c.decoder.SetEmitEnabled(true)
	return c.fragment(b, f.has(flagEndHeaders))
}

// addressBlock finds what the block is for: a new stream, or one that we have.
func (c *Conn) addressBlock() error {
	b := &c.block
	c.mu.Lock()
	defer c.mu.Unlock()
	if b.id > c.last {
		c.last = b.id
		b.stream = newStream(c, b.id)
		b.head = &b.stream.Head
		return nil
	}
	if b.known = c.streams[b.id]; b.known != nil {
		return nil
	}
	return c.overFrame(b.id)
}

// overFrame judges a frame that opens or fills a stream that is over.
func (c *Conn) overFrame(id uint32) error {
	over, known := c.recall(id)
	switch {
	case over.ours, c.behindLast(id):
		return c.pay(priceFrame) // it may not know yet
	case known:
		return &Fault{StreamClosed, "frame for a stream that is over"}
	}
	return &Fault{ProtocolError, "frame for a stream that was never opened"}
}

// behindLast reports whether the stream comes after the last that is served. The
// client knows, or will, that nobody looks at it (RFC 9113 section 6.8).
func (c *Conn) behindLast(id uint32) bool { return c.drain == drainTold && id > c.final }

// recall returns what is known of a stream that is over, false if that is nothing, or
// was long ago.
func (c *Conn) recall(id uint32) (overStream, bool) {
	for _, s := range c.over {
		if s.id == id {
			return s, true
		}
	}
	return overStream{}, false
}

// fragment takes a piece of the block.
func (c *Conn) fragment(b []byte, last bool) error {
	if c.block.size += len(b); c.block.size > maxBlock {
		return &Fault{EnhanceYourCalm, "header block too large"}
	}
	if _, err := c.decoder.Write(b); err != nil {
		if err == hpack.ErrStringLength {
			return &Fault{EnhanceYourCalm, "field too large"}
		}
		return &Fault{CompressionError, err.Error()}
	}
	if !last {
		return nil
	}
	if err := c.decoder.Close(); err != nil {
		return &Fault{CompressionError, err.Error()}
	}
	return c.endBlock()
}

// endBlock acts on a block that is there whole.
func (c *Conn) endBlock() error {
	b := c.block
	c.block = block{}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case b.stream != nil:
		return c.open(b.stream, &b)
	case b.known != nil && c.streams[b.id] == b.known:
		return c.onTrailer(b.known, &b)
	}
	return nil
}

// open makes a stream of a request's head.
func (c *Conn) open(s *Stream, b *block) error {
	s.Last = b.last
	s.complete()
	if b.fault != "" {
		s.Head.fault = b.fault
	}
	switch {
	case c.behindLast(s.id):
		s.recycle()
		return c.pay(priceFrame)
	case len(c.streams) >= MaxStreams:
		return c.refuse(s, RefusedStream, priceRefused)
	case s.Head.fault != "":
		return c.refuse(s, ProtocolError, priceFault)
	}
	s.remoteDone, s.length = b.last, s.Length
	c.streams[s.id] = s
	c.opened = append(c.opened, s)
	if s.TooMuch {
		return c.pay(priceFault)
	}
	return nil
}

// refuse resets a stream that is never opened.
func (c *Conn) refuse(s *Stream, code Code, price int) error {
	c.room()
	c.out = appendReset(c.out, s.id, code)
	c.remember(s.id, true)
	s.recycle()
	c.kick()
	return c.pay(price)
}

// onTrailer takes the fields behind a body.
func (c *Conn) onTrailer(s *Stream, b *block) error {
	h := b.head
	switch {
	case s.err != nil && !s.ours:
		return &Fault{StreamClosed, "HEADERS behind RST_STREAM"}
	case s.err != nil:
		return c.pay(priceFrame)
	case s.remoteDone:
		return c.fault(s, StreamClosed)
	case !b.last || b.fault != "" || h.fault != "" || h.TooMuch || h.pseudo():
		return c.fault(s, ProtocolError)
	}
	s.trailer.Append(&h.Fields)
	return c.endBody(s)
}

func (h *Head) pseudo() bool {
	return h.Method != nil || h.Scheme != nil || h.Authority != nil || h.Path != nil
}

// complete judges a request's head when all of it is there (RFC 9113 section
// 8.3.1). Of CONNECT no more is asked than is looked at: it is refused.
func (h *Head) complete() {
	if h.fault != "" || h.TooMuch || string(h.Method) == "CONNECT" {
		return
	}
	switch {
	case len(h.Method) == 0 || len(h.Scheme) == 0 || len(h.Path) == 0:
		h.fault = "a pseudo-field is missing"
	case string(h.Scheme) != "http" && string(h.Scheme) != "https":
		h.fault = "scheme of no HTTP"
	case h.Path[0] != '/' && string(h.Path) != "*":
		h.fault = "path is none"
	case h.Last && h.Length > 0:
		h.fault = "body shorter than its length"
	}
}

// field takes one decoded field.
func (c *Conn) field(f hpack.HeaderField) {
	h := c.block.head
	h.Size += len(f.Name) + len(f.Value) + 32
	if h.Size > MaxHeadList || h.Fields.Len() == MaxFields {
		h.TooMuch = true
		c.decoder.SetEmitEnabled(false)
	}
	if h.fault != "" || h.TooMuch {
		return
	}
	if len(f.Name) > 0 && f.Name[0] == ':' {
		h.takePseudo(f.Name, f.Value)
		return
	}
	h.regular = true
	h.takeField(message.Bytes(f.Name), message.Bytes(f.Value))
}

func (h *Head) takePseudo(name, value string) {
	var to *[]byte
	switch name {
	case ":method":
		to = &h.Method
	case ":scheme":
		to = &h.Scheme
	case ":authority":
		to = &h.Authority
	case ":path":
		to = &h.Path
	}
	switch {
	case to == nil:
		h.fault = "unknown pseudo-field"
	case h.regular:
		h.fault = "pseudo-field behind a field"
	case *to != nil:
		h.fault = "pseudo-field twice"
	case !all(value, valueByte):
		h.fault = "control character in a field value"
	default:
		*to = message.Bytes(value)
		if *to == nil {
			*to = []byte{}
		}
	}
}

// takeField takes a field that is none of HTTP/1's connections (RFC 9113 section
// 8.2).
func (h *Head) takeField(name, value []byte) {
	id := message.Identify(name)
	switch {
	case len(name) == 0 || !all(message.Text(name), nameByte):
		h.fault = "malformed field name"
	case !all(message.Text(value), valueByte) || padded(value):
		h.fault = "malformed field value"
	case id == message.Connection, id == message.KeepAlive, id == message.ProxyConnection, id == message.TransferEncoding, id == message.Upgrade:
		h.fault = "field of a connection"
	case id == message.TE && !message.EqualFold(value, "trailers"):
		h.fault = "TE other than trailers"
	case id == message.ContentLength:
		h.setLength(value)
	case string(name) == "priority":
		h.priority = parsePriority(value)
	}
	if h.fault == "" {
		h.Fields.Put(name, value, id)
	}
}

// setLength reads Content-Length: one, of 1 to 18 digits.
func (h *Head) setLength(value []byte) {
	if h.Length >= 0 || len(value) == 0 || len(value) > 18 {
		h.fault = "malformed Content-Length"
		return
	}
	n := int64(0)
	for _, c := range value {
		if c < '0' || c > '9' {
			h.fault = "malformed Content-Length"
			return
		}
		n = n*10 + int64(c-'0')
	}
	h.Length = n
}

func padded(v []byte) bool {
	space := func(c byte) bool { return c == ' ' || c == '\t' }
	return len(v) > 0 && (space(v[0]) || space(v[len(v)-1]))
}

const (
	nameByte  = 1 << iota // tchar without upper case
	valueByte             // no control character but tab
)

var byteClass = func() (class [256]uint8) {
	for c := range class {
		if c >= ' ' && c != 0x7f || c == '\t' {
			class[c] |= valueByte
		}
	}
	for _, c := range []byte("0123456789abcdefghijklmnopqrstuvwxyz!#$%&'*+-.^_`|~") {
		class[c] |= nameByte
	}
	return class
}()

func all(s string, class uint8) bool {
	for i := range len(s) {
		if byteClass[s[i]]&class == 0 {
			return false
		}
	}
	return true
}
