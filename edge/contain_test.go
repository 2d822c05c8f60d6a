package edge_test

import (
	"strings"
	"testing"

	"headwater/edge"
	"headwater/edge/edgetest"
)

// A bug that a request finds costs it its connections, and nobody else anything:
// also while its body is still coming.
func TestPanicsAreContained(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		for name, request := range map[string]string{
			"a request": get("/bug"),
			"an upload": chunkedPost("/bug") + "5\r\nhello\r\n",
		} {
			t.Run(name, func(t *testing.T) {
				o := edgetest.NewOrigin(t, edgetest.Reply(ok("here")))
				log, logger := edgetest.NewLog(t)
				e := edgetest.Start(t, edge.Config{PlainIO: plain, Log: logger}, edgetest.Snapshot(edgetest.Backend(o)))
				answers(t, e, edgetest.Host, "here")
				e.Break(edgetest.Host, 0)
				c := e.Dial(t)
				c.Send(request)
				c.MustClose()
				o.Conns()[0].AwaitClosed()
				if stack := log.Next()["stack"].String(); !strings.Contains(stack, "buggy") {
					t.Errorf("logged %q", stack)
				}
				if n := e.Panics(); n != 1 {
					t.Errorf("%d panics, want 1", n)
				}
				answers(t, e, edgetest.Host, "here")
				if n := o.Accepted(); n != 2 {
					t.Errorf("%d connections to the origin, want 2", n)
				}
			})
		}
	})
}
