package edge

import (
	"slices"
	"testing"
	"time"
)

// A sweep looks at what is listed, be it added meanwhile, and survives a bug.
func TestRoster(t *testing.T) {
	var r roster[int]
	values := []int{0, 1, 2, 3, 4, 5}
	for i := range 4 {
		r.add(&values[i])
	}
	listed := func() (all []int) {
		for _, v := range r.all {
			all = append(all, *v)
		}
		return all
	}
	r.sweep(func(v *int) bool {
		if *v == 1 {
			r.add(&values[4])
		}
		return *v != 2
	}, nil)
	if got := listed(); !slices.Equal(got, []int{0, 1, 3, 4}) {
		t.Errorf("after a sweep there are %v", got)
	}
	var looked []int
	var caught []any
	r.sweep(func(v *int) bool {
		looked = append(looked, *v)
		if *v == 1 {
			r.add(&values[5])
			panic("a bug")
		}
		return *v != 3
	}, func(p any) { caught = append(caught, p) })
	if got := listed(); !slices.Equal(got, []int{0, 1, 4, 5}) || !slices.Equal(looked, []int{0, 1, 3, 4}) || len(caught) != 1 {
		t.Errorf("after a panic there are %v, of which %v were looked at; %v was caught", got, looked, caught)
	}
	(*roster[int])(nil).add(&values[0])
}

// A pool is swept as long as it has connections, and again when it has some again.
func TestPoolsAreListed(t *testing.T) {
	s := newPoolSet(nil)
	p := &pool{swept: &s.warm}
	connect := func() *originConn {
		tested, _ := tcpPair(t)
		p.add()
		return &originConn{link: newPlainLink(tested), pool: p}
	}
	mustList := func(when string, want int) {
		t.Helper()
		if got := len(s.warm.all); got != want {
			t.Errorf("%s %d pools are listed, want %d", when, got, want)
		}
	}
	mustList("at first", 0)
	first, second := connect(), connect()
	mustList("with connections that are used", 0)
	p.put(first)
	p.put(second)
	mustList("with idle ones", 1)
	s.sweep(nil)
	mustList("after a sweep", 1)
	if got := p.get(nil, nil); got != second {
		t.Fatal("there is no connection")
	}
	first.link.close() // so that it is unfit
	s.sweep(nil)
	mustList("with one that is used", 1)
	p.drop(second)
	s.sweep(nil)
	mustList("with none", 0)
	p.put(connect())
	mustList("with one again", 1)
	p.close()
	s.sweep(nil)
	mustList("when it is closed", 0)
}

// A confused link has a bug in telling whether it is fit for use.
type confused struct {
	link
	closed bool
}

func (*confused) stale(*lot) bool { panic("a bug") }
func (c *confused) close()        { c.closed = true; c.link.close() }

// A bug that one connection runs into costs that one. The pool keeps the others, and is
// swept again, as are other pools and the tallies.
func TestSweepOutlivesPanics(t *testing.T) {
	s := newPoolSet(nil)
	pools := []*pool{{swept: &s.warm}, {swept: &s.warm}}
	odd := &confused{}
	var conns []*originConn
	for i, p := range []*pool{pools[0], pools[0], pools[0], pools[1]} {
		tested, _ := tcpPair(t)
		c := &originConn{link: newPlainLink(tested), pool: p}
		if i == 1 {
			odd.link, c.link = c.link, odd
		}
		p.add()
		p.put(c)
		conns = append(conns, c)
	}
	conns[3].link.close() // so that it is unfit
	awake := newTally()
	awake.born = awake.born.Add(-time.Hour)
	s.awake.add(awake)
	caught := 0
	s.sweep(nil) // which looks at none that have come back of late
	for range 2 {
		s.sweep(func(any) { caught++ })
		if got := pools[0].shelves[0].idle; !slices.Equal(got, []*originConn{conns[0], conns[2]}) || !slices.Equal(s.warm.all, pools[:1]) || !pools[0].listed {
			t.Errorf("%d connections are left, and %d pools", len(got), len(s.warm.all))
		}
		if caught != 1 || !odd.closed || len(s.awake.all) != 0 {
			t.Errorf("%d panics, closed is %v, %d tallies are awake", caught, odd.closed, len(s.awake.all))
		}
	}
	pools[0].close()
	s.sweep(func(any) { caught++ })
	if len(s.warm.all) != 0 || caught != 1 {
		t.Errorf("a closed pool is listed")
	}
}

// A tally that counts nothing falls asleep, and then begins as if it had not.
func TestTallySleeps(t *testing.T) {
	var awake roster[tally]
	g := &gauge{awake: &awake}
	count := func() { g.count().window.answers[2].Add(1) }
	count()
	tallied := g.tally.Load()
	turn := func(at time.Duration) {
		awake.sweep(func(one *tally) bool { return one.turn(tallied.born.Add(at)) }, nil)
	}
	mustCount := func(when string, listed int, late, all uint64) {
		t.Helper()
		recent, _, total := tallied.read()
		if len(awake.all) != listed || recent.fetches() != late || total.fetches() != all {
			t.Errorf("%s %d are awake, %d of late, %d in all; want %d, %d, %d", when, len(awake.all), recent.fetches(), total.fetches(), listed, late, all)
		}
	}
	mustCount("at first", 1, 1, 1)
	for i := range windows {
		turn(time.Duration(i+1) * windowTime)
	}
	mustCount("after a minute and a third", 0, 0, 1)
	tallied.window.answers[2].Add(1) // by one who saw it awake
	mustCount("with one that came late", 0, 0, 2)
	tallied.window.answers[2].Add(1)
	if !tallied.wake(tallied.born.Add(time.Hour)) || tallied.wake(tallied.born.Add(time.Hour)) {
		t.Error("it does not wake once")
	}
	awake.add(tallied)
	count()
	mustCount("awake again", 1, 1, 4)
	if _, since, _ := tallied.read(); since.Sub(tallied.born) != time.Hour-(windows-1)*windowTime {
		t.Errorf("it tells of what was since %v", since.Sub(tallied.born))
	}
	turn(time.Hour + windowTime)
	mustCount("after a turn", 1, 1, 4)
	if _, since, _ := tallied.read(); since.Sub(tallied.born) != time.Hour-(windows-2)*windowTime {
		t.Errorf("after a turn it tells of what was since %v", since.Sub(tallied.born))
	}
}

// Sweep is what the sweeper does each second, for benchmarks.
func Sweep(e *Edge) { e.sweepOnce() }
