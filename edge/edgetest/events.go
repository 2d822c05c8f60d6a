package edgetest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"headwater/edge"
)

// An Events is a log that a test can read.
type Events struct {
	t      testing.TB
	events chan map[string]slog.Value
}

// NewEvents returns an access log, for a test to read and for an edge to write.
func NewEvents(t testing.TB) (*Events, *edge.AccessLog) {
	e := &Events{t: t, events: make(chan map[string]slog.Value, 4096)}
	l := edge.NewAccessLog(e, 0, func(err error) { t.Error(err) })
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := l.Close(ctx); err != nil {
			t.Error("the access log has more events than are read: ", err)
		}
	})
	return e, l
}

// NewLog is NewEvents for the log of what happens to the edge itself.
func NewLog(t testing.TB) (*Events, *slog.Logger) {
	e := &Events{t: t, events: make(chan map[string]slog.Value, 4096)}
	return e, slog.New(e)
}

// Next waits for the next event.
func (e *Events) Next() map[string]slog.Value {
	e.t.Helper()
	select {
	case event := <-e.events:
		return event
	case <-time.After(patience):
		e.t.Fatal("no event was logged")
		return nil
	}
}

// None fails the test if an event is there that nobody has taken.
func (e *Events) None() {
	e.t.Helper()
	select {
	case event := <-e.events:
		e.t.Errorf("one event too many: %v", event)
	default:
	}
}

// Write takes lines of the log.
func (e *Events) Write(lines []byte) (int, error) {
	for line := range bytes.Lines(lines) {
		if err := e.take(line); err != nil {
			return 0, fmt.Errorf("%q: %w", line, err)
		}
	}
	return len(lines), nil
}

// take takes one line. Numbers are what the log says that they are.
func (e *Events) take(line []byte) error {
	in := json.NewDecoder(bytes.NewReader(line))
	in.UseNumber()
	var members map[string]any
	if err := in.Decode(&members); err != nil {
		return err
	}
	event := map[string]slog.Value{}
	for key, member := range members {
		n, isNumber := member.(json.Number)
		if !isNumber {
			event[key] = slog.AnyValue(member)
			continue
		}
		whole, err := n.Int64()
		if err != nil {
			return err
		}
		if slices.Contains(durations, key) {
			event[key] = slog.DurationValue(time.Duration(whole))
		} else {
			event[key] = slog.Int64Value(whole)
		}
	}
	e.events <- event
	return nil
}

// durations are in nanoseconds.
var durations = []string{"connect", "first_byte", "total"}

// Enabled makes Events a [slog.Handler].
func (e *Events) Enabled(context.Context, slog.Level) bool { return true }

// Handle makes Events a [slog.Handler].
func (e *Events) Handle(_ context.Context, r slog.Record) error {
	event := map[string]slog.Value{}
	r.Attrs(func(a slog.Attr) bool {
		event[a.Key] = a.Value
		return true
	})
	e.events <- event
	return nil
}

// WithAttrs makes Events a [slog.Handler].
func (e *Events) WithAttrs([]slog.Attr) slog.Handler { return e }

// WithGroup makes Events a [slog.Handler].
func (e *Events) WithGroup(string) slog.Handler { return e }
