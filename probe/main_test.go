package probe

import (
	"os"
	"testing"

	"headwater/dial/dialtest"
)

// TestMain fails a run that left goroutines of this package behind. As a process of
// its own it is the origin of a benchmark.
func TestMain(m *testing.M) {
	if os.Getenv(originVariable) != "" {
		serveBenchmark()
		return
	}
	os.Exit(dialtest.Run(m, "headwater/probe"))
}
