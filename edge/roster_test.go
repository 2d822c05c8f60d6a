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
	})
	if got := listed(); !slices.Equal(got, []int{0, 1, 3, 4}) {
		t.Errorf("after a sweep there are %v", got)
	}
	func() {
		defer func() { recover() }()
		r.sweep(func(v *int) bool {
			if *v == 1 {
				r.add(&values[5])
				panic("a bug")
			}
			return true
		})
	}()
	if got := listed(); !slices.Equal(got, []int{0, 3, 4, 5}) {
		t.Errorf("after a panic there are %v", got)
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
	s.sweep()
	mustList("after a sweep", 1)
	if got := p.get(); got != second {
		t.Fatal("there is no connection")
	}
	first.link.close() // so that it is unfit
	s.sweep()
	mustList("with one that is used", 1)
	p.drop(second)
	s.sweep()
	mustList("with none", 0)
	p.put(connect())
	mustList("with one again", 1)
	p.close()
	s.sweep()
	mustList("when it is closed", 0)
}

// A tally that counts nothing falls asleep, and then begins as if it had not.
func TestTallySleeps(t *testing.T) {
	var awake roster[tally]
	g := &gauge{awake: &awake}
	count := func() { g.count().window.answers[2].Add(1) }
	count()
	tallied := g.tally.Load()
	turn := func(at time.Duration) {
		awake.sweep(func(one *tally) bool { return one.turn(tallied.born.Add(at)) })
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
