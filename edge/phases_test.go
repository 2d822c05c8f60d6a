package edge_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"headwater/edge"
	"headwater/edge/edgetest"
	"headwater/service"
)

// startVCL is an edge before an origin that runs a script, with a program of the
// version's own, and its access log.
func startVCL(t *testing.T, plain bool, text string, script func(*edgetest.Conn), sets ...edgetest.Set) (*edgetest.Edge, *edgetest.Origin, *edgetest.Events) {
	o := edgetest.NewOrigin(t, script)
	log, logger := edgetest.NewEvents(t)
	s := edgetest.WithVCL(t, edgetest.Snapshot(edgetest.Backend(o, sets...)), text)
	return edgetest.Start(t, edge.Config{PlainIO: plain, AccessLog: logger}, s), o, log
}

// A body that is carried while it comes cannot be sent again. Before any of it has
// gone, a restart is as good as any.
func TestUploadAndRestart(t *testing.T) {
	tests := []struct {
		name, vcl string
		status    int
		again     int // requests that the origin gets
	}{
		{"in recv", "sub vcl_recv {\n#FASTLY recv\nif (req.restarts < 2) { restart; }\n}", 200, 1},
		{"in fetch", "sub vcl_fetch {\n#FASTLY fetch\nif (req.restarts < 2) { restart; }\n}", 503, 1},
		{"in deliver", "sub vcl_deliver {\n#FASTLY deliver\nif (req.restarts < 2) { restart; }\n}", 503, 1},
		{"in recv and error", "sub vcl_recv {\n#FASTLY recv\nif (req.restarts < 2) { error 600; }\n}\nsub vcl_error {\n#FASTLY error\nif (req.restarts < 2) { restart; }\n}", 200, 1},
	}
	large := strings.Repeat("uploaded", 1<<17) // more than is taken at once
	bodies := map[string]string{
		"length":  post("/", len(large)) + large,
		"chunked": chunkedPost("/") + "8\r\nuploaded\r\n0\r\n\r\n",
		"expect":  post("/", 8, "Expect: 100-continue"),
	}
	edgetest.Both(t, func(t *testing.T, plain bool) {
		for _, tt := range tests {
			for body, begun := range bodies {
				t.Run(tt.name+", "+body, func(t *testing.T) {
					e, o, log := startVCL(t, plain, tt.vcl, edgetest.Reply(ok("done")))
					c := e.Dial(t)
					c.Send(begun)
					if body == "expect" {
						c.ReadUntil("100 Continue\r\n\r\n")
						c.Send("uploaded")
					}
					a := c.Answer()
					if a.Status != tt.status || tt.status == 503 && a.Reason != "Service Unavailable" {
						t.Errorf("%d %s, want %d", a.Status, a.Reason, tt.status)
					}
					if r := o.Next(); string(r.Body) != "uploaded" && string(r.Body) != large {
						t.Errorf("the origin got %.40q", r.Body)
					}
					if n := len(o.Served); n != tt.again-1 {
						t.Errorf("the origin got %d requests more", n)
					}
					cause := log.Next()["cause"].String()
					if tt.status == 503 {
						if !strings.Contains(cause, "not at hand") {
							t.Errorf("cause %q", cause)
						}
						c.MustClose()
						return
					}
					c.Send(get("/next"))
					if a := c.Answer(); a.Status != 200 {
						t.Errorf("the next request: %d %s", a.Status, a.Reason)
					}
				})
			}
		}
	})
}

// An answer that a program gives before a body has been read ends the connection, but
// reaches the client first.
func TestErrorBeforeUpload(t *testing.T) {
	const vcl = "sub vcl_recv {\n#FASTLY recv\nerror 403 \"No\";\n}\nsub vcl_error {\n#FASTLY error\nsynthetic \"no\";\nreturn(deliver);\n}"
	edgetest.Both(t, func(t *testing.T, plain bool) {
		e, o, _ := startVCL(t, plain, vcl, edgetest.Reply(ok("")))
		for name, request := range map[string]string{
			"expected": post("/", 100, "Expect: 100-continue"),
			"begun":    post("/", 1<<20) + strings.Repeat("x", 1<<16),
			"chunked":  chunkedPost("/") + "5\r\nhello\r\n",
		} {
			c := e.Dial(t)
			c.Send(request)
			a := c.Answer()
			if a.Status != 403 || string(a.Body) != "no" || a.Fields.Get("Connection") != "close" || len(a.Interim) > 0 {
				t.Errorf("%s: %d %q %v", name, a.Status, a.Body, a.Fields)
			}
		}
		c := e.Dial(t)
		c.Send(post("/", 5) + "hello" + get("/"))
		for range 2 {
			if a := c.Answer(); a.Status != 403 || a.Fields.Get("Connection") != "" {
				t.Errorf("at hand: %d %v", a.Status, a.Fields)
			}
		}
		if n := o.Accepted(); n != 0 {
			t.Errorf("%d connections to the origin", n)
		}
	})
}

// What a program sets holds for the fetch that it sets it for.
func TestTimeoutsOfPrograms(t *testing.T) {
	t.Parallel()
	const set = "sub vcl_%s {\n#FASTLY %[1]s\nif (req.restarts == 0) { set bereq.%s = 150ms; }\n}\n"
	const again = "sub vcl_error {\n#FASTLY error\nif (req.restarts == 0) { restart; }\n}"
	slow := func(pause time.Duration, first, then string) func(*edgetest.Conn) {
		return edgetest.Handle(func(c *edgetest.Conn, _ *edgetest.Request) {
			c.Write(first)
			time.Sleep(pause)
			c.Write(then)
		})
	}
	head, body := "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na", "b"
	tests := []struct {
		name, vcl, method string
		script            func(*edgetest.Conn)
		reason            string // of the log, "" for none
		body              string
		took              time.Duration
	}{
		{"first byte in miss", fmt.Sprintf(set, "miss", "first_byte_timeout"), "GET", slow(3*time.Second, "", head+body), "first byte timeout", "", 150 * time.Millisecond},
		{"first byte in pass", fmt.Sprintf(set, "pass", "first_byte_timeout"), "PUT", slow(3*time.Second, "", head+body), "first byte timeout", "", 150 * time.Millisecond},
		{"first byte in the other", fmt.Sprintf(set, "pass", "first_byte_timeout"), "GET", slow(300*time.Millisecond, "", head+body), "", "ab", 300 * time.Millisecond},
		{"between bytes", fmt.Sprintf(set, "miss", "between_bytes_timeout"), "GET", slow(3*time.Second, head, body), "between bytes timeout", "a", 150 * time.Millisecond},
		{"the whole fetch", fmt.Sprintf(set, "miss", "fetch_timeout"), "GET", slow(3*time.Second, "", head+body), "fetch timeout", "", 150 * time.Millisecond},
		{"one fetch only", fmt.Sprintf(set, "miss", "first_byte_timeout") + again, "GET", slow(2*time.Second, "", head+body), "", "ab", 2150 * time.Millisecond},
	}
	edgetest.Both(t, func(t *testing.T, plain bool) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				e, _, log := startVCL(t, plain, tt.vcl, tt.script)
				began := time.Now()
				c := e.Dial(t)
				c.Send(tt.method + " / HTTP/1.1\r\nHost: " + edgetest.Host + "\r\n\r\n")
				a := c.Answer()
				within(t, tt.name, time.Since(began), tt.took)
				event := log.Next()
				if reason := event["reason"]; reason.Any() != nil && reason.String() != tt.reason || reason.Any() == nil && tt.reason != "" {
					t.Errorf("reason %q, want %q", reason, tt.reason)
				}
				if a.Status == 200 && string(a.Body) != tt.body || a.Status != 200 && a.Reason != tt.reason {
					t.Errorf("%d %s %q", a.Status, a.Reason, a.Body)
				}
			})
		}
	})
}

// The limits that a program reads and leaves alone are those of the backend, of a
// director's too.
func TestTimeoutsThatProgramsRead(t *testing.T) {
	const vcl = `director d random { { .backend = F_origin; .weight = 1; } }
sub vcl_recv {
  #FASTLY recv
  if (req.http.X-Director) { set req.backend = d; }
}
sub vcl_miss {
  #FASTLY miss
  set req.http.X-Limits = bereq.connect_timeout " " bereq.first_byte_timeout " " bereq.between_bytes_timeout " " bereq.fetch_timeout;
}
sub vcl_deliver {
  #FASTLY deliver
  set resp.http.X-Limits = req.http.X-Limits;
}`
	edgetest.Both(t, func(t *testing.T, plain bool) {
		e, _, _ := startVCL(t, plain, vcl, edgetest.Reply(ok("")), firstByte(2000), betweenBytes(3000), fetchWithin(4000),
			func(b *service.Backend) { b.ConnectTimeout = 1500 })
		c := e.Dial(t)
		for _, request := range []string{get("/"), get("/", "X-Director: 1")} {
			c.Send(request)
			if got := c.Answer().Fields.Get("X-Limits"); got != "1.500 2.000 3.000 4.000" {
				t.Errorf("limits %q", got)
			}
		}
	})
}

// vcl_log sees the answer's head when a large body has gone by, and what of it was
// written.
func TestLogAfterTheBody(t *testing.T) {
	const vcl = `sub vcl_fetch {
  #FASTLY fetch
  set req.http.X-Taken = beresp.http.X-Origin;
  return(deliver);
}
sub vcl_log {
  #FASTLY log
  log resp.status " " resp.http.X-Origin " " req.http.X-Taken " " resp.body_bytes_written " " resp.completed;
}`
	block := strings.Repeat("0123456789abcdef", 4096) // 64 KiB
	heads := map[string]string{
		"length":  fmt.Sprintf("Content-Length: %d\r\n", 20*len(block)),
		"chunked": "Transfer-Encoding: chunked\r\n",
		"to end":  "Connection: close\r\n",
	}
	edgetest.Both(t, func(t *testing.T, plain bool) {
		for name, head := range heads {
			t.Run(name, func(t *testing.T) {
				e, _, log := startVCL(t, plain, vcl, edgetest.Handle(func(c *edgetest.Conn, r *edgetest.Request) {
					c.Write("HTTP/1.1 200 OK\r\nX-Origin: " + r.Target + "\r\n" + head + "\r\n")
					for i := range 20 {
						if i == 10 && r.Target == "/half" {
							c.Close()
							return
						}
						if name == "chunked" {
							c.Write("10000\r\n" + block + "\r\n")
						} else {
							c.Write(block)
						}
					}
					if name == "chunked" {
						c.Write("0\r\n\r\n")
					}
					if name == "to end" {
						c.Close()
					}
				}))
				for target, want := range map[string]string{"/all": "200 /all /all 1310720 1", "/half": "200 /half /half 655360 0"} {
					if name == "to end" && target == "/half" {
						continue // nobody can tell
					}
					e.Dial(t).Get(edgetest.Host, target)
					if got := log.Next()["log"].String(); got != want {
						t.Errorf("logged %q, want %q", got, want)
					}
				}
			})
		}
	})
}

// Nothing of a request's is left for the next one, on the same connection or for
// another service.
func TestNothingIsLeftOver(t *testing.T) {
	const one = `sub vcl_recv {
  #FASTLY recv
  declare local var.kept STRING;
  set req.http.X-Before = if(var.kept, var.kept, "none") " " if(client.identity == "me", "me", "none") " " req.restarts " " if(fastly.error, fastly.error, "none");
  set var.kept = req.url;
  set client.identity = "me";
  log req.url;
  if (req.restarts == 0) {
    restart;
  }
  error 600;
}
sub vcl_error {
  #FASTLY error
  set obj.status = 200;
  if (req.url == "/first") {
    synthetic req.http.X-Before;
  }
  return(deliver);
}`
	const two = "sub vcl_recv {\n#FASTLY recv\nerror 700 req.restarts \" \" if(req.http.X-Before, \"left\", \"none\");\n}"
	edgetest.Both(t, func(t *testing.T, plain bool) {
		log, logger := edgetest.NewEvents(t)
		o := edgetest.NewOrigin(t, edgetest.Reply(ok("")))
		e := edgetest.Start(t, edge.Config{PlainIO: plain, AccessLog: logger},
			edgetest.WithVCL(t, edgetest.Service("1", 1, []string{"one"}, edgetest.Backend(o)), one),
			edgetest.WithVCL(t, edgetest.Service("2", 1, []string{"two"}, edgetest.Backend(o)), two))
		c := e.Dial(t)
		for range 3 {
			if a := c.Get("one", "/first"); !strings.HasSuffix(string(a.Body), " 1 none") {
				t.Errorf("first: %q", a.Body)
			}
			if event := log.Next(); event["log"].String() != "/first\n/first" || event["restarts"].Int64() != 1 {
				t.Errorf("logged %q, %v restarts", event["log"], event["restarts"])
			}
			if a := c.Get("one", "/second"); !strings.HasPrefix(string(a.Body), "\n<?xml") {
				t.Errorf("second: %q", a.Body)
			}
			log.Next()
			if a := c.Get("two", "/"); a.Reason != "0 none" {
				t.Errorf("the other service: %d %s", a.Status, a.Reason)
			}
			if v, there := log.Next()["log"]; there {
				t.Errorf("the other service logged %q", v)
			}
		}
	})
}
