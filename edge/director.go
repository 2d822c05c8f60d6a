package edge

import (
	"math/bits"
	"math/rand/v2"
	"slices"
	"sync/atomic"

	"headwater/vcl"
)

// A destination is what req.backend can be: a backend, or a director that picks one.
type destination interface {
	// healthy reports whether a request may be sent there.
	healthy() bool

	// usable is healthy for one fetch, to which some have failed already.
	usable(c *choice) bool

	// pick returns the backend that a fetch goes to, or why there is none.
	pick(c *choice) (*backend, failure)

	// tries is how many backends a fetch may be tried on.
	tries() int

	// first is the first backend that may be picked, or nil.
	first() *backend
}

// A choice is what directors go by for one fetch, and what it was tried on.
type choice struct {
	key    string // of the request's hash
	client string
	tried  []*backend
}

// healthy reports whether the backend can take requests.
// TODO(#4): no probe says otherwise yet.
func (b *backend) healthy() bool { return !b.sick }

func (b *backend) usable(c *choice) bool { return b.healthy() && !slices.Contains(c.tried, b) }

func (b *backend) pick(*choice) (*backend, failure) {
	if !b.healthy() {
		return nil, failUnhealthy
	}
	return b, failNone
}

func (b *backend) tries() int      { return 1 }
func (b *backend) first() *backend { return b }

// A director is one compiled director. It keeps no lock: what it counts is atomic.
type director struct {
	kind    vcl.DirectorType
	quorum  int64 // percent of the weight that has to be healthy
	retries int
	members []member
	total   int64   // of all weights
	ring    []point // of a chash
	next    atomic.Uint32
	key     string // what a chash hashes: object or client
}

type member struct {
	destination
	weight int64
}

// nobody is the destination of a version without backends.
var nobody = &director{}

func (d *director) tries() int { return d.retries }

func (d *director) first() *backend {
	for _, m := range d.members {
		if b := m.first(); b != nil {
			return b
		}
	}
	return nil
}

// healthy reports whether any member is, and enough of the weight.
func (d *director) healthy() bool { return d.any(nil) && d.quorate() }

func (d *director) usable(c *choice) bool { return d.any(c) && d.quorate() }

// any reports whether a member is healthy or, for a fetch, usable.
func (d *director) any(c *choice) bool {
	for i := range d.members {
		if m := &d.members[i]; m.weight > 0 && (c == nil && m.healthy() || c != nil && m.usable(c)) {
			return true
		}
	}
	return false
}

// quorate reports whether as much of the weight is healthy as has to be.
func (d *director) quorate() bool {
	if d.quorum == 0 {
		return true
	}
	var healthy int64
	for i := range d.members {
		if m := &d.members[i]; m.healthy() {
			healthy += m.weight
		}
	}
	return healthy*100 >= d.quorum*d.total
}

func (d *director) pick(c *choice) (*backend, failure) {
	if !d.quorate() {
		return nil, failQuorum
	}
	if m := d.choose(c); m != nil {
		return m.pick(c)
	}
	return nil, d.spent()
}

// spent is the failure of a fetch for which there is no member left.
func (d *director) spent() failure {
	if d.kind == vcl.CHashDirector {
		return failNoBackendCHash
	}
	return failNoBackend
}

// choose returns a usable member in the director's way, nil if there is none.
func (d *director) choose(c *choice) destination {
	switch d.kind {
	case vcl.RandomDirector:
		return d.weighted(c, rand.Uint64(), rand.Uint64())
	case vcl.HashDirector:
		h := hashOf(0, c.key)
		return d.weighted(c, h, remix(h))
	case vcl.ClientDirector:
		h := hashOf(0, c.client)
		return d.weighted(c, h, remix(h))
	case vcl.CHashDirector:
		return d.clockwise(c)
	case vcl.RoundRobin:
		return d.inOrder(c, int(d.next.Add(1)-1)%max(len(d.members), 1))
	}
	return d.inOrder(c, 0)
}

// weighted returns the member whose share of the weight n falls into. If that is
// not usable, again falls into the shares of those that are: which leaves each its
// share of what the others lost, and moves nobody who had another member.
func (d *director) weighted(c *choice, n, again uint64) destination {
	if d.total == 0 {
		return nil
	}
	m := d.share(scale(n, d.total), nil)
	if m.usable(c) {
		return m
	}
	var usable int64
	for i := range d.members {
		if m := &d.members[i]; m.usable(c) {
			usable += m.weight
		}
	}
	if usable == 0 {
		return nil
	}
	return d.share(scale(again, usable), c)
}

// share returns the member at n, counting the weights of all or, with a choice, of
// those that are usable.
func (d *director) share(n int64, c *choice) destination {
	var last destination
	for i := range d.members {
		m := &d.members[i]
		if m.weight == 0 || c != nil && !m.usable(c) {
			continue
		}
		last = m.destination
		if n -= m.weight; n < 0 {
			break
		}
	}
	return last
}

// scale maps all of uint64 evenly to the numbers below n.
func scale(h uint64, n int64) int64 {
	hi, _ := bits.Mul64(h, uint64(n))
	return int64(hi)
}

// inOrder returns the first usable member from there on.
func (d *director) inOrder(c *choice, from int) destination {
	for i := range d.members {
		if m := d.members[(from+i)%len(d.members)]; m.usable(c) {
			return m.destination
		}
	}
	return nil
}

// A point is a place on the ring of a chash, and whose it is.
type point struct {
	at     uint64
	member int32
}

// clockwise returns the first usable member on the ring from the key's hash on.
func (d *director) clockwise(c *choice) destination {
	if !d.any(c) {
		return nil
	}
	key := c.key
	if d.key == "client" {
		key = c.client
	}
	from, _ := slices.BinarySearchFunc(d.ring, hashOf(0, key), func(p point, h uint64) int {
		if p.at < h {
			return -1
		}
		return 1
	})
	for i := range d.ring {
		if m := d.members[d.ring[(from+i)%len(d.ring)].member]; m.usable(c) {
			return m.destination
		}
	}
	return nil
}

// hashOf is a hash that is the same on all edges (FNV-1a, its bits then spread).
func hashOf(seed uint64, s string) uint64 {
	h := 14695981039346656037 ^ seed
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return remix(h)
}

// remix spreads what differs in a few bits over all (the finalizer of MurmurHash3).
func remix(h uint64) uint64 {
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}
