package edge_test

import (
	"bytes"
	"encoding/binary"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/net/http2"

	"headwater/edge/edgetest"
)

// frames writes frames to memory, whatever they are.
func frames(write func(*http2.Framer)) []byte {
	var b bytes.Buffer
	f := http2.NewFramer(&b, nil)
	f.AllowIllegalWrites = true
	write(f)
	return b.Bytes()
}

// An attack is what a client sends again and again.
type attack struct {
	name string
	// nth is what is sent for the nth time; block encodes fields for the connection.
	nth  func(n uint32, block func(...string) []byte) []byte
	want http2.ErrCode
}

// asked are the fields of an ordinary request.
var asked = []string{":method", "GET", ":scheme", "http", ":authority", edgetest.Host, ":path", "/"}

// opening is the head of the nth request on a connection.
func opening(f *http2.Framer, n uint32, last bool, block []byte) {
	f.WriteHeaders(http2.HeadersFrameParam{StreamID: 2*n + 1, BlockFragment: block, EndStream: last, EndHeaders: true})
}

var attacks = []attack{
	{"rapid reset", func(n uint32, block func(...string) []byte) []byte {
		return frames(func(f *http2.Framer) {
			opening(f, n, true, block(asked...))
			f.WriteRSTStream(2*n+1, http2.ErrCodeCancel)
		})
	}, http2.ErrCodeEnhanceYourCalm},
	{"made you reset by a window of nothing", func(n uint32, block func(...string) []byte) []byte {
		return frames(func(f *http2.Framer) {
			opening(f, n, true, block(asked...))
			f.WriteWindowUpdate(2*n+1, 0)
		})
	}, http2.ErrCodeEnhanceYourCalm},
	{"made you reset by a window too large", func(n uint32, block func(...string) []byte) []byte {
		return frames(func(f *http2.Framer) {
			opening(f, n, true, block(asked...))
			f.WriteWindowUpdate(2*n+1, 1<<31-1)
		})
	}, http2.ErrCodeEnhanceYourCalm},
	{"made you reset by a body too long", func(n uint32, block func(...string) []byte) []byte {
		return frames(func(f *http2.Framer) {
			opening(f, n, false, block(append(asked, "content-length", "1")...))
			f.WriteData(2*n+1, true, []byte("ab"))
		})
	}, http2.ErrCodeEnhanceYourCalm},
	{"malformed requests", func(n uint32, block func(...string) []byte) []byte {
		return frames(func(f *http2.Framer) { opening(f, n, true, block(append(asked, "X", "y")...)) })
	}, http2.ErrCodeEnhanceYourCalm},
	{"ten thousand open streams", func(n uint32, block func(...string) []byte) []byte {
		return frames(func(f *http2.Framer) { opening(f, n, false, block(asked...)) })
	}, http2.ErrCodeEnhanceYourCalm},
	{"CONTINUATION without end", func(n uint32, block func(...string) []byte) []byte {
		return frames(func(f *http2.Framer) {
			if n == 0 {
				f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block("a", "b")})
			}
			f.WriteContinuation(1, false, block("a", "b"))
		})
	}, http2.ErrCodeEnhanceYourCalm},
	{"empty CONTINUATION", func(n uint32, block func(...string) []byte) []byte {
		return frames(func(f *http2.Framer) {
			if n == 0 {
				f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block(asked...)})
			}
			f.WriteContinuation(1, false, nil)
		})
	}, http2.ErrCodeEnhanceYourCalm},
	{"SETTINGS", func(uint32, func(...string) []byte) []byte {
		return frames(func(f *http2.Framer) { f.WriteSettings() })
	}, http2.ErrCodeEnhanceYourCalm},
	{"SETTINGS full of windows", func(n uint32, _ func(...string) []byte) []byte {
		var all []http2.Setting
		for i := range uint32(2000) {
			all = append(all, http2.Setting{ID: http2.SettingInitialWindowSize, Val: i})
		}
		return frames(func(f *http2.Framer) { f.WriteSettings(all...) })
	}, http2.ErrCodeEnhanceYourCalm},
	{"PING", func(uint32, func(...string) []byte) []byte {
		return frames(func(f *http2.Framer) { f.WritePing(false, [8]byte{}) })
	}, http2.ErrCodeEnhanceYourCalm},
	{"PRIORITY", func(n uint32, _ func(...string) []byte) []byte {
		return frames(func(f *http2.Framer) { f.WritePriority(2*n+1, http2.PriorityParam{Weight: 1}) })
	}, http2.ErrCodeEnhanceYourCalm},
	{"PRIORITY_UPDATE", func(n uint32, _ func(...string) []byte) []byte {
		return frames(func(f *http2.Framer) {
			f.WriteRawFrame(16, 0, 0, append(binary.BigEndian.AppendUint32(nil, 2*n+1), "u=1"...))
		})
	}, http2.ErrCodeEnhanceYourCalm},
	{"WINDOW_UPDATE", func(uint32, func(...string) []byte) []byte {
		return frames(func(f *http2.Framer) { f.WriteWindowUpdate(0, 1) })
	}, http2.ErrCodeEnhanceYourCalm},
	{"empty DATA", func(n uint32, block func(...string) []byte) []byte {
		return frames(func(f *http2.Framer) {
			if n == 0 {
				opening(f, 0, false, block(asked...))
			}
			f.WriteData(1, false, nil)
		})
	}, http2.ErrCodeEnhanceYourCalm},
	{"DATA that is padding", func(n uint32, block func(...string) []byte) []byte {
		return frames(func(f *http2.Framer) {
			if n == 0 {
				opening(f, 0, false, block(asked...))
			}
			f.WriteDataPadded(1, false, nil, make([]byte, 255))
		})
	}, http2.ErrCodeEnhanceYourCalm},
	{"frames of no known type", func(n uint32, _ func(...string) []byte) []byte {
		return frames(func(f *http2.Framer) { f.WriteRawFrame(0x42, 0xff, n, nil) })
	}, http2.ErrCodeEnhanceYourCalm},
	{"GOAWAY", func(uint32, func(...string) []byte) []byte {
		return frames(func(f *http2.Framer) { f.WriteGoAway(0, http2.ErrCodeNo, nil) })
	}, http2.ErrCodeEnhanceYourCalm},
	{"RST_STREAM of one that is over", func(n uint32, block func(...string) []byte) []byte {
		return frames(func(f *http2.Framer) {
			if n == 0 {
				opening(f, 0, true, block(asked...))
			}
			f.WriteRSTStream(1, http2.ErrCodeCancel)
		})
	}, http2.ErrCodeEnhanceYourCalm},
	{"a bomb of HPACK", func(n uint32, block func(...string) []byte) []byte {
		big := block(append(asked, "x", string(bytes.Repeat([]byte("a"), 4000)))...)
		for range 12000 {
			big = append(big, 0x80|62) // the field that was added last
		}
		return frames(func(f *http2.Framer) { opening(f, n, false, big) })
	}, http2.ErrCodeEnhanceYourCalm},
	{"a table too large", func(n uint32, block func(...string) []byte) []byte {
		return frames(func(f *http2.Framer) { opening(f, n, true, append([]byte{0x3f, 0xe1, 0xff, 0x3f}, block(asked...)...)) })
	}, http2.ErrCodeCompression},
	{"a block too large", func(n uint32, block func(...string) []byte) []byte {
		return frames(func(f *http2.Framer) {
			f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block(asked...)})
			for range 20 {
				f.WriteContinuation(1, false, bytes.Repeat([]byte{0x80 | 2}, 16<<10))
			}
		})
	}, http2.ErrCodeEnhanceYourCalm},
	{"a frame too large", func(uint32, func(...string) []byte) []byte {
		return frames(func(f *http2.Framer) { f.WriteRawFrame(0x42, 0, 0, make([]byte, 1<<14+1)) })
	}, http2.ErrCodeFrameSize},
	{"more than the windows", func(n uint32, block func(...string) []byte) []byte {
		return frames(func(f *http2.Framer) {
			opening(f, n, false, block(asked...))
			for range 4 {
				f.WriteData(2*n+1, false, make([]byte, 16000))
			}
		})
	}, http2.ErrCodeFlowControl},
}

// TestMuxAbuse has each attack end in a GOAWAY that names it, while neighbours are
// served.
func TestMuxAbuse(t *testing.T) {
	e, _ := startMux(t, false, edgetest.Handle(func(c *edgetest.Conn, r *edgetest.Request) {
		if r.Target == "/neighbour" {
			c.Write(ok("ok"))
		} else {
			c.AwaitClose() // attackers wait for ever
		}
	}))
	before := heap()
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) {
			end := neighbours(t, e)
			m := e.DialMux(t)
			var sending sync.WaitGroup
			sending.Go(func() {
				for n := range uint32(20000) {
					if m.Push(string(a.nth(n, m.Block))) != nil {
						return
					}
				}
			})
			if code, came := m.AwaitGoAway(); !came || code != a.want {
				t.Errorf("GOAWAY %v, %v; want %v", came, code, a.want)
			}
			m.TCP.Close()
			sending.Wait()
			end()
		})
	}
	if grown := heap() - before; grown > 100<<20 {
		t.Errorf("the heap has grown by %d MiB", grown>>20)
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse)
}

// neighbours has two clients make requests until end, which holds every one of them
// to its answer.
func neighbours(t *testing.T, e *edgetest.Edge) (end func()) {
	t.Helper()
	var stop atomic.Bool
	var both sync.WaitGroup
	one, two := edgetest.DialClear(t, e.Addr), e.DialMux(t)
	both.Go(func() {
		for served := 0; served == 0 || !stop.Load(); served++ {
			one.Send(get("/neighbour"))
			if a := one.Answer(); string(a.Body) != "ok" {
				t.Errorf("HTTP/1: %d %q %v", a.Status, a.Body, a.Err)
				return
			}
		}
	})
	both.Go(func() {
		for id := uint32(1); id == 1 || !stop.Load(); id += 2 {
			two.Get(id, "/neighbour")
			if a := two.Answer(id); a.Body != "ok" {
				t.Errorf("HTTP/2: %+v", a)
				return
			}
		}
	})
	return func() {
		stop.Store(true)
		both.Wait()
	}
}

// A client that resets has no more requests at the origin than one that waits.
func TestMuxResetCounts(t *testing.T) {
	script, arrived, release := stuck()
	e, _ := startMux(t, false, script)
	m := e.DialMux(t)
	for n := range uint32(100) {
		m.Get(2*n+1, "/")
		<-arrived
		m.WriteRSTStream(2*n+1, http2.ErrCodeCancel)
	}
	for id := uint32(201); id < 221; id += 2 {
		m.Get(id, "/")
		if a := m.Answer(id); a.Reset == nil || *a.Reset != http2.ErrCodeRefusedStream {
			t.Fatalf("while 100 are under way: %+v", a)
		}
	}
	close(release)
	m.TCP.Close()
}
