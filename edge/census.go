package edge

// A census is what of a director's members was healthy in an epoch. To count takes as
// long as the director has members, and so the census is kept until the next epoch.
type census struct {
	epoch  uint64
	weight int64 // of the healthy members
	first  int   // healthy member; as many as there are members if none is
}

// census returns what is healthy now. An epoch begins when health has changed, so that
// no census outlives a change that it has missed.
func (d *director) census() census {
	if d.epoch == nil {
		return d.count()
	}
	now := d.epoch.Load()
	if t := d.counted.Load(); t != nil && t.epoch == now {
		return *t
	}
	t := d.count()
	t.epoch = now
	d.keep(t)
	return t
}

func (d *director) keep(t census) { d.counted.Store(&t) }

func (d *director) count() census {
	t := census{first: len(d.members)}
	for i := range d.members {
		if m := &d.members[i]; m.healthy() {
			t.weight += m.weight
			t.first = min(t.first, i)
		}
	}
	return t
}

// quorate reports whether as much of the weight is healthy as has to be.
func (d *director) quorate(t census) bool {
	return d.quorum == 0 || t.weight*100 >= d.quorum*d.total()
}
