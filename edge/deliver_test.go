package edge_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"headwater/edge"
	"headwater/edge/edgetest"
)

func TestBodyFraming(t *testing.T) {
	type want struct {
		status  int
		body    string
		fields  []string // end to end, and framing
		trailer edgetest.Fields
		keep    bool // the client's connection
		reuse   bool // the origin's
	}
	const (
		plainText = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody"
		chunked   = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nbo\r\n2;ext\r\ndy\r\n0\r\nX-Sum: 1\r\nContent-Length: 9\r\n\r\n"
		toTheEnd  = "HTTP/1.1 200 OK\r\n\r\nbody"
	)
	length4, chunks := []string{"Content-Length: 4"}, []string{"Transfer-Encoding: chunked"}
	sum := edgetest.Fields{{Name: "X-Sum", Value: "1"}}
	tests := []struct {
		name, method, version, origin string
		want                          want
	}{
		{"length", "GET", "1.1", plainText, want{200, "body", length4, nil, true, true}},
		{"length to HTTP/1.0", "GET", "1.0", plainText, want{200, "body", append(length4, "Connection: keep-alive"), nil, true, true}},
		{"chunked", "GET", "1.1", chunked, want{200, "body", append([]string{"Trailer: X-Sum"}, chunks...), sum, true, true}},
		{"chunked to HTTP/1.0", "GET", "1.0", chunked, want{200, "body", []string{"Connection: close"}, nil, false, true}},
		{"empty chunked", "GET", "1.1", "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\n\r\n", want{200, "", chunks, nil, true, true}},
		{"to the end", "GET", "1.1", toTheEnd, want{200, "body", chunks, nil, true, false}},
		{"to the end, to HTTP/1.0", "GET", "1.0", toTheEnd, want{200, "body", []string{"Connection: close"}, nil, false, false}},
		{"HTTP/1.0 origin", "GET", "1.1", "HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nbody", want{200, "body", length4, nil, true, false}},
		{"HTTP/1.0 origin that keeps", "GET", "1.1", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 4\r\n\r\nbody", want{200, "body", length4, nil, true, true}},
		{"HTTP/1.0 origin to the end", "GET", "1.1", "HTTP/1.0 200 OK\r\n\r\nbody", want{200, "body", chunks, nil, true, false}},
		{"origin that closes", "GET", "1.1", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbody", want{200, "body", length4, nil, true, false}},
		{"HEAD with length", "HEAD", "1.1", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n", want{200, "", length4, nil, true, true}},
		{"HEAD with chunked", "HEAD", "1.1", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", want{200, "", nil, nil, true, true}},
		{"HEAD without framing", "HEAD", "1.1", "HTTP/1.1 200 OK\r\n\r\n", want{200, "", nil, nil, true, true}},
		{"HEAD answered with a body", "HEAD", "1.1", plainText, want{200, "", length4, nil, true, false}},
		{"204", "GET", "1.1", "HTTP/1.1 204 No Content\r\n\r\n", want{204, "", nil, nil, true, true}},
		{"204 with length", "GET", "1.1", "HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\n", want{204, "", nil, nil, true, true}},
		{"204 with a body", "GET", "1.1", "HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nbody", want{204, "", nil, nil, true, false}},
		{"204 with chunked", "GET", "1.1", "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n", want{204, "", nil, nil, true, true}},
		{"304", "GET", "1.1", "HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n\r\n", want{304, "", []string{"ETag: \"a\""}, nil, true, true}},
		{"304 with length", "GET", "1.1", "HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\n", want{304, "", length4, nil, true, true}},
		{"205", "GET", "1.1", "HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n", want{205, "", []string{"Content-Length: 0"}, nil, true, true}},
		{"more than the length", "GET", "1.1", plainText + "HTTP/1.1 200 OK\r\n", want{200, "body", length4, nil, true, false}},
		{"more than the chunks", "GET", "1.1", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nx", want{200, "", chunks, nil, true, false}},
	}
	edgetest.Both(t, func(t *testing.T, plain bool) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				ended := !strings.Contains(tt.origin, "Length") && !strings.Contains(tt.origin, "hunked") && tt.want.status == 200 && tt.method != "HEAD"
				e, o := startScript(t, plain, edgetest.Handle(func(c *edgetest.Conn, _ *edgetest.Request) {
					c.Write(tt.origin)
					if ended {
						c.Close()
					}
				}))
				c := e.Dial(t)
				request := tt.method + " / HTTP/" + tt.version + "\r\nHost: " + edgetest.Host + "\r\nConnection: keep-alive\r\n\r\n"
				for range 2 {
					c.Send(request)
					a := c.AnswerTo(tt.method)
					got := want{a.Status, string(a.Body), endToEnd(a.Fields), a.Trailer, tt.want.keep, tt.want.reuse}
					if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(want{})); diff != "" || a.Err != nil {
						t.Errorf("answer (-want +got):\n%s%v", diff, a.Err)
					}
					if !tt.want.keep {
						c.MustClose()
						c = e.Dial(t)
					}
				}
				if reused := o.Accepted() == 1; reused != tt.want.reuse {
					t.Errorf("%d connections to the origin for two requests, want reuse %t", o.Accepted(), tt.want.reuse)
				}
			})
		}
	})
}

func TestLargeDownloads(t *testing.T) {
	block := bytes.Repeat([]byte("0123456789abcde\n"), 4096)
	const blocks = 128
	want := bytes.Repeat(block, blocks)
	edgetest.Both(t, func(t *testing.T, plain bool) {
		e, o := startScript(t, plain, edgetest.Paths(map[string]func(*edgetest.Conn, *edgetest.Request){
			"/length": func(c *edgetest.Conn, _ *edgetest.Request) {
				c.Write(ok(string(want)))
			},
			"/chunked": func(c *edgetest.Conn, _ *edgetest.Request) {
				c.Write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
				for range blocks {
					c.Write(fmt.Sprintf("%X;a=b\r\n%s\r\n", len(block), block))
				}
				c.Write("0\r\nX-Sum: 1\r\n\r\n")
			},
		}))
		c := e.Dial(t)
		for range 3 {
			for _, target := range []string{"/length", "/chunked"} {
				if a := c.Get(edgetest.Host, target); !bytes.Equal(a.Body, want) || a.Err != nil {
					t.Fatalf("%s: the body arrived changed, with %d of %d bytes, %v", target, len(a.Body), len(want), a.Err)
				}
			}
		}
		if n := o.Accepted(); n != 1 {
			t.Errorf("%d connections to the origin, want 1", n)
		}
	})
}

// Every way in which an answer can come apart on its way to the edge.
func TestResponseSplitAtEveryByte(t *testing.T) {
	answer := "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n00;x\r\nX-Sum: 1\r\n\r\n"
	edgetest.Both(t, func(t *testing.T, plain bool) {
		e, o := startScript(t, plain, edgetest.Handle(func(c *edgetest.Conn, r *edgetest.Request) {
			var at int
			fmt.Sscanf(r.Target, "/%d", &at)
			c.Write(answer[:at])
			time.Sleep(settle)
			c.Write(answer[at:])
		}))
		c := e.Dial(t)
		for at := 1; at < len(answer); at++ {
			a := c.Get(edgetest.Host, fmt.Sprint("/", at))
			if string(a.Body) != "hello" || a.Err != nil || len(a.Interim) != 1 || a.Trailer.Get("x-sum") != "1" {
				t.Fatalf("split at %d: %+v", at, a)
			}
		}
		if n := o.Accepted(); n != 1 {
			t.Errorf("%d connections to the origin, want 1", n)
		}
	})
}

// Bytes go on as they come: a client must not wait for the second for the first.
func TestDownloadIsStreamed(t *testing.T) {
	for _, head := range []string{"Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", ""} {
		edgetest.Both(t, func(t *testing.T, plain bool) {
			next := make(chan bool)
			e, _ := startScript(t, plain, func(c *edgetest.Conn) {
				c.ReadRequest()
				c.Write("HTTP/1.1 200 OK\r\n" + head + "\r\n")
				for _, b := range "hello" {
					<-next
					if strings.HasPrefix(head, "T") {
						c.Write("1\r\n" + string(b) + "\r\n")
					} else {
						c.Write(string(b))
					}
				}
			})
			c := e.Dial(t)
			c.Send(get("/"))
			c.ReadUntil("\r\n\r\n")
			for _, b := range []byte("hello") {
				next <- true
				c.ReadUntil(string(b))
			}
		})
	}
}

func TestTruncationIsVisible(t *testing.T) {
	ends := map[string]func(*edgetest.Conn){"close": (*edgetest.Conn).Close, "reset": (*edgetest.Conn).Reset}
	tests := []struct {
		name, origin string
		clean        bool // an orderly close is the body's end
	}{
		{"length", "Content-Length: 10\r\n\r\nhello", false},
		{"length, nothing of it", "Content-Length: 10\r\n\r\n", false},
		{"chunked, in a chunk", "Transfer-Encoding: chunked\r\n\r\na\r\nhello", false},
		{"chunked, between chunks", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", false},
		{"chunked, in the last chunk", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n", false},
		{"chunked, in the trailer", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: 1\r\n", false},
		{"chunked, then broken", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nxyz\r\n", false},
		{"chunked, broken trailer", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX Y: 1\r\n\r\n", false},
		{"to the end", "\r\nhello", true},
	}
	edgetest.Both(t, func(t *testing.T, plain bool) {
		for _, tt := range tests {
			for way, end := range ends {
				for _, version := range []string{"1.1", "1.0"} {
					for _, pipelined := range []string{"", get("/never")} {
						t.Run(fmt.Sprintf("%s/%s to %s/pipelined %t", tt.name, way, version, pipelined != ""), func(t *testing.T) {
							t.Parallel()
							goOn := make(chan bool)
							e, _ := startScript(t, plain, func(c *edgetest.Conn) {
								c.ReadRequest()
								head, body, _ := strings.Cut("HTTP/1.1 200 OK\r\n"+tt.origin, "\r\n\r\n")
								c.Write(head + "\r\n\r\n")
								<-goOn // or else a break that comes with the head makes it a 503
								c.Write(body)
								if body != "" && way == "reset" {
									<-goOn
								}
								end(c)
							})
							c := e.Dial(t)
							c.Send("GET / HTTP/" + version + "\r\nHost: " + edgetest.Host + "\r\nConnection: close\r\n\r\n" + pipelined)
							head := c.ReadUntil("\r\n\r\n")
							close(goOn)
							rest, err := c.Closed()
							whole := err == nil
							switch {
							case strings.Contains(head, "chunked"):
								whole = strings.HasSuffix(rest, "0\r\n\r\n")
							case strings.Contains(head, "Content-Length"):
								whole = len(rest) == 10
							}
							want := tt.clean && way == "close"
							if whole != want {
								t.Errorf("the client sees a whole answer: %t, want %t: %q %q %v", whole, want, head, rest, err)
							}
						})
					}
				}
			}
		}
	})
}

// A truncated answer to an upload that is still under way must show as well.
func TestTruncationDuringUpload(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		e, _ := startScript(t, plain, func(c *edgetest.Conn) {
			c.ReadHead()
			c.Write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
			time.Sleep(settle)
		})
		c := e.Dial(t)
		c.Send("POST / HTTP/1.0\r\nHost: " + edgetest.Host + "\r\nContent-Length: 1000\r\n\r\nabc")
		if rest, err := c.Closed(); err == nil {
			t.Errorf("an orderly end after %q", rest)
		}
	})
}

// A break that comes with the head can still become an error page.
func TestBodyBrokenFromTheStart(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		e, _ := startScript(t, plain, edgetest.Reply("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"))
		c := e.Dial(t)
		a := c.Get(edgetest.Host, "/")
		if a.Status != 503 || a.Err != nil {
			t.Errorf("status %d, %v", a.Status, a.Err)
		}
		c.MustClose()
	})
}

func TestOwnConnectionForEachConcurrentRequest(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		arrived, release := make(chan bool), make(chan bool)
		o := edgetest.NewOrigin(t, edgetest.Handle(func(c *edgetest.Conn, r *edgetest.Request) {
			arrived <- true
			<-release
			c.Write(ok(r.Target))
		}))
		e := edgetest.Start(t, edge.Config{PlainIO: plain}, edgetest.Snapshot(edgetest.Backend(o)))
		var clients []*edgetest.Client
		for i := range 8 {
			c := e.Dial(t)
			c.Send(get(fmt.Sprint("/", i)))
			clients = append(clients, c)
			<-arrived
		}
		close(release)
		for i, c := range clients {
			expect(t, c, []string{fmt.Sprint("/", i)})
		}
		if n := o.Accepted(); n != 8 {
			t.Errorf("%d connections, want 8", n)
		}
	})
}
