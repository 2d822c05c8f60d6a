package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A writers is many clients of one serve, which runs as a process of its own.
type writers struct {
	*child
	client  *http.Client
	service string // its path
	made    atomic.Int64
}

func startWriters(b *testing.B, objects int) *writers {
	w := &writers{
		child:  startChild(b, filepath.Join(b.TempDir(), "data")),
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}},
	}
	b.Cleanup(w.client.CloseIdleConnections)
	var s struct{ ID string }
	if err := json.Unmarshal([]byte(w.mustCall(b, "POST", "/service", "name=shop")), &s); err != nil {
		b.Fatal(err)
	}
	w.service = "/service/" + s.ID
	w.mustCall(b, "POST", w.service+"/version/1/domain", "name=shop.test")
	for _, err := range w.all(100, objects, w.create) {
		b.Fatal(err)
	}
	w.mustCall(b, "PUT", w.service+"/version/1/clone")
	return w
}

// create makes a backend in version 1, with what people usually set.
func (w *writers) create() error {
	return w.call("POST", "/version/1/backend", fmt.Sprintf(
		"name=backend-%d&address=127.0.0.1&port=8080&override_host=shop.test&connect_timeout=2000&max_conn=500", w.made.Add(1)))
}

// call reads the whole answer, which has to be a good one.
func (w *writers) call(method, path, form string) error {
	r, err := http.NewRequest(method, "http://"+w.api+w.service+path, strings.NewReader(form))
	if err != nil {
		return err
	}
	r.Header.Set("Fastly-Key", testToken)
	if form != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	a, err := w.client.Do(r)
	if err != nil {
		return err
	}
	defer a.Body.Close()
	if a.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(a.Body)
		return fmt.Errorf("%s %s: %d %s", method, path, a.StatusCode, text)
	}
	_, err = io.Copy(io.Discard, a.Body)
	return err
}

// all has so many clients make n calls together, and returns what failed.
func (w *writers) all(clients, n int, call func() error) (errs []error) {
	var left atomic.Int64
	left.Store(int64(n))
	var mu sync.Mutex
	var calling sync.WaitGroup
	for range clients {
		calling.Go(func() {
			for left.Add(-1) >= 0 {
				if err := call(); err != nil {
					mu.Lock()
					errs = append(errs, err)
					mu.Unlock()
				}
			}
		})
	}
	calling.Wait()
	return errs
}

// BenchmarkControlPlane is of calls on a version of so many backends, by so many
// clients at once, each of which waits for its answer. It tells the median from
// call to answer, how many there were in a second, and the processor time that serve
// takes for one, which says more where others use the processors.
func BenchmarkControlPlane(b *testing.B) {
	for _, objects := range []int{10, 100, 1_000, 10_000} {
		b.Run(fmt.Sprint("objects=", objects), func(b *testing.B) {
			w := startWriters(b, objects)
			for _, c := range []struct {
				name string
				call func() error
			}{
				{"list", func() error { return w.call("GET", "/version/2/backend", "") }},
				{"validate", func() error { return w.call("GET", "/version/2/validate", "") }},
				{"activate", func() error { return w.call("PUT", "/version/2/activate", "") }},
				{"clone", func() error { return w.call("PUT", "/version/2/clone", "") }},
				{"create", w.create},
			} {
				for _, clients := range []int{1, 10, 100} {
					b.Run(fmt.Sprintf("%s/clients=%d", c.name, clients), func(b *testing.B) { w.measure(b, clients, c.call) })
				}
			}
			b.ReportMetric(memoryOf(b, w.cmd.Process.Pid, "VmHWM:"), "peak-MiB")
		})
	}
}

func (w *writers) measure(b *testing.B, clients int, call func() error) {
	took := make([]time.Duration, b.N)
	var n atomic.Int64
	before := w.processorTime(b)
	b.ResetTimer()
	for _, err := range w.all(clients, b.N, func() error {
		i, began := n.Add(1)-1, time.Now()
		err := call()
		took[i] = time.Since(began)
		return err
	}) {
		b.Fatal(err)
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "median-ms")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
	b.ReportMetric(float64((w.processorTime(b)-before).Microseconds())/1000/float64(b.N), "cpu-ms/op")
}

// processorTime is what the process has used so far.
func (c *child) processorTime(b *testing.B) (used time.Duration) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.cmd.Process.Pid))
	if err != nil {
		b.Skip("needs /proc: only on another system")
	}
	_, behind, _ := strings.Cut(string(text), ") ")
	for _, ticks := range strings.Fields(behind)[11:13] { // of the user, of the system
		n, err := strconv.Atoi(ticks)
		if err != nil {
			b.Fatal(err)
		}
		used += time.Duration(n) * time.Second / 100
	}
	return used
}
