package edge

import (
	"hash/maphash"
	"slices"
)

// shards is how many parts names have. A change copies the parts that it changes, of
// a hundred thousand names a few hundred.
const shards = 256

// names finds sites by name. It is immutable once it is in a table.
type names struct {
	parts [shards]part
	n     int
}

var nameSeed = maphash.MakeSeed()

func nameHash(name []byte) uint64 { return maphash.Bytes(nameSeed, name) }

func (n *names) find(name []byte) *site {
	h := nameHash(name)
	return n.parts[h%shards].find(h, name)
}

// A part is a hash table of names with open addressing: each is in the first free place from where its
// hash says. Where there are thousands of services the caches have none of it, and of a map they would
// miss its directory, its table, a group of names and a name, one after the other. Here it is one
// entry, and name and site at the same time. A part never shrinks.
type part struct {
	entries []entry // a power of two of them, or none
	n       int     // that are taken: three quarters at most
}

// An entry without a site is free.
type entry struct {
	hash uint64
	name string
	site *site
}

// leastEntries is how many a part begins with.
const leastEntries = 4

func (p *part) find(hash uint64, name []byte) *site {
	if p.n == 0 {
		return nil
	}
	for i := p.home(hash); p.entries[i].site != nil; i = p.next(i) {
		if e := &p.entries[i]; e.hash == hash && e.name == string(name) {
			return e.site
		}
	}
	return nil
}

// home is where the search for a hash begins. What of it tells the parts apart is the same for all in
// one.
func (p *part) home(hash uint64) int { return int(hash/shards) & (len(p.entries) - 1) }

func (p *part) next(i int) int { return (i + 1) & (len(p.entries) - 1) }

// set has the name be the entry's site's, and reports whether it was nobody's.
func (p *part) set(e entry) (added bool) {
	if 4*(p.n+1) > 3*len(p.entries) {
		p.grow()
	}
	i := p.home(e.hash)
	for p.entries[i].site != nil && p.entries[i].name != e.name {
		i = p.next(i)
	}
	if added = p.entries[i].site == nil; added {
		p.n++
	}
	p.entries[i] = e
	return added
}

func (p *part) grow() {
	old := p.entries
	p.entries, p.n = make([]entry, max(leastEntries, 2*len(old))), 0
	for _, e := range old {
		if e.site != nil {
			p.set(e)
		}
	}
}

// remove takes out a name that there is. Those behind it, up to the next free place, are set anew: one of
// them may be there because of it.
func (p *part) remove(hash uint64, name string) {
	i := p.home(hash)
	for p.entries[i].name != name {
		i = p.next(i)
	}
	p.entries[i] = entry{}
	p.n--
	for i = p.next(i); p.entries[i].site != nil; i = p.next(i) {
		e := p.entries[i]
		p.entries[i] = entry{}
		p.n--
		p.set(e)
	}
}

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

// part returns the part of a hash, to change it.
func (d *draft) part(hash uint64) *part {
	at := hash % shards
	p := &d.parts[at]
	if !d.own[at] {
		d.own[at] = true
		p.entries = slices.Clone(p.entries)
	}
	return p
}

func (d *draft) add(name string, s *site) {
	hash := nameHash([]byte(name))
	if d.part(hash).set(entry{hash, name, s}) {
		d.n++
	}
}

// remove takes out a site's name, but for one that another site has taken over.
func (d *draft) remove(name string, s *site) {
	hash := nameHash([]byte(name))
	if d.parts[hash%shards].find(hash, []byte(name)) == s {
		d.part(hash).remove(hash, name)
		d.n--
	}
}
