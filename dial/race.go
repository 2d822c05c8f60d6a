package dial

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/netip"
	"slices"
	"time"
)

// maxAddresses is how many addresses of a name are kept, as Fastly does.
const maxAddresses = 16

// addresses are those of one origin.
type addresses struct {
	all    []netip.Addr
	v4, v6 []netip.Addr
}

// newAddresses sorts, so that the same answer in another order is the same, and
// keeps no more than maxAddresses, of both families if there are both.
func newAddresses(all []netip.Addr) addresses {
	all = slices.Clone(all)
	slices.SortFunc(all, netip.Addr.Compare)
	all = slices.Compact(all)
	first6, _ := slices.BinarySearchFunc(all, true, func(a netip.Addr, _ bool) int {
		return cmp.Compare(a.BitLen(), 128)
	})
	v4, v6 := all[:first6], all[first6:]
	n4 := min(len(v4), max(maxAddresses/2, maxAddresses-len(v6)))
	v4, v6 = v4[:n4:n4], v6[:min(len(v6), maxAddresses-n4)]
	return addresses{slices.Concat(v4, v6), v4, v6}
}

// order returns the addresses in the order in which a connection tries them:
// families by turns, the preferred one first (RFC 8305 section 4), and within a
// family from another one on each turn.
func (a *addresses) order(prefer6 bool, turn uint32) []netip.Addr {
	one, other := a.v4, a.v6
	if prefer6 {
		one, other = other, one
	}
	order := make([]netip.Addr, 0, len(a.all))
	for i := range max(len(one), len(other)) {
		for _, family := range [2][]netip.Addr{one, other} {
			if i < len(family) {
				order = append(order, family[(uint64(i)+uint64(turn))%uint64(len(family))])
			}
		}
	}
	return order
}

// attemptDelay is how long an address may take before the next one is tried
// beside it (RFC 8305 section 5).
const attemptDelay = 250 * time.Millisecond

// race connects to the first of the addresses, to the next as soon as that fails
// or has taken its time, and so on, and returns the first connection. None but it
// is left open, and no attempt goes on, when it returns. A panic of connect would be
// nobody's to contain.
func race[C io.Closer](ctx context.Context, to []netip.Addr, connect func(context.Context, netip.Addr) (C, error)) (won C, err error) {
	if len(to) == 1 {
		return connect(ctx, to[0])
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type attempt struct {
		c   C
		err error
	}
	ended := make(chan attempt, len(to))
	started, running := 0, 0
	start := func() {
		addr := to[started]
		started, running = started+1, running+1
		go func() {
			c, err := connect(ctx, addr)
			ended <- attempt{c, err}
		}()
	}
	next := time.NewTimer(attemptDelay)
	defer next.Stop()
	var failures []error
	for start(); running > 0; {
		select {
		case <-next.C:
		case a := <-ended:
			running--
			if a.err == nil {
				cancel()
				for range running {
					if late := <-ended; late.err == nil {
						late.c.Close()
					}
				}
				return a.c, nil
			}
			failures = append(failures, a.err)
		}
		if started < len(to) && ctx.Err() == nil {
			next.Reset(attemptDelay)
			start()
		}
	}
	return won, worst(failures)
}

// worst returns the error whose cause says most.
func worst(failures []error) error {
	return slices.MinFunc(failures, func(a, b error) int { return cmp.Compare(causeOf(a), causeOf(b)) })
}

func causeOf(err error) Cause {
	var e *Error
	if errors.As(err, &e) {
		return e.Cause
	}
	return Broken
}
