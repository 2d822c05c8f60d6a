package edge_test

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"headwater/edge"
	"headwater/edge/edgetest"
)

// startScript is an edge before an origin that runs a script.
func startScript(t *testing.T, plain bool, script func(*edgetest.Conn), sets ...edgetest.Set) (*edgetest.Edge, *edgetest.Origin) {
	o := edgetest.NewOrigin(t, script)
	return edgetest.Start(t, edge.Config{PlainIO: plain}, edgetest.Snapshot(edgetest.Backend(o, sets...))), o
}

func TestUploadIsStreamed(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		got := make(chan byte)
		e, _ := startScript(t, plain, func(c *edgetest.Conn) {
			c.ReadHead()
			var b [1]byte
			for range 5 { // the head's reader may hold some of the body: read byte by byte
				if _, err := io.ReadFull(c.Buffered(), b[:]); err != nil {
					return
				}
				got <- b[0]
			}
			c.Write(ok("done"))
		})
		c := e.Dial(t)
		c.Send(post("/", 5))
		for _, b := range []byte("slowl") {
			c.Send(string(b))
			if g := <-got; g != b {
				t.Fatalf("origin got %q, want %q", g, b)
			}
		}
		if a := c.Answer(); string(a.Body) != "done" {
			t.Errorf("answer %q", a.Body)
		}
	})
}

func TestLargeUploads(t *testing.T) {
	block := bytes.Repeat([]byte("0123456789abcde\n"), 4096) // 64 KiB
	edgetest.Both(t, func(t *testing.T, plain bool) {
		e, o := startScript(t, plain, edgetest.Handle(func(c *edgetest.Conn, r *edgetest.Request) {
			c.Write(ok(fmt.Sprint(len(r.Body))))
		}))
		const blocks = 128 // 8 MiB
		c := e.Dial(t)
		c.Send(post("/length", blocks*len(block)))
		for range blocks {
			c.Send(string(block))
		}
		c.Send(chunkedPost("/chunked"))
		for range blocks {
			c.Send(fmt.Sprintf("%x;some=extension\r\n%s\r\n", len(block), block))
		}
		c.Send("0\r\nX-Sum: 1\r\n\r\n" + get("/after"))
		size := fmt.Sprint(blocks * len(block))
		expect(t, c, []string{size, size, "0"})
		for range 2 {
			r := o.Next()
			if want := bytes.Repeat(block, blocks); !bytes.Equal(r.Body, want) {
				t.Errorf("%s: the body arrived changed", r.Target)
			}
		}
		// On a machine that is busy elsewhere an upload may end too late for its connection to be kept, but hardly two.
		if n := o.Accepted(); n > 2 {
			t.Errorf("%d connections to the origin for three requests", n)
		}
	})
}

func TestUploadTrailer(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		e, o := startScript(t, plain, edgetest.Reply(ok("")))
		c := e.Dial(t)
		c.Send(chunkedPost("/", "Trailer: X-Sum, X-More") +
			"3\r\nabc\r\n0\r\nX-Sum: 1\r\nx-more:  2 \r\nContent-Length: 5\r\nHost: b\r\nTE: x\r\nConnection: close\r\n\r\n")
		if a := c.Answer(); a.Status != 200 {
			t.Fatalf("status %d %s", a.Status, a.Reason)
		}
		r := o.Next()
		if r.Fields.Get("Trailer") != "X-Sum, X-More" || string(r.Body) != "abc" {
			t.Errorf("Trailer: %q, body %q", r.Fields.Get("Trailer"), r.Body)
		}
		if diff := cmp.Diff(edgetest.Fields{{Name: "X-Sum", Value: "1"}, {Name: "x-more", Value: "2"}}, r.Trailer); diff != "" {
			t.Errorf("trailer (-want +got):\n%s", diff)
		}
	})
}

func TestExpectContinue(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		e, o := startScript(t, plain, edgetest.Handle(echo))
		t.Run("is answered, then the body is taken", func(t *testing.T) {
			c := e.Dial(t)
			c.Send(post("/", 3, "Expect: 100-Continue"))
			if got := c.ReadUntil("\r\n\r\n"); got != "HTTP/1.1 100 Continue\r\n\r\n" {
				t.Fatalf("got %q", got)
			}
			c.Send("abc" + get("/next"))
			expect(t, c, []string{"POST / abc", "GET /next "})
			if got := o.Next().Fields.All("Expect"); !slices.Equal(got, []string{"100-continue"}) {
				t.Errorf("the origin was sent Expect: %q", got)
			}
			if got := o.Next().Fields.All("Expect"); got != nil {
				t.Errorf("with the next request, Expect: %q", got)
			}
		})
		t.Run("chunked", func(t *testing.T) {
			c := e.Dial(t)
			c.Send(chunkedPost("/", "Expect: 100-continue"))
			c.ReadUntil("100 Continue\r\n\r\n")
			c.Send("1\r\na\r\n0\r\n\r\n")
			expect(t, c, []string{"POST / a"})
		})
		t.Run("needs no answer when the body is there", func(t *testing.T) {
			c := e.Dial(t)
			c.Send(post("/", 3, "Expect: 100-continue") + "abc")
			if a := c.Answer(); len(a.Interim) != 0 || string(a.Body) != "POST / abc" {
				t.Errorf("interim %v, body %q", a.Interim, a.Body)
			}
		})
		t.Run("is ignored from HTTP/1.0", func(t *testing.T) {
			c := e.Dial(t)
			c.Send("POST / HTTP/1.0\r\nHost: " + edgetest.Host + "\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n")
			time.Sleep(settle)
			c.Send("x")
			if a := c.Answer(); len(a.Interim) != 0 || string(a.Body) != "POST / x" {
				t.Errorf("interim %v, body %q", a.Interim, a.Body)
			}
		})
		t.Run("other expectations fail", func(t *testing.T) {
			c := e.Dial(t)
			c.Send(post("/", 1, "Expect: tea") + "x")
			if a := c.Answer(); a.Status != 417 {
				t.Errorf("status %d, want 417", a.Status)
			}
			c.MustClose()
		})
	})
}

func TestInterimAnswers(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		e, o := startScript(t, plain, edgetest.Handle(func(c *edgetest.Conn, r *edgetest.Request) {
			switch r.Target {
			case "/hints":
				c.Write("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\nConnection: x\r\nX: 1\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" + ok("x"))
			case "/switch":
				c.Write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n")
			case "/many":
				c.Write(strings.Repeat("HTTP/1.1 102 Processing\r\n\r\n", 100) + ok("x"))
			}
		}))
		c := e.Dial(t)
		c.Send(get("/hints"))
		a := c.Answer()
		if len(a.Interim) != 2 || a.Interim[0].Line != "HTTP/1.1 103 Early Hints" || a.Interim[1].Line != "HTTP/1.1 102 Processing" {
			t.Fatalf("interim answers %+v", a.Interim)
		}
		if diff := cmp.Diff(edgetest.Fields{{Name: "Link", Value: "</a>"}}, a.Interim[0].Fields); diff != "" {
			t.Errorf("fields of the 103 (-want +got):\n%s", diff)
		}
		if string(a.Body) != "x" {
			t.Errorf("body %q", a.Body)
		}
		c.Send("GET /hints HTTP/1.0\r\nHost: " + edgetest.Host + "\r\nConnection: keep-alive\r\n\r\n")
		if a := c.Answer(); len(a.Interim) != 0 || string(a.Body) != "x" {
			t.Errorf("HTTP/1.0 client got interim answers %v, body %q", a.Interim, a.Body)
		}
		if n := o.Accepted(); n != 1 {
			t.Errorf("%d connections to the origin, want 1", n)
		}
		for _, target := range []string{"/switch", "/many"} {
			c := e.Dial(t)
			c.Send(get(target))
			if a := c.Answer(); a.Status != 503 {
				t.Errorf("%s: status %d, want 503", target, a.Status)
			}
		}
	})
}

// An answer may come before the request has ended: it must reach the client, and
// neither connection may serve another request afterwards, as both stand in the
// middle of a body.
func TestAnswerBeforeUploadEnds(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		closed := make(chan bool, 1)
		e, o := startScript(t, plain, func(c *edgetest.Conn) {
			r, err := c.ReadHead()
			if err != nil {
				return
			}
			if r.Target == "/next" {
				c.ReadBody(r)
				c.Write(ok("next"))
				return
			}
			c.Write("HTTP/1.1 413 Too Big\r\nContent-Length: 3\r\n\r\nbig")
			c.AwaitClose()
			closed <- true
		})
		for _, begin := range []string{post("/", 1<<20) + "abc", post("/", 1<<20), chunkedPost("/") + "3\r\nabc\r\n"} {
			c := e.Dial(t)
			c.Send(begin)
			a := c.Answer()
			if a.Status != 413 || string(a.Body) != "big" || a.Err != nil {
				t.Errorf("answer %d %q, %v", a.Status, a.Body, a.Err)
			}
			if got := a.Fields.Get("Connection"); got != "close" {
				t.Errorf("Connection: %q, want close", got)
			}
			c.MustClose()
			<-closed
		}
		if a := e.Dial(t).Get(edgetest.Host, "/next"); string(a.Body) != "next" {
			t.Errorf("the next request was answered by %d %q", a.Status, a.Body)
		}
		if n := o.Accepted(); n != 4 {
			t.Errorf("%d connections to the origin, want 4", n)
		}
	})
}

// It may also come while the upload waits for the origin to take more, which it never
// does.
func TestAnswerToStuckUpload(t *testing.T) {
	edgetest.InClear(t)
	edgetest.Both(t, func(t *testing.T, plain bool) {
		stuck := make(chan bool)
		e, _ := startScript(t, plain, func(c *edgetest.Conn) {
			if _, err := c.ReadHead(); err != nil {
				return
			}
			<-stuck
			c.Write("HTTP/1.1 413 Too Big\r\nContent-Length: 3\r\n\r\nbig")
			c.AwaitClose()
		})
		piece := []byte(strings.Repeat("x", 1<<20))
		for _, begin := range []string{post("/", 1<<30), chunkedPost("/") + "40000000\r\n"} {
			c := e.Dial(t)
			c.Send(begin)
			var err error
			for c.TCP.SetWriteDeadline(time.Now().Add(300 * time.Millisecond)); err == nil; {
				_, err = c.TCP.Write(piece)
			}
			stuck <- true
			if a, err := c.TryAnswerTo("POST"); err != nil || a.Status != 413 || string(a.Body) != "big" {
				t.Errorf("answer %+v, %v; want 413", a, err)
			}
			c.TCP.Close()
		}
	})
}

// The client sends without reading; the origin answers and resets.
func TestAnswerAndResetDuringUpload(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		e, _ := startScript(t, plain, func(c *edgetest.Conn) {
			c.ReadHead()
			c.Write("HTTP/1.1 413 Too Big\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig")
		})
		for range 20 {
			c := e.Dial(t)
			c.Send(post("/", 4<<20))
			for range 64 {
				if c.Push(strings.Repeat("x", 16<<10)) != nil {
					break
				}
			}
			a, err := c.TryAnswerTo("POST")
			if err != nil || a.Status != 413 && a.Status != 503 || a.Err != nil {
				t.Errorf("answer %+v, %v; want 413, or 503 when the reset was faster", a, err)
			}
			c.TCP.Close()
		}
	})
}

func TestBothWaysAtOnce(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		e, _ := startScript(t, plain, func(c *edgetest.Conn) {
			c.ReadHead()
			c.Write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
			var b [1]byte
			for range 3 {
				if _, err := io.ReadFull(c.Buffered(), b[:]); err != nil {
					return
				}
				c.Write("1\r\n" + string(b[0]) + "\r\n")
			}
			c.Write("0\r\n\r\n")
			c.AwaitClose()
		})
		c := e.Dial(t)
		c.Send(post("/", 3))
		c.ReadUntil("\r\n\r\n")
		for _, b := range []byte("abc") {
			c.Send(string(b))
			if got, want := c.ReadUntil("\r\n")+c.ReadUntil("\r\n"), "1\r\n"+string(b)+"\r\n"; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		}
		c.ReadUntil("0\r\n\r\n")
	})
}

func TestClientAbortsUpload(t *testing.T) {
	ways := map[string]func(*edgetest.Client){
		"close": func(c *edgetest.Client) { c.TCP.Close() },
		"half":  func(c *edgetest.Client) { c.TCP.CloseWrite() },
		"reset": func(c *edgetest.Client) { c.TCP.SetLinger(0); c.TCP.Close() },
	}
	edgetest.Both(t, func(t *testing.T, plain bool) {
		for name, end := range ways {
			for _, begin := range []string{post("/", 10) + "abc", chunkedPost("/") + "3\r\nabc\r\n", chunkedPost("/") + "3\r\nabc\r\n0\r\n"} {
				gone := make(chan error, 1)
				e, o := startScript(t, plain, func(c *edgetest.Conn) {
					_, err := c.ReadRequest()
					gone <- err
				})
				c := e.Dial(t)
				c.Send(begin)
				end(c)
				select {
				case err := <-gone:
					if err == nil {
						t.Errorf("%s: the origin got a whole request from half a one", name)
					}
				case <-time.After(30 * time.Second):
					t.Errorf("%s: the origin's connection stays open", name)
				}
				if n := len(o.Served); n > 0 {
					t.Errorf("%s: %d requests served", name, n)
				}
			}
		}
	})
}

func TestClientAbortsDownload(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		gone := make(chan bool, 1)
		e, _ := startScript(t, plain, func(c *edgetest.Conn) {
			c.ReadRequest()
			c.Write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
			chunk := fmt.Sprintf("%x\r\n%s\r\n", 32<<10, strings.Repeat("x", 32<<10))
			for c.Push(chunk) == nil {
			}
			gone <- true
		})
		c := e.Dial(t)
		c.Send(get("/"))
		c.Byte()
		c.TCP.SetLinger(0)
		c.TCP.Close()
		select {
		case <-gone:
		case <-time.After(30 * time.Second):
			t.Error("the edge goes on reading an answer that nobody takes")
		}
	})
}

func TestUploadToDeadBackend(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		e := edgetest.Start(t, edge.Config{PlainIO: plain}, edgetest.Snapshot(edgetest.BackendAt("127.0.0.1", edgetest.RefusedPort(t))))
		c := e.Dial(t)
		c.Send(post("/", 1<<20) + "abc")
		if a := c.Answer(); a.Status != 503 || a.Reason != "Connection refused" || a.Err != nil {
			t.Errorf("answer %d %s, %v", a.Status, a.Reason, a.Err)
		}
		c.MustClose()
	})
}

func TestBrokenChunksEndAnUpload(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		gone := make(chan error, 1)
		e, _ := startScript(t, plain, func(c *edgetest.Conn) {
			_, err := c.ReadRequest()
			gone <- err
		})
		c := e.Dial(t)
		c.Send(chunkedPost("/") + "3\r\nabc\r\n")
		time.Sleep(settle)
		c.Send("zz\r\n")
		if a := c.Answer(); a.Status != 400 {
			t.Errorf("status %d, want 400", a.Status)
		}
		c.MustClose()
		if err := <-gone; err == nil {
			t.Error("the origin took a broken request for a whole one")
		}
	})
}
