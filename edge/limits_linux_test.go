package edge_test

import (
	"testing"
	"time"

	"headwater/dial/dialtest"
	"headwater/edge"
	"headwater/edge/edgetest"
	"headwater/service"
)

// A connection that is being made counts.
func TestMaxConnCountsDials(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		e := edgetest.Start(t, edge.Config{PlainIO: plain}, edgetest.Snapshot(
			edgetest.BackendAt("127.0.0.1", dialtest.BlackHole(t), maxConn(1), func(b *service.Backend) { b.ConnectTimeout = 500 })))
		first := e.Dial(t)
		first.Send(get("/"))
		time.Sleep(10 * settle)
		second := e.Dial(t).Get(edgetest.Host, "/")
		if a := first.Answer(); a.Reason != "Connection timed out" || second.Reason != reached {
			t.Errorf("the first: %s; the second: %s", a.Reason, second.Reason)
		}
	})
}
