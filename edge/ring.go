package edge

import (
	"cmp"
	"slices"

	"headwater/vcl"
)

// Bounds of the rings of a version.
const (
	// maxPoints bounds one ring, and allPoints those of one version together.
	maxPoints = 1 << 18
	allPoints = 1 << 20

	defaultVnodes = 256
)

// A point is a place on the ring of a chash, and whose it is.
type point struct {
	at     uint64
	member int32
}

// addRing puts the members of a chash on its ring, each at many places. A ring that
// may not have as many has fewer, which makes the shares of members less even: it
// reports whether all are there.
func (d *director) addRing(from *vcl.Director, most int64) (whole bool) {
	members := int64(len(from.Members))
	asked := cmp.Or(from.VnodesPerNode, defaultVnodes)
	each := max(min(asked, most/max(members, 1)), 1)
	d.ring = make([]point, 0, each*members)
	for i, m := range from.Members {
		base := hashOf(uint64(from.Seed), cmp.Or(m.ID, m.Backend.Name))
		for n := range each {
			d.ring = append(d.ring, point{remix(base + uint64(n)), int32(i)})
		}
	}
	slices.SortFunc(d.ring, func(a, b point) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.member, b.member))
	})
	return each == asked
}

// clockwise returns the first usable member on the ring from the key's hash on. None
// before the first member is healthy.
func (d *director) clockwise(c *choice, first int) destination {
	if d.inOrder(c, first) == nil {
		return nil
	}
	key := c.key
	if d.key == "client" {
		key = c.client
	}
	from := d.after(hashOf(d.salt, key))
	for i := range d.ring {
		if m := &d.members[d.ring[(from+i)%len(d.ring)].member]; m.usable(c) {
			return m.destination
		}
	}
	return nil
}

// after returns the first point at h or behind it, as many as there are if none is.
func (d *director) after(h uint64) int {
	i, _ := slices.BinarySearchFunc(d.ring, h, func(p point, h uint64) int { return cmp.Compare(p.at, h) })
	return i
}
