package edge_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"testing"
	"time"

	"headwater/edge"
	"headwater/edge/edgetest"
	"headwater/service"
)

// services is how many services the largest run of BenchmarkServices has, and profile
// where it leaves a profile of what they take.
var (
	services = flag.Int("services", 10_000, "services of the largest run of BenchmarkServices")
	profile  = flag.String("services-heap", "", "file for a heap profile of BenchmarkServices")
)

// BenchmarkServices has an edge begin with so many services of a domain and two
// backends each, and then tells what the next activation of one of them takes: that
// is an op. Of the start it tells how long it took, and the processor time of that.
// B/service is what the heap has grown by, stacks not counted.
func BenchmarkServices(b *testing.B) {
	for _, n := range []int{1, 1_000, *services} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			before := inUse()
			all := make([]*service.Snapshot, n)
			for i := range all {
				all[i] = oneOf(i, 1)
			}
			e, began, cpu := edge.New(edge.Config{}), time.Now(), edge.CPUTime()
			if err := e.Apply(all...); err != nil {
				b.Fatal(err)
			}
			took, worked := time.Since(began), edge.CPUTime()-cpu
			all = nil
			taken := inUse() - before
			writeHeap(b)
			b.ResetTimer()
			for i := range b.N {
				if err := e.Apply(oneOf(i%n, 2+i/n)); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(taken)/float64(n), "B/service")
			b.ReportMetric(took.Seconds(), "s/start")
			b.ReportMetric(worked.Seconds(), "cpu-s/start")
			e.Shutdown(context.Background())
		})
	}
}

// oneOf is a version of one service among many.
func oneOf(i, version int) *service.Snapshot {
	name := fmt.Sprintf("service-%d", i)
	at := func(backend string) *service.Backend {
		address := fmt.Sprintf("10.%d.%d.%d", i>>16&255, i>>8&255, i&255)
		return edgetest.BackendAt(address, 8080, func(b *service.Backend) { b.Name = backend; b.IPv4 = &b.Address })
	}
	return edgetest.Service(name, version, []string{name + ".example"}, at("first"), at("second"))
}

func inUse() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func writeHeap(b *testing.B) {
	if *profile == "" {
		return
	}
	f, err := os.Create(*profile)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	if err := pprof.Lookup("heap").WriteTo(f, 0); err != nil {
		b.Fatal(err)
	}
}
