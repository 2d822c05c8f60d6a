package storetest

import (
	"sync"
	"time"
)

// A clock stands still until it is moved.
type clock struct {
	mu    sync.Mutex
	moved time.Duration
}

func (c *clock) read() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Date(2026, 11, 22, 12, 0, 0, 123456789, time.UTC).Add(c.moved)
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.moved += d
}
