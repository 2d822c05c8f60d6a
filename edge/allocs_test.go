//go:build !race

package edge_test

import (
	"fmt"
	"io"
	"runtime"
	"testing"
	"time"

	"headwater/edge"
	"headwater/edge/edgetest"
)

// A GET over warm connections may allocate this often and no more; raise it in a
// commit that says why.
func TestAllocsGet(t *testing.T) {
	edgetest.InClear(t)
	const budget = 0.0
	for i := range 8 {
		plain, text := i&1 == 0, ""
		if i&2 > 0 {
			text = edge.UsualVCL
		}
		var log *edge.AccessLog
		if i&4 > 0 {
			log = edge.NewAccessLog(io.Discard, time.Hour, nil)
			defer log.Close(t.Context())
		}
		if !plain && !edgetest.Lots {
			continue
		}
		t.Run(fmt.Sprintf("plain %t, VCL of its own %t, access log %t", plain, text != "", log != nil), func(t *testing.T) {
			w := startWarm(t, edge.Config{PlainIO: plain, AccessLog: log}, 1<<10, text)
			// The pools are emptied by collections, which other tests cause: the
			// least of some tries is what the path itself takes.
			least := 1e9
			for range 5 {
				runtime.GC()
				w.get()
				least = min(least, testing.AllocsPerRun(2000, w.get))
			}
			if least > budget {
				t.Errorf("allocations per GET = %v, budget %v", least, budget)
			}
		})
	}
}

// Over TLS crypto/tls takes one allocation for each record that is read: here by
// the edge, and by the client.
func TestAllocsGetClientTLS(t *testing.T) {
	const budget = 2.0
	for name, plain := range map[string]bool{"lot": false, "plain": true} {
		if !plain && !edgetest.Lots {
			continue
		}
		t.Run(name, func(t *testing.T) {
			w := startWarmTLS(t, plain, 1<<10)
			least := 1e9
			for range 5 {
				runtime.GC()
				w.get()
				least = min(least, testing.AllocsPerRun(2000, w.get))
			}
			if least > budget {
				t.Errorf("allocations per GET = %v, budget %v", least, budget)
			}
		})
	}
}
