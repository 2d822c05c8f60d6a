package edge

import (
	"context"
	"maps"
	"slices"
	"time"
)

// Clients that wait are asked to end drainBatch at a time: each takes a goroutine for
// that, and all of them at once would take the processors, and e.mu, from those whose
// requests are under way. The next batch has its turn when this one is gone, or after
// drainTurn: those who are busy stay.
const (
	drainBatch = 256
	drainTurn  = 3 * time.Millisecond
	drainLook  = 500 * time.Microsecond // between looks whether it is gone
)

// drainClients asks all clients to end, and returns when all are asked, or at the end
// of ctx. There come no others.
func (e *Edge) drainClients(ctx context.Context) {
	e.mu.Lock()
	all := slices.Collect(maps.Keys(e.clients))
	e.mu.Unlock()
	for len(all) > 0 && ctx.Err() == nil {
		batch := all[:min(drainBatch, len(all))]
		all = all[len(batch):]
		e.eachOf(batch, (*clientConn).drain)
		for due := time.Now().Add(drainTurn); len(all) > 0 && time.Now().Before(due); {
			if e.eachOf(batch, func(*clientConn) {}) == 0 {
				break
			}
			time.Sleep(drainLook)
		}
	}
}

// eachOf calls do for those of the clients that have not gone, and returns how many
// there are.
func (e *Edge) eachOf(clients []*clientConn, do func(*clientConn)) (n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, c := range clients {
		if _, stays := e.clients[c]; stays {
			do(c)
			n++
		}
	}
	return n
}
