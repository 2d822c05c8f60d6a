package edge

import (
	"io"
	"sync/atomic"
	"time"

	"headwater/internal/lines"
	"headwater/metric"
)

// An AccessLog writes a line of JSON for each request, which waits for nobody who takes
// them. Several edges may share one.
type AccessLog struct {
	*lines.Writer
	stamp atomic.Pointer[lineStamp]
}

// NewAccessLog returns a log that writes to w until Close, as [lines.New] has it. A line
// waits for others no longer than delay after the end of its request.
func NewAccessLog(w io.Writer, delay time.Duration, failed func(error)) *AccessLog {
	return &AccessLog{Writer: lines.New(w, delay, failed)}
}

// Measure adds what the log counts. One that is nil counts nothing.
func (l *AccessLog) Measure(p *metric.Reading) {
	if l != nil && p.Whole {
		p.Add(metric.AccessLogLost, float64(l.Lost()))
	}
}
