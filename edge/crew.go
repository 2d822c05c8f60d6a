package edge

import "sync"

// A crew is the goroutines that lead the edge's lots: one for each lot, and those
// that have led one until a connection had to be waited for. When that is over they
// wait to lead again: their stacks have grown to what a request takes.
type crew struct {
	all sync.WaitGroup

	mu     sync.Mutex
	spares []*worker // the last to have become one goes first
	over   bool      // no more of them wait
}

// maxSpare is how many wait.
const maxSpare = 64

// A worker is one goroutine of the crew.
type worker struct {
	edge *Edge
	lot  *lot      // that it leads; nil if another does
	next chan *lot // what a spare waits for
}

// lead has a lot led, by a spare or by a new worker.
func (e *Edge) lead(l *lot) {
	if w := e.crew.take(); w != nil {
		w.next <- l
		return
	}
	w := &worker{edge: e, lot: l, next: make(chan *lot, 1)}
	e.crew.all.Go(w.run)
}

// take returns a spare, or nil.
func (w *crew) take() *worker {
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

// join makes a spare of a worker, unless it is not needed any more.
func (w *crew) join(spare *worker) bool {
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
		close(spare.next)
	}
	w.spares = nil
}

// run leads lots until it is not needed any more.
func (w *worker) run() {
	for w.lot != nil {
		w.work()
		if !w.edge.crew.join(w) {
			return
		}
		w.lot = <-w.next // nil once it is closed
	}
}

// work has connections go on until the lot has ended, or is led by another.
func (w *worker) work() {
	for w.lot != nil {
		c, open := w.lot.turn()
		if !open {
			close(w.lot.ended)
			w.lot = nil
			return
		}
		switch {
		case c == nil:
			continue
		case c.mux.Load() != nil: // whose streams wait for the same link
			w.stepOut()
		default:
			c.worker = w
		}
		w.edge.goOn(c)
	}
}

// stepOut has another worker lead the lot.
func (w *worker) stepOut() {
	l := w.lot
	w.lot = nil
	w.edge.lead(l)
}

// goOn serves a client, which is remembered, until it is over or parked.
func (e *Edge) goOn(c *clientConn) {
	if c.serve() {
		e.forget(c)
	}
}

// stepOut is called before what may take long: another worker leads the lot from then
// on, if this goroutine was doing that. No other goroutine has anything to do with the
// connection until then.
func (c *clientConn) stepOut() {
	if c == nil || c.worker == nil {
		return
	}
	w := c.worker
	c.worker = nil
	w.stepOut()
}

// engage serves a client, which is remembered, on a goroutine of its own.
func (e *Edge) engage(c *clientConn) { e.owned.Go(func() { e.goOn(c) }) }

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
