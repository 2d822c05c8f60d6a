package edge

import (
	"cmp"
	"slices"
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

// A record is what counters have come to, of those that are not 0, in their order. It
// takes as much room as it has to tell.
type record []cell

// A cell is one counter: its place among all of a window, and what it is.
type cell struct {
	at int
	n  uint64
}

// add adds what more has to r.
func (r *record) add(more record) {
	for _, c := range more {
		i, found := slices.BinarySearchFunc(*r, c.at, func(old cell, at int) int { return cmp.Compare(old.at, at) })
		if found {
			(*r)[i].n += c.n
		} else {
			*r = slices.Insert(*r, i, c)
		}
	}
}

func (c *counts) add(r record) {
	for _, one := range r {
		*c.counter(one.at) += one.n
	}
}

// counter is the one of a place.
func (c *counts) counter(at int) *uint64 {
	switch {
	case at < atFailures:
		return &c.answers[at]
	case at < atBroken:
		return &c.failures[at-atFailures]
	case at < atConnect:
		return &c.broken[at-atBroken]
	case at < atFirstByte:
		return &c.connect.n[at-atConnect]
	case at < atMicros:
		return &c.firstByte.n[at-atFirstByte]
	case at == atMicros:
		return &c.connect.micros
	}
	return &c.firstByte.micros
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
