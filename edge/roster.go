package edge

import "sync"

// A roster lists what the sweeper has to look at: pools that have connections, tallies
// that have counted of late. There can be hundreds of thousands at rest, which it does
// not hear of. What is on it knows that it is, and adds itself once. Requests take its
// lock only when they wake something.
type roster[T any] struct {
	mu  sync.Mutex
	all []*T
}

// add is for the sweeper to look at v. What belongs to no edge has no roster.
func (r *roster[T]) add(v *T) {
	if r == nil {
		return
	}
	r.mu.Lock()
	r.all = append(r.all, v)
	r.mu.Unlock()
}

// sweep looks at all that are listed, without the lock, and takes off the list those of
// which stays is false. One of which stays panics remains; caught is told, within recover.
func (r *roster[T]) sweep(stays func(*T) bool, caught func(panicked any)) {
	r.mu.Lock()
	all := r.all
	r.all = nil
	r.mu.Unlock()
	kept := all[:0]
	for _, v := range all {
		if survives(v, stays, caught) {
			kept = append(kept, v)
		}
	}
	clear(all[len(kept):])
	r.mu.Lock()
	r.all = append(kept, r.all...)
	r.mu.Unlock()
}

func survives[T any](v *T, stays func(*T) bool, caught func(any)) (stayed bool) {
	stayed = true
	defer func() {
		if p := recover(); p != nil {
			caught(p)
		}
	}()
	return stays(v)
}
