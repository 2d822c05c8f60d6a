package edge_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"headwater/edge"
	"headwater/edge/edgetest"
)

// bodies answers each request with as many bytes as its path asks for.
var bodies = edgetest.Handle(func(c *edgetest.Conn, r *edgetest.Request) {
	var n int
	fmt.Sscanf(r.Target, "/%d", &n)
	c.Write(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", n, strings.Repeat("x", n)))
})

// A client whose windows are as small as can be gets its answer byte by byte, and one
// whose windows are shut nothing, without harm to others.
func TestMuxWindows(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		e, _ := startMux(t, plain, bodies)
		tiny := e.DialMux(t, http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1})
		shut := e.DialMux(t, http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
		shut.Get(1, "/100000")
		tiny.Get(1, "/50")
		var got []int
		for f := tiny.Next(); ; f = tiny.Next() {
			d, ok := f.(*http2.DataFrame)
			if !ok {
				continue
			}
			if n := len(d.Data()); n > 0 {
				got = append(got, n)
				tiny.WriteWindowUpdate(1, 1)
			}
			if d.StreamEnded() {
				break
			}
		}
		if want := slices.Repeat([]int{1}, 50); !slices.Equal(got, want) {
			t.Errorf("frames of %v bytes", got)
		}
		shut.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 20})
		shut.WriteWindowUpdate(0, 1<<20)
		if a := shut.Answer(1); len(a.Body) != 100000 {
			t.Errorf("%d bytes once the window is open, reset %v", len(a.Body), a.Reset)
		}
	})
}

// A client that sends while it takes nothing has its frames read, by another goroutine
// than the one that waits to write to it.
func TestMuxSendsWithoutReading(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		const size = 1000000
		ids := []uint32{1, 3, 5, 7, 9, 11, 13, 15}
		e, _ := startMux(t, plain, bodies)
		m := e.DialMux(t)
		m.WriteWindowUpdate(0, 1<<30)
		for _, id := range ids {
			m.Get(id, fmt.Sprintf("/%d", size))
			m.WriteWindowUpdate(id, 1<<24)
		}
		for range 50 {
			m.WritePing(false, [8]byte{})
			time.Sleep(time.Millisecond)
		}
		for id, a := range m.Answers(ids...) {
			if len(a.Body) != size {
				t.Errorf("stream %d: %d bytes, reset %v", id, len(a.Body), a.Reset)
			}
		}
	})
}

// A client that keeps its window shut for too long loses the stream, and no other.
func TestMuxStalled(t *testing.T) {
	o := edgetest.NewOrigin(t, bodies)
	events, log := edgetest.NewEvents(t)
	e := edgetest.StartFor(t, false, edge.Config{H2C: true, AccessLog: log, Client: edge.Timeouts{Write: 50 * time.Millisecond}}, edgetest.Snapshot(edgetest.Backend(o)))
	m := e.DialMux(t)
	m.Get(1, "/100000") // the default window has room for 65535
	if a := m.Answer(1); a.Reset == nil || *a.Reset != http2.ErrCodeCancel || len(a.Body) != 65535 {
		t.Errorf("%d bytes, reset %v", len(a.Body), a.Reset)
	}
	if got := events.Next()["reason"].String(); got != "client write error" {
		t.Errorf("reason %q", got)
	}
	m.WriteWindowUpdate(0, 1<<20)
	m.Get(3, "/10")
	if a := m.Answer(3); len(a.Body) != 10 {
		t.Errorf("the next: %+v", a)
	}
}

// A body that stops coming ends its stream with 408, one without an end that is read
// nowhere is held back by its window.
func TestMuxBodyTimeout(t *testing.T) {
	o := edgetest.NewOrigin(t, bodies)
	e := edgetest.StartFor(t, false, edge.Config{H2C: true, Client: edge.Timeouts{Body: 50 * time.Millisecond}}, edgetest.Snapshot(edgetest.Backend(o)))
	m := e.DialMux(t)
	m.Post(1, "/10", "content-length", "10")
	m.WriteData(1, false, []byte("abc"))
	if a := m.Answer(1); a.Status() != "408" {
		t.Errorf("%+v", a)
	}
	m.Get(3, "/10")
	if a := m.Answer(3); len(a.Body) != 10 {
		t.Errorf("the next: %+v", a)
	}
}

// A frame that is begun has to come, and a connection without streams may stay for a
// while, whatever else it sends.
func TestMuxTimeouts(t *testing.T) {
	t.Parallel()
	hello := http2.ClientPreface + string(frames(func(f *http2.Framer) { f.WriteSettings() }))
	edgetest.Both(t, func(t *testing.T, plain bool) {
		o := edgetest.NewOrigin(t, bodies)
		cfg := edge.Config{H2C: true, PlainIO: plain, Client: edge.Timeouts{Header: 500 * time.Millisecond, Idle: time.Second}}
		e := edgetest.StartFor(t, false, cfg, edgetest.Snapshot(edgetest.Backend(o)))
		for name, send := range map[string]func(*edgetest.Mux){
			"preface": func(m *edgetest.Mux) { m.Send(hello[:10]) },
			"frame":   func(m *edgetest.Mux) { m.Send(hello + "\x00\x00\x08\x06") },
			"header block": func(m *edgetest.Mux) {
				begun := frames(func(f *http2.Framer) {
					f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: m.Block(asked...)})
				})
				m.Send(hello + string(begun))
			},
			"idle": func(m *edgetest.Mux) { m.Send(hello); m.Get(1, "/10"); m.Answer(1) },
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				m := e.DialRawMux(t)
				send(m)
				code, came := m.AwaitGoAway()
				if came != (name != "preface") || code != http2.ErrCodeNo {
					t.Errorf("GOAWAY %v, %v", came, code)
				}
			})
		}
	})
}

// Of what waits for a window the most urgent goes first; incremental answers take
// turns, others do not.
func TestMuxPriorities(t *testing.T) {
	tests := []struct {
		name       string
		priorities [3]string
		want       []uint32 // streams in the order in which their answers end
		mixed      bool     // frames of the first two take turns, and either ends first
	}{
		{"nothing is said", [3]string{"", "", ""}, []uint32{1, 3, 5}, false},
		{"the last is urgent", [3]string{"u=5", "u=5", "u=0"}, []uint32{5, 1, 3}, false},
		{"the first can wait", [3]string{"u=7", "", ""}, []uint32{3, 5, 1}, false},
		{"taking turns", [3]string{"u=1, i", "u=1;x, i=?1", "u=2"}, []uint32{1, 3, 5}, true},
	}
	s := edgetest.WithVCL(t, edgetest.Snapshot(), `sub vcl_recv {
#FASTLY recv
  error 600 "OK";
}
sub vcl_error {
#FASTLY error
  set obj.status = 200;
  synthetic "`+strings.Repeat("x", 40000)+`";
  return(deliver);
}`)
	e := edgetest.StartFor(t, false, edge.Config{H2C: true}, s)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := e.DialMux(t, http2.Setting{ID: http2.SettingInitialWindowSize})
			m.WriteWindowUpdate(0, 1<<20)
			for i, p := range tt.priorities {
				m.Get(uint32(1+2*i), "/", "priority", p)
			}
			waiting(m, 1, 3, 5)
			m.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 20})
			order, ended := dataOrder(m, 3)
			if tt.mixed {
				slices.Sort(ended[:2]) // whichever was first
			}
			if !slices.Equal(ended, tt.want) {
				t.Errorf("ended in the order %v, want %v", ended, tt.want)
			}
			if mixed := order[0] != order[1]; mixed != tt.mixed {
				t.Errorf("frames %v", order)
			}
		})
	}
}

// waiting reads the heads of the answers, whose bodies wait.
func waiting(m *edgetest.Mux, ids ...uint32) {
	for len(ids) > 0 {
		f := m.Next()
		if h, ok := f.(*http2.HeadersFrame); ok {
			m.Fields(h)
			ids = slices.DeleteFunc(ids, func(id uint32) bool { return id == h.StreamID })
		}
	}
}

// dataOrder reads n answers. It returns the stream of each frame of DATA, and the
// streams in the order in which they ended.
func dataOrder(m *edgetest.Mux, n int) (order, ended []uint32) {
	for len(ended) < n {
		d, ok := m.Next().(*http2.DataFrame)
		if !ok {
			continue
		}
		order = append(order, d.StreamID)
		if d.StreamEnded() {
			ended = append(ended, d.StreamID)
		}
	}
	return order, ended
}
