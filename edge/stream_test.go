package edge

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"headwater/edge/h2"
)

// clientFrames writes a client's frames to memory, fields encoded by fields.
func clientFrames(write func(f *http2.Framer, fields func(...string) []byte)) []byte {
	var b, block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	write(http2.NewFramer(&b, nil), func(pairs ...string) []byte {
		block.Reset()
		for i := 0; i+1 < len(pairs); i += 2 {
			encoder.WriteField(hpack.HeaderField{Name: pairs[i], Value: pairs[i+1]})
		}
		return bytes.Clone(block.Bytes())
	})
	return b.Bytes()
}

// openStream begins a connection that is fed by hand, and whose answers go nowhere. The
// stream that the client opened last is there once that has been fed.
func openStream(t *testing.T) (opened **h2.Stream, feed func([]byte)) {
	opened = new(*h2.Stream)
	m := h2.New(h2.Config{
		Open:  func(s *h2.Stream) { *opened = s },
		Write: func([]byte, bool) (bool, error) { return true, nil },
		Spawn: func(func()) {},
		Wake:  func() {},
	}, time.Now())
	return opened, func(b []byte) {
		t.Helper()
		if used, err := m.Feed(b, time.Now()); used < len(b) || err != nil {
			t.Fatalf("%d of %d bytes taken: %v", used, len(b), err)
		}
	}
}

// serving is what serves a stream, of an edge that has no other client.
func serving(t *testing.T, s *h2.Stream, cfg Config) *clientStream {
	e, st := New(cfg), &clientStream{stream: s}
	st.conn.edge, st.conn.link, st.conn.stream = e, st, st
	t.Cleanup(func() { e.Shutdown(t.Context()) })
	return st
}

// A request whose stream is reset between the look at its body and the reading of it
// has none to send any more, and goes nowhere.
func TestResetTakesTheBody(t *testing.T) {
	for name, length := range map[string][]string{
		"of a known length": {"content-length", "40"},
		"to its end":        nil,
	} {
		t.Run(name, func(t *testing.T) {
			opened, feed := openStream(t)
			feed(append([]byte(h2.Preface), clientFrames(func(f *http2.Framer, fields func(...string) []byte) {
				f.WriteSettings()
				post := []string{":method", "POST", ":scheme", "http", ":authority", "a.example", ":path", "/"}
				f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: fields(append(post, length...)...), EndHeaders: true})
				f.WriteData(1, true, make([]byte, 40))
			})...))
			st := serving(t, *opened, Config{})
			x := newExchange(&st.conn)
			if err := st.request(&x.req); err != nil {
				t.Fatal(err)
			}
			n, all, err := st.stream.Body()
			if n != 40 || !all || err != nil {
				t.Fatalf("%d bytes, all %v", n, all)
			}
			feed(clientFrames(func(f *http2.Framer, _ func(...string) []byte) { f.WriteRSTStream(1, http2.ErrCodeCancel) }))
			if body, err := st.takeBody(x, n); err != h2.ErrReset {
				t.Errorf("%d bytes, %v", len(body), err)
			}
			x.free()
		})
	}
}

// A request whose stream is reset before its turn has come is noted, and asks no
// origin.
func TestResetBeforeItIsServed(t *testing.T) {
	opened, feed := openStream(t)
	feed(append([]byte(h2.Preface), clientFrames(func(f *http2.Framer, fields func(...string) []byte) {
		f.WriteSettings()
		get := fields(":method", "GET", ":scheme", "http", ":authority", "a.example", ":path", "/")
		f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: get, EndStream: true, EndHeaders: true})
	})...))
	feed(clientFrames(func(f *http2.Framer, _ func(...string) []byte) { f.WriteRSTStream(1, http2.ErrCodeCancel) }))
	var lines bytes.Buffer
	log := NewAccessLog(&lines, 0, nil)
	serving(t, *opened, Config{AccessLog: log}).conn.serve() // which would look for a site, and answer that there is none
	log.Close(t.Context())
	if text := lines.String(); !strings.Contains(text, failures[failClientRead].reason) || !strings.Contains(text, h2.ErrReset.Error()) {
		t.Errorf("logged %q", text)
	}
}

// A body that is not as long as its request says never goes to an origin.
func TestBodyOfAnotherLength(t *testing.T) {
	for name, x := range map[string]*exchange{
		"shorter":        {req: request{head: head{length: 5}}, rest: []byte("four")},
		"longer":         {req: request{head: head{length: 3}}, rest: []byte("four")},
		"none is said":   {req: request{head: head{length: -1}}, rest: []byte("four")},
		"none is framed": {req: request{head: head{length: -1, chunked: true}}},
	} {
		if f := x.fetchWhole(); f != failInternal || x.event.cause != errBodyLength {
			t.Errorf("%s: %q, %v", name, failures[f].reason, x.event.cause)
		}
	}
}
