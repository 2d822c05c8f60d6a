package edge_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"headwater/edge"
	"headwater/edge/edgetest"
	"headwater/explain"
)

// What the log has of an exchange is what was, though the body has gone by over the
// memory that the answer's head came in. No program here has anything to do in vcl_log.
func TestLoggedBeforeTheBody(t *testing.T) {
	const text = `sub vcl_recv {
  #FASTLY recv
  log req.http.X-Asked;
}
sub vcl_fetch {
  #FASTLY fetch
  log beresp.http.X-Mine;
  return(deliver);
}
sub vcl_deliver {
  #FASTLY deliver
  log resp.http.X-Mine;
  log req.url;
}`
	bodies := map[string]int{"within the head's memory": 12_000, "beyond it": 100_000}
	edgetest.Both(t, func(t *testing.T, plain bool) {
		for name, size := range bodies {
			t.Run(name, func(t *testing.T) {
				log, logger := edgetest.NewEvents(t)
				read := make(chan bool)
				o := edgetest.NewOrigin(t, edgetest.Handle(func(c *edgetest.Conn, r *edgetest.Request) {
					if r.Target == "/other" {
						c.Write(ok(strings.Repeat("O", 9000)))
						return
					}
					c.Write(fmt.Sprintf("HTTP/1.1 200 OK\r\nX-Mine: %s\r\nContent-Length: %d\r\n\r\n", strings.Repeat("mine", 20), size))
					<-read // the head: what follows comes by itself
					c.Write(strings.Repeat("B", size-3) + "END")
				}))
				s := edgetest.WithVCL(t, edgetest.Snapshot(edgetest.Backend(o)), text)
				e := edgetest.Start(t, edge.Config{PlainIO: plain, AccessLog: logger}, s)
				for _, request := range []string{get("/asked", "X-Asked: yes"), post("/asked", 5, "X-Asked: yes", "Expect: 100-continue")} {
					c := e.Dial(t)
					c.Send(request)
					if strings.HasPrefix(request, "POST") {
						c.ReadUntil("100 Continue\r\n\r\n")
						c.Send("hello")
					}
					c.ReadUntil("\r\n\r\n")
					e.Dial(t).Get(edgetest.Host, "/other") // in what memory is free
					log.Next()
					read <- true
					c.ReadUntil("END")
					event := log.Next()
					mine := strings.Repeat("mine", 20)
					if got, want := event["log"].String(), "yes\n"+mine+"\n"+mine+"\n/asked"; got != want {
						t.Errorf("logged %.300q, want %q", got, want)
					}
					method, _, _ := strings.Cut(request, " ")
					if event["method"].String() != method || event["target"].String() != "/asked" || event["host"].String() != edgetest.Host {
						t.Errorf("%v %v %v", event["method"], event["target"], event["host"])
					}
				}
			})
		}
	})
}

// So is what a trace tells of the answer.
func TestTracedBeforeTheBody(t *testing.T) {
	mine := strings.Repeat("mine", 20)
	edgetest.Both(t, func(t *testing.T, plain bool) {
		read := make(chan bool)
		o := edgetest.NewOrigin(t, edgetest.Handle(func(c *edgetest.Conn, _ *edgetest.Request) {
			c.Write("HTTP/1.1 200 OK\r\nX-Mine: " + mine + "\r\nContent-Length: 12000\r\n\r\n")
			<-read
			c.Write(strings.Repeat("B", 11_997) + "END")
		}))
		key := []byte("key")
		log, logger := edgetest.NewEvents(t)
		e := edgetest.Start(t, edge.Config{PlainIO: plain, AccessLog: logger, TraceKey: key}, edgetest.Snapshot(edgetest.Backend(o)))
		c := e.Dial(t)
		c.Send(get("/", "Headwater-Trace: "+explain.Token(key, "test", time.Now().Add(time.Hour))))
		c.ReadUntil("\r\n\r\n")
		read <- true
		c.ReadUntil("END")
		told := e.Trace("test", log.Next()["trace"].String())
		for _, h := range told.Response.Headers {
			if h.Name == "X-Mine" && h.Value == mine {
				return
			}
		}
		t.Errorf("told %v", told.Response.Headers)
	})
}
