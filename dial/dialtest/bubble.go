package dialtest

import (
	"runtime"
	"testing"
	"testing/synctest"
)

// Bubble is synctest.Test on one processor. Timers of a bubble share one context
// of the race detector, and two that fire on two processors at once end the whole
// process (golang.org/issue/78156, seen with Go 1.26.8). No test that runs beside
// t may call it, as the number of processors is the process's.
func Bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	synctest.Test(t, f)
}
