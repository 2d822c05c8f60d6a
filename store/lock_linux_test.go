package store_test

import (
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"headwater/store"
)

// A process that is being forked shares all descriptors of its parent until it
// runs its own program. A directory that was closed meanwhile is free all the same.
func TestCloseWhileForking(t *testing.T) {
	o := store.Options{Dir: t.TempDir(), Sealer: keeper(t)}
	first := open(t, o)
	shared := shareDescriptor(t, filepath.Join(o.Dir, "lock"))
	defer syscall.Close(shared)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, o).Close()
}

// shareDescriptor duplicates the descriptor that this process has of a file, which
// is what a fork does.
func shareDescriptor(t *testing.T, path string) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if target, _ := os.Readlink("/proc/self/fd/" + e.Name()); target != path {
			continue
		}
		n, err := strconv.Atoi(e.Name())
		if err != nil {
			t.Fatal(err)
		}
		shared, err := syscall.Dup(n)
		if err != nil {
			t.Fatal(err)
		}
		return shared
	}
	t.Fatalf("no descriptor of %s", path)
	return -1
}
