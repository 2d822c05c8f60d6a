package edge

import (
	"hash/maphash"
	"maps"
)

// shards is how many parts names have. A change copies the parts that it changes, of
// a hundred thousand names a few hundred.
const shards = 256

// names finds sites by name. It is immutable once it is in a table.
type names struct {
	parts [shards]map[string]*site
	n     int
}

var nameSeed = maphash.MakeSeed()

func shardOf(name []byte) int { return int(maphash.Bytes(nameSeed, name) % shards) }

func (n *names) find(name []byte) *site { return n.parts[shardOf(name)][string(name)] }

// A draft is names in the making: old ones, of which it has copied the parts that are
// its own.
type draft struct {
	*names
	own [shards]bool
}

func draftOf(old *names) *draft {
	copied := *old
	return &draft{names: &copied}
}

// part returns the part of a name, to change it.
func (d *draft) part(name string) map[string]*site {
	at := shardOf([]byte(name))
	if !d.own[at] {
		if d.own[at] = true; d.parts[at] == nil {
			d.parts[at] = map[string]*site{}
		} else {
			d.parts[at] = maps.Clone(d.parts[at])
		}
	}
	return d.parts[at]
}

func (d *draft) add(name string, s *site) {
	part := d.part(name)
	d.n -= len(part)
	part[name] = s
	d.n += len(part)
}

// remove takes out a site's name, but for one that another site has taken over.
func (d *draft) remove(name string, s *site) {
	if d.find([]byte(name)) == s {
		delete(d.part(name), name)
		d.n--
	}
}
