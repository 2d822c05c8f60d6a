package edge_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"

	"headwater/dial/dialtest"
	"headwater/edge"
	"headwater/edge/edgetest"
	"headwater/service"
)

// upgrade is a request for a protocol that edges have no idea of.
func upgrade(fields ...string) string {
	return get("/socket", append([]string{"Connection: Upgrade", "Upgrade: echo"}, fields...)...)
}

const agreed = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\nX-Own: 1\r\n\r\n"

// echoes is an origin that agrees to whatever it is asked, says hello, and says all it
// gets again, to the end. Other requests it answers.
func echoes(c *edgetest.Conn) {
	for {
		r, err := c.ReadRequest()
		if err != nil {
			return
		}
		if r.Fields.Get("Upgrade") == "" {
			c.Write(ok("plain"))
			continue
		}
		c.Write(agreed + "hello ")
		io.Copy(onlyWriter{c}, c.Buffered())
		c.CloseWrite()
		c.AwaitClose()
		return
	}
}

// onlyWriter writes to a connection, and nothing else.
type onlyWriter struct{ c *edgetest.Conn }

func (w onlyWriter) Write(b []byte) (int, error) { return len(b), w.c.Push(string(b)) }

// clearAndTLS are the two kinds of origins.
func clearAndTLS(t *testing.T) map[string]*tls.Config {
	return map[string]*tls.Config{
		"clear": nil, "TLS": {Certificates: []tls.Certificate{dialtest.SelfSigned(t, []string{edgetest.Host})}},
	}
}

func tunnelEdge(t *testing.T, plain bool, o *edgetest.Origin, limits edge.Timeouts, sets ...edgetest.Set) (*edgetest.Edge, *edgetest.Events) {
	log, logger := edgetest.NewEvents(t)
	e := edgetest.Start(t, edge.Config{PlainIO: plain, AccessLog: logger, Client: limits}, edgetest.Snapshot(edgetest.Backend(o, sets...)))
	return e, log
}

// Where the origin agrees the two talk to each other, beginning with what either has
// sent before it could know, and each to its own end.
func TestTunnel(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		for name, config := range clearAndTLS(t) {
			t.Run(name, func(t *testing.T) {
				o := edgetest.NewTLSOrigin(t, config, echoes)
				e, log := tunnelEdge(t, plain, o, edge.Timeouts{}, maxConn(1))
				for range 2 { // or the first was not given up
					c := e.Dial(t)
					c.Send(upgrade("X-Asked: 1", "Connection: x-asked", "X-Kept: 1") + "early ")
					head := c.ReadUntil("\r\n\r\n")
					for _, want := range []string{"HTTP/1.1 101 Switching Protocols\r\n", "\r\nConnection: upgrade\r\nUpgrade: echo\r\n", "\r\nX-Own: 1\r\n"} {
						if !strings.Contains(head, want) {
							t.Errorf("head %q lacks %q", head, want)
						}
					}
					r := o.Next()
					if got := [...]string{r.Fields.Get("Connection"), r.Fields.Get("Upgrade"), r.Fields.Get("X-Kept"), r.Fields.Get("X-Asked")}; got != [...]string{"upgrade", "echo", "1", ""} {
						t.Errorf("the origin was asked %q", got)
					}
					if got := c.ReadUntil("early "); got != "hello early " {
						t.Errorf("read %q", got)
					}
					c.Send("more")
					c.ReadUntil("more")
					c.CloseWrite()
					if rest, err := c.Closed(); rest != "" || err != nil {
						t.Errorf("after the end %q, %v", rest, err)
					}
					o.Conns()[r.Conn.Index].AwaitClosed()
					event := log.Next()
					if got := fmt.Sprint(event["status"], event["upgrade"], event["request_body"], event["response_body"], event["reason"], event["cause"]); got != "101 echo 10 16 <nil> <nil>" {
						t.Errorf("event %s", got)
					}
				}
				if a := e.Dial(t).Get(edgetest.Host, "/"); string(a.Body) != "plain" || o.Accepted() != 3 {
					t.Errorf("afterwards %d %q on connection %d", a.Status, a.Body, o.Accepted())
				}
			})
		}
	})
}

// The origin's end is the client's, who may go on.
func TestTunnelEndsAtTheOriginFirst(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		for name, config := range clearAndTLS(t) {
			t.Run(name, func(t *testing.T) {
				got := make(chan string, 1)
				o := edgetest.NewTLSOrigin(t, config, func(c *edgetest.Conn) {
					c.ReadRequest()
					c.Write(agreed + "bye")
					c.CloseWrite()
					b, _ := io.ReadAll(c.Buffered())
					got <- string(b)
				})
				e, _ := tunnelEdge(t, plain, o, edge.Timeouts{})
				c := e.Dial(t)
				c.Send(upgrade())
				c.ReadUntil("\r\n\r\n")
				if rest, err := c.Closed(); rest != "bye" || err != nil {
					t.Errorf("read %q, %v", rest, err)
				}
				c.Send("one ")
				c.Send("two")
				c.CloseWrite()
				if s := <-got; s != "one two" {
					t.Errorf("the origin got %q", s)
				}
			})
		}
	})
}

// Much goes through both ways at once.
func TestTunnelCarriesMuch(t *testing.T) {
	const size = 2 << 20
	edgetest.Both(t, func(t *testing.T, plain bool) {
		for name, config := range clearAndTLS(t) {
			t.Run(name, func(t *testing.T) {
				o := edgetest.NewTLSOrigin(t, config, echoes)
				e, log := tunnelEdge(t, plain, o, edge.Timeouts{})
				c := e.Dial(t)
				c.Send(upgrade())
				c.ReadUntil("hello ")
				var sent strings.Builder
				for i := 0; sent.Len() < size; i++ {
					fmt.Fprintf(&sent, "%d ", i)
				}
				go func() {
					c.Push(sent.String())
					c.CloseWrite()
				}()
				if rest, err := c.Closed(); rest != sent.String() || err != nil {
					t.Errorf("%d bytes came back of %d, %v", len(rest), sent.Len(), err)
				}
				if n := log.Next()["request_body"].Int64(); n != int64(sent.Len()) {
					t.Errorf("%d bytes are logged", n)
				}
			})
		}
	})
}

// An origin that does not agree answers, and the connection goes on with what the
// client has sent next.
func TestUpgradeDeclined(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		e, _ := startScript(t, plain, edgetest.Handle(echo))
		c := e.Dial(t)
		c.Send(upgrade() + get("/two") + upgrade() + post("/three", 3) + "abc")
		expect(t, c, []string{"GET /socket ", "GET /two ", "GET /socket ", "POST /three abc"})
		c.Send(upgrade("Connection: close") + get("/never"))
		expect(t, c, []string{"GET /socket "})
		c.MustClose()
	})
}

// What must not become a tunnel goes on as an ordinary request.
func TestUpgradeStripped(t *testing.T) {
	off := func(t *testing.T, s *service.Snapshot) { edgetest.With(t, s, service.ExtensionsKind, "upgrades=false") }
	tests := []struct {
		name, request string
		set           func(*testing.T, *service.Snapshot)
	}{
		{"switched off", upgrade(), off},
		{"HTTP/1.0", "GET /socket HTTP/1.0\r\nHost: " + edgetest.Host + "\r\nConnection: upgrade, keep-alive\r\nUpgrade: echo\r\n\r\n", nil},
		{"not listed", get("/socket", "Upgrade: echo"), nil},
		{"listed only", get("/socket", "Connection: upgrade"), nil},
		{"nothing named", get("/socket", "Connection: upgrade", "Upgrade: ,"), nil},
		{"with a body", post("/socket", 3, "Connection: upgrade", "Upgrade: echo") + "abc", nil},
		{"with chunks", chunkedPost("/socket", "Connection: upgrade", "Upgrade: echo") + "1\r\na\r\n0\r\n\r\n", nil},
		{"h2c", get("/socket", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA"), nil},
		{"h2c, with settings not listed", get("/socket", "Connection: upgrade", "Upgrade: h2c", "HTTP2-Settings: x"), nil},
		{"h2c besides", upgrade("Upgrade: H2C"), nil},
		{"h2c in a list", get("/socket", "Connection: upgrade", "Upgrade: echo,h2c"), nil},
		{"HTTP", get("/socket", "Connection: upgrade", "Upgrade: HTTP/2.0"), nil},
		{"TLS", get("/socket", "Connection: upgrade", "Upgrade: TLS/1.0"), nil},
		{"malformed", get("/socket", "Connection: upgrade", "Upgrade: echo echo"), nil},
		{"a version of nothing", get("/socket", "Connection: upgrade", "Upgrade: echo/"), nil},
		{"too many", get("/socket", "Connection: upgrade", "Upgrade: a,b,c,d,e,f,g,h,i"), nil},
	}
	edgetest.Both(t, func(t *testing.T, plain bool) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				o := edgetest.NewOrigin(t, edgetest.Reply(ok("plain")))
				s := edgetest.Snapshot(edgetest.Backend(o))
				if tt.set != nil {
					tt.set(t, s)
				}
				c := edgetest.Start(t, edge.Config{PlainIO: plain}, s).Dial(t)
				for range 2 {
					c.Send(tt.request)
					expect(t, c, []string{"plain"})
					r := o.Next()
					for _, name := range []string{"Upgrade", "Connection", "HTTP2-Settings"} {
						if all := r.Fields.All(name); all != nil {
							t.Errorf("the origin got %s: %q", name, all)
						}
					}
				}
			})
		}
	})
}

// A switch that nobody asked for, or not so, is no answer.
func TestUpgradeNotAskedFor(t *testing.T) {
	const line = "HTTP/1.1 101 Switching Protocols\r\n"
	tests := []struct{ name, request, answer string }{
		{"not asked", get("/"), agreed},
		{"asked by an upload", chunkedPost("/", "Connection: upgrade", "Upgrade: echo") + "1\r\na\r\n0\r\n\r\n", agreed},
		{"another protocol", upgrade(), line + "Connection: upgrade\r\nUpgrade: other\r\n\r\n"},
		{"another version", upgrade(), line + "Connection: upgrade\r\nUpgrade: echo/2\r\n\r\n"},
		{"one more protocol", upgrade(), line + "Connection: upgrade\r\nUpgrade: echo, h2c\r\n\r\n"},
		{"no protocol", upgrade(), line + "Connection: upgrade\r\n\r\n"},
		{"not listed", upgrade(), line + "Upgrade: echo\r\n\r\n"},
		{"HTTP/1.0", upgrade(), "HTTP/1.0 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n"},
		{"with a length", upgrade(), line + "Connection: upgrade\r\nUpgrade: echo\r\nContent-Length: 1\r\n\r\n"},
		{"with chunks", upgrade(), line + "Connection: upgrade\r\nUpgrade: echo\r\nTransfer-Encoding: chunked\r\n\r\n"},
	}
	edgetest.Both(t, func(t *testing.T, plain bool) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				o := edgetest.NewOrigin(t, func(c *edgetest.Conn) {
					if _, err := c.ReadRequest(); err == nil {
						c.Write(tt.answer + ok("smuggled"))
						c.AwaitClose()
					}
				})
				e, log := tunnelEdge(t, plain, o, edge.Timeouts{})
				c := e.Dial(t)
				c.Send(tt.request)
				if a := c.Answer(); a.Status != 503 || a.Reason != "Service Unavailable" || len(a.Interim) > 0 {
					t.Errorf("%d %s", a.Status, a.Reason)
				}
				c.MustClose()
				if got := log.Next()["cause"].String(); got != "malformed status code" {
					t.Errorf("cause %q", got)
				}
			})
		}
	})
}

// A tunnel that is silent both ways for too long ends.
func TestTunnelIdle(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		closed := make(chan bool, 1)
		o := edgetest.NewOrigin(t, func(c *edgetest.Conn) {
			c.ReadRequest()
			c.Write(agreed + "x")
			c.AwaitClose()
			closed <- true
		})
		e, log := tunnelEdge(t, plain, o, edge.Timeouts{Tunnel: 100 * time.Millisecond})
		c := e.Dial(t)
		c.Send(upgrade())
		c.ReadUntil("\r\n\r\nx")
		c.MustClose()
		<-closed
		if event := log.Next(); event["reason"].String() != "tunnel idle" || event["response_body"].Int64() != 1 {
			t.Errorf("event %v", event)
		}
	})
}

// One in which somebody speaks in time stays: neither what bounds answers ends it, nor
// that it lasts longer than it may be silent.
func TestTunnelNotIdle(t *testing.T) {
	t.Parallel()
	const limit = 2 * time.Second
	edgetest.Both(t, func(t *testing.T, plain bool) {
		o := edgetest.NewOrigin(t, func(c *edgetest.Conn) {
			c.ReadRequest()
			c.Write(agreed)
			for range 4 {
				time.Sleep(limit * 3 / 10)
				c.Write("x")
			}
			c.Write(".")
			c.AwaitClose()
		})
		e, _ := tunnelEdge(t, plain, o, edge.Timeouts{Tunnel: limit}, betweenBytes(500), fetchWithin(1500))
		c := e.Dial(t)
		c.Send(upgrade())
		c.ReadUntil("\r\n\r\n")
		if got := c.ReadUntil("."); got != "xxxx." {
			t.Errorf("read %q", got)
		}
	})
}

// The edge's own end does not wait for tunnels, which have none.
func TestShutdownBreaksTunnels(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		o := edgetest.NewOrigin(t, echoes)
		e, log := tunnelEdge(t, plain, o, edge.Timeouts{})
		open, half := e.Dial(t), e.Dial(t)
		for _, c := range []*edgetest.Client{open, half} {
			c.Send(upgrade())
			c.ReadUntil("hello ")
		}
		half.CloseWrite()
		half.Closed()
		log.Next()
		if err := <-shutdown(e, 10*time.Second); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		open.MustClose()
		o.Conns()[0].AwaitClosed()
		if event := log.Next(); event["cause"].String() != "the edge is shutting down" {
			t.Errorf("event %v", event)
		}
	})
}

// What breaks on one side breaks on the other.
func TestTunnelBroken(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		t.Run("by the origin", func(t *testing.T) {
			o := edgetest.NewTLSOrigin(t, nil, func(c *edgetest.Conn) {
				c.ReadRequest()
				c.Write(agreed)
				b := make([]byte, 1)
				c.Buffered().Read(b)
				c.Reset()
			})
			e, log := tunnelEdge(t, plain, o, edge.Timeouts{})
			c := e.Dial(t)
			c.Send(upgrade())
			c.ReadUntil("\r\n\r\n")
			c.Send("x")
			if rest, err := c.Closed(); rest != "" || !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("the client sees %q, %v", rest, err)
			}
			if got := log.Next()["reason"].String(); got != "backend read error" {
				t.Errorf("reason %q", got)
			}
		})
		t.Run("by the client", func(t *testing.T) {
			o := edgetest.NewTLSOrigin(t, nil, echoes)
			e, log := tunnelEdge(t, plain, o, edge.Timeouts{})
			c := e.Dial(t)
			c.Send(upgrade())
			c.ReadUntil("hello ")
			c.TCP.SetLinger(0)
			c.TCP.Close()
			o.Conns()[0].AwaitClosed()
			if got := log.Next()["reason"].String(); got != "client read error" {
				t.Errorf("reason %q", got)
			}
		})
	})
}

// A program sees the switch as any answer, and logs when it is over. It can refuse it,
// but not make it another answer.
func TestTunnelOfAProgram(t *testing.T) {
	const recv = "sub vcl_recv {\n#FASTLY recv\nif (req.http.Upgrade) { return(upgrade); }\n}\n"
	tests := []struct{ name, vcl, want, cause string }{
		{"upgrade", recv + "sub vcl_deliver { set resp.http.Seen = resp.status; }", "101 Switching Protocols", ""},
		{"pass", "sub vcl_recv { return(pass); }", "101 Switching Protocols", ""},
		{"lookup", "sub vcl_recv { return(lookup); }", "101 Switching Protocols", ""},
		{"an error", recv + "sub vcl_fetch { if (beresp.status == 101) { error 403 \"No\"; } }", "403 No", ""},
		{"a restart", recv + "sub vcl_deliver { if (req.restarts == 0) { restart; } }", "101 Switching Protocols", ""},
		{"another status", recv + "sub vcl_deliver { set resp.status = 200; }", "503 Service Unavailable", "the program has changed the status of a switch of protocols"},
		{"a switch of its own", "sub vcl_recv { return(pass); } sub vcl_fetch { set beresp.status = 101; }", "503 Service Unavailable", "malformed status code"},
	}
	edgetest.Both(t, func(t *testing.T, plain bool) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				o := edgetest.NewOrigin(t, echoes)
				log, logger := edgetest.NewEvents(t)
				s := edgetest.Snapshot(edgetest.Backend(o))
				edgetest.WithVCL(t, s, tt.vcl+"\nsub vcl_log { log resp.status \" \" req.bytes_read \" \" resp.body_bytes_written; }\n")
				c := edgetest.Start(t, edge.Config{PlainIO: plain, AccessLog: logger}, s).Dial(t)
				request := upgrade()
				if tt.name == "a switch of its own" {
					request = get("/")
				}
				c.Send(request)
				line, _, _ := strings.Cut(c.ReadUntil("\r\n\r\n"), "\r\n")
				if line != "HTTP/1.1 "+tt.want {
					t.Errorf("answer %q, want %q", line, tt.want)
				}
				if strings.HasPrefix(tt.want, "101") {
					c.Send("12345")
					c.ReadUntil("hello 12345")
				}
				c.CloseWrite()
				c.Closed()
				event := log.Next()
				if cause := event["cause"]; cause.Any() != nil && cause.String() != tt.cause || cause.Any() == nil && tt.cause != "" {
					t.Errorf("cause %v, want %q", cause, tt.cause)
				}
				if strings.HasPrefix(tt.want, "101") && event["log"].String() != fmt.Sprintf("101 %d 11", len(request)+5) {
					t.Errorf("logged %q", event["log"])
				}
			})
		}
	})
}
