package edge

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A watchedLink tells when somebody looks whether it is fit for use.
type watchedLink struct {
	link
	look func()
}

func (l *watchedLink) stale(*lot) bool {
	l.look()
	return l.link.stale(nil)
}

// A sweep has one connection at a time, and leaves the others to who asks meanwhile. What has
// come back since the last one began was looked at when it was used.
func TestSweepLeavesConnections(t *testing.T) {
	p := new(pool)
	var conns []*originConn
	var looks []int // of sweeps
	asked := false
	ask := func(want int) {
		t.Helper()
		asked = true
		defer func() { asked = false }()
		if got := p.get(nil, nil); got != conns[want] {
			t.Fatalf("connection %d was given out, want %d", slices.Index(conns, got), want)
		}
	}
	during := map[int]func(){}
	for i := range 4 {
		tested, _ := tcpPair(t)
		c := &originConn{pool: p, link: &watchedLink{newPlainLink(tested), func() {
			if !asked {
				looks = append(looks, i)
				during[i]()
			}
		}}}
		conns = append(conns, c)
		p.add()
		p.put(c)
	}
	mustSweep := func(when string, stays bool, want ...int) {
		t.Helper()
		looks = nil
		if got := p.sweep(); got != stays {
			t.Errorf("%s: the pool stays listed is %t, want %t", when, got, stays)
		}
		if diff := cmp.Diff(want, looks); diff != "" {
			t.Errorf("%s, looked at (-want +got):\n%s", when, diff)
		}
	}
	mustCount := func(open, used int) {
		t.Helper()
		if o, u := p.count(); o != open || u != used {
			t.Errorf("%d connections, %d in use; want %d, %d", o, u, open, used)
		}
	}

	mustSweep("with connections that have just come", true)
	during[0] = func() { ask(3) }
	during[1] = func() {
		ask(2)
		ask(0) // which was looked at
		mustCount(4, 3)
		asked = true
		if p.get(nil, nil) != nil {
			t.Error("the connection that is looked at was given out")
		}
		asked = false
		for _, i := range []int{0, 2, 3} {
			p.put(conns[i])
		}
	}
	mustSweep("with all idle", true, 0, 1)
	mustCount(4, 0)

	conns[2].link.close() // so that it is unfit
	during[1] = func() {}
	mustSweep("when three have come back", true, 1)
	during[0], during[2], during[3] = during[1], during[1], during[1]
	mustSweep("when none has", true, 1, 0, 2, 3)
	mustCount(3, 0)
	ask(3)
	ask(0)
	ask(1)
	for _, c := range conns {
		c.link.close()
		if c != conns[2] {
			p.put(c)
		}
	}
	mustSweep("when those in use have come back", true)
	during[0] = p.close
	mustSweep("while it is closed", false, 0)
	mustCount(0, 0)
}

// A sweep of thousands of which many are unfit keeps the others in their order.
func TestSweepOfMany(t *testing.T) {
	p := new(pool)
	var want []*originConn
	for i := range 5000 {
		c := &originConn{pool: p, link: &cannedLink{}}
		if i%3 > 0 {
			c.link = &endedLink{}
		} else {
			want = append(want, c)
		}
		p.add()
		p.put(c)
	}
	for range 2 {
		p.sweep()
	}
	for i := len(want) - 1; i >= 0; i-- {
		if p.get(nil, nil) != want[i] {
			t.Fatalf("fit connection %d was not given out in its turn", i)
		}
	}
	if got := p.get(nil, nil); got != nil {
		t.Error("a connection that is not fit was given out")
	}
}

// An endedLink is one that its origin has ended.
type endedLink struct{ cannedLink }

func (*endedLink) stale(*lot) bool { return true }
