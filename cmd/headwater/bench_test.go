package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// BenchmarkStart measures the time from the start of a process to its readiness
// and what memory it then has.
func BenchmarkStart(b *testing.B) {
	dir := filepath.Join(b.TempDir(), "data")
	startChild(b, dir).kill()
	var memory float64
	for b.Loop() {
		c := startChild(b, dir)
		b.StopTimer()
		memory = memoryOf(b, c.cmd.Process.Pid, "VmRSS:")
		c.kill()
		b.StartTimer()
	}
	b.ReportMetric(memory, "MiB-resident")
}

// memoryOf returns a line of what the system says of a process's memory, in MiB.
func memoryOf(tb testing.TB, pid int, line string) float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		tb.Skip("needs /proc: only on another system")
	}
	for have := range strings.Lines(string(text)) {
		if f := strings.Fields(have); len(f) == 3 && f[0] == line {
			kib, err := strconv.Atoi(f[1])
			if err != nil {
				tb.Fatal(err)
			}
			return float64(kib) / 1024
		}
	}
	tb.Fatal("no " + line)
	return 0
}

// BenchmarkCreateBackend measures a create from the call to the answer, which
// comes when it is on disk.
func BenchmarkCreateBackend(b *testing.B) {
	i := start(b, nil)
	id := i.draftShop(b, 80)
	n := 0
	for b.Loop() {
		n++
		i.mustCall(b, "POST", "/service/"+id+"/version/1/backend", fmt.Sprintf("name=b%d", n), "address=127.0.0.1")
	}
}

// BenchmarkActivate measures an activation from the call to the answer, which
// comes when the edge serves it.
func BenchmarkActivate(b *testing.B) {
	i := start(b, nil)
	id := i.draftShop(b, 80)
	i.mustCall(b, "PUT", "/service/"+id+"/version/1/clone")
	n := 0
	for b.Loop() {
		n++
		i.mustCall(b, "PUT", fmt.Sprintf("/service/%s/version/%d/activate", id, 1+n%2))
	}
}
