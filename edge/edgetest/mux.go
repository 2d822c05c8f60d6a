package edgetest

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// A Mux is a connection to an edge that speaks HTTP/2, in exactly the frames that
// the test asks for.
type Mux struct {
	*Client
	*http2.Framer

	t       testing.TB
	encoder *hpack.Encoder
	block   bytes.Buffer
	decoder *hpack.Decoder
}

// A MuxAnswer is what a client of HTTP/2 read of one answer.
type MuxAnswer struct {
	Fields  [][2]string // ":status" first
	Interim [][][2]string
	Body    string
	Trailer [][2]string
	Frames  int // of DATA

	// Reset and GoAway are how the answer ended if not by END_STREAM; nil if not so.
	Reset, GoAway *http2.ErrCode
}

// Status is the answer's, "" without one.
func (r *MuxAnswer) Status() string { return r.Field(":status") }

// Field is the value of the first field of that name, "" without one.
func (r *MuxAnswer) Field(name string) string {
	for _, f := range r.Fields {
		if f[0] == name {
			return f[1]
		}
	}
	return ""
}

// DialMux opens a connection that has sent its preface and these settings.
func (e *Edge) DialMux(t testing.TB, settings ...http2.Setting) *Mux {
	t.Helper()
	m := e.DialRawMux(t)
	m.Send(http2.ClientPreface)
	if err := m.WriteSettings(settings...); err != nil {
		t.Fatal(err)
	}
	return m
}

// DialRawMux opens a connection for HTTP/2 on which nothing has been sent.
func (e *Edge) DialRawMux(t testing.TB) *Mux {
	t.Helper()
	c := DialClear(t, e.Addr)
	if e.secure {
		c = DialTLS(t, e.Addr, &tls.Config{ServerName: Host, InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	}
	m := &Mux{Client: c, Framer: http2.NewFramer(c.stream, c.stream), t: t, decoder: hpack.NewDecoder(4096, nil)}
	m.AllowIllegalWrites, m.AllowIllegalReads = true, true
	m.encoder = hpack.NewEncoder(&m.block)
	return m
}

// Block encodes pairs of names and values.
func (m *Mux) Block(pairs ...string) []byte {
	m.block.Reset()
	for i := 0; i+1 < len(pairs); i += 2 {
		m.encoder.WriteField(hpack.HeaderField{Name: pairs[i], Value: pairs[i+1]})
	}
	return bytes.Clone(m.block.Bytes())
}

// Get sends a GET with further fields.
func (m *Mux) Get(id uint32, path string, pairs ...string) {
	m.t.Helper()
	m.Request(id, true, append([]string{":method", "GET", ":scheme", "http", ":authority", Host, ":path", path}, pairs...)...)
}

// Post sends the head of a POST whose body follows.
func (m *Mux) Post(id uint32, path string, pairs ...string) {
	m.t.Helper()
	m.Request(id, false, append([]string{":method", "POST", ":scheme", "http", ":authority", Host, ":path", path}, pairs...)...)
}

// Request sends a head.
func (m *Mux) Request(id uint32, last bool, pairs ...string) {
	m.t.Helper()
	m.TCP.SetWriteDeadline(time.Now().Add(patience))
	const most = 16 << 10
	block := m.Block(pairs...)
	first := block[:min(len(block), most)]
	err := m.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: first, EndStream: last, EndHeaders: len(first) == len(block)})
	for block = block[len(first):]; len(block) > 0 && err == nil; block = block[len(first):] {
		first = block[:min(len(block), most)]
		err = m.WriteContinuation(id, len(first) == len(block), first)
	}
	if err != nil {
		m.t.Errorf("send: %v", err)
	}
}

// Next reads a frame; nil when the connection is over.
func (m *Mux) Next() http2.Frame {
	m.t.Helper()
	m.TCP.SetReadDeadline(time.Now().Add(patience))
	f, err := m.ReadFrame()
	var timeout interface{ Timeout() bool }
	if errors.As(err, &timeout) && timeout.Timeout() {
		m.t.Fatal("no frame came")
	}
	if err != nil {
		return nil
	}
	return f
}

// Answer reads up to the end of the answer on that stream, and lets all else go by.
// It keeps no window open.
func (m *Mux) Answer(id uint32) *MuxAnswer {
	m.t.Helper()
	return m.Answers(id)[id]
}

// Answers is Answer for several streams.
func (m *Mux) Answers(ids ...uint32) map[uint32]*MuxAnswer {
	m.t.Helper()
	replies, open := map[uint32]*MuxAnswer{}, len(ids)
	for _, id := range ids {
		replies[id] = &MuxAnswer{}
	}
	for open > 0 {
		f := m.Next()
		if f == nil {
			return replies
		}
		if g, ok := f.(*http2.GoAwayFrame); ok && g.ErrCode != http2.ErrCodeNo {
			for _, r := range replies {
				r.GoAway = &g.ErrCode
			}
			return replies
		}
		if r := replies[f.Header().StreamID]; r != nil && m.take(r, f) {
			open--
		}
	}
	return replies
}

// take adds a frame to what it belongs to, and reports whether that ends there.
func (m *Mux) take(r *MuxAnswer, f http2.Frame) (end bool) {
	switch f := f.(type) {
	case *http2.HeadersFrame:
		fields := m.Fields(f)
		switch {
		case r.Fields != nil:
			r.Trailer = fields
		case len(fields) > 0 && strings.HasPrefix(fields[0][1], "1"):
			r.Interim = append(r.Interim, fields)
		default:
			r.Fields = fields
		}
		return f.StreamEnded()
	case *http2.DataFrame:
		r.Body += string(f.Data())
		r.Frames++
		return f.StreamEnded()
	case *http2.RSTStreamFrame:
		r.Reset = &f.ErrCode
		return true
	}
	return false
}

// Fields decodes the block that begins with f.
func (m *Mux) Fields(f *http2.HeadersFrame) (fields [][2]string) {
	block := bytes.Clone(f.HeaderBlockFragment())
	for more := !f.HeadersEnded(); more; {
		next, ok := m.Next().(*http2.ContinuationFrame)
		if !ok {
			m.t.Fatal("a header block was interrupted")
		}
		block, more = append(block, next.HeaderBlockFragment()...), !next.HeadersEnded()
	}
	all, err := m.decoder.DecodeFull(block)
	if err != nil {
		m.t.Fatal(err)
	}
	for _, f := range all {
		fields = append(fields, [2]string{f.Name, f.Value})
	}
	return fields
}

// AwaitGoAway reads until the connection is over, and returns the code of the last
// GOAWAY; false if there was none.
func (m *Mux) AwaitGoAway() (code http2.ErrCode, came bool) {
	m.t.Helper()
	for {
		switch f := m.Next().(type) {
		case nil:
			return code, came
		case *http2.GoAwayFrame:
			code, came = f.ErrCode, true
		}
	}
}

// Drain reads and forgets what comes, until the connection is over.
func (m *Mux) Drain() { io.Copy(io.Discard, m.stream) }
