package edge_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"headwater/edge"
	"headwater/edge/edgetest"
	"headwater/service"
)

// warm is a client and an origin that do not allocate, with an edge between them.
type warm struct {
	t       testing.TB
	client  io.ReadWriter
	request []byte
	answer  []byte // room for it
	length  int    // of the answer's body
}

// startWarm takes the version's program, "" for none of its own.
func startWarm(t testing.TB, config edge.Config, length int, text string) *warm {
	return warmUp(t, length, text, func(s *service.Snapshot) io.ReadWriter {
		return edgetest.Start(t, config, s).Dial(t).TCP
	})
}

// warmUp takes what starts the edge and connects to it.
func warmUp(t testing.TB, length int, text string, connect func(*service.Snapshot) io.ReadWriter) *warm {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	answer := []byte("HTTP/1.1 200 OK\r\nServer: bench\r\nContent-Type: text/plain\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nETag: \"0123456789abcdef\"\r\n" +
		fmt.Sprintf("Content-Length: %d\r\n\r\n", length) + strings.Repeat("x", length))
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				b := make([]byte, 64<<10)
				for have := 0; ; {
					n, err := c.Read(b[have:])
					if err != nil {
						return
					}
					if have += n; bytes.HasSuffix(b[:have], []byte("\r\n\r\n")) {
						have = 0
						c.Write(answer)
					}
				}
			}()
		}
	}()
	s := edgetest.Snapshot(edgetest.BackendAt("127.0.0.1", l.Addr().(*net.TCPAddr).Port))
	if text != "" {
		edgetest.WithVCL(t, s, text)
	}
	w := &warm{t: t, client: connect(s), answer: make([]byte, length+4096), length: length}
	w.request = []byte(get("/bench/1k?x=y", "User-Agent: bench/1.0", "Accept: */*", "Accept-Encoding: gzip, deflate", "Cookie: a=b; c=d", "X-Request-Id: 0123456789"))
	for range 100 {
		w.get()
	}
	return w
}

// get sends the request and reads the answer to its end.
func (w *warm) get() {
	if _, err := w.client.Write(w.request); err != nil {
		w.t.Fatal(err)
	}
	for have, want := 0, -1; have != want; {
		n, err := w.client.Read(w.answer[have:])
		if err != nil {
			w.t.Fatal(err)
		}
		have += n
		if want < 0 {
			if end := bytes.Index(w.answer[:have], []byte("\r\n\r\n")); end > 0 {
				want = end + 4 + w.length
			}
		}
	}
}

// The client and the origin are in this process: cpu-µs/op counts theirs too.
func benchmarkGet(b *testing.B, length int, text string) {
	kinds := []struct {
		name  string
		plain bool
	}{{"lot", false}, {"plain", true}}
	for _, kind := range kinds {
		if !kind.plain && !edgetest.Lots {
			continue
		}
		b.Run(kind.name, func(b *testing.B) {
			w := startWarm(b, edge.Config{PlainIO: kind.plain}, length, text)
			b.ReportAllocs()
			b.SetBytes(int64(length))
			began := edge.CPUTime()
			for b.Loop() {
				w.get()
			}
			b.ReportMetric(float64((edge.CPUTime()-began).Microseconds())/float64(b.N), "cpu-µs/op")
		})
	}
}

func BenchmarkGet1K(b *testing.B)      { benchmarkGet(b, 1<<10, "") }
func BenchmarkGet1KUsual(b *testing.B) { benchmarkGet(b, 1<<10, edge.UsualVCL) }
func BenchmarkGet100K(b *testing.B)    { benchmarkGet(b, 100<<10, "") }
