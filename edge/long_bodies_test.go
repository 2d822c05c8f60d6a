package edge_test

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"headwater/edge"
	"headwater/edge/edgetest"
)

// longest is a body of which no two places look alike, longer than any here.
var longest = sync.OnceValue(func() string {
	const size = 6 << 20
	b := make([]byte, 0, size+10)
	for len(b) < size {
		b = append(strconv.AppendInt(b, int64(len(b)), 16), ',')
	}
	return string(b)
})

// long is a body of n bytes.
func long(n int) string { return longest()[:n] }

var longSizes = []int{16 << 10, 64 << 10, 80 << 10, 100 << 10, 512 << 10, 560 << 10, 1<<20 - 1, 1 << 20, 1<<20 + 1, 5 << 20}

// Bodies with a length arrive whole, whatever way they pass the edge, and leave both
// connections fit for the next request.
func TestLongAnswers(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		e, o := startScript(t, plain, edgetest.Handle(func(c *edgetest.Conn, r *edgetest.Request) {
			n, _ := strconv.Atoi(r.Fields.Get("X-Size"))
			c.Write(ok(long(n)))
		}))
		c := e.Dial(t)
		for _, n := range longSizes {
			c.Send(get("/", "X-Size: "+strconv.Itoa(n)))
			if a := c.Answer(); a.Err != nil || string(a.Body) != long(n) {
				t.Errorf("%d of %d bytes came, %v", len(a.Body), n, a.Err)
			}
		}
		if n := o.Accepted(); n != 1 {
			t.Errorf("%d connections to the origin, want 1", n)
		}
	})
}

func TestLongUploads(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		e, o := startScript(t, plain, edgetest.Reply(ok("")))
		c := e.Dial(t)
		for _, n := range longSizes {
			c.Send(post("/", n) + long(n))
			if a := c.Answer(); a.Err != nil || a.Status != 200 {
				t.Errorf("%d bytes: %d, %v", n, a.Status, a.Err)
			}
			if r := o.Next(); string(r.Body) != long(n) {
				t.Errorf("%d bytes: the body arrived changed", n)
			}
		}
	})
}

// What ends a long body too early is seen by both sides, and the client has had all that
// came before.
func TestLongAnswersThatBreakOff(t *testing.T) {
	t.Parallel()
	const came = 300 << 10
	end, pause := func(*edgetest.Conn) {}, func(c *edgetest.Conn) { c.AwaitClose() }
	tests := []struct {
		name, reason string
		length       int
		then         func(*edgetest.Conn)
	}{
		{"an end", "truncated response", 1 << 20, end},
		{"an end of what goes through a pipe", "truncated response", 400 << 10, end},
		{"a pause", "between bytes timeout", 1 << 20, pause},
		{"a pause of what goes through a pipe", "between bytes timeout", 400 << 10, pause},
	}
	edgetest.Both(t, func(t *testing.T, plain bool) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				log, logger := edgetest.NewEvents(t)
				o := edgetest.NewOrigin(t, func(c *edgetest.Conn) {
					c.ReadRequest()
					c.Write(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", tt.length, long(came)))
					tt.then(c)
				})
				e := edgetest.Start(t, edge.Config{PlainIO: plain, AccessLog: logger}, edgetest.Snapshot(edgetest.Backend(o, betweenBytes(2000))))
				c := e.Dial(t)
				c.Send(get("/"))
				if a := c.Answer(); a.Err == nil || string(a.Body) != long(came) {
					t.Errorf("%d bytes came, %v", len(a.Body), a.Err)
				}
				if got := log.Next()["reason"].String(); got != tt.reason {
					t.Errorf("reason %q, want %q", got, tt.reason)
				}
			})
		}
	})
}

// A client that takes nothing more of a long body, or goes away, ends it.
func TestLongAnswersThatNobodyTakes(t *testing.T) {
	ways := map[string]func(*edgetest.Client){
		"goes away": func(c *edgetest.Client) { c.TCP.SetLinger(0); c.TCP.Close() },
		"stops":     func(*edgetest.Client) {},
	}
	edgetest.Both(t, func(t *testing.T, plain bool) {
		for name, end := range ways {
			t.Run(name, func(t *testing.T) {
				log, logger := edgetest.NewEvents(t)
				o := edgetest.NewOrigin(t, func(c *edgetest.Conn) {
					c.ReadRequest()
					c.Write("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
					for c.Push(strings.Repeat("x", 1<<20)) == nil {
					}
				})
				e := edgetest.Start(t, edge.Config{PlainIO: plain, AccessLog: logger, Client: edge.Timeouts{Write: 200 * time.Millisecond}},
					edgetest.Snapshot(edgetest.Backend(o)))
				c := e.Dial(t)
				c.Send(get("/"))
				io.CopyN(io.Discard, c.Buffered(), 1<<20)
				end(c)
				if got := log.Next()["reason"].String(); got != "client write error" {
					t.Errorf("reason %q", got)
				}
			})
		}
	})
}

// No origin takes a long upload for whole that is not.
func TestLongUploadsThatBreakOff(t *testing.T) {
	t.Parallel()
	ways := map[string]struct {
		reason string
		end    func(*edgetest.Client)
	}{
		"half": {"client read error", func(c *edgetest.Client) { c.CloseWrite() }},
		"stop": {"Request Timeout", func(*edgetest.Client) {}},
	}
	edgetest.Both(t, func(t *testing.T, plain bool) {
		for name, way := range ways {
			t.Run(name, func(t *testing.T) {
				log, logger := edgetest.NewEvents(t)
				gone := make(chan error, 1)
				o := edgetest.NewOrigin(t, func(c *edgetest.Conn) {
					_, err := c.ReadRequest()
					gone <- err
				})
				e := edgetest.Start(t, edge.Config{PlainIO: plain, AccessLog: logger, Client: edge.Timeouts{Body: 2 * time.Second}},
					edgetest.Snapshot(edgetest.Backend(o)))
				c := e.Dial(t)
				c.Send(post("/", 1<<20) + long(300<<10))
				way.end(c)
				if err := <-gone; err == nil {
					t.Error("the origin got a whole request from part of one")
				}
				if got := log.Next()["reason"].String(); got != way.reason {
					t.Errorf("reason %q, want %q", got, way.reason)
				}
			})
		}
	})
}
