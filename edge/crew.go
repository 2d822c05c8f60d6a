package edge

import "sync"

// A crew is the goroutines that lead the edge's lots: one for each lot, and those
// that have led one until a connection had to be waited for, or serve a client for one
// who leads. When that is over they wait for the next task: their stacks have grown to
// what a request takes.
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
	edge   *Edge
	lot    *lot          // that it leads; nil if another does
	opened []*clientConn // streams of HTTP/2 whose requests have come, for it to serve
	at     int           // the next of them
	next   chan task     // what a spare waits for
}

// A task is for a goroutine that has nothing else to do.
type task struct {
	lot    *lot        // to lead
	client *clientConn // to serve
}

// give has a spare do a task, or a new worker.
func (e *Edge) give(t task) {
	if w := e.crew.take(); w != nil {
		w.next <- t
		return
	}
	w := &worker{edge: e, next: make(chan task, 1)}
	e.crew.all.Go(func() { w.run(t) })
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

// run does one task after another until it is not needed any more.
func (w *worker) run(t task) {
	for more := true; more; t, more = <-w.next {
		if t.client != nil {
			w.edge.goOn(t.client)
		} else {
			w.lead(t.lot)
		}
		if !w.edge.crew.join(w) {
			return
		}
	}
}

// lead has a lot's connections go on until the lot has ended, or is led by another.
func (w *worker) lead(l *lot) {
	w.lot = l
	for w.lot != nil {
		if w.at == len(w.opened) && l.leave() {
			w.lot = nil
			return
		}
		c, open := w.turn()
		switch {
		case !open:
			close(l.ended)
			w.lot = nil
		case c == nil:
		default:
			c.worker = w
			l.hold(c)
			w.edge.goOn(c)
		}
	}
}

// turn is the lot's, in which a stream that has just come is next.
func (w *worker) turn() (c *clientConn, open bool) {
	if w.at == len(w.opened) {
		w.opened, w.at = w.opened[:0], 0
		if c = w.lot.prolong(); c != nil {
			return c, true
		}
		return w.lot.turn()
	}
	c, w.opened[w.at] = w.opened[w.at], nil
	w.at++
	return c, true
}

// stepOut has another worker lead the lot.
func (w *worker) stepOut() {
	l := w.lot
	w.lot = nil
	defer func() { // whatever becomes of the rest
		l.thread.letGo()
		w.edge.give(task{lot: l})
	}()
	for _, c := range w.opened[w.at:] {
		w.edge.give(task{client: c})
	}
	clear(w.opened)
	w.opened, w.at = w.opened[:0], 0
	l.clear(w.edge.give)
}

// goOn serves a client, which is remembered or a stream's, until it is over or parked.
func (e *Edge) goOn(c *clientConn) {
	switch over := c.serve(); {
	case !over:
	case c.stream != nil:
		c.stream.end()
	default:
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

// handOver has another goroutine serve the client if this one leads a lot, and reports
// whether it does. It is for what is known to take long; what turns out to do so steps out.
func (c *clientConn) handOver() bool {
	c.settle() // which may step out
	w := c.worker
	if w == nil {
		return false
	}
	c.worker = nil
	w.edge.give(task{client: c})
	w.lot.rouse()
	return true
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
