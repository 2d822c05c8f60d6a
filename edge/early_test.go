package edge_test

import (
	"fmt"
	"testing"

	"headwater/edge"
	"headwater/edge/edgetest"
	"headwater/service"
)

// An origin that is too busy says so before it is asked. Its answer must not
// wait for a time-out because nothing follows it.
func TestOriginSpeaksFirst(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		e, _ := startScript(t, plain, func(c *edgetest.Conn) {
			c.Write("HTTP/1.1 503 Busy\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbusy")
			c.CloseWrite()
			c.AwaitClose()
		}, func(b *service.Backend) { b.FirstByteTimeout = 0 })
		for range 100 {
			if a := e.Dial(t).Get(edgetest.Host, "/"); string(a.Body) != "busy" {
				t.Fatalf("answer %d %q", a.Status, a.Body)
			}
		}
	})
}

func TestAllBackendsConditional(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		var backends []*service.Backend
		for i := range 2 {
			b := edgetest.Backend(edgetest.NewOrigin(t, edgetest.Reply(ok(fmt.Sprint(i)))))
			b.Name, b.RequestCondition = fmt.Sprint(i), "never"
			backends = append(backends, b)
		}
		e := edgetest.Start(t, edge.Config{PlainIO: plain}, edgetest.Snapshot(backends...))
		if a := e.Dial(t).Get(edgetest.Host, "/"); string(a.Body) != "0" {
			t.Errorf("answered by backend %q, want the first one declared", a.Body)
		}
	})
}
