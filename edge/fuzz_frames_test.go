package edge

import (
	"bytes"
	"errors"
	"io"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"headwater/edge/h2"
)

// FuzzFrames has a client send anything behind the preface, in pieces. Nothing
// panics or waits; what becomes of it is bounded; what we say is HTTP/2; and what
// would go to an origin is one request, whoever reads it.
func FuzzFrames(f *testing.F) {
	for _, seed := range frameSeeds() {
		f.Add(seed, uint16(0))
		f.Add(seed, uint16(7))
	}
	f.Fuzz(func(t *testing.T, sent []byte, piece uint16) {
		c := &fuzzedConn{t: t}
		c.conn = h2.New(h2.Config{Open: c.open, Write: c.write, Spawn: c.spawn, Wake: func() {}}, time.Now())
		err := c.feed(append([]byte(h2.Preface), sent...), int(piece))
		c.conn.Finish(err)
		c.conn.Join()
		c.running.Wait()
		c.judge()
	})
}

// A fuzzedConn is a connection whose requests are answered at once.
type fuzzedConn struct {
	t       *testing.T
	conn    *h2.Conn
	running sync.WaitGroup

	mu     sync.Mutex
	wrote  bytes.Buffer
	opened int
}

func (c *fuzzedConn) feed(b []byte, piece int) error {
	if piece == 0 {
		piece = len(b)
	}
	for from, to := 0, 0; to < len(b); {
		to = min(to+piece, len(b))
		used, err := c.conn.Feed(b[from:to], time.Unix(1, 0))
		if err != nil {
			return err
		}
		if from += used; to-from > 9+1<<14 {
			c.t.Fatalf("%d bytes are kept", to-from)
		}
	}
	return io.EOF
}

func (c *fuzzedConn) spawn(f func()) { c.running.Go(f) }

func (c *fuzzedConn) write(b []byte, _ bool) (bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(b) > 256<<10 {
		c.t.Errorf("%d bytes at a time", len(b))
	}
	c.wrote.Write(b)
	return true, nil
}

func send(s *h2.Stream, p h2.Part) error {
	all, err := s.Send(p)
	if err == nil && !all {
		_, err = s.Await(time.Hour)
	}
	return err
}

// open answers a request with the length of its body.
func (c *fuzzedConn) open(s *h2.Stream) {
	c.opened++
	c.forward(s)
	c.running.Go(func() {
		defer s.Close()
		head := h2.AppendField(h2.AppendStatus(nil, 200), []byte("Server"), []byte("fuzz"))
		if err := send(s, h2.Part{Head: head}); err != nil {
			return
		}
		var b [512]byte
		for {
			n, err := s.Read(b[:], time.Time{})
			if err != nil {
				send(s, h2.Part{Last: true})
				return
			}
			if err := send(s, h2.Part{Data: b[:n]}); err != nil {
				return
			}
		}
	})
}

// forward makes the origin's request of it, and reads that as an origin would.
func (c *fuzzedConn) forward(s *h2.Stream) {
	st := &clientStream{stream: s}
	x := &exchange{c: &st.conn, backend: &backend{address: []byte("origin")}, started: time.Unix(1, 0)}
	st.conn.stream, st.conn.edge = st, &Edge{}
	if st.request(&x.req) != nil {
		return
	}
	x.enterHost()
	x.makeBereq()
	head := x.appendRequest(nil)
	var scan headScan
	var r request
	end, err := scan.end(head)
	if err != nil || end != len(head) {
		c.t.Fatalf("%q ends at %d: %v", head, end, err)
	}
	if err := parseRequest(head, &r); err != nil && !errors.Is(err, errFieldCount) { // ours come on top
		c.t.Fatalf("%q: %v", head, err)
	}
}

// judge reads what we have said as another's client does.
func (c *fuzzedConn) judge() {
	if c.opened > 20000 {
		c.t.Errorf("%d streams", c.opened)
	}
	framer := http2.NewFramer(io.Discard, &c.wrote)
	framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	for {
		_, err := framer.ReadFrame()
		if err == io.EOF {
			return
		}
		if err != nil {
			c.t.Fatal(err)
		}
	}
}

// frameSeeds are connections as clients have them, and some that go wrong.
func frameSeeds() [][]byte {
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	fields := func(pairs ...string) []byte {
		block.Reset()
		for i := 0; i < len(pairs); i += 2 {
			encoder.WriteField(hpack.HeaderField{Name: pairs[i], Value: pairs[i+1]})
		}
		return bytes.Clone(block.Bytes())
	}
	seed := func(write func(*http2.Framer)) []byte {
		var b bytes.Buffer
		f := http2.NewFramer(&b, nil)
		f.AllowIllegalWrites = true
		f.WriteSettings()
		block.Reset()
		encoder = hpack.NewEncoder(&block)
		write(f)
		return b.Bytes()
	}
	get := []string{":method", "GET", ":scheme", "http", ":authority", "a.example", ":path", "/a?b"}
	post := append([]string{":method", "POST"}, get[2:]...)
	return [][]byte{
		seed(func(f *http2.Framer) {
			f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: fields(append(get, "cookie", "a=b", "cookie", "c=d", "te", "trailers")...), EndStream: true, EndHeaders: true})
			f.WriteSettingsAck()
			f.WritePing(false, [8]byte{1})
			f.WriteWindowUpdate(1, 100)
		}),
		seed(func(f *http2.Framer) {
			f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: fields(append(post, "content-length", "4")...), EndHeaders: true, PadLength: 3, Priority: http2.PriorityParam{StreamDep: 5, Weight: 3}})
			f.WriteDataPadded(1, true, []byte("body"), []byte{0, 0})
			f.WriteHeaders(http2.HeadersFrameParam{StreamID: 3, BlockFragment: fields(append(get, "host", "A.example", "priority", "u=1, i")...), EndStream: true, EndHeaders: true})
		}),
		seed(func(f *http2.Framer) {
			b := fields(post...)
			f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: b[:5]})
			f.WriteContinuation(1, true, b[5:])
			f.WriteData(1, false, []byte("body"))
			f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: fields("x-sum", "1"), EndStream: true, EndHeaders: true})
			f.WriteRSTStream(1, http2.ErrCodeCancel)
		}),
		seed(func(f *http2.Framer) {
			f.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1}, http2.Setting{ID: http2.SettingHeaderTableSize})
			f.WritePriority(3, http2.PriorityParam{StreamDep: 1})
			f.WriteRawFrame(16, 0, 0, []byte("\x00\x00\x00\x03u=0"))
			f.WriteRawFrame(99, 1, 7, []byte("unknown"))
			f.WriteHeaders(http2.HeadersFrameParam{StreamID: 3, BlockFragment: fields(append(post, "X", "y")...), EndHeaders: true})
			f.WriteData(3, true, nil)
			f.WriteGoAway(0, http2.ErrCodeNo, nil)
		}),
	}
}
