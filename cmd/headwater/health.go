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
// nor a customer whose origins all do, and no probe waits for the store.
const (
	healthQueue    = 8192 // events that wait to be kept
	healthBatch    = 256  // that are kept at a time
	healthAnHour   = 60   // of one backend; others are in the log alone
	healthCustomer = 5000 // of all backends of one customer, an hour
	healthBackends = 1 << 16
)

// A healthRecorder keeps an event for each change of a backend's health, also
// where several of its addresses change. It has one goroutine, which ends with
// close.
type healthRecorder struct {
	keep  func(context.Context, []*service.Event) error
	log   *slog.Logger
	queue chan *service.Event
	done  sync.WaitGroup

	// How many events there were in the hour that goes on, of each backend that has
	// any and of each customer. Of changed alone, which nobody calls twice at a time.
	hour      time.Time
	backends  map[probe.Ref]int
	customers map[string]int
}

func newHealthRecorder(keep func(context.Context, []*service.Event) error, log *slog.Logger) *healthRecorder {
	r := &healthRecorder{keep: keep, log: log, queue: make(chan *service.Event, healthQueue)}
	r.done.Go(r.run)
	return r
}

// run keeps what is queued, whatever waits already at a time.
func (r *healthRecorder) run() {
	for e := range r.queue {
		batch := []*service.Event{e}
		for len(batch) < healthBatch && len(r.queue) > 0 {
			batch = append(batch, <-r.queue) // nobody else takes from it
		}
		if err := r.keep(context.Background(), batch); err != nil {
			r.log.Error("keep changes of health", "events", len(batch), "error", err)
		}
	}
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
	if !c.Turned {
		return
	}
	for _, ref := range c.Backends {
		if !r.admit(ref, &c) {
			continue
		}
		select {
		case r.queue <- healthEvent(ref, &c):
		default:
			r.log.Warn("too many changes of health to keep", "service", ref.Service, "backend", ref.Backend)
		}
	}
}

// admit reports whether the bounds of the hour have room for one more event, and
// counts it. A backend that there is no room to count has none.
func (r *healthRecorder) admit(ref probe.Ref, c *probe.Change) bool {
	if hour := c.At.Truncate(time.Hour); r.backends == nil || !hour.Equal(r.hour) {
		r.hour, r.backends, r.customers = hour, map[probe.Ref]int{}, map[string]int{}
	}
	n := r.backends[ref]
	if n == healthAnHour || n == 0 && len(r.backends) == healthBackends || r.customers[c.Customer] == healthCustomer {
		return false
	}
	r.backends[ref]++
	if r.customers[c.Customer]++; r.customers[c.Customer] == healthCustomer {
		r.log.Warn("no more changes of health are kept in this hour", "customer", c.Customer)
	}
	return true
}

func healthEvent(ref probe.Ref, c *probe.Change) *service.Event {
	e := &service.Event{Customer: c.Customer, Service: ref.Service, Name: ref.Backend, Type: "backend.sicken", Created: c.At}
	if c.Backend {
		e.Type = "backend.recover"
	}
	type health struct {
		Healthy bool   `json:"healthy"`
		Address string `json:"address,omitempty"`
		Reason  string `json:"reason,omitempty"`
	}
	now := health{Healthy: c.Backend, Reason: c.Reason}
	// An address that the operator forbids is for the log alone.
	if c.Addr.IsValid() && !c.Forbidden {
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
