package edge

import "sync"

// A crew is the goroutines that serve clients. Some wait for another connection when
// theirs has ended or waits itself: their stacks have grown to what a request takes,
// which is a tenth of the cost of a connection that serves one.
type crew struct {
	mu     sync.Mutex
	spares []chan *clientConn // the last to have become one goes first
	over   bool               // no more of them wait
}

// maxSpare is how many wait.
const maxSpare = 64

// take returns the way to a spare, or nil.
func (w *crew) take() chan *clientConn {
	w.mu.Lock()
	defer w.mu.Unlock()
	last := len(w.spares) - 1
	if last < 0 {
		return nil
	}
	spare := w.spares[last]
	w.spares = w.spares[:last]
	return spare
}

// join makes a spare of a goroutine, unless it is not needed any more.
func (w *crew) join(spare chan *clientConn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over || len(w.spares) >= maxSpare {
		return false
	}
	w.spares = append(w.spares, spare)
	return true
}

// disband ends the spares, and has nobody become one.
func (w *crew) disband() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.over = true
	for _, spare := range w.spares {
		close(spare)
	}
	w.spares = nil
}

// engage serves a client, which is remembered, on a goroutine of the crew.
func (e *Edge) engage(c *clientConn) {
	if spare := e.crew.take(); spare != nil {
		spare <- c
		return
	}
	e.owned.Go(func() { e.work(c) })
}

// work serves c, and whoever comes while it waits as a spare.
func (e *Edge) work(c *clientConn) {
	mine := make(chan *clientConn, 1)
	for c != nil {
		if c.serve() {
			e.forget(c)
		}
		if !e.crew.join(mine) {
			return
		}
		c = <-mine // nil once it is closed
	}
}

// remember makes a client one of the edge's, which Shutdown waits for, until forget. It
// reports false if none may come any more.
func (e *Edge) remember(c *clientConn) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.draining.Load() {
		return false
	}
	e.clients[c] = struct{}{}
	e.owned.Add(1)
	return true
}

func (e *Edge) forget(c *clientConn) {
	e.mu.Lock()
	delete(e.clients, c)
	e.mu.Unlock()
	e.owned.Done()
}
