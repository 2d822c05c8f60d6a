package edge_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"headwater/dial/dialtest"
	"headwater/edge"
	"headwater/edge/edgetest"
	"headwater/service"
)

func TestConnectTimeout(t *testing.T) {
	t.Parallel()
	edgetest.Both(t, func(t *testing.T, plain bool) {
		port := dialtest.BlackHole(t)
		e := edgetest.Start(t, edge.Config{PlainIO: plain},
			edgetest.Service("short", 1, []string{"short"}, edgetest.BackendAt("127.0.0.1", port, func(b *service.Backend) { b.ConnectTimeout = 150 })),
			edgetest.Service("zero", 1, []string{"zero"}, edgetest.BackendAt("127.0.0.1", port, func(b *service.Backend) { b.ConnectTimeout = 0 })))
		for host, want := range map[string]time.Duration{"short": 150 * time.Millisecond, "zero": time.Second} {
			c := e.Dial(t)
			began := time.Now()
			a := c.Get(host, "/")
			took := time.Since(began)
			if a.Status != 503 || a.Reason != "Connection timed out" {
				t.Errorf("%s: %d %s", host, a.Status, a.Reason)
			}
			within(t, host, took, want)
		}
	})
}

// A cut ends a connection that is not made yet.
func TestShutdownDuringDial(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		e := edgetest.Start(t, edge.Config{PlainIO: plain}, edgetest.Snapshot(
			edgetest.BackendAt("127.0.0.1", dialtest.BlackHole(t), func(b *service.Backend) { b.ConnectTimeout = 30000 })))
		c := e.Dial(t)
		c.Send(get("/"))
		busy(t, e, 1)
		began := time.Now()
		if err := <-shutdown(e, 100*time.Millisecond); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Shutdown: %v, want the deadline", err)
		}
		within(t, "cut", time.Since(began), 100*time.Millisecond)
	})
}
