package edge

import (
	"context"
	"testing"

	"headwater/service"
)

// A service whose version takes long to compile is in nobody else's way.
func TestChangesWaitForTheirOwnService(t *testing.T) {
	e := New(Config{})
	defer e.Shutdown(context.Background())
	none := func(id string, generation int64) *service.Snapshot {
		return &service.Snapshot{Service: id, Generation: generation}
	}
	slow := e.hold([]*service.Snapshot{none("slow", 1)})
	if err := e.Apply(none("other", 1)); err != nil { // would wait for ever
		t.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- e.Apply(none("other", 2), none("slow", 2)) }()
	select {
	case err := <-done:
		t.Errorf("a change did not wait for another of its service: %v", err)
	default:
	}
	slow()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
