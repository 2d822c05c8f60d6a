package edge

import (
	"sync/atomic"
	"time"
)

// counts are what some windows add up to.
type counts struct {
	answers            [classes]uint64
	failures, broken   [len(failures)]uint64
	connect, firstByte spread
}

// A spread is a histogram that nobody adds to any more.
type spread struct {
	n      [buckets]uint64
	micros uint64
}

func (s *spread) count() (all uint64) {
	for _, n := range s.n {
		all += n
	}
	return all
}

// quantile returns how long the share q of the durations took at most, as far as
// the buckets tell, between whose ends they are taken to lie evenly; 0 if there
// are none.
func (s *spread) quantile(q float64) time.Duration {
	all := s.count()
	if all == 0 {
		return 0
	}
	rank := q * float64(all)
	for i, n := range s.n {
		if rank > float64(n) {
			rank -= float64(n)
			continue
		}
		if n == 0 {
			continue
		}
		floor := float64(bucketFloor(i))
		width := float64(bucketFloor(min(i+1, buckets-1))) - floor
		return time.Duration((floor+width*rank/float64(n))*1000) * time.Nanosecond
	}
	return micros(bucketFloor(buckets - 1))
}

func micros(n uint64) time.Duration { return time.Duration(n) * time.Microsecond }

// read returns what the tally has, of late, which is since when it says, and in
// all.
func (t *tally) read() (recent counts, since time.Time, total counts) {
	t.mu.Lock()
	defer t.mu.Unlock()
	since = t.began[t.at]
	for i := range t.windows {
		w := &t.windows[i]
		w.each(&recent, func(from *atomic.Uint32, to *uint64) { *to += uint64(from.Load()) })
		recent.connect.micros += w.connect.micros.Load()
		recent.firstByte.micros += w.firstByte.micros.Load()
		if began := t.began[i]; !began.IsZero() && began.Before(since) {
			since = began
		}
	}
	total = t.past
	total.add(&recent)
	return recent, since, total
}

func (c *counts) add(more *counts) {
	for i, n := range more.answers {
		c.answers[i] += n
	}
	for i, n := range more.failures {
		c.failures[i] += n
		c.broken[i] += more.broken[i]
	}
	c.connect.add(&more.connect)
	c.firstByte.add(&more.firstByte)
}

// fetches is how many there were: each ends in one answer or failure.
func (c *counts) fetches() (all uint64) {
	for _, n := range c.answers {
		all += n
	}
	for _, n := range c.failures {
		all += n
	}
	return all
}

func (s *spread) add(more *spread) {
	for i, n := range more.n {
		s.n[i] += n
	}
	s.micros += more.micros
}
