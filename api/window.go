package api

import (
	"sync"
	"time"
)

// A window counts events by key within periods that start on the clock: at the
// full hour, at the full minute. All keys start over together, so that it holds
// no more than one period's keys; beyond most of them, those that are left
// share a count.
type window struct {
	period time.Duration
	most   int

	mu    sync.Mutex
	start time.Time
	used  map[string]int
}

// add counts n events of key at now, and returns the sum of the period so far.
func (w *window) add(key string, n int, now time.Time) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	if start := now.Truncate(w.period); w.used == nil || !start.Equal(w.start) {
		w.start, w.used = start, map[string]int{}
	}
	if _, known := w.used[key]; !known && len(w.used) >= w.most {
		key = ""
	}
	used := w.used[key] + n
	if n > 0 {
		w.used[key] = used
	}
	return used
}

// end is when the period of now is over.
func (w *window) end(now time.Time) time.Time {
	return now.Truncate(w.period).Add(w.period)
}
