package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"headwater/probe"
	"headwater/service"
)

// recordedHealth returns a recorder, and what it has kept once that is called.
func recordedHealth() (*healthRecorder, func() []*service.Event) {
	var kept []*service.Event
	r := newHealthRecorder(func(_ context.Context, events []*service.Event) error {
		kept = append(kept, events...)
		return nil
	}, slog.New(slog.DiscardHandler))
	return r, func() []*service.Event {
		r.close()
		return kept
	}
}

var noon = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

// A backend's health changes with that of its last address that is healthy, and
// with the first that is again.
func TestHealthEvents(t *testing.T) {
	r, kept := recordedHealth()
	a, b := netip.MustParseAddrPort("192.0.2.1:80"), netip.MustParseAddrPort("192.0.2.2:80")
	both := []probe.Ref{{Service: "one", Backend: "origin"}, {Service: "two", Backend: "same"}}
	for _, c := range []probe.Change{
		{Addr: a, Healthy: false, Backend: true, Reason: "status 500, not 200"},
		{Addr: a, Healthy: true, Backend: true},
		{Addr: a, Healthy: false, Backend: true},
		{Addr: b, Healthy: false, Backend: false, Turned: true, Reason: "Connection refused"},
		{Addr: b, Healthy: true, Backend: true, Turned: true},
		{Addr: a, Healthy: true, Backend: true},
	} {
		c.At, c.Customer, c.Backends = noon, "acme", both
		r.changed(c)
	}
	sick := &service.Event{
		Customer: "acme", Service: "one", Name: "origin", Type: "backend.sicken", Created: noon,
		Before: `{"healthy":true}`, After: `{"healthy":false,"address":"192.0.2.2:80","reason":"Connection refused"}`,
	}
	well := &service.Event{
		Customer: "acme", Service: "one", Name: "origin", Type: "backend.recover", Created: noon,
		Before: `{"healthy":false}`, After: `{"healthy":true,"address":"192.0.2.2:80"}`,
	}
	other := func(e service.Event) *service.Event {
		e.Service, e.Name = "two", "same"
		return &e
	}
	if diff := cmp.Diff([]*service.Event{sick, other(*sick), well, other(*well)}, kept()); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// An address that the operator forbids, and that a name leads to, is not told.
func TestForbiddenAddressIsNoEvents(t *testing.T) {
	r, kept := recordedHealth()
	r.changed(probe.Change{
		At: noon, Customer: "acme", Backends: []probe.Ref{{Service: "s", Backend: "b"}}, Turned: true,
		Addr: netip.MustParseAddrPort("10.0.0.1:80"), Forbidden: true, Reason: "the origin policy forbids the address",
	})
	if got, want := kept()[0].After, `{"healthy":false,"reason":"the origin policy forbids the address"}`; got != want {
		t.Errorf("after %s, want %s", got, want)
	}
}

// turn tells r that one backend of a customer has turned sick.
func turn(r *healthRecorder, at time.Time, customer, backend string) {
	r.changed(probe.Change{At: at, Customer: customer, Backends: []probe.Ref{{Service: customer, Backend: backend}}, Turned: true})
}

// A backend that gets sick again is an event again, whatever was told of it before:
// it may have moved to another address meanwhile, where it began healthy.
func TestSickAgain(t *testing.T) {
	r, kept := recordedHealth()
	turn(r, noon, "acme", "origin")
	turn(r, noon.Add(time.Minute), "acme", "origin")
	if n := len(kept()); n != 2 {
		t.Errorf("%d events, want 2", n)
	}
}

// Of one backend that flaps, of one customer whose backends all do, and of all
// together only so much is kept an hour; the next hour begins anew.
func TestHealthEventsAreBounded(t *testing.T) {
	for name, tt := range map[string]struct {
		customers, backends, times int
		want                       int // an hour
	}{
		"a backend":  {1, 1, 2 * healthAnHour, healthAnHour},
		"a customer": {1, healthCustomer, 2, healthCustomer},
		"others":     {3, healthCustomer / 2, 2, 3 * healthCustomer},
		"all":        {20, healthCustomer, 1, healthBackends},
	} {
		t.Run(name, func(t *testing.T) {
			r, _ := recordedHealth()
			defer r.close()
			count := func(at time.Time) (n int) {
				for c := range tt.customers {
					for i := range tt.backends * tt.times {
						ref := probe.Ref{Service: fmt.Sprint(c), Backend: fmt.Sprint(i % tt.backends)}
						if r.admit(ref, &probe.Change{At: at, Customer: fmt.Sprint(c)}) {
							n++
						}
					}
				}
				return n
			}
			for _, at := range []time.Time{noon, noon.Add(time.Hour)} {
				if n := count(at); n != tt.want {
					t.Errorf("%v: %d events, want %d", at, n, tt.want)
				}
				if len(r.backends) > healthBackends {
					t.Errorf("%d backends are counted", len(r.backends))
				}
			}
		})
	}
}

// While the store is busy changes wait, and are kept together then.
func TestHealthEventsAreKeptTogether(t *testing.T) {
	busy, begun := make(chan struct{}), make(chan struct{}, 1)
	var sizes []int
	r := newHealthRecorder(func(_ context.Context, events []*service.Event) error {
		if sizes = append(sizes, len(events)); len(sizes) == 1 {
			begun <- struct{}{}
			<-busy
		}
		return nil
	}, slog.New(slog.DiscardHandler))
	turn(r, noon, "acme", "first")
	<-begun
	for i := range 2*healthBatch + 1 {
		turn(r, noon, "acme", fmt.Sprint(i))
	}
	close(busy)
	r.close()
	if diff := cmp.Diff([]int{1, healthBatch, healthBatch, 1}, sizes); diff != "" {
		t.Errorf("sizes (-want +got):\n%s", diff)
	}
}
