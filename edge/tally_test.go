package edge

import (
	"math/rand/v2"
	"net/netip"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Buckets follow each other without a gap, and none is wider than an eighth of
// what it begins with.
func TestBuckets(t *testing.T) {
	for i := range buckets - 1 {
		from, to := bucketFloor(i), bucketFloor(i+1)
		if got := bucketOf(from); got != i {
			t.Errorf("bucket %d begins with %d, which is in %d", i, from, got)
		}
		if got := bucketOf(to - 1); got != i {
			t.Errorf("bucket %d ends with %d, which is in %d", i, to-1, got)
		}
		if i > 0 && (to-from)*eighths > from {
			t.Errorf("bucket %d is from %d to %d", i, from, to)
		}
	}
	if got := bucketOf(1 << 62); got != buckets-1 {
		t.Errorf("the longest are in bucket %d", got)
	}
}

func TestQuantiles(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var h histogram
	var all []time.Duration
	for range 10_000 {
		d := time.Duration(100+random.ExpFloat64()*20_000) * time.Microsecond
		h.add(d)
		all = append(all, d)
	}
	slices.Sort(all)
	var s spread
	h.each(func(bucket int, n *atomic.Uint32) { s.n[bucket] += uint64(n.Load()) })
	for _, q := range []float64{0, 0.01, 0.5, 0.9, 0.99, 0.999, 1} {
		got, want := s.quantile(q), all[min(int(q*10_000), 9999)]
		if off := float64(got-want) / float64(want); q > 0 && (off > 0.13 || off < -0.13) {
			t.Errorf("quantile %v is %v, want %v", q, got, want)
		}
	}
	if got := new(spread).quantile(0.5); got != 0 {
		t.Errorf("the median of nothing is %v", got)
	}
}

// What is counted while windows turn is lost in none of them.
func TestTurningLosesNothing(t *testing.T) {
	const each, who = 20_000, 4
	tally := newTally()
	var counting sync.WaitGroup
	for range who {
		counting.Go(func() {
			for i := range each {
				w := &tally.window
				w.answers[2].Add(1)
				w.faulty().failures[failRead].Add(1)
				w.firstByte.add(time.Duration(i) * time.Microsecond)
			}
		})
	}
	now := tally.born
	for range 200 {
		now = now.Add(windowTime)
		tally.turn(now)
	}
	counting.Wait()
	_, _, total := tally.read()
	if total.answers[2] != each*who || total.failures[failRead] != each*who || total.firstByte.count() != each*who {
		t.Errorf("%d answers, %d failures, %d latencies; want %d of each", total.answers[2], total.failures[failRead], total.firstByte.count(), each*who)
	}
	if want := uint64(who * each * (each - 1) / 2); total.firstByte.micros != want {
		t.Errorf("%d us in all, want %d", total.firstByte.micros, want)
	}
}

// Of late is the last minute or a little more.
func TestWindowsPass(t *testing.T) {
	tally := newTally()
	count := func() { tally.window.answers[2].Add(1) }
	count()
	tally.turn(tally.born.Add(windowTime - 1)) // too early
	count()
	for i := range windows {
		recent, since, total := tally.read()
		if recent.fetches() != 2 || total.fetches() != 2 || !since.Equal(tally.born) {
			t.Errorf("after %d turns: %d of late since %v, %d in all", i, recent.fetches(), since.Sub(tally.born), total.fetches())
		}
		tally.turn(tally.born.Add(time.Duration(i+1) * windowTime))
	}
	recent, since, total := tally.read()
	if recent.fetches() != 0 || total.fetches() != 2 || since.Sub(tally.born) != windowTime {
		t.Errorf("%d of late since %v, %d in all", recent.fetches(), since.Sub(tally.born), total.fetches())
	}
}

// An origin whose addresses change all the time does not fill the memory.
func TestPlacesAreBounded(t *testing.T) {
	tally := newTally()
	kept := netip.MustParseAddr("192.0.2.1")
	tally.place(kept).count(failRead, 0)
	for i := range 10 * maxPlaces {
		tally.place(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}))
		if p := tally.place(kept); p.failures.Load() != 1 {
			t.Fatal("the address that is used most was forgotten")
		}
	}
	if n := len(tally.report()); n != maxPlaces {
		t.Errorf("%d places, want %d", n, maxPlaces)
	}
}

// What the record costs a request that goes well.
func BenchmarkTally(b *testing.B) {
	g := new(gauge)
	g.count()
	x := &exchange{backend: &backend{gauge: g}, place: new(place), asked: time.Now()}
	x.beresp.Status = 200
	b.ReportAllocs()
	for b.Loop() {
		x.count(failNone)
	}
}

// BenchmarkTallies tells what a thousand tallies take that have each counted a hundred
// answers, which took one to three milliseconds, over one connection: awake, after a
// turn, and asleep.
func BenchmarkTallies(b *testing.B) {
	const many, each = 1000, 100
	for b.Loop() {
		before := heap()
		all := make([]*tally, many)
		for i := range all {
			all[i] = newTally()
			all[i].place(netip.AddrFrom4([4]byte{192, 0, 2, byte(i)})).count(failNone, 200)
			all[i].connected(time.Millisecond, nil)
			for n := range each {
				all[i].window.answers[2].Add(1)
				all[i].window.firstByte.add(time.Millisecond + time.Duration(n)*20*time.Microsecond)
			}
		}
		turn := func(times int) int64 {
			for _, t := range all {
				for range times {
					t.turn(t.born.Add(t.began + windowTime))
				}
			}
			return heap() - before
		}
		fresh, turned, asleep := turn(0), turn(1), turn(windows)
		runtime.KeepAlive(all)
		b.ReportMetric(float64(fresh)/many, "B/fresh")
		b.ReportMetric(float64(turned)/many, "B/turned")
		b.ReportMetric(float64(asleep)/many, "B/asleep")
	}
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
