package api

import "sync"

// Turns bound what goes on at a time: in all, and for each customer.
type turns struct {
	most, each int

	mu    sync.Mutex
	all   int
	going map[string]int // by customer
}

func newTurns(most, each int) *turns {
	return &turns{most: most, each: each, going: map[string]int{}}
}

// take counts one more, unless there are too many. Nobody waits for a turn.
func (t *turns) take(customer string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.all == t.most || t.going[customer] == t.each {
		return false
	}
	t.all++
	t.going[customer]++
	return true
}

// give takes back what take has counted.
func (t *turns) give(customer string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all--
	if t.going[customer]--; t.going[customer] == 0 {
		delete(t.going, customer)
	}
}
