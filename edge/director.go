package edge

import (
	"math/rand/v2"
	"sync/atomic"

	"headwater/vcl"
)

// A destination is what req.backend can be: a backend, or a director that picks one.
type destination interface {
	// healthy reports whether health checks say that requests may be sent there.
	healthy() bool

	// usable reports whether a fetch may go there now: it is healthy, has room
	// under max_conn, and the fetch has not failed there already. A nil choice is
	// a fetch that has failed nowhere.
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
	tried  backendSet
	moved  bool // to another member, with a request that the last one may have seen
}

// A backendSet is some of a site's backends. It grows to a bit for each.
type backendSet []uint64

func (s backendSet) has(b *backend) bool {
	i := int(b.index) / 64
	return i < len(s) && s[i]>>(b.index%64)&1 == 1
}

func (s *backendSet) add(b *backend) {
	for len(*s) <= int(b.index)/64 {
		*s = append(*s, 0)
	}
	(*s)[b.index/64] |= 1 << (b.index % 64)
}

func (b *backend) usable(c *choice) bool {
	return b.healthy() && b.room() && (c == nil || !c.tried.has(b))
}

func (b *backend) pick(*choice) (*backend, failure) {
	if !b.healthy() {
		return nil, b.ailment()
	}
	return b, failNone
}

func (b *backend) tries() int      { return 1 }
func (b *backend) first() *backend { return b }

// A director is one compiled director. It keeps no lock: what it counts is atomic.
// The time that it takes to pick grows with the logarithm of its members, unless
// most of them are unusable.
type director struct {
	kind    vcl.DirectorType
	quorum  int64 // percent of the weight that has to be healthy
	retries int
	members []member
	sums    []int64 // of the weights up to each member's, its own included
	ring    []point // of a chash
	next    atomic.Uint64
	key     string // what a chash hashes: object or client
	salt    uint64 // of its hashes, so that directors below each other do not agree

	epoch   *atomic.Uint64 // of the edge's health; nil if nobody counts it
	counted atomic.Pointer[census]
}

type member struct {
	destination
	weight int64
}

// nobody is the destination of a version without backends.
var nobody = &director{}

// add makes m the last member, unless it would never be picked for want of weight.
func (d *director) add(m destination, weight int64) {
	switch d.kind {
	case vcl.RandomDirector, vcl.HashDirector, vcl.ClientDirector:
		if weight == 0 {
			return
		}
	}
	d.members = append(d.members, member{m, weight})
	d.sums = append(d.sums, d.total()+weight)
}

// total is the sum of all weights.
func (d *director) total() int64 {
	if len(d.sums) == 0 {
		return 0
	}
	return d.sums[len(d.sums)-1]
}

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
func (d *director) healthy() bool {
	t := d.census()
	return t.first < len(d.members) && d.quorate(t)
}

// usable reports whether any member is, and enough of the weight is healthy.
func (d *director) usable(c *choice) bool {
	t := d.census()
	return d.quorate(t) && d.inOrder(c, t.first) != nil
}

func (d *director) pick(c *choice) (*backend, failure) {
	t := d.census()
	if !d.quorate(t) {
		return nil, failQuorum
	}
	switch m := d.choose(c, t).(type) {
	case nil:
		return nil, d.spent()
	case *backend:
		return m, failNone
	default:
		return m.pick(c)
	}
}

// spent is the failure of a fetch for which there is no member left.
func (d *director) spent() failure {
	if d.kind == vcl.CHashDirector {
		return failNoBackendCHash
	}
	return failNoBackend
}

// choose returns a usable member in the director's way, nil if there is none.
func (d *director) choose(c *choice, t census) destination {
	switch d.kind {
	case vcl.RandomDirector:
		return d.weighted(c, rand.Uint64())
	case vcl.HashDirector:
		return d.weighted(c, hashOf(d.salt, c.key))
	case vcl.ClientDirector:
		return d.weighted(c, hashOf(d.salt, c.client))
	case vcl.CHashDirector:
		return d.clockwise(c, t.first)
	case vcl.RoundRobin:
		return d.inTurn(c)
	}
	return d.inOrder(c, t.first)
}

// inOrder returns the first usable member from there on.
func (d *director) inOrder(c *choice, from int) destination {
	for i := from; i < len(d.members); i++ {
		if m := &d.members[i]; m.usable(c) {
			return m.destination
		}
	}
	return nil
}

// inTurn returns the member whose turn it is; one that is unusable loses it to the
// next.
func (d *director) inTurn(c *choice) destination {
	n := uint64(len(d.members))
	for range n {
		if m := &d.members[(d.next.Add(1)-1)%n]; m.usable(c) {
			return m.destination
		}
	}
	return d.inOrder(c, 0) // others took turns meanwhile
}
