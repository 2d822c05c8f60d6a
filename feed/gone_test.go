package feed

import (
	"os"
	"slices"
	"testing"
	"time"
)

// A service that is gone leaves nothing, and what comes late of it changes nothing.
func TestForget(t *testing.T) {
	f := newFixture(t, t.TempDir())
	now := time.Now()
	f.now = func() time.Time { return now }
	f.store.write("one", "d", "a=1")
	f.publish(t, with(snapshot("one", 1, 1, "b"), "d"))
	late := f.store.write("one", "d", "a=2")
	f.Forget("one")
	f.publish(t, with(snapshot("one", 2, 2, "b"), "d"))
	f.change(t, late)
	if f.edge.version("one") != 0 || !slices.Equal(f.edge.forgotten, []string{"one"}) {
		t.Errorf("version %d is served, forgotten are %v", f.edge.version("one"), f.edge.forgotten)
	}
	if got, want := told(f.edge.items["d"]), "2: a=1"; got != want {
		t.Errorf("the edge was given %s behind %s", got, want)
	}
	if len(f.turns) != 0 {
		t.Errorf("turns of %d services are left", len(f.turns))
	}
	if entries, err := os.ReadDir(f.dir.path); err != nil || len(entries) != 0 {
		t.Errorf("on disk are %v, %v", entries, err)
	}

	now = now.Add(lateTime + time.Second)
	f.Forget("two")
	if f.gone.has("one") || !f.gone.has("two") || len(f.gone.order) != 1 {
		t.Errorf("gone are %v", f.gone.services)
	}
}
