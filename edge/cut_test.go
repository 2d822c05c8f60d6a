package edge_test

import (
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"

	"headwater/edge"
	"headwater/edge/edgetest"
)

// A cutting is an answer of which a client has got a part when something goes wrong.
type cutting struct {
	edge   *edgetest.Edge
	origin *edgetest.Conn
	client *edgetest.Client
	log    *edgetest.Events
}

// cuts are what can go wrong within an answer. Each returns what the client gets until the
// connection ends, and how that looks.
var cuts = map[string]func(*cutting) (string, error){
	"the origin": func(c *cutting) (string, error) {
		c.origin.Close()
		return c.client.Closed()
	},
	"the last moment of a shutdown": func(c *cutting) (string, error) {
		<-shutdown(c.edge, time.Millisecond)
		return c.client.Closed()
	},
	"a bug": func(c *cutting) (string, error) {
		c.origin.Write("2\r\nhe\r\n") // which is read with a bug
		return c.client.Closed()
	},
	"a client that stops reading": func(c *cutting) (string, error) {
		for piece := strings.Repeat("x", 1<<20); c.origin.Push("100000\r\n"+piece+"\r\n") == nil; {
		}
		c.log.Next()
		return c.client.Closed()
	},
}

// However an answer is cut, and however its end is marked, no client can take the part for
// the whole: where only the connection's end marks it, that is a reset.
func TestCutAnswers(t *testing.T) {
	framings := []struct{ name, version, field, piece string }{
		{"with a length", "1.1", "Content-Length: 100000000", "hello"},
		{"in chunks", "1.1", "Transfer-Encoding: chunked", "5\r\nhello\r\n"},
		{"to the end", "1.0", "Transfer-Encoding: chunked", "5\r\nhello\r\n"},
	}
	edgetest.Both(t, func(t *testing.T, plain bool) {
		for _, client := range []string{"in clear", "over TLS"} {
			for by, cut := range cuts {
				for _, f := range framings {
					t.Run(by+", "+f.name+", "+client, func(t *testing.T) {
						t.Parallel()
						conns := make(chan *edgetest.Conn, 2)
						o := edgetest.NewOrigin(t, edgetest.Handle(func(c *edgetest.Conn, r *edgetest.Request) {
							if r.Target == "/warm" {
								c.Write(ok(""))
								return
							}
							c.Write("HTTP/1.1 200 OK\r\n" + f.field + "\r\n\r\n" + f.piece)
							conns <- c
						}))
						log, logger := edgetest.NewEvents(t)
						e := edgetest.StartFor(t, client == "over TLS",
							edge.Config{PlainIO: plain, AccessLog: logger, Client: edge.Timeouts{Write: 100 * time.Millisecond}},
							edgetest.Snapshot(edgetest.Backend(o)))
						if by == "a bug" {
							e.Dial(t).Get(edgetest.Host, "/warm")
							log.Next()
							e.Break(edgetest.Host, 1)
						}
						c := &cutting{e, nil, e.Dial(t), log}
						c.client.Send("GET / HTTP/" + f.version + "\r\nHost: " + edgetest.Host + "\r\n\r\n")
						c.client.ReadUntil("hello")
						c.origin = <-conns
						rest, err := cut(c)
						switch {
						case f.name == "in chunks" && strings.HasSuffix(rest, "\r\n0\r\n\r\n"):
							t.Error("the last chunk came")
						case f.name == "to the end" && !errors.Is(err, syscall.ECONNRESET):
							t.Errorf("the connection ended with %v, want a reset", err)
						}
					})
				}
			}
		}
	})
}
