package edge

import (
	"io"
	"sync/atomic"
	"testing"
	"time"

	"headwater/edge/h2"
)

// A leaky link has a bug in keeping what it is given.
type leaky struct{ paper }

func (leaky) share() bool       { return true }
func (leaky) keep([]byte) error { panic("a bug") }

// A bug in writing for a client of HTTP/2 is that client's, whoever releases it: the lot has
// somebody who leads it afterwards, and the others get what is theirs.
func TestReleasePanicIsContained(t *testing.T) {
	for name, release := range map[string]func(*worker){
		"in a batch":          func(w *worker) { w.lot.release() },
		"before he steps out": (*worker).stepOut,
		"before it follows": func(w *worker) {
			head, err := newLot(nil, nil)
			if err != nil {
				panic(err)
			}
			form([]*lot{head, w.lot}, w.edge.give)
			w.lot.escort.calm.Store(true)
			w.lot.leave() // in vain: the head is not calm
			close(head.ended)
			head.close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			var panics atomic.Int32
			e := New(Config{})
			l, err := newLot(e.engage, func(any) { panics.Add(1) })
			if err != nil {
				t.Fatal(err)
			}
			w := &worker{edge: e, lot: l}
			for range 2 {
				c := &clientConn{edge: e, link: leaky{}}
				c.startMux()
				l.hold(c)
				if _, err := c.mux.Load().Feed([]byte(h2.Preface), time.Now()); err != nil { // which is greeted
					t.Fatal(err)
				}
			}
			opened := &clientConn{edge: e, link: leaky{}, over: true}
			if !e.remember(opened) {
				t.Fatal("the edge takes nobody")
			}
			w.opened = []*clientConn{opened}
			release(w)
			if n := panics.Load(); n != 2 {
				t.Errorf("%d panics, want 2", n)
			}
			if w.lot != nil { // else another leads it
				close(l.ended)
				e.goOn(opened)
			}
			l.close()
			if err := e.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// In a rush those who are held wait for one batch more, if that is there, but not the requests of
// others, nor for a second one.
func TestProlong(t *testing.T) {
	o := newPostOffice(t)
	l := o.lot
	c, _, peer := o.client() // which the lot tells of room
	c.edge = o.leader.edge
	c.startMux()
	l.hold(c)
	if _, err := c.mux.Load().Feed([]byte(h2.Preface), time.Now()); err != nil {
		t.Fatal(err)
	}
	_, other, otherPeer := o.client()
	o.post(other, "hello")
	waits := func(want bool) {
		t.Helper()
		l.at = l.n
		if next := l.prolong(); next != nil {
			t.Fatal("a client has to go on")
		}
		if took := l.at < l.n; took != want {
			t.Fatalf("there is another batch: %v", took)
		}
	}
	waits(true)
	o.gets(otherPeer, "hello")
	o.client()
	waits(false)
	l.release()
	peer.SetReadDeadline(soon(time.Minute))
	if _, err := io.ReadFull(peer, make([]byte, 9)); err != nil {
		t.Errorf("what was put off: %v", err)
	}
	waits(false) // for whom?
	l.hold(c)
	l.rush.on.Store(false)
	waits(false)
	l.rush.on.Store(true)
	waits(true)
	l.at = l.n
	l.release()
	l.hold(c)
	batches, level := l.rush.batches, l.rush.level
	waits(false) // there is nothing, and it is not waited for
	if l.rush.batches != batches || l.rush.level != level {
		t.Error("what was not there counts as a batch")
	}
	o.client()
	l.release()
	l.hold(c)
	if c, open := o.leader.turn(); c != nil || !open || !l.held.prolonged {
		t.Error("who leads does not have them wait")
	}
	if l.rush.batches != batches+1 {
		t.Error("a batch does not count")
	}
}
