//go:build !race

package edge_test

import (
	"runtime"
	"testing"
	"time"

	"headwater/edge/edgetest"
)

// Clients that wait have no goroutine, however many there are, and are served as soon
// as they ask again.
func TestIdleClientsHaveNoGoroutine(t *testing.T) {
	const many, spares = 300, 150
	e, _ := startEcho(t, false)
	e.Dial(t).Get(edgetest.Host, "/")
	before := runtime.NumGoroutine()
	clients := make([]*edgetest.Client, many)
	for i := range clients {
		clients[i] = e.Dial(t)
		clients[i].Get(edgetest.Host, "/")
	}
	due := time.Now().Add(20 * time.Second)
	for runtime.NumGoroutine() > before+spares {
		if time.Now().After(due) {
			t.Fatalf("%d clients that wait have %d goroutines", many, runtime.NumGoroutine()-before)
		}
		time.Sleep(time.Millisecond)
	}
	for i, c := range clients {
		if a := c.Get(edgetest.Host, "/again"); string(a.Body) != "GET /again " {
			t.Fatalf("client %d was answered by %q", i, a.Body)
		}
	}
}
