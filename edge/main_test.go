package edge

import (
	"os"
	"testing"

	"headwater/dial/dialtest"
)

// TestMain fails a run whose edges left goroutines behind.
func TestMain(m *testing.M) { os.Exit(dialtest.Run(m, "headwater/edge")) }
