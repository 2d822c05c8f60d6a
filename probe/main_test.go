package probe

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestMain fails a run that left goroutines of this package behind. As a process of
// its own it is the origin of a benchmark.
func TestMain(m *testing.M) {
	if os.Getenv(originVariable) != "" {
		serveBenchmark()
		return
	}
	code := m.Run()
	if left := leftover(2 * time.Second); left != "" && code == 0 {
		fmt.Fprintf(os.Stderr, "goroutines left behind:\n%s\n", left)
		code = 1
	}
	os.Exit(code)
}

// leftover returns the stacks of the goroutines that run this package's code, once
// those that are about to end have had that long.
func leftover(grace time.Duration) string {
	for due := time.Now().Add(grace); ; time.Sleep(time.Millisecond) {
		var left []string
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		for _, stack := range strings.Split(string(stacks), "\n\n") {
			if strings.Contains(stack, "headwater/probe.") && !strings.Contains(stack, "headwater/probe.TestMain") {
				left = append(left, stack)
			}
		}
		if len(left) == 0 || time.Now().After(due) {
			return strings.Join(left, "\n\n")
		}
	}
}
