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
// B/service is what the heap has grown by, stacks not counted, and ns/sweep what the
// sweeper takes each second while nothing is asked for. Plain ones have nothing
// else; their own have a condition, under which the second backend is chosen, a
// header and a snippet besides, no two of them alike; and those of VCL have uploaded
// some, which has four of the subroutines.
func BenchmarkServices(b *testing.B) {
	for name, one := range map[string]func(*testing.B, int, int) *service.Snapshot{"plain": plainOne, "own": ownOne, "vcl": vclOne} {
		for _, n := range []int{1, 1_000, *services} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) { benchServices(b, n, one) })
		}
	}
}

func benchServices(b *testing.B, n int, one func(b *testing.B, i, version int) *service.Snapshot) {
	before := inUse()
	all := make([]*service.Snapshot, n)
	for i := range all {
		all[i] = one(b, i, 1)
	}
	e, began, cpu := edge.New(edge.Config{}), time.Now(), edge.CPUTime()
	if err := e.Apply(all...); err != nil {
		b.Fatal(err)
	}
	took, worked := time.Since(began), edge.CPUTime()-cpu
	all = nil
	taken := inUse() - before
	writeHeap(b)
	swept := time.Now()
	for range 100 {
		edge.Sweep(e)
	}
	sweep := time.Since(swept) / 100
	b.ResetTimer()
	for i := range b.N {
		if err := e.Apply(one(b, i%n, 2+i/n)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(taken)/float64(n), "B/service")
	b.ReportMetric(float64(sweep.Nanoseconds()), "ns/sweep")
	b.ReportMetric(took.Seconds(), "s/start")
	b.ReportMetric(worked.Seconds(), "cpu-s/start")
	e.Shutdown(context.Background())
}

// plainOne is a version of one service among many.
func plainOne(_ *testing.B, i, version int) *service.Snapshot {
	name := fmt.Sprintf("service-%d", i)
	at := func(backend string) *service.Backend {
		address := fmt.Sprintf("10.%d.%d.%d", i>>16&255, i>>8&255, i&255)
		return edgetest.BackendAt(address, 8080, func(b *service.Backend) { b.Name = backend; b.IPv4 = &b.Address })
	}
	return edgetest.Service(name, version, []string{name + ".example"}, at("first"), at("second"))
}

// ownOne is plainOne with something of its own.
func ownOne(b *testing.B, i, version int) *service.Snapshot {
	s := plainOne(b, i, version)
	edgetest.With(b, s, service.ConditionKind, "name=chosen", "type=REQUEST", fmt.Sprintf(`statement=req.url ~ "^/part-%d/"`, i))
	s.Backends()[1].RequestCondition = "chosen"
	edgetest.With(b, s, service.HeaderKind, "name=told", "type=response", "action=set", "dst=http.X-Part", fmt.Sprintf(`src="part %d"`, i))
	edgetest.With(b, s, service.SnippetKind, "name=asked", "type=recv", "dynamic=0", fmt.Sprintf(`content=set req.http.X-Part = "%d";`, i))
	return s
}

// vclOne is plainOne with a main VCL.
func vclOne(b *testing.B, i, version int) *service.Snapshot {
	s := plainOne(b, i, version)
	s.Backends()[1].Name = "origin"
	return edgetest.WithVCL(b, s, fmt.Sprintf("# part %d\n%s", i, edge.UsualVCL))
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
