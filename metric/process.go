package metric

import (
	"runtime/metrics"
	"time"
)

// started is about when the process began.
var started = time.Now()

// runtimes are the samples of the Go runtime, by its own names. Reading them stops
// nothing.
var runtimes = []struct {
	name string
	of   *Metric
}{
	{"/sched/goroutines:goroutines", Goroutines},
	{"/memory/classes/heap/objects:bytes", HeapBytes},
	{"/memory/classes/total:bytes", GoBytes},
	{"/gc/cycles/total:gc-cycles", Collections},
}

// Process adds the metrics of the process, if the reading shows them.
func Process(p *Reading) {
	if !p.Whole {
		return
	}
	samples := make([]metrics.Sample, len(runtimes))
	for i, r := range runtimes {
		samples[i].Name = r.name
	}
	metrics.Read(samples)
	for i, r := range runtimes {
		if samples[i].Value.Kind() == metrics.KindUint64 {
			p.Add(r.of, float64(samples[i].Value.Uint64()))
		}
	}
	system(p)
	p.Add(StartTime, float64(started.UnixMilli())/1000)
}
