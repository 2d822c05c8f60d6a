package edge_test

import (
	"testing"

	"headwater/dial/dialtest"
	"headwater/edge"
	"headwater/edge/edgetest"
	"headwater/service"
)

// A connection that is being made counts.
func TestMaxConnCountsDials(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		e := edgetest.Start(t, edge.Config{PlainIO: plain}, edgetest.Snapshot(
			edgetest.BackendAt("127.0.0.1", dialtest.BlackHole(t), maxConn(1), func(b *service.Backend) { b.ConnectTimeout = 30_000 })))
		e.Dial(t).Send(get("/"))
		busy(t, e, 1)
		if a := e.Dial(t).Get(edgetest.Host, "/"); a.Reason != reached {
			t.Errorf("while the first connection is being made: %s, want %s", a.Reason, reached)
		}
	})
}
