package edge

import "hash/maphash"

// shards is how many parts names have. A change copies the parts that it changes, of
// a hundred thousand names some eight hundred.
const shards = 128

// names finds sites by name. It is immutable once it is in a table. To find one takes
// a line of the caches beside that of the name itself, where a map has three.
type names struct {
	parts [shards]part
	n     int
}

// A part is a hash table with open addressing: a name lies in the slot that its hash says,
// or behind that, with no empty slot between. At most half of the slots are taken, which
// are a power of two.
type part struct {
	slots []slot
	n     int
}

type slot struct {
	hash uint64
	site *site // nil in an empty one
	name string
}

var nameSeed = maphash.MakeSeed()

func hashName(name []byte) uint64 { return maphash.Bytes(nameSeed, name) }

func (n *names) find(name []byte) *site {
	h := hashName(name)
	p := &n.parts[h%shards]
	if i := p.find(h, name); i >= 0 {
		return p.slots[i].site
	}
	return nil
}

// find returns the slot that has a name, or -1.
func (p *part) find(h uint64, name []byte) int {
	for i := p.home(h); p.n > 0; i = p.next(i) {
		switch s := &p.slots[i]; {
		case s.site == nil:
			return -1
		case s.hash == h && s.name == string(name):
			return i
		}
	}
	return -1
}

// home is the slot that a hash says, of which the low bits have chosen the part.
func (p *part) home(h uint64) int { return int(h/shards) & (len(p.slots) - 1) }

func (p *part) next(i int) int { return (i + 1) & (len(p.slots) - 1) }

// put fills the first empty slot from home on.
func (p *part) put(s slot) {
	i := p.home(s.hash)
	for p.slots[i].site != nil {
		i = p.next(i)
	}
	p.slots[i] = s
	p.n++
}

// copied returns a part of its own with room for one more.
func (p *part) copied() part {
	room := 4
	for room < 2*(p.n+1) {
		room *= 2
	}
	c := part{slots: make([]slot, room)}
	for _, s := range p.slots {
		if s.site != nil {
			c.put(s)
		}
	}
	return c
}

// empty takes out slot i, and puts what lies behind it where it is found without it.
func (p *part) empty(i int) {
	p.slots[i] = slot{}
	p.n--
	for i = p.next(i); p.slots[i].site != nil; i = p.next(i) {
		s := p.slots[i]
		p.slots[i] = slot{}
		p.n--
		p.put(s)
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

// part returns the part of a hash, to change it: there is room for one more.
func (d *draft) part(h uint64) *part {
	at := h % shards
	p := &d.parts[at]
	if !d.own[at] || 2*(p.n+1) > len(p.slots) {
		*p, d.own[at] = p.copied(), true
	}
	return p
}

func (d *draft) add(name string, s *site) {
	h := hashName([]byte(name))
	p := d.part(h)
	if i := p.find(h, []byte(name)); i >= 0 {
		p.slots[i].site = s
		return
	}
	p.put(slot{h, s, name})
	d.n++
}

// remove takes out a site's name, but for one that another site has taken over.
func (d *draft) remove(name string, s *site) {
	if d.find([]byte(name)) != s {
		return
	}
	h := hashName([]byte(name))
	p := d.part(h)
	p.empty(p.find(h, []byte(name)))
	d.n--
}
