package certificate

import (
	"os"
	"testing"

	"headwater/dial/dialtest"
)

// TestMain fails a run that left goroutines of this package behind.
func TestMain(m *testing.M) { os.Exit(dialtest.Run(m, "headwater/certificate")) }
