package edge

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
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
	for i := range h.n {
		s.n[i] = uint64(h.n[i].Load())
	}
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
				w := tally.now.Load()
				w.answers[2].Add(1)
				w.failures[failRead].Add(1)
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
	count := func() { tally.now.Load().answers[2].Add(1) }
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
