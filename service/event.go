package service

import (
	"context"
	"time"
)

// An Event tells that something was written: who, what, when and from where. It
// holds no secret.
type Event struct {
	ID       string
	Customer string
	User     string
	Token    string
	Service  string // "" for what belongs to no service
	Version  int    // 0 for what belongs to no version
	Type     string // the noun and the verb: "backend.update"
	Name     string // of the thing; "" if it has none
	IP       string
	Created  time.Time // when it is written, unless it has happened before

	// The fields that the update of an object changed, as JSON objects of their
	// values before and after, long ones cut short; "" for other writes.
	Before, After string
}

// EventFilter says which events are wanted; empty fields take all.
type EventFilter struct {
	Service string
	User    string
	Type    string
}

type eventKey struct{}

// WithEvent returns a context whose next write, whatever it is, leaves e in the
// same transaction. It is how a store that knows neither clients nor verbs
// records each write exactly once.
func WithEvent(ctx context.Context, e *Event) context.Context {
	return context.WithValue(ctx, eventKey{}, e)
}

// EventOf returns the event that a write with ctx leaves, or nil.
func EventOf(ctx context.Context) *Event {
	e, _ := ctx.Value(eventKey{}).(*Event)
	return e
}
