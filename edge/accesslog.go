package edge

import (
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// An AccessLog writes a line of JSON for each request. Lines of many requests go out
// in one write, no later than its delay after the first of them. Several edges may
// share one.
type AccessLog struct {
	to     io.Writer
	delay  time.Duration
	failed func(error)

	stamp atomic.Pointer[lineStamp]

	mu    sync.Mutex
	lines []byte      // not written yet
	timer *time.Timer // that writes them; running while there are lines
}

// maxLines is how many bytes of lines wait at most. Whoever fills them up writes.
const maxLines = 64 << 10

// NewAccessLog returns a log that writes to w, and never longer than delay after the
// end of a request; a delay of 0 is a write for each. It calls failed, one call at a
// time, for each write that fails; its lines are lost.
func NewAccessLog(w io.Writer, delay time.Duration, failed func(error)) *AccessLog {
	l := &AccessLog{to: w, delay: delay, failed: failed}
	l.timer = time.AfterFunc(time.Hour, l.Flush)
	l.timer.Stop()
	return l
}

// Flush writes what waits.
func (l *AccessLog) Flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.flush()
}

func (l *AccessLog) flush() {
	if len(l.lines) == 0 {
		return
	}
	l.timer.Stop()
	if _, err := l.to.Write(l.lines); err != nil {
		l.failed(err)
	}
	l.lines = l.lines[:0]
}

// add takes a line to be written.
func (l *AccessLog) add(line []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.lines) == 0 {
		l.timer.Reset(l.delay)
	}
	l.lines = append(l.lines, line...)
	if l.delay == 0 || len(l.lines) >= maxLines {
		l.flush()
	}
}
