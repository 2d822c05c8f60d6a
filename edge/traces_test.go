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

// A request with a token is traced, and answered as it would be without; none of
// the token gets to the origin, and no other request is traced.
func TestTraces(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		key := []byte("key")
		seen := make(chan *edgetest.Request, 10)
		o := edgetest.NewOrigin(t, edgetest.Handle(func(c *edgetest.Conn, r *edgetest.Request) {
			seen <- r
			c.Write(ok("answer"))
		}))
		events, logger := edgetest.NewEvents(t)
		s := edgetest.WithVCL(t, edgetest.Snapshot(edgetest.Backend(o)), `
sub vcl_recv {
  #FASTLY recv
  if (req.url ~ "^/(a+)") { set req.http.X-A = re.group.1; }
  return(pass);
}`)
		e := edgetest.Start(t, edge.Config{PlainIO: plain, TraceKey: key, AccessLog: logger}, s)
		c := e.Dial(t)
		ask := func(token string) (id string) {
			t.Helper()
			field := ""
			if token != "" {
				field = "headwater-trace: " + token + "\r\n"
			}
			c.Send("GET /aaa?x HTTP/1.1\r\nHost: " + edgetest.Host + "\r\n" + field + "\r\n")
			a := c.Answer()
			if a.Status != 200 || string(a.Body) != "answer" {
				t.Fatalf("answered %d %q", a.Status, a.Body)
			}
			if got := (<-seen).Fields.Get("Headwater-Trace"); got != "" {
				t.Errorf("the origin got %s", got)
			}
			event := events.Next()
			if id = a.Fields.Get("Headwater-Trace-ID"); id != event["trace"].String() && id != "" {
				t.Errorf("logged is %v, answered %s", event["trace"], id)
			}
			return id
		}
		soon := time.Now().Add(time.Hour)
		for what, token := range map[string]string{
			"without a token":    "",
			"with nonsense":      "a.b.c",
			"of another service": explain.Token(key, "other", soon),
			"with another key":   explain.Token([]byte("other"), "test", soon),
			"with an old token":  explain.Token(key, "test", time.Now().Add(-time.Second)),
		} {
			if id := ask(token); id != "" {
				t.Errorf("%s a request is traced", what)
			}
		}
		id := ask(explain.Token(key, "test", soon))
		told := e.Trace("test", id)
		if told == nil || e.Trace("other", id) != nil || len(e.Traces("test")) != 1 || len(e.Traces("other")) != 0 {
			t.Fatalf("kept for the service %+v, for another %+v", e.Traces("test"), e.Traces("other"))
		}
		if told.Pretended || told.TookMicros == 0 || told.Fetches[0].TookMicros == 0 || told.Fetches[0].Backend.Name != "origin" ||
			told.Response.Status != 200 || told.Domain == nil || told.Service.State != "served" {
			t.Errorf("told %s", told.JSON())
		}
		text := told.Text()
		for _, want := range []string{"://test.example/aaa?x\n", "re.group.1 is \"aaa\"", "set req.http.X-A = re.group.1;   -> aaa", "vcl_deliver"} {
			if !strings.Contains(text, want) {
				t.Errorf("no %q in %s", want, text)
			}
		}
		if strings.Contains(string(told.JSON()), "test.18") || strings.Contains(text, "Headwater-Trace:") {
			t.Error("the trace tells the token")
		}

		// The newest hundred are kept.
		for range 120 {
			ask(explain.Token(key, "test", soon))
		}
		if all := e.Traces("test"); len(all) != 100 || all[0].At.Before(all[99].At) || e.Trace("test", id) != nil {
			t.Errorf("%d are kept", len(all))
		}
	})
}

// Without a key the field is like any that ends at a hop.
func TestTracesOff(t *testing.T) {
	o := edgetest.NewOrigin(t, edgetest.Reply(ok("answer")))
	e := edgetest.Start(t, edge.Config{}, edgetest.Snapshot(edgetest.Backend(o)))
	token := explain.Token(nil, "test", time.Now().Add(time.Hour))
	c := e.Dial(t)
	c.Send(fmt.Sprintf("GET / HTTP/1.1\r\nHost: %s\r\nHeadwater-Trace: %s\r\n\r\n", edgetest.Host, token))
	a := c.Answer()
	if a.Status != 200 || a.Fields.Get("Headwater-Trace-ID") != "" {
		t.Errorf("%d %v", a.Status, a.Fields)
	}
}
