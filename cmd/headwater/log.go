package main

import (
	"context"
	"errors"
	"io"
	"log/slog"

	"headwater/internal/lines"
	"headwater/metric"
)

// A processLog is the log of the process. Whoever logs waits for nobody who reads it.
type processLog struct {
	*slog.Logger
	lines *lines.Writer
}

// openLog returns a log that writes to w, in which it tells of its own lines that were
// dropped. Those whose write failed it counts and no more: it would have to write that.
func openLog(w io.Writer) *processLog {
	l := &processLog{}
	l.lines = lines.New(w, 0, func(err error) {
		if _, dropped := errors.AsType[lines.LossError](err); dropped {
			l.Error("log", "error", err)
		}
	})
	l.Logger = slog.New(slog.NewTextHandler(l.lines, nil))
	return l
}

// measure adds what the log counts.
func (l *processLog) measure(p *metric.Reading) {
	if p.Whole {
		p.Add(metric.LogLost, float64(l.lines.Lost()))
	}
}

// close writes what waits, if somebody takes it within lastTime.
func (l *processLog) close() {
	ctx, cancel := context.WithTimeout(context.Background(), lastTime)
	defer cancel()
	l.lines.Close(ctx) // whose error there is no place for
}
