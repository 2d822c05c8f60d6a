package edge_test

import (
	"fmt"
	"io"
	"runtime"
	"strings"
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
		e.Measure(&metric.Reading{Whole: true}, "LOCAL")
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	few, many := measured(50), measured(800)
	if many > 48*few {
		t.Errorf("50 backends take %d bytes, 800 take %d", few, many)
	}
}

// BenchmarkMeasure is a scrape of a thousand backends that have had requests: in
// memory, and as text.
func BenchmarkMeasure(b *testing.B) {
	const n = 1000
	e, _ := startBackends(b, n, false)
	clients := make([]*asker, 64)
	for i := range clients {
		clients[i] = &asker{tcp: e.Dial(b).TCP, answer: make([]byte, 8<<10)}
	}
	askAll(b, clients, 20*n)
	b.ReportAllocs()
	p := &metric.Reading{}
	for b.Loop() {
		p = &metric.Reading{Whole: true}
		e.Measure(p, "LOCAL")
		p.Encode(io.Discard)
	}
	var text strings.Builder
	p.Encode(&text)
	b.ReportMetric(float64(text.Len())/n, "text-B/backend")
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/n, "µs/backend")
}
