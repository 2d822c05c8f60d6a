package edge_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"headwater/dial/dialtest"
	"headwater/edge"
	"headwater/edge/edgetest"
	"headwater/service"
)

// Everything that travels in clear travels over TLS.
func TestTLSOrigin(t *testing.T) {
	for version, name := range map[uint16]string{tls.VersionTLS12: "TLS 1.2", tls.VersionTLS13: "TLS 1.3"} {
		t.Run(name, func(t *testing.T) {
			edgetest.Both(t, func(t *testing.T, plain bool) {
				a := dialtest.NewAuthority(t, "root")
				long := strings.Repeat("0123456789abcdef", 40_000)
				config := certified(a)
				config.MaxVersion = version
				o := edgetest.NewTLSOrigin(t, config, edgetest.Handle(func(c *edgetest.Conn, r *edgetest.Request) {
					switch r.Target {
					case "/long":
						c.Write(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(long), long))
					case "/chunked":
						c.Write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nchunk\r\n")
						c.Write("1\r\ns\r\n0\r\n\r\n")
					default:
						c.Write(ok(r.Method + " " + string(r.Body)))
					}
				}))
				e := edgetest.Start(t, edge.Config{PlainIO: plain}, edgetest.Snapshot(edgetest.Backend(o, securely(a))))
				c := e.Dial(t)
				ask := func(request, want string) {
					t.Helper()
					c.Send(request)
					if strings.HasPrefix(request, chunkedPost("/")) {
						time.Sleep(settle)
						c.Send("0\r\n\r\n")
					}
					if got := c.Answer(); got.Status != 200 || string(got.Body) != want || got.Err != nil {
						t.Errorf("%.40q: %d %s, %d bytes, %v; want %d bytes", request, got.Status, got.Reason, len(got.Body), got.Err, len(want))
					}
				}
				ask(get("/"), "GET ")
				ask(get("/long"), long)
				ask(get("/chunked"), "chunks")
				ask(post("/", 3)+"abc", "POST abc")
				if n := o.Accepted(); n != 1 {
					t.Errorf("%d connections for requests one after the other", n)
				}
				// These may take one each: an upload whose end is noticed late is given up.
				ask(post("/", len(long))+long, "POST "+long)
				ask(chunkedPost("/")+"3\r\nabc\r\n", "POST abc")
				if got := o.Conns()[0].TLS.ConnectionState(); got.ServerName != "origin.test" || got.NegotiatedProtocol != "" && got.NegotiatedProtocol != "http/1.1" {
					t.Errorf("SNI %q, protocol %q", got.ServerName, got.NegotiatedProtocol)
				}
			})
		})
	}
}

// A cut ends a handshake.
func TestShutdownDuringHandshake(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		silent := edgetest.NewTLSOrigin(t, nil, func(c *edgetest.Conn) { io.Copy(io.Discard, c) })
		e := edgetest.Start(t, edge.Config{PlainIO: plain}, edgetest.Snapshot(edgetest.Backend(silent, func(b *service.Backend) {
			b.UseSSL, b.SSLCheckCert, b.ConnectTimeout = true, false, 30_000
		})))
		e.Dial(t).Send(get("/"))
		for silent.Accepted() == 0 || silent.Conns()[0].Bytes() == 0 {
			time.Sleep(time.Millisecond)
		}
		if err := <-shutdown(e, 50*time.Millisecond); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Shutdown: %v, want the deadline", err)
		}
		silent.Conns()[0].AwaitClosed()
	})
}

// The bytes of a request that was not answered do not go again by mistake, and
// those of an idle connection are no answer.
func TestTLSReuse(t *testing.T) {
	a := dialtest.NewAuthority(t, "root")
	config := certified(a)
	edgetest.Both(t, func(t *testing.T, plain bool) {
		for name, tt := range map[string]struct {
			behind func(*edgetest.Conn) // what follows each answer
			conns  int                  // for three requests
		}{
			"nothing":                {func(*edgetest.Conn) {}, 1},
			"an answer to nothing":   {func(c *edgetest.Conn) { c.Write(ok("poison")) }, 3},
			"an end":                 {func(c *edgetest.Conn) { c.CloseWrite() }, 3},
			"the connection's reset": {func(c *edgetest.Conn) { c.Reset() }, 3},
		} {
			t.Run(name, func(t *testing.T) {
				read, followed := make(chan bool), make(chan bool)
				o := edgetest.NewTLSOrigin(t, config, edgetest.Handle(func(c *edgetest.Conn, r *edgetest.Request) {
					c.Write(ok(r.Target))
					<-read // or else it comes with the answer
					tt.behind(c)
					followed <- true
				}))
				e := edgetest.Start(t, edge.Config{PlainIO: plain}, edgetest.Snapshot(edgetest.Backend(o, securely(a))))
				c := e.Dial(t)
				for i := range 3 {
					target := fmt.Sprint("/", i)
					if got := c.Get(edgetest.Host, target); string(got.Body) != target {
						t.Fatalf("%s was answered by %d %q", target, got.Status, got.Body)
					}
					read <- true
					<-followed
				}
				if n := o.Accepted(); n != tt.conns {
					t.Errorf("%d connections, want %d", n, tt.conns)
				}
			})
		}
	})
}

// A client that goes away in the middle of a body leaves nothing behind.
func TestTLSClientLeaves(t *testing.T) {
	a := dialtest.NewAuthority(t, "root")
	config := certified(a)
	edgetest.Both(t, func(t *testing.T, plain bool) {
		o := edgetest.NewTLSOrigin(t, config, func(c *edgetest.Conn) {
			c.ReadRequest()
			c.Write("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
			for c.Push(strings.Repeat("x", 1<<16)) == nil {
			}
		})
		e := edgetest.Start(t, edge.Config{PlainIO: plain}, edgetest.Snapshot(edgetest.Backend(o, securely(a))))
		c := e.Dial(t)
		c.Send(get("/"))
		c.ReadUntil("\r\n\r\n")
		c.TCP.SetLinger(0)
		c.TCP.Close()
		o.Conns()[0].AwaitClosed()
	})
}
