package main

import (
	"context"
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
	r := newHealthRecorder(func(_ context.Context, e *service.Event) error {
		kept = append(kept, e)
		return nil
	}, slog.New(slog.DiscardHandler))
	return r, func() []*service.Event {
		r.close()
		return kept
	}
}

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
		{Addr: b, Healthy: false, Backend: false, Reason: "Connection refused"},
		{Addr: b, Healthy: true, Backend: true},
		{Addr: a, Healthy: true, Backend: true},
	} {
		c.Customer, c.Backends = "acme", both
		r.changed(c)
	}
	sick := &service.Event{
		Customer: "acme", Service: "one", Name: "origin", Type: "backend.sicken",
		Before: `{"healthy":true}`, After: `{"healthy":false,"address":"192.0.2.2:80","reason":"Connection refused"}`,
	}
	well := &service.Event{
		Customer: "acme", Service: "one", Name: "origin", Type: "backend.recover",
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

// A backend that begins sick and gets well is an event; one that flaps all day is
// some an hour.
func TestFlappingIsBounded(t *testing.T) {
	r, kept := recordedHealth()
	at := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	for i := range 7200 {
		healthy := i%2 == 0
		r.changed(probe.Change{
			At: at.Add(time.Duration(i) * time.Second), Backends: []probe.Ref{{Service: "s", Backend: "b"}},
			Addr: netip.MustParseAddrPort("192.0.2.1:80"), Healthy: healthy, Backend: healthy,
		})
	}
	if n := len(kept()); n != 2*healthAnHour {
		t.Errorf("%d events, want %d", n, 2*healthAnHour)
	}
}
