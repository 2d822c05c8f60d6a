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
// which stays is false. A panic of stays leaves those on it that it has not come to.
func (r *roster[T]) sweep(stays func(*T) bool) {
	r.mu.Lock()
	all := r.all
	r.all = nil
	r.mu.Unlock()
	kept, rest := all[:0], all
	defer func() {
		kept = append(kept, rest...)
		clear(all[len(kept):])
		r.mu.Lock()
		r.all = append(kept, r.all...)
		r.mu.Unlock()
	}()
	for len(rest) > 0 {
		v := rest[0]
		rest = rest[1:]
		if stays(v) {
			kept = append(kept, v)
		}
	}
}
