package edge_test

import (
	"fmt"
	"runtime"
	"testing"

	"headwater/edge"
	"headwater/edge/edgetest"
	"headwater/metric"
	"headwater/service"
)

// What a reading takes grows as the backends do, also where all of them share one
// probe. What it allocates stands for that.
func TestMeasureIsLinear(t *testing.T) {
	o := edgetest.NewOrigin(t, edgetest.Reply(ok("fine")))
	measured := func(n int) uint64 {
		backends := make([]*service.Backend, n)
		for i := range backends {
			backends[i] = edgetest.Backend(o, pinged, func(b *service.Backend) {
				b.Name, b.ShareKey = fmt.Sprintf("b%d", i), new("all")
			})
		}
		rare := ping(func(h *service.Healthcheck) { h.CheckInterval = 3_600_000 })
		e := edgetest.Start(t, edge.Config{}, checked(edgetest.Snapshot(backends...), rare))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		e.Measure(&metric.Reading{Whole: true})
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	few, many := measured(50), measured(800)
	if many > 48*few {
		t.Errorf("50 backends take %d bytes, 800 take %d", few, many)
	}
}
