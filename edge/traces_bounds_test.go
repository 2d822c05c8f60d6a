package edge

import (
	"fmt"
	"testing"

	"headwater/explain"
)

// Whatever is traced, what is kept of it is bounded: of one service, and of all.
func TestTracesAreBounded(t *testing.T) {
	var all traces
	for n := range 300 {
		name := fmt.Sprint("service ", n%30)
		all.keep(name, keptTrace{Traced: explain.Traced{ID: fmt.Sprint(n)}, bytes: 1 << 20})
		if all.of(name) > maxTraceBytes || all.bytes > maxAllTraces {
			t.Fatalf("after %d: %d of one service, %d of all", n, all.of(name), all.bytes)
		}
		if kept := all.kept[name]; len(kept) == 0 || kept[len(kept)-1].ID != fmt.Sprint(n) {
			t.Fatalf("the newest is not kept: %d", n)
		}
	}
	sum := 0
	for name := range all.kept {
		sum += all.of(name)
	}
	if sum != all.bytes {
		t.Errorf("%d bytes are kept, and %d counted", sum, all.bytes)
	}
	all.keep("service 0", keptTrace{bytes: 2 * maxTraceBytes})
	if all.kept["service 0"] != nil {
		t.Error("one that is too large for itself is kept")
	}
}
