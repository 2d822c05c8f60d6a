package edge_test

import (
	"fmt"
	"io"
	"testing"
	"time"

	"headwater/edge/edgetest"
)

const leave = "HTTP/1.1 100 Continue\r\n\r\n"

// take reads n bytes of a body, and says whether they are there.
func take(c *edgetest.Conn, n int64) bool {
	_, err := io.CopyN(io.Discard, c.Buffered(), n)
	return err == nil
}

// Leave to send a body is the origin's to give, and comes when it gives it.
func TestLeaveIsTheOrigins(t *testing.T) {
	t.Parallel()
	const hint = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
	tests := []struct {
		name   string
		script func(*edgetest.Conn)
		want   string // all that comes before the final answer
	}{
		{"at once", func(c *edgetest.Conn) { c.Write(leave) }, leave},
		{"after a hint", func(c *edgetest.Conn) { c.Write(hint + leave) }, hint + leave},
		{"before a hint", func(c *edgetest.Conn) { c.Write(leave + hint) }, leave + hint},
		{"twice", func(c *edgetest.Conn) { c.Write(leave + leave) }, leave},
		{"byte by byte", func(c *edgetest.Conn) {
			for i := range len(leave) {
				c.Write(leave[i : i+1])
			}
		}, leave},
		{"never said", func(c *edgetest.Conn) {}, leave}, // a second later
		{"never said after a hint", func(c *edgetest.Conn) { c.Write(hint) }, hint + leave},
	}
	edgetest.Both(t, func(t *testing.T, plain bool) {
		for _, tt := range tests {
			for name, send := range map[string][2]string{
				"a length": {post("/", 3, "Expect: 100-continue"), "abc"},
				"chunks":   {chunkedPost("/", "Expect: 100-continue"), "3\r\nabc\r\n0\r\n\r\n"},
			} {
				t.Run(tt.name+" for "+name, func(t *testing.T) {
					t.Parallel()
					e, _ := startScript(t, plain, func(c *edgetest.Conn) {
						for {
							r, err := c.ReadHead()
							if err != nil {
								return
							}
							if r.Method == "POST" {
								if r.Fields.Get("Expect") != "100-continue" {
									t.Errorf("the origin was asked without the expectation: %v", r.Fields)
								}
								tt.script(c)
								if !take(c, int64(len(send[1]))) {
									return
								}
							}
							c.Write(ok("done"))
						}
					})
					c := e.Dial(t)
					c.Send(send[0])
					if got := c.ReadUntil(tt.want); got != tt.want {
						t.Errorf("before the body %q, want %q", got, tt.want)
					}
					c.Send(send[1] + get("/next"))
					expect(t, c, []string{"done", "done"})
				})
			}
		}
	})
}

// An answer without leave is the answer: the body is not sent, and neither connection
// serves anything else.
func TestAnswerWithoutLeave(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		for _, status := range []string{"413 Too Big", "417 Expectation Failed", "200 OK", "503 Busy"} {
			t.Run(status, func(t *testing.T) {
				silent := make(chan bool, 1)
				e, _ := startScript(t, plain, func(c *edgetest.Conn) {
					if _, err := c.ReadHead(); err != nil {
						return
					}
					c.Write("HTTP/1.1 " + status + "\r\nContent-Length: 4\r\n\r\nsaid")
					silent <- c.AwaitClose()
				})
				c := e.Dial(t)
				c.Send(post("/", 3, "Expect: 100-continue"))
				a := c.Answer()
				if got := fmt.Sprint(a.Status, " ", a.Reason); got != status || len(a.Interim) > 0 || string(a.Body) != "said" || a.Fields.Get("Connection") != "close" {
					t.Errorf("%s %q after %v, Connection: %s", got, a.Body, a.Interim, a.Fields.Get("Connection"))
				}
				c.Push("abc" + get("/smuggled"))
				if !<-silent {
					t.Error("the origin got something of the body")
				}
			})
		}
	})
}

// An answer may follow leave before the body has.
func TestAnswerRightAfterLeave(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		e, _ := startScript(t, plain, func(c *edgetest.Conn) {
			if _, err := c.ReadHead(); err == nil {
				c.Write(leave + ok("early"))
				c.AwaitClose()
			}
		})
		c := e.Dial(t)
		c.Send(post("/", 3, "Expect: 100-continue"))
		if a := c.Answer(); len(a.Interim) != 1 || string(a.Body) != "early" || a.Fields.Get("Connection") != "close" {
			t.Errorf("%d %q after %v, Connection: %s", a.Status, a.Body, a.Interim, a.Fields.Get("Connection"))
		}
	})
}

// The wait for an answer begins when the body has been sent, whatever was said before.
func TestFirstByteTimeoutWaitsForABodyWithLeave(t *testing.T) {
	t.Parallel()
	edgetest.Both(t, func(t *testing.T, plain bool) {
		const limit = time.Second
		e, _ := startScript(t, plain, func(c *edgetest.Conn) {
			if _, err := c.ReadHead(); err == nil {
				c.Write(leave)
				if take(c, 3) {
					c.Write(ok("done"))
				}
			}
		}, firstByte(limit.Milliseconds()))
		c := e.Dial(t)
		c.Send(post("/", 3, "Expect: 100-continue"))
		c.ReadUntil(leave)
		time.Sleep(limit + limit/5)
		c.Send("abc")
		if a := c.Answer(); string(a.Body) != "done" {
			t.Errorf("%d %s", a.Status, a.Reason)
		}
	})
}
