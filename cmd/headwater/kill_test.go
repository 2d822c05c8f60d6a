package main

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// A child is serve as a process of its own, which can be killed.
type child struct {
	*instance
	cmd *exec.Cmd
}

func startChild(t testing.TB, dir string) *child {
	t.Helper()
	c := runChild(t, dir)
	if err := c.waitReady(); err != nil {
		t.Fatal(err)
	}
	return c
}

// runChild is startChild that does not wait until it is ready.
func runChild(t testing.TB, dir string) *child {
	t.Helper()
	c := &child{
		instance: &instance{stdout: newOutput(), stderr: newOutput(), ended: make(chan struct{})},
		cmd:      exec.Command(os.Args[0], "serve", "-api", "127.0.0.1:0", "-edge", "127.0.0.1:0", "-data", dir),
	}
	c.cmd.Env = append(os.Environ(), childVariable+"=1", tokenVariable+"="+testToken)
	c.cmd.Stdout, c.cmd.Stderr = c.stdout, c.stderr
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(c.ended)
		c.cmd.Wait() // its error is the signal's
	}()
	t.Cleanup(c.kill)
	return c
}

// kill ends the process as a power cut would end its work, but for the disk.
func (c *child) kill() {
	c.cmd.Process.Kill()
	<-c.ended
}

// A ledger is what writers tried, and what of it was answered.
type ledger struct {
	mu           sync.Mutex
	tried        map[string]bool // by backend name; true once it must be there
	acknowledged int
	answered     chan struct{} // gets one for each acknowledged backend
	active       int           // the last version whose activation was acknowledged
	latest       int           // the last version whose activation was tried
}

// TestKill kills serve at a random moment during writes, so many of them that they
// share commits, and starts it again. What was answered is there; what was not is
// there whole, with its event, or not at all.
func TestKill(t *testing.T) {
	rounds, writers := 50, 32
	if testing.Short() {
		rounds = 5
	}
	dir := filepath.Join(t.TempDir(), "data")
	c := startChild(t, dir)
	var draft, live struct{ ID string }
	for _, s := range []struct {
		name string
		at   *struct{ ID string }
	}{{"draft", &draft}, {"live", &live}} {
		if err := json.Unmarshal([]byte(c.mustCall(t, "POST", "/service", "name="+s.name)), s.at); err != nil {
			t.Fatal(err)
		}
	}
	backends := "/service/" + draft.ID + "/version/1/backend"
	l := &ledger{tried: map[string]bool{}, answered: make(chan struct{}, 1<<16)}
	for round := range rounds {
		var writing sync.WaitGroup
		for w := range writers {
			writing.Go(func() { l.create(c, backends, fmt.Sprintf("r%d-w%d", round, w)) })
		}
		writing.Go(func() { l.activate(c, "/service/"+live.ID) })
		l.await(t, rand.IntN(40))
		time.Sleep(rand.N(5 * time.Millisecond)) // any moment of a write: it is the test's subject
		c.kill()
		writing.Wait()
		l.answered = make(chan struct{}, cap(l.answered))
		c = startChild(t, dir)
		l.check(t, c, backends, "/service/"+live.ID)
		if t.Failed() {
			t.Fatalf("in round %d", round)
		}
	}
	c.kill()
	checkEvents(t, dir)
	t.Logf("%d kills, %d of %d writes acknowledged, version %d active", rounds, l.acknowledged, len(l.tried), l.active)
}

// await waits for n more acknowledged backends.
func (l *ledger) await(t *testing.T, n int) {
	t.Helper()
	end := time.After(patience)
	for range n {
		select {
		case <-l.answered:
		case <-end:
			t.Fatal("the writers stand still")
		}
	}
}

// create makes backends until the process is gone.
func (l *ledger) create(c *child, backends, prefix string) {
	for n := 0; ; n++ {
		name := fmt.Sprintf("%s-n%d", prefix, n)
		l.note(func() { l.tried[name] = false })
		r, err := callAPI(c.api, testToken, "POST", backends, "name="+name, "address=127.0.0.1", "comment="+commentOf(name))
		if err != nil || r.cut != nil || r.status != http.StatusOK {
			return
		}
		l.note(func() {
			l.tried[name] = true
			l.acknowledged++
		})
		l.answered <- struct{}{}
	}
}

// activate makes version after version of a service the active one.
func (l *ledger) activate(c *child, at string) {
	for {
		r, err := callAPI(c.api, testToken, "POST", at+"/version")
		var v struct{ Number int }
		if err != nil || r.status != http.StatusOK || json.Unmarshal([]byte(r.body), &v) != nil {
			return
		}
		l.note(func() { l.latest = v.Number })
		r, err = callAPI(c.api, testToken, "PUT", fmt.Sprintf("%s/version/%d/activate", at, v.Number))
		if err != nil || r.cut != nil || r.status != http.StatusOK {
			return
		}
		l.note(func() { l.active = v.Number })
	}
}

func (l *ledger) note(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f()
}

// checkEvents finds the backends in the database whose event is missing, and the
// events whose backend is.
func checkEvents(t *testing.T, dir string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "headwater.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for what, query := range map[string]string{
		"backends without an event": `SELECT COUNT(*) FROM object WHERE kind = 'backend' AND name NOT IN (SELECT name FROM event WHERE type = 'backend.create')`,
		"events without a backend":  `SELECT COUNT(*) FROM event WHERE type = 'backend.create' AND name NOT IN (SELECT name FROM object WHERE kind = 'backend')`,
	} {
		var n int
		if err := db.QueryRow(query).Scan(&n); err != nil || n > 0 {
			t.Errorf("%d %s, %v", n, what, err)
		}
	}
}

// commentOf is long, so that a torn write would show.
func commentOf(name string) string { return strings.Repeat(name+" ", 50) }

func (l *ledger) check(t *testing.T, c *child, backends, live string) {
	t.Helper()
	var stored []struct{ Name, Comment, Address string }
	if err := json.Unmarshal([]byte(c.mustCall(t, "GET", backends)), &stored); err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, b := range stored {
		if _, tried := l.tried[b.Name]; !tried || b.Comment != commentOf(b.Name) || b.Address != "127.0.0.1" {
			t.Errorf("stored, and never written so: %+v", b)
		}
		found[b.Name] = true
	}
	for name, must := range l.tried {
		if must && !found[name] {
			t.Errorf("acknowledged or seen, and lost: %s", name)
		}
	}
	for name := range found {
		l.tried[name] = true // once seen it must stay
	}
	l.checkActive(t, c, live)
}

func (l *ledger) checkActive(t *testing.T, c *child, live string) {
	t.Helper()
	var versions []struct {
		Number         int
		Active, Locked bool
	}
	if err := json.Unmarshal([]byte(c.mustCall(t, "GET", live+"/version")), &versions); err != nil {
		t.Fatal(err)
	}
	var active []int
	for _, v := range versions {
		if v.Active {
			active = append(active, v.Number)
		}
		if v.Active && !v.Locked {
			t.Errorf("version %d is active and not locked", v.Number)
		}
	}
	switch {
	case len(active) > 1:
		t.Errorf("versions %v are all active", active)
	case l.active > 0 && (len(active) == 0 || active[0] < l.active || active[0] > l.latest):
		t.Errorf("active are %v; %d was acknowledged, %d tried", active, l.active, l.latest)
	case len(active) == 1:
		l.active = active[0] // likewise
	}
}
