package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"unsafe"
)

// limitFiles bounds how large a file the process may write, which is how a full disk
// looks to it.
func (c *child) limitFiles(t *testing.T, size uint64) {
	t.Helper()
	limit := syscall.Rlimit{Cur: size, Max: ^uint64(0)}
	_, _, failed := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, uintptr(c.cmd.Process.Pid), syscall.RLIMIT_FSIZE,
		uintptr(unsafe.Pointer(&limit)), 0, 0, 0)
	if failed != 0 {
		t.Fatal(failed)
	}
}

// TestFullDisk lets the disk become full under writers who share commits. What was
// answered is stored, and what was refused is not; reads go on, and so do writes once
// there is room.
func TestFullDisk(t *testing.T) {
	const writers = 16
	dir := filepath.Join(t.TempDir(), "data")
	c := startChild(t, dir)
	var s struct{ ID string }
	if err := json.Unmarshal([]byte(c.mustCall(t, "POST", "/service", "name=shop")), &s); err != nil {
		t.Fatal(err)
	}
	backends := "/service/" + s.ID + "/version/1/backend"
	for round := range 3 {
		c.limitFiles(t, size(t, dir)+uint64(100_000*round+50_000))
		var mu sync.Mutex
		var answered []string
		var writing sync.WaitGroup
		for w := range writers {
			writing.Go(func() {
				for n := 0; ; n++ {
					name := fmt.Sprintf("r%d-w%d-n%d", round, w, n)
					r, err := callAPI(c.api, testToken, "POST", backends, "name="+name, "address=127.0.0.1", "comment="+commentOf(name))
					if err != nil || r.status != http.StatusOK {
						if err != nil || r.status != http.StatusInternalServerError {
							t.Errorf("%s: %v, %+v", name, err, r)
						}
						return
					}
					mu.Lock()
					answered = append(answered, name)
					mu.Unlock()
				}
			})
		}
		writing.Wait()
		t.Logf("%d writes until the disk was full", len(answered))
		check := func(when string) {
			t.Helper()
			if got := c.backendsOf(t, backends, fmt.Sprintf("r%d-", round)); !slices.Equal(got, slices.Sorted(slices.Values(answered))) {
				t.Errorf("%s: stored %v, answered %v", when, got, answered)
			}
		}
		check("while the disk is full")
		if round == 1 {
			c.kill()
			c = startChild(t, dir)
			check("after a crash")
		}
		c.limitFiles(t, ^uint64(0))
		c.mustCall(t, "POST", backends, fmt.Sprintf("name=after-%d", round), "address=127.0.0.1")
		check("when there is room again")
	}
	c.kill()
	checkEvents(t, dir)
}

// size is that of the largest file in a directory.
func size(t *testing.T, dir string) (most uint64) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		most = max(most, uint64(info.Size()))
	}
	return most
}

// backendsOf lists the names of those that begin so, in order.
func (c *child) backendsOf(t *testing.T, path, prefix string) (names []string) {
	t.Helper()
	var all []struct{ Name string }
	if err := json.Unmarshal([]byte(c.mustCall(t, "GET", path)), &all); err != nil {
		t.Fatal(err)
	}
	for _, b := range all {
		if strings.HasPrefix(b.Name, prefix) {
			names = append(names, b.Name)
		}
	}
	slices.Sort(names)
	return names
}
