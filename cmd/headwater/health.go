package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"headwater/probe"
	"headwater/service"
)

// What is kept of changes of health. An origin that flaps must not fill the store,
// nor make its probes wait for it.
const (
	healthQueue    = 1024 // events that wait to be kept
	healthAnHour   = 60   // of one backend; others are in the log alone
	healthBackends = 1 << 16
)

// A healthRecorder keeps an event for each change of a backend's health, also
// where several of its addresses change. It has one goroutine, which ends with
// close.
type healthRecorder struct {
	keep  func(context.Context, *service.Event) error
	log   *slog.Logger
	queue chan *service.Event
	done  sync.WaitGroup

	// Of changed alone, which nobody calls twice at a time.
	known map[probe.Ref]*knownHealth
}

// A knownHealth is what was recorded of one backend.
type knownHealth struct {
	healthy bool
	hour    time.Time
	kept    int // in that hour
}

func newHealthRecorder(keep func(context.Context, *service.Event) error, log *slog.Logger) *healthRecorder {
	r := &healthRecorder{keep: keep, log: log, queue: make(chan *service.Event, healthQueue), known: map[probe.Ref]*knownHealth{}}
	r.done.Go(func() {
		for e := range r.queue {
			if err := r.keep(context.Background(), e); err != nil {
				r.log.Error("keep an event", "type", e.Type, "service", e.Service, "error", err)
			}
		}
	})
	return r
}

// close returns when all is kept that was told.
func (r *healthRecorder) close() {
	if r != nil {
		close(r.queue)
		r.done.Wait()
	}
}

// changed takes in one change; it is for [edge.Config.HealthChanged].
func (r *healthRecorder) changed(c probe.Change) {
	for _, ref := range c.Backends {
		if !r.turns(ref, &c) {
			continue
		}
		select {
		case r.queue <- healthEvent(ref, &c):
		default:
			r.log.Warn("too many changes of health to keep", "service", ref.Service, "backend", ref.Backend)
		}
	}
}

// turns reports whether a backend's own health changes with c, and that may be
// kept. Of one that nothing is known of, it does if the address's and its own are
// the same: a backend is healthy while one of its addresses is.
func (r *healthRecorder) turns(ref probe.Ref, c *probe.Change) bool {
	k := r.known[ref]
	changed := c.Healthy == c.Backend
	if k != nil {
		changed = k.healthy != c.Backend
	} else if k = new(knownHealth); len(r.known) < healthBackends {
		r.known[ref] = k
	}
	k.healthy = c.Backend
	if hour := c.At.Truncate(time.Hour); !hour.Equal(k.hour) {
		k.hour, k.kept = hour, 0
	}
	if !changed || k.kept == healthAnHour {
		return false
	}
	k.kept++
	return true
}

func healthEvent(ref probe.Ref, c *probe.Change) *service.Event {
	e := &service.Event{Customer: c.Customer, Service: ref.Service, Name: ref.Backend, Type: "backend.sicken"}
	if c.Backend {
		e.Type = "backend.recover"
	}
	type health struct {
		Healthy bool   `json:"healthy"`
		Address string `json:"address,omitempty"`
		Reason  string `json:"reason,omitempty"`
	}
	now := health{Healthy: c.Backend, Reason: c.Reason}
	if c.Addr.IsValid() {
		now.Address = c.Addr.String()
	}
	e.Before, e.After = text(health{Healthy: !c.Backend}), text(now)
	return e
}

func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // it is of texts and booleans
	}
	return string(b)
}
