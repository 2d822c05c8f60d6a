package feed

import (
	"errors"
	"slices"
	"sync"

	"headwater/service"
)

// All are edges that serve the same, as the POPs of one process do. What happens to
// one has happened to all of them when a method returns.
type All []Edge

// Apply makes All an [Edge]. The first edge decides: what it takes compiles at all
// others too.
func (a All) Apply(snapshots ...*service.Snapshot) error {
	if err := a[0].Apply(snapshots...); err != nil {
		return err
	}
	return a[1:].each(func(e Edge) error { return e.Apply(snapshots...) })
}

// ApplyItems makes All an [Edge]. If one edge misses what the change follows, all are
// to be given the whole.
func (a All) ApplyItems(h *service.Holding) error {
	return a.each(func(e Edge) error { return e.ApplyItems(h) })
}

// Forget makes All an [Edge].
func (a All) Forget(id string) {
	for _, e := range a {
		e.Forget(id)
	}
}

// Lacks makes All an [Edge].
func (a All) Lacks(s *service.Snapshot) (lacking []service.HolderRef) {
	for _, e := range a {
		for _, at := range e.Lacks(s) {
			if !slices.Contains(lacking, at) {
				lacking = append(lacking, at)
			}
		}
	}
	return lacking
}

// each does it to all edges at once, and waits.
func (a All) each(do func(Edge) error) error {
	errs := make([]error, len(a))
	var under sync.WaitGroup
	for i, e := range a {
		under.Go(func() { errs[i] = do(e) })
	}
	under.Wait()
	return errors.Join(errs...)
}
