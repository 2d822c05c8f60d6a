package main

import (
	"flag"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"headwater/store/storetest"
)

// services is how many services the process of BenchmarkServices has.
var services = flag.Int("services", 10_000, "services of BenchmarkServices")

// BenchmarkServices starts a process whose database has many services of a domain and
// two backends each, all active, and tells what it then takes. An op is such a start;
// activate-ms is the median of an activation, from the call to the answer.
func BenchmarkServices(b *testing.B) {
	dir := filepath.Join(b.TempDir(), "data")
	first := startChild(b, dir)
	id := first.draftShop(b, 80)
	at := "/service/" + id + "/version/"
	first.mustCall(b, "POST", at+"1/backend", "name=second", "address=127.0.0.1", "port=81")
	first.mustCall(b, "PUT", at+"1/activate")
	first.kill()
	storetest.Multiply(b, dir, id, *services-1)
	var c *child
	for b.Loop() {
		if c != nil {
			c.kill()
		}
		c = runChild(b, dir)
		for c.waitReady() != nil { // many services take longer than a test has patience
			if c.hasEnded() {
				b.Fatal(c.stderr)
			}
		}
	}
	b.ReportMetric(c.processorTime(b).Seconds(), "cpu-s/start")
	b.ReportMetric(memoryOf(b, c.cmd.Process.Pid, "VmRSS:"), "MiB-resident")
	b.ReportMetric(memoryOf(b, c.cmd.Process.Pid, "VmHWM:"), "MiB-peak")
	c.mustCall(b, "PUT", at+"1/clone")
	took := make([]float64, 50)
	for n := range took {
		began := time.Now()
		c.mustCall(b, "PUT", fmt.Sprintf("%s%d/activate", at, 2-n%2))
		took[n] = float64(time.Since(began).Microseconds()) / 1000
	}
	slices.Sort(took)
	b.ReportMetric(took[len(took)/2], "activate-ms")
}

func (c *child) hasEnded() bool {
	select {
	case <-c.ended:
		return true
	default:
		return false
	}
}
