package dial

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"headwater/dial/dialtest"
	"headwater/service"
)

// A phone book is what look-ups find, and when they were made.
type phoneBook struct {
	mu    sync.Mutex
	began time.Time
	addrs []netip.Addr
	ttl   time.Duration
	err   error
	times []time.Duration // since began
	block chan struct{}   // look-ups wait for it, if it is there
}

func (p *phoneBook) lookup(ctx context.Context, host string) (answer, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.times = append(p.times, time.Since(p.began))
	if p.block != nil {
		block := p.block
		p.mu.Unlock()
		select {
		case <-block:
		case <-ctx.Done():
		}
		p.mu.Lock()
	}
	return answer{p.addrs, p.ttl}, p.err
}

func (p *phoneBook) set(ttl time.Duration, err error, addrs ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.addrs, p.ttl, p.err = nil, ttl, err
	for _, a := range addrs {
		p.addrs = append(p.addrs, netip.MustParseAddr(a))
	}
}

// since returns when look-ups were made from the moment d on.
func (p *phoneBook) since(d time.Duration) (times []time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range p.times {
		if t >= d {
			times = append(times, t)
		}
	}
	return times
}

// inBubble runs f with a resolver whose clock is fake.
func inBubble(t *testing.T, f func(t *testing.T, r *Resolver, book *phoneBook)) {
	dialtest.Bubble(t, func(t *testing.T) {
		book := &phoneBook{began: time.Now()}
		r := newResolver(book.lookup, nil)
		defer r.Close()
		f(t, r, book)
	})
}

// known returns what a caller that will not wait is told.
func known(t *testing.T, n *Name) []string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	s, err := n.wait(ctx)
	if err != nil {
		return []string{"waits"}
	}
	all := []string{}
	for _, a := range s.all {
		all = append(all, a.String())
	}
	return all
}

func TestAddressesAreLookedUpAgainAtTheirTTL(t *testing.T) {
	tests := []struct {
		name string
		ttl  time.Duration
		want time.Duration // until the second look-up
	}{
		{"as it says", 40 * time.Second, 40 * time.Second},
		{"never at once", 0, time.Second},
		{"after an hour at last", 30 * 24 * time.Hour, time.Hour},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, r *Resolver, book *phoneBook) {
				book.set(tt.ttl, nil, "192.0.2.1")
				n := r.Acquire("origin.test")
				defer n.Release()
				synctest.Wait()
				book.set(tt.ttl, nil, "192.0.2.2", "192.0.2.3")
				time.Sleep(tt.want - time.Nanosecond)
				if got, want := known(t, n), []string{"192.0.2.1"}; !slices.Equal(got, want) {
					t.Errorf("before: %v, want %v", got, want)
				}
				time.Sleep(time.Nanosecond)
				synctest.Wait()
				if got, want := known(t, n), []string{"192.0.2.2", "192.0.2.3"}; !slices.Equal(got, want) {
					t.Errorf("after: %v, want %v", got, want)
				}
			})
		})
	}
}

// While name servers fail the last good addresses serve, for five minutes after
// their TTL. Then there are none, until a look-up works again.
func TestLastGoodAddressesAreKept(t *testing.T) {
	inBubble(t, func(t *testing.T, r *Resolver, book *phoneBook) {
		var log bytes.Buffer
		r.log = slog.New(slog.NewTextHandler(&log, nil))
		book.set(10*time.Second, nil, "192.0.2.1")
		n := r.Acquire("origin.test")
		defer n.Release()
		synctest.Wait()

		broken := errors.New("no name server answers")
		book.set(0, broken)
		time.Sleep(10*time.Second + keepStale - time.Nanosecond)
		if got, want := known(t, n), []string{"192.0.2.1"}; !slices.Equal(got, want) {
			t.Errorf("at the end of the time: %v, want %v", got, want)
		}
		tries := book.since(time.Second)
		if want := []time.Duration{10, 11, 13, 17, 25, 41, 71, 101}; len(tries) < len(want) ||
			!slices.EqualFunc(tries[:len(want)], want, func(a, b time.Duration) bool { return a == b*time.Second }) {
			t.Errorf("look-ups at %v, want %v", tries, want)
		}

		time.Sleep(time.Nanosecond)
		synctest.Wait()
		if got := known(t, n); len(got) > 0 {
			t.Errorf("after that: %v", got)
		}
		if s, err := n.wait(context.Background()); err != nil || !errors.Is(s.err, broken) {
			t.Errorf("the reason is %v, %v", s.err, err)
		}

		book.set(10*time.Second, nil, "192.0.2.2")
		time.Sleep(lastRetry)
		synctest.Wait()
		if got, want := known(t, n), []string{"192.0.2.2"}; !slices.Equal(got, want) {
			t.Errorf("in the end: %v, want %v", got, want)
		}
		if got := strings.Count(log.String(), "host=origin.test"); got != 3 {
			t.Errorf("%d lines are logged, want 3:\n%s", got, log.String())
		}
	})
}

// Whoever meets a name that was never looked up waits for that, but not longer
// than it wants to, and nobody waits afterwards, whatever came of it.
func TestWaitingForAName(t *testing.T) {
	inBubble(t, func(t *testing.T, r *Resolver, book *phoneBook) {
		book.block = make(chan struct{})
		book.set(0, errNoSuchName)
		n := r.Acquire("origin.test")
		defer n.Release()

		began := time.Now()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if _, err := n.wait(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}

		var waiting sync.WaitGroup
		for range 10 {
			waiting.Go(func() {
				if s, err := n.wait(context.Background()); err != nil || !errors.Is(s.err, errNoSuchName) {
					t.Errorf("%v, %v", s, err)
				}
			})
		}
		synctest.Wait()
		close(book.block)
		waiting.Wait()

		book.mu.Lock()
		book.block = make(chan struct{}) // for ever
		book.mu.Unlock()
		time.Sleep(2 * time.Second)
		if got := known(t, n); len(got) > 0 {
			t.Errorf("while it is looked up again: %v", got)
		}
	})
}

// That there is no such name is believed as long as its zone says, up to 30 s.
func TestNoSuchName(t *testing.T) {
	for ttl, want := range map[time.Duration][]time.Duration{
		0:                {0, 1, 3, 7},
		7 * time.Second:  {0, 7, 14, 21},
		time.Hour:        {0, 30, 60, 90},
		20 * time.Second: {0, 20, 40, 60},
	} {
		inBubble(t, func(t *testing.T, r *Resolver, book *phoneBook) {
			book.set(ttl, errNoSuchName)
			n := r.Acquire("origin.test")
			defer n.Release()
			time.Sleep(2 * time.Minute)
			got := book.since(0)
			for i, w := range want {
				if i >= len(got) || got[i] != w*time.Second {
					t.Errorf("TTL %v: look-ups at %v, want %v", ttl, got, want)
					break
				}
			}
		})
	}
}

// All who hold a name share its look-ups, which end with the last of them.
func TestNamesAreCounted(t *testing.T) {
	inBubble(t, func(t *testing.T, r *Resolver, book *phoneBook) {
		book.set(time.Second, nil, "192.0.2.1")
		a, b := r.Acquire("Origin.TEST"), r.Acquire("origin.test")
		if a != b {
			t.Error("two names for one host")
		}
		time.Sleep(3500 * time.Millisecond)
		if got := len(book.since(0)); got != 4 {
			t.Errorf("%d look-ups, want 4", got)
		}
		a.Release()
		time.Sleep(time.Second)
		if got := len(book.since(0)); got != 5 {
			t.Errorf("%d look-ups with one holder left, want 5", got)
		}
		b.Release()
		time.Sleep(time.Minute)
		if got := len(book.since(0)); got != 5 {
			t.Errorf("%d look-ups after the last one, want 5", got)
		}
		c := r.Acquire("origin.test")
		defer c.Release()
		synctest.Wait()
		if c == a || len(book.since(0)) != 6 {
			t.Error("a new holder gets what was given up")
		}
	})
}

// Who waits is let go when the look-ups end.
func TestCloseEndsWaiting(t *testing.T) {
	inBubble(t, func(t *testing.T, r *Resolver, book *phoneBook) {
		book.block = make(chan struct{})
		n := r.Acquire("origin.test")
		time.AfterFunc(time.Second, r.Close)
		_, err := n.wait(context.Background())
		var e *Error
		if !errors.As(err, &e) || e.Cause != NoAddress {
			t.Errorf("%v", err)
		}
	})
}

// A flood of new names waits in line.
func TestLookUpsAreBounded(t *testing.T) {
	inBubble(t, func(t *testing.T, r *Resolver, book *phoneBook) {
		book.set(time.Hour, nil, "192.0.2.1")
		book.block = make(chan struct{})
		var names []*Name
		for i := range 3 * maxLookups {
			names = append(names, r.Acquire(fmt.Sprint("a", i, ".test")))
		}
		synctest.Wait()
		if got := len(book.since(0)); got != maxLookups {
			t.Errorf("%d look-ups at a time, want %d", got, maxLookups)
		}
		close(book.block)
		for _, n := range names {
			if _, err := n.wait(context.Background()); err != nil {
				t.Error(err)
			}
			n.Release()
		}
	})
}

func TestAddresses(t *testing.T) {
	parse := func(texts ...string) (all []netip.Addr) {
		for _, s := range texts {
			all = append(all, netip.MustParseAddr(s))
		}
		return all
	}
	var many4, many6 []string
	for i := range 20 {
		many4 = append(many4, fmt.Sprint("192.0.2.", 100+i))
		many6 = append(many6, fmt.Sprint("2001:db8::1", i))
	}
	tests := []struct {
		name    string
		in      []netip.Addr
		prefer6 bool
		turn    uint32
		want    []string
	}{
		{"none", nil, false, 3, []string{}},
		{"twice the same, in any order", parse("192.0.2.2", "192.0.2.1", "192.0.2.2"), false, 0, []string{"192.0.2.1", "192.0.2.2"}},
		{"the second turn", parse("192.0.2.1", "192.0.2.2", "192.0.2.3"), false, 1, []string{"192.0.2.2", "192.0.2.3", "192.0.2.1"}},
		{"the last turn of all", parse("192.0.2.1", "192.0.2.2", "192.0.2.3"), false, 1<<32 - 1, []string{"192.0.2.1", "192.0.2.2", "192.0.2.3"}},
		{"families by turns", parse("2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2", "192.0.2.3"), false, 0, []string{"192.0.2.1", "2001:db8::1", "192.0.2.2", "2001:db8::2", "192.0.2.3"}},
		{"IPv6 first", parse("2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2", "192.0.2.3"), true, 1, []string{"2001:db8::2", "192.0.2.2", "2001:db8::1", "192.0.2.3", "192.0.2.1"}},
		{"IPv6 first, where there is none", parse("192.0.2.1"), true, 0, []string{"192.0.2.1"}},
		{"sixteen", parse(many4...), false, 0, many4[:16]},
	}
	for _, tt := range tests {
		a := newAddresses(tt.in)
		got := []string{}
		for _, addr := range a.order(tt.prefer6, tt.turn) {
			got = append(got, addr.String())
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
	for four, six := range map[int]int{20: 20, 12: 20, 19: 3, 0: 20} {
		a := newAddresses(append(parse(many6[:six]...), parse(many4[:four]...)...))
		if len(a.all) != 16 || len(a.v4) < min(four, 8) || len(a.v6) < min(six, 8) {
			t.Errorf("of %d and %d: %d and %d", four, six, len(a.v4), len(a.v6))
		}
	}
}

// Who watches an origin is told when its addresses are others or gone, and only then.
func TestWatch(t *testing.T) {
	inBubble(t, func(t *testing.T, r *Resolver, book *phoneBook) {
		const ttl = time.Minute
		book.set(ttl, nil, "192.0.2.1")
		o := open(t, &Network{Resolver: r}, func(b *service.Backend) { b.Address = "pool.test" })
		if o.Known() {
			t.Error("the name is known before its look-up")
		}
		told := 0
		stop := o.Watch(func() { told++ })
		step := func(what string, want int) {
			t.Helper()
			synctest.Wait()
			if told != want {
				t.Errorf("%s: told %d times, want %d", what, told, want)
			}
		}
		step("the first look-up", 1)
		if !o.Known() {
			t.Error("the name is not known after its look-up")
		}
		time.Sleep(5 * ttl)
		step("the same again", 1)
		book.set(ttl, nil, "192.0.2.1", "192.0.2.2")
		time.Sleep(ttl)
		step("one more", 2)
		book.set(0, errors.New("no answer"))
		time.Sleep(ttl + keepStale)
		step("given up", 3)
		time.Sleep(time.Hour)
		step("still none", 3)
		stop()
		book.set(ttl, nil, "192.0.2.1")
		time.Sleep(time.Hour)
		step("stopped", 3)
	})
}

// Names that take long to fail, however many one customer has, are in the way of no
// name that works or is new.
func TestFailingNamesLetOthersGoFirst(t *testing.T) {
	const takes = 10 * time.Second
	dialtest.Bubble(t, func(t *testing.T) {
		r := newResolver(func(ctx context.Context, host string) (answer, error) {
			if host == "good.test" {
				return answer{addrs: []netip.Addr{netip.IPv6Loopback()}, ttl: time.Hour}, nil
			}
			select {
			case <-time.After(takes):
			case <-ctx.Done():
			}
			return answer{}, errors.New("no answer")
		}, nil)
		defer r.Close()
		for n := range 4 * maxLookups {
			r.Acquire(fmt.Sprintf("dead-%d.test", n))
		}
		time.Sleep(4*takes + takes/2) // each has failed once, and all are due
		began := time.Now()
		if _, err := r.Acquire("good.test").wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took > takes {
			t.Errorf("a new name was known after %v", took)
		}
	})
}
