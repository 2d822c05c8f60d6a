package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A count is how far a writer came with the numbers that it writes to one place.
type count struct {
	prefix              string // stands before each
	tried, acknowledged atomic.Int64
}

// write counts up until the process is gone.
func (n *count) write(c *child, path, field string, answered chan<- struct{}) {
	for {
		next := n.tried.Add(1)
		r, err := callAPI(c.api, testToken, "PUT", path, field+"="+n.prefix+fmt.Sprint(next))
		if err != nil || r.cut != nil || r.status != http.StatusOK {
			return
		}
		n.acknowledged.Store(next)
		answered <- struct{}{}
	}
}

func (n *count) check(t *testing.T, what, stored string) {
	t.Helper()
	got, err := strconv.ParseInt(strings.TrimPrefix(stored, n.prefix), 10, 64)
	if err != nil || got < n.acknowledged.Load() || got > n.tried.Load() {
		t.Errorf("%s is %q: %d was acknowledged, %d tried", what, stored, n.acknowledged.Load(), n.tried.Load())
	}
}

// TestKillItems kills serve while writers change a dictionary and a dynamic
// snippet of the active version. What was answered is there after a start.
func TestKillItems(t *testing.T) {
	rounds, writers := 20, 3
	if testing.Short() {
		rounds = 3
	}
	dir := filepath.Join(t.TempDir(), "data")
	c := startChild(t, dir)
	made := func(path string, args ...string) (id string) {
		var o struct{ ID string }
		if err := json.Unmarshal([]byte(c.mustCall(t, "POST", path, args...)), &o); err != nil {
			t.Fatal(err)
		}
		return o.ID
	}
	service := "/service/" + made("/service", "name=shop")
	dictionary := service + "/dictionary/" + made(service+"/version/1/dictionary", "name=d")
	snippet := service + "/snippet/" + made(service+"/version/1/snippet", "name=s", "type=recv", "dynamic=1", "content=# 0")
	for w := range writers {
		c.mustCall(t, "POST", fmt.Sprintf("%s/item", dictionary), fmt.Sprintf("item_key=k%d", w), "item_value=0")
	}
	c.mustCall(t, "PUT", service+"/version/1/activate")

	items, content := make([]count, writers), &count{prefix: "# "}
	for round := range rounds {
		answered := make(chan struct{}, 1<<16)
		var writing sync.WaitGroup
		for w := range writers {
			writing.Go(func() { items[w].write(c, fmt.Sprintf("%s/item/k%d", dictionary, w), "item_value", answered) })
		}
		writing.Go(func() { content.write(c, snippet, "content", answered) })
		for range 1 + rand.IntN(30) {
			select {
			case <-answered:
			case <-time.After(patience):
				t.Fatal("the writers stand still")
			}
		}
		c.kill()
		writing.Wait()
		c = startChild(t, dir)
		field := func(path, name string) string {
			var o map[string]any
			if err := json.Unmarshal([]byte(c.mustCall(t, "GET", path)), &o); err != nil {
				t.Fatal(err)
			}
			return fmt.Sprint(o[name])
		}
		for w := range writers {
			items[w].check(t, fmt.Sprint("item ", w), field(fmt.Sprintf("%s/item/k%d", dictionary, w), "item_value"))
		}
		content.check(t, "content", field(snippet, "content"))
		if t.Failed() {
			t.Fatalf("in round %d", round)
		}
	}
}
