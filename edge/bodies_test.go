package edge_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http/httputil"
	"runtime"
	"testing"
	"time"

	"headwater/edge"
	"headwater/edge/edgetest"
)

// A stream is a body of many equal blocks, framed by its length or in chunks.
type stream struct {
	chunked bool
	block   []byte // with what frames it
	blocks  int
}

func newStream(chunked bool, blocks int) *stream {
	s := &stream{chunked, bytes.Repeat([]byte("0123456789abcdef"), 4<<10), blocks}
	if chunked {
		s.block = fmt.Appendf(nil, "%x\r\n%s\r\n", len(s.block), s.block)
	}
	return s
}

func (s *stream) field() string {
	if s.chunked {
		return "Transfer-Encoding: chunked"
	}
	return fmt.Sprint("Content-Length: ", s.blocks*len(s.block))
}

func (s *stream) send(to io.Writer) error {
	for range s.blocks {
		if _, err := to.Write(s.block); err != nil {
			return err
		}
	}
	if s.chunked {
		_, err := io.WriteString(to, "0\r\n\r\n")
		return err
	}
	return nil
}

func (s *stream) receive(from io.Reader) error {
	if s.chunked {
		_, err := io.Copy(io.Discard, httputil.NewChunkedReader(from))
		if err == nil {
			_, err = io.CopyN(io.Discard, from, 2) // the blank line
		}
		return err
	}
	_, err := io.CopyN(io.Discard, from, int64(s.blocks*len(s.block)))
	return err
}

// Bodies pass in pieces: what is allocated on the way does not grow with them. The
// program as a whole has TestBodiesOfAnySize in cmd/headwater.
func TestBodiesTakeConstantMemory(t *testing.T) {
	edgetest.InClear(t)
	const blocks, budget = 1 << 10, 4 << 20 // 64 MiB each
	for _, plain := range []bool{true, false} {
		for _, chunked := range []bool{true, false} {
			s := newStream(chunked, blocks)
			o := edgetest.NewTLSOrigin(t, nil, func(c *edgetest.Conn) {
				for {
					r, err := c.ReadHead()
					if err != nil {
						return
					}
					if r.Target == "/up" {
						if err := s.receive(c.Buffered()); err != nil {
							t.Error(err)
						}
						c.Write(ok(""))
						continue
					}
					c.Write("HTTP/1.1 200 OK\r\n" + s.field() + "\r\n\r\n")
					if err := s.send(c.Stream()); err != nil {
						t.Error(err)
					}
				}
			})
			c := edgetest.Start(t, edge.Config{PlainIO: plain}, edgetest.Snapshot(edgetest.Backend(o))).Dial(t)
			for name, transfer := range map[string]func() error{
				"up": func() error {
					c.Send("POST /up HTTP/1.1\r\nHost: " + edgetest.Host + "\r\n" + s.field() + "\r\n\r\n")
					c.TCP.SetWriteDeadline(time.Time{})
					err := s.send(c.TCP)
					c.Answer()
					return err
				},
				"down": func() error {
					c.Send(get("/down"))
					c.ReadUntil("\r\n\r\n")
					c.TCP.SetReadDeadline(time.Time{})
					return s.receive(c.Buffered())
				},
			} {
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				if err := transfer(); err != nil {
					t.Fatal(err)
				}
				runtime.ReadMemStats(&after)
				if n := after.TotalAlloc - before.TotalAlloc; n > budget {
					t.Errorf("%s, plain %t, chunked %t: %d bytes are allocated for a body of %d", name, plain, chunked, n, blocks*len(s.block))
				} else {
					t.Logf("%s, plain %t, chunked %t: %d bytes", name, plain, chunked, n)
				}
			}
		}
	}
}
