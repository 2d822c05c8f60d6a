// Package lines writes lines of a log without anybody waiting for who takes them.
package lines

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// A Writer writes lines, in the order in which they come. A goroutine of its own does, many
// in one write: lines that find no room meanwhile are dropped. Any number of goroutines
// may use one.
type Writer struct {
	to     io.Writer
	delay  time.Duration
	failed func(error)

	lost atomic.Uint64 // lines

	full      chan struct{} // takes one when there are enough blocks that no line goes to any more
	stop      chan struct{} // closed when Close is called
	closing   sync.Once
	abandoned atomic.Bool   // by a Close that has waited for too long
	ended     chan struct{} // closed when nobody writes any more

	mu      sync.Mutex  // not held while anything is written
	blocks  [][]byte    // of lines that wait, the oldest first; lines go to the last
	waiting int         // bytes of them
	spares  [][]byte    // empty blocks
	timer   *time.Timer // since the oldest line came, while it is armed
	armed   bool        // while there are blocks that no write has taken on
	closed  bool
}

const (
	// blockSize is how many bytes of lines go out in one write at most, unless one line
	// alone has more.
	blockSize = 64 << 10

	// maxWaiting is how many bytes of lines wait at most, beside those that are being
	// written: some 20,000 lines, so that a disk or a reader may pause for a second at as
	// many requests a second, and little beside what else a process holds that serves
	// those.
	maxWaiting = 8 << 20

	// batch is how many full blocks have them written before their time: to wake a
	// goroutine can take two processors longer than the write does.
	batch = 4

	// maxSpares is how many empty blocks are kept: as many as fill up before a writer that
	// is not stuck has had its turn.
	maxSpares = 2 * batch

	// lossRest is how long a Writer that drops lines says no more of it.
	lossRest = time.Minute
)

// A LossError is how many lines were dropped, since there was no room for them.
type LossError uint64

func (n LossError) Error() string {
	return strconv.FormatUint(uint64(n), 10) + " lines were dropped: what takes them is too slow"
}

// New returns a Writer that writes to w until Close. A line waits for others, or for a
// write that goes on, and else no longer than delay: with 0, it goes out at once. The
// Writer calls failed, one call at a time, for each write that fails, whose lines are
// lost, and with a [LossError], once a minute at most, when it can write again after it
// has dropped lines. What failed writes to the Writer itself is a line like others.
func New(w io.Writer, delay time.Duration, failed func(error)) *Writer {
	l := &Writer{
		to: w, delay: delay, failed: failed, timer: time.NewTimer(time.Hour),
		full: make(chan struct{}, 1), stop: make(chan struct{}), ended: make(chan struct{}),
	}
	l.timer.Stop()
	go l.run()
	return l
}

// Close writes what waits, and ends the Writer: what comes later is dropped. If a write is
// stuck it waits until ctx ends, whose error it returns then, and what waits is lost.
func (l *Writer) Close(ctx context.Context) error {
	l.closing.Do(func() { close(l.stop) })
	select {
	case <-l.ended:
		return nil
	case <-ctx.Done():
		l.abandoned.Store(true)
		return ctx.Err()
	}
}

// Lost is how many lines were dropped, or were in writes that failed.
func (l *Writer) Lost() uint64 { return l.lost.Load() }

// Write takes one line, with its end. It waits for nobody and never fails: New's failed is
// told of what is lost.
func (l *Writer) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || l.waiting+len(line) > maxWaiting {
		l.lost.Add(1)
		return len(line), nil
	}
	last := len(l.blocks) - 1
	if last < 0 || len(l.blocks[last])+len(line) > blockSize {
		l.begin()
		last++
	}
	l.blocks[last] = append(l.blocks[last], line...)
	l.waiting += len(line)
	return len(line), nil
}

// begin begins a block. Under mu.
func (l *Writer) begin() {
	var b []byte
	if last := len(l.spares) - 1; last >= 0 {
		b, l.spares = l.spares[last], l.spares[:last]
	} else {
		b = make([]byte, 0, blockSize)
	}
	l.blocks = append(l.blocks, b)
	if !l.armed {
		l.armed = true
		l.timer.Reset(l.delay)
	}
	if len(l.blocks) > batch {
		select {
		case l.full <- struct{}{}:
		default:
		}
	}
}

// run writes until Close.
func (l *Writer) run() {
	defer close(l.ended)
	w := output{Writer: l}
	for {
		select {
		case <-l.full:
			w.write(1)
			w.tell(lossRest)
		case <-l.timer.C:
			w.write(0)
			w.tell(lossRest)
		case <-l.stop:
			w.write(0)
			w.tell(0) // while that may still add a line
			l.shut()
			w.write(0)
			w.tell(0)
			return
		}
	}
}

func (l *Writer) shut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	l.timer.Stop()
}

// An output is what the goroutine of a Writer has for itself.
type output struct {
	*Writer
	block []byte    // that was written last
	torn  bool      // what was written ends within a line
	told  uint64    // lines whose loss somebody knows of
	at    time.Time // when it was last told that lines were dropped
}

// write writes the blocks that there are, but for as many of the last: those that begin
// meanwhile wait for others in their turn. As long as one is left out the timer runs on,
// as a later start would have that one's lines wait for longer than they may.
func (w *output) write(but int) {
	w.mu.Lock()
	n := len(w.blocks) - but
	w.armed = w.armed && but > 0
	w.mu.Unlock()
	for ; n > 0 && !w.abandoned.Load(); n-- {
		w.take()
		w.put()
	}
}

// put writes the block that was taken. One that follows a part of a line begins a line of
// its own.
func (w *output) put() {
	text := w.block
	if w.torn {
		text = append([]byte("\n"), text...)
	}
	wrote, err := w.to.Write(text)
	if wrote > 0 {
		w.torn = text[wrote-1] != '\n'
	}
	if err != nil {
		rest := text[max(wrote, len(text)-len(w.block)):]
		lines := uint64(bytes.Count(rest, []byte("\n")))
		w.lost.Add(lines)
		w.told += lines
		w.failed(err)
	}
}

// take takes the oldest block, and gives back the one that was written.
func (w *output) take() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if cap(w.block) == blockSize && len(w.spares) < maxSpares { // and no longer line was in it
		w.spares = append(w.spares, w.block[:0])
	}
	w.block = w.blocks[0]
	w.blocks = slices.Delete(w.blocks, 0, 1)
	w.waiting -= len(w.block)
}

// tell tells of the lines that were dropped, if it has not told of any for so long.
func (w *output) tell(rest time.Duration) {
	n := w.lost.Load() - w.told
	if n == 0 || time.Since(w.at) < rest || w.abandoned.Load() {
		return
	}
	w.told += n
	w.at = time.Now()
	w.failed(LossError(n))
}
