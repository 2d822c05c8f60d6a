package edge

import (
	"math"
	"math/bits"
	"slices"
)

// maxDraws bounds the draws until a usable member is asked for in another way. Of
// members of which half the weight is unusable, one fetch in 65,536 gets there.
const maxDraws = 16

// weighted returns a usable member for a key; its share of all keys is its weight
// over that of all usable members. A key draws members by weight, in an order that
// is its own, and gets the first usable one: where a member becomes unusable only
// its keys move, and they come back with it. Keys without luck get their favourite,
// of which the same holds.
func (d *director) weighted(c *choice, key uint64) destination {
	total := d.total()
	if total == 0 {
		return nil
	}
	for i := range uint64(maxDraws) {
		if m := d.at(scale(draw(key, i), total)); m.usable(c) {
			return m.destination
		}
	}
	return d.favourite(c, key)
}

// at returns the member whose part of the weights has n in it.
func (d *director) at(n int64) *member {
	i, _ := slices.BinarySearch(d.sums, n+1)
	return &d.members[i]
}

// favourite returns the usable member that waits the shortest time for the key.
// Times are exponential with a rate of the member's weight, and so the chance to be
// the shortest is the member's share of the rates of all (weighted rendezvous
// hashing). It looks at every member.
func (d *director) favourite(c *choice, key uint64) (best destination) {
	shortest := math.Inf(1)
	for i := range d.members {
		m := &d.members[i]
		if !m.usable(c) {
			continue
		}
		if wait := exponential(draw(key, maxDraws+uint64(i))) / float64(m.weight); wait < shortest {
			best, shortest = m.destination, wait
		}
	}
	return best
}

// draw is the i-th number of a key.
func draw(key, i uint64) uint64 { return remix(key + i*0x9e3779b97f4a7c15) }

// scale maps all of uint64 evenly to the numbers below n.
func scale(h uint64, n int64) int64 {
	hi, _ := bits.Mul64(h, uint64(n))
	return int64(hi)
}

// exponential makes exponentially distributed numbers, of mean 1, of even ones.
func exponential(h uint64) float64 { return -math.Log((float64(h>>11) + .5) / (1 << 53)) }

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
