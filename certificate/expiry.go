package certificate

import (
	"iter"
	"time"
)

// Expiries are when the certificates of the directory expire, by their files' names.
func (d *Directory) Expiries() iter.Seq2[string, time.Time] {
	return func(yield func(string, time.Time) bool) {
		for _, c := range d.set.Load().all {
			if !yield(c.file, c.Leaf.NotAfter) {
				return
			}
		}
	}
}

// Expiries are when the certificates that were ordered expire, by name.
func (i *Issuer) Expiries() iter.Seq2[string, time.Time] {
	return func(yield func(string, time.Time) bool) {
		for _, known := range i.names.Range {
			n := known.(*named)
			if c := n.shown.Load(); c != nil && !yield(n.name, c.Leaf.NotAfter) {
				return
			}
		}
	}
}

// Orders counts those that are over, since the process began. One that the end of the
// process has cut short is in neither.
func (i *Issuer) Orders() (made, failed uint64) { return i.made.Load(), i.failed.Load() }
