package edge

import (
	"math"

	"headwater/service"
)

// Forget ends a service that was deleted, and drops what outlives versions: its
// counters, and what is known of its editions. Nothing of it may be applied any more.
func (e *Edge) Forget(id string) {
	// It cannot fail: without a version there is nothing to compile.
	_, _ = e.apply([]*service.Snapshot{{Service: id, Generation: math.MaxInt64}})
	e.change.Lock()
	defer e.change.Unlock()
	delete(e.services, id)
}
