package dial

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"headwater/dial/dialtest"
)

// A fakeConn knows whether it was closed.
type fakeConn struct {
	addr   netip.Addr
	closed bool
}

func (c *fakeConn) Close() error { c.closed = true; return nil }

// A network of fakes: what becomes of an attempt to connect to each address, and
// when.
type fakeNetwork struct {
	mu       sync.Mutex
	began    time.Time
	outcomes map[string]outcome
	attempts []string // "192.0.2.1 at 250ms"
	made     []*fakeConn
	running  int
}

type outcome struct {
	after time.Duration // 0 is at once, never a limit
	err   error
	stays bool // connects although it is told to give up
}

const never = time.Hour

func (n *fakeNetwork) connect(ctx context.Context, addr netip.Addr) (*fakeConn, error) {
	n.mu.Lock()
	n.attempts = append(n.attempts, addr.String()+" at "+time.Since(n.began).String())
	n.running++
	o := n.outcomes[addr.String()]
	n.mu.Unlock()
	defer func() {
		n.mu.Lock()
		n.running--
		n.mu.Unlock()
	}()
	done := ctx.Done()
	if o.stays {
		done = nil
	}
	select {
	case <-time.After(o.after):
	case <-done:
		return nil, failed(ctx, netip.AddrPortFrom(addr, 80), ctx.Err())
	}
	if o.err != nil {
		return nil, o.err
	}
	c := &fakeConn{addr: addr}
	n.mu.Lock()
	n.made = append(n.made, c)
	n.mu.Unlock()
	return c, nil
}

func TestRace(t *testing.T) {
	refused := &Error{Cause: Refused}
	unreachable := &Error{Cause: Unreachable}
	const a, b, c = "192.0.2.1", "2001:db8::1", "192.0.2.2"
	tests := []struct {
		name     string
		outcomes map[string]outcome
		limit    time.Duration
		won      string
		cause    Cause
		took     time.Duration
		attempts []string
	}{
		{"the first at once", map[string]outcome{}, time.Second, a, 0, 0, []string{a + " at 0s"}},
		{"the first in its time", map[string]outcome{a: {after: 249 * time.Millisecond}}, time.Second, a, 0, 249 * time.Millisecond, []string{a + " at 0s"}},
		{"the second beside the first", map[string]outcome{a: {after: never}, b: {after: 100 * time.Millisecond}}, time.Second, b, 0, 350 * time.Millisecond, []string{a + " at 0s", b + " at 250ms"}},
		{"the first, although the second began", map[string]outcome{a: {after: 300 * time.Millisecond}, b: {after: never}}, time.Second, a, 0, 300 * time.Millisecond, []string{a + " at 0s", b + " at 250ms"}},
		{"the next as soon as one fails", map[string]outcome{a: {err: refused}, b: {after: 10 * time.Millisecond, err: unreachable}, c: {}}, time.Second, c, 0, 10 * time.Millisecond, []string{a + " at 0s", b + " at 0s", c + " at 10ms"}},
		{"none", map[string]outcome{a: {err: unreachable}, b: {err: refused}, c: {err: unreachable}}, time.Second, "", Refused, 0, []string{a + " at 0s", b + " at 0s", c + " at 0s"}},
		{"none in time", map[string]outcome{a: {after: never}, b: {err: unreachable}, c: {after: never}}, time.Second, "", TimedOut, time.Second, []string{a + " at 0s", b + " at 250ms", c + " at 250ms"}},
		{"no more after the time", map[string]outcome{a: {after: never}, b: {after: never}, c: {after: never}}, 300 * time.Millisecond, "", TimedOut, 300 * time.Millisecond, []string{a + " at 0s", b + " at 250ms"}},
		{"two at a time", map[string]outcome{a: {after: 260 * time.Millisecond, stays: true}, b: {}}, time.Second, b, 0, 260 * time.Millisecond, []string{a + " at 0s", b + " at 250ms"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dialtest.Bubble(t, func(t *testing.T) {
				n := &fakeNetwork{began: time.Now(), outcomes: tt.outcomes}
				ctx, cancel := context.WithTimeout(context.Background(), tt.limit)
				defer cancel()
				won, err := race(ctx, []netip.Addr{netip.MustParseAddr(a), netip.MustParseAddr(b), netip.MustParseAddr(c)}, n.connect)
				if took := time.Since(n.began); took != tt.took {
					t.Errorf("took %v, want %v", took, tt.took)
				}
				if n.running > 0 {
					t.Errorf("%d attempts go on", n.running)
				}
				if diff := cmp.Diff(tt.attempts, n.attempts); diff != "" {
					t.Errorf("attempts (-want +got):\n%s", diff)
				}
				if tt.won == "" {
					if got := causeOf(err); got != tt.cause {
						t.Errorf("%v, want cause %d", err, tt.cause)
					}
				} else if err != nil || won.addr.String() != tt.won || won.closed {
					t.Errorf("won %v, %v; want %s", won, err, tt.won)
				}
				if open := slices.DeleteFunc(n.made, func(c *fakeConn) bool { return c.closed || c == won }); len(open) > 0 {
					t.Errorf("left open: %v", open)
				}
			})
		})
	}
}

// Whoever wanted the connection may give up at any time.
func TestRaceIsCancelled(t *testing.T) {
	dialtest.Bubble(t, func(t *testing.T) {
		n := &fakeNetwork{began: time.Now(), outcomes: map[string]outcome{"192.0.2.1": {after: never}, "192.0.2.2": {after: never}}}
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(300*time.Millisecond, cancel)
		_, err := race(ctx, []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")}, n.connect)
		if causeOf(err) != Canceled || !errors.Is(err, context.Canceled) || n.running > 0 {
			t.Errorf("%v, with %d still running", err, n.running)
		}
	})
}
