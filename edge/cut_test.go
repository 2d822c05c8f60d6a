package edge_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
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
	log    *edgetest.Events
}

// cuts are what can go wrong within an answer.
var cuts = map[string]func(*cutting){
	"the origin":                    func(c *cutting) { c.origin.Close() },
	"the last moment of a shutdown": func(c *cutting) { <-shutdown(c.edge, time.Millisecond) },
	"a bug":                         func(c *cutting) { c.origin.Write("2\r\nhe\r\n") }, // which is read with a bug
	"a client that stops reading": func(c *cutting) {
		for piece := strings.Repeat("x", 1<<20); c.origin.Push("100000\r\n"+piece+"\r\n") == nil; {
		}
		c.log.Next()
	},
}

// However an answer is cut, and however its end is marked, no client can take the part for
// the whole: where only the connection's end marks it, that is a reset, and no closing alert
// comes in any case.
func TestCutAnswers(t *testing.T) {
	const promised = 100000000
	framings := []struct{ name, version, field, piece string }{
		{"with a length", "1.1", fmt.Sprint("Content-Length: ", promised), "hello"},
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
						seen := &kinds{Conn: edgetest.DialClear(t, e.Addr).TCP}
						var c net.Conn = seen
						if client == "over TLS" {
							c = tls.Client(seen, unhidden)
						}
						c.SetDeadline(time.Now().Add(30 * time.Second))
						io.WriteString(c, "GET / HTTP/"+f.version+"\r\nHost: "+edgetest.Host+"\r\n\r\n")
						readUntil(t, c, "hello")
						cut(&cutting{e, <-conns, log})
						rest, err := io.ReadAll(c)
						switch {
						case errors.Is(err, os.ErrDeadlineExceeded):
							t.Error("the connection did not end")
						case f.name == "with a length" && len("hello")+len(rest) >= promised:
							t.Error("all that was promised came")
						case f.name == "in chunks" && strings.HasSuffix(string(rest), "\r\n0\r\n\r\n"):
							t.Error("the last chunk came")
						case f.name == "to the end" && !errors.Is(err, syscall.ECONNRESET):
							t.Errorf("the connection ended with %v, want a reset", err)
						case client == "over TLS" && seen.last == 21:
							t.Error("a closing alert came")
						}
					})
				}
			}
		}
	})
}

// unhidden is what a client goes by of whose records [kinds] sees which are alerts.
var unhidden = &tls.Config{
	ServerName: edgetest.Host, InsecureSkipVerify: true,
	MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256},
}

// readUntil reads up to and including the text.
func readUntil(t *testing.T, c net.Conn, text string) {
	t.Helper()
	var b [1]byte
	for got := ""; !strings.HasSuffix(got, text); got += string(b[:]) {
		if _, err := c.Read(b[:]); err != nil {
			t.Fatalf("%q, then %v", got, err)
		}
	}
}

// A gap between bytes that counts as the end of a body cuts nothing, where the connection's
// end is all that tells: the client has everything, and an orderly end, be it as late as it
// may with reading.
func TestGapCutsNothing(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		page := strings.Repeat("x", 200<<10) // more than the client's system takes unread
		o := edgetest.NewOrigin(t, func(c *edgetest.Conn) {
			c.ReadRequest()
			c.Write(fmt.Sprintf("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n", len(page), page))
			c.AwaitClose()
		})
		log, logger := edgetest.NewEvents(t)
		e := edgetest.Start(t, edge.Config{PlainIO: plain, AccessLog: logger}, edgetest.Snapshot(edgetest.Backend(o, betweenBytes(200))))
		c := e.Dial(t)
		c.Send("GET / HTTP/1.0\r\nHost: " + edgetest.Host + "\r\n\r\n")
		c.CloseWrite() // so that the edge closes as soon as it has answered
		log.Next()
		if err := <-shutdown(e, 10*time.Second); err != nil {
			t.Fatal(err)
		}
		rest, err := c.Closed()
		if _, body, _ := strings.Cut(rest, "\r\n\r\n"); body != page || err != nil {
			t.Errorf("%d bytes of %d, then %v", len(body), len(page), err)
		}
	})
}

// The log has why there was an answer of the edge's own that a client did not take, or else that it was
// not taken. Behind it there is no closing alert, should the client begin to read again.
func TestStalledPage(t *testing.T) {
	const closing = "\x15\x03\x03\x00\x1a" // how a record of unhidden begins that holds an alert
	const length = 40_000
	tests := []struct {
		what, recv          string
		reason, side, cause string
	}{
		{"the program's own", "error 600;", "client write error", "client", "timeout"},
		{"of a failure", "", "Connection refused", "origin", "connect: connection refused"},
	}
	edgetest.Both(t, func(t *testing.T, plain bool) {
		for _, tt := range tests {
			t.Run(tt.what, func(t *testing.T) {
				log, logger := edgetest.NewEvents(t)
				e := edgetest.StartFor(t, true, edge.Config{PlainIO: plain, AccessLog: logger, Client: edge.Timeouts{Write: 100 * time.Millisecond}},
					edgetest.WithVCL(t, edgetest.Snapshot(edgetest.BackendAt("127.0.0.1", edgetest.RefusedPort(t))), `sub vcl_recv { `+tt.recv+` }
sub vcl_error {
  synthetic "`+strings.Repeat("x", length)+`";
  return(deliver);
}`))
				tcp := edgetest.DialClear(t, e.Addr).TCP
				tcp.SetDeadline(time.Now().Add(30 * time.Second))
				c := tls.Client(tcp, unhidden)
				io.WriteString(c, strings.Repeat(get("/"), 500)) // 20 MB to come
				event := log.Next()
				for event["written"].Int64() >= length {
					event = log.Next()
				}
				reason, side, cause := event["reason"].String(), event["side"].String(), event["cause"].String()
				if reason != tt.reason || side != tt.side || !strings.Contains(cause, tt.cause) {
					t.Errorf("the log has %q of the %s, and %q; want %q of the %s, and %q", reason, side, cause, tt.reason, tt.side, tt.cause)
				}
				taken, err := io.ReadAll(tcp)
				if err != nil || len(taken) == 0 {
					t.Errorf("%d bytes, then %v", len(taken), err)
				}
				if strings.Contains(string(taken), closing) {
					t.Error("a closing alert came")
				}
			})
		}
	})
}
