package storetest

import (
	"context"
	"errors"
	"fmt"
	"math"

	"headwater/service"
)

func versions(h *house) {
	at := h.service(h.who, "shop")
	h.now.move(minute)
	v, err := h.db.CreateVersion(h.ctx, h.who, at.Service, "two")
	h.must(err)
	h.equal("number", v.Number, 2)
	h.equal("comment", v.Comment, "two")
	second := service.Ref{Service: at.Service, Version: 2}
	got, err := h.db.Version(h.ctx, h.who, second)
	h.must(err)
	h.equal("version", *got, *v)
	h.equal("backends", h.names(second, service.BackendKind), "")

	h.now.move(minute)
	_, err = h.db.UpdateVersion(h.ctx, h.who, second, func(v *service.Version) error {
		v.Comment, v.Active, v.Locked, v.Number = "new", true, true, 9
		return nil
	})
	h.must(err)
	got, err = h.db.Version(h.ctx, h.who, second)
	h.must(err)
	h.equal("comment", got.Comment, "new")
	h.equal("active, locked", fmt.Sprint(got.Active, got.Locked), "false false")
	h.equal("updated", got.Updated, v.Updated.Add(minute))
	_, err = h.db.UpdateVersion(h.ctx, h.who, second, func(v *service.Version) error { v.Comment = "\x00"; return nil })
	h.fails(err, service.Invalid, "'comment' holds a control character")
	_, err = h.db.CreateVersion(h.ctx, h.who, at.Service, "\xff")
	h.fails(err, service.Invalid, "'comment' is not valid UTF-8")

	for _, n := range []int{-1, 0, 3, 999999, math.MaxInt, math.MinInt} {
		odd := service.Ref{Service: at.Service, Version: n}
		text := fmt.Sprintf("Couldn't find Version '{ deleted => 0000-00-00 00:00:00, number => %d, service => %s }'", n, at.Service)
		_, err := h.db.Version(h.ctx, h.who, odd)
		h.fails(err, service.Missing, text)
		_, err = h.db.CloneVersion(h.ctx, h.who, odd)
		h.fails(err, service.Missing, text)
		_, err = h.db.LockVersion(h.ctx, h.who, odd)
		h.fails(err, service.Missing, text)
		_, _, err = h.activate(h.who, odd)
		h.fails(err, service.Missing, text)
		_, _, err = h.db.Deactivate(h.ctx, h.who, odd)
		h.fails(err, service.Missing, text)
		_, err = h.create(h.who, odd, service.BackendKind, "name=b", "address=h")
		h.fails(err, service.Missing, text)
		_, _, err = h.db.Object(h.ctx, h.who, odd, service.BackendKind, "b")
		h.fails(err, service.Missing, text)
	}
}

func clone(h *house) {
	at := h.service(h.who, "shop")
	for _, name := range []string{"z", "a", "m"} {
		h.backend(at, name)
		h.now.move(minute)
	}
	_, err := h.update(at, service.SettingsKind, "", "general.default_ttl=7")
	h.must(err)
	_, err = h.db.UpdateVersion(h.ctx, h.who, at, func(v *service.Version) error { v.Comment = "c"; return nil })
	h.must(err)
	source, err := h.db.LockVersion(h.ctx, h.who, at)
	h.must(err)
	_, err = h.db.CreateVersion(h.ctx, h.who, at.Service, "")
	h.must(err)

	h.now.move(minute)
	v, err := h.db.CloneVersion(h.ctx, h.who, at)
	h.must(err)
	want := service.Version{Service: at.Service, Number: 3, Comment: "c", Created: source.Created, Updated: h.now.read().Truncate(1000)}
	h.equal("clone", *v, want)
	to := service.Ref{Service: at.Service, Version: 3}
	got, err := h.db.Version(h.ctx, h.who, to)
	h.must(err)
	h.equal("stored clone", *got, want)

	before, err := h.db.Snapshot(h.ctx, h.who, at)
	h.must(err)
	after, err := h.db.Snapshot(h.ctx, h.who, to)
	h.must(err)
	h.equal("identity", after.Identity(), before.Identity())
	h.equal("default_ttl", after.Settings().DefaultTTL, int64(7))
	for i, b := range after.Backends() {
		h.equal("base", b.Base, before.Backends()[i].Base)
	}
	h.equal("oldest", after.Backends()[0].Name, "z")

	_, err = h.update(to, service.BackendKind, "z", "comment=changed")
	h.must(err)
	o, _, err := h.db.Object(h.ctx, h.who, at, service.BackendKind, "z")
	h.must(err)
	h.equal("comment in the source", o.(*service.Backend).Comment, "")
}

func locking(h *house) {
	at := h.service(h.who, "shop")
	h.backend(at, "b")
	for range 2 {
		v, err := h.db.LockVersion(h.ctx, h.who, at)
		h.must(err)
		h.equal("locked", v.Locked, true)
	}
	text := fmt.Sprintf("Version '1' for service '%s' is locked", at.Service)
	_, err := h.create(h.who, at, service.BackendKind, "name=new", "address=h")
	h.fails(err, service.Locked, text)
	_, err = h.create(h.who, at, service.BackendKind, "name=b", "address=h")
	h.fails(err, service.Locked, text)
	for _, name := range []string{"b", "missing"} {
		_, err = h.update(at, service.BackendKind, name, "comment=x")
		h.fails(err, service.Locked, text)
		h.fails(h.db.DeleteObject(h.ctx, h.who, at, service.BackendKind, name), service.Locked, text)
	}
	_, err = h.update(at, service.SettingsKind, "", "general.default_ttl=7")
	h.fails(err, service.Locked, text)
	_, v, err := h.db.Objects(h.ctx, h.who, at, service.BackendKind)
	h.must(err)
	h.equal("locked", v.Locked, true)

	_, err = h.db.UpdateVersion(h.ctx, h.who, at, func(v *service.Version) error { v.Comment = "still"; return nil })
	h.must(err)
	_, _, err = h.activate(h.who, at)
	h.must(err)
}

// activation also shows rollback and activating what is active.
func activation(h *house) {
	first := h.service(h.who, "shop")
	h.must(h.domain(h.who, first, "shop.test"))
	h.backend(first, "b")
	var compiled *service.Snapshot
	v, s, err := h.db.Activate(h.ctx, h.who, first, func(s *service.Snapshot) error { compiled = s; return nil })
	h.must(err)
	h.equal("active, locked", fmt.Sprint(v.Active, v.Locked), "true true")
	h.equal("place", fmt.Sprint(s.Customer, s.Service, s.Version), fmt.Sprint(h.who.Customer, first.Service, 1))
	h.equal("identity", s.Identity(), compiled.Identity())
	h.equal("backends", len(s.Backends()), 1)

	second := h.clone(h.who, first)
	for _, at := range []service.Ref{second, first, first} { // forward, back, the same again
		_, s, err := h.activate(h.who, at)
		h.must(err)
		got, err := h.db.Service(h.ctx, h.who, at.Service)
		h.must(err)
		h.equal("active version", got.Active().Number, at.Version)
		all, _, err := h.db.ActiveSnapshots(h.ctx)
		h.must(err)
		h.equal("active snapshots", len(all), 1)
		h.equal("snapshot", fmt.Sprint(all[0].Customer, all[0].Service, all[0].Version, all[0].Generation, all[0].Identity()),
			fmt.Sprint(s.Customer, s.Service, s.Version, s.Generation, s.Identity()))
		active := 0
		for _, v := range got.Versions {
			h.equal("locked", v.Locked, true)
			if v.Active {
				active++
			}
		}
		h.equal("active versions", active, 1)
	}

	_, _, err = h.db.Deactivate(h.ctx, h.who, second)
	h.fails(err, service.Invalid, fmt.Sprintf("Version '2' for service '%s' is not active", first.Service))
	for range 2 { // repeating it is no error
		v, s, err = h.db.Deactivate(h.ctx, h.who, first)
		h.must(err)
		h.equal("active, locked", fmt.Sprint(v.Active, v.Locked), "false true")
		h.equal("empty snapshot", fmt.Sprint(s.Customer, s.Service, s.Version, len(s.Objects)), fmt.Sprint(h.who.Customer, first.Service, 0, 0))
	}
	all, _, err := h.db.ActiveSnapshots(h.ctx)
	h.must(err)
	h.equal("active snapshots", len(all), 0)
}

func activationRefused(h *house) {
	at := h.service(h.who, "shop")
	refusal := errors.New("no")
	_, _, err := h.db.Activate(h.ctx, h.who, at, func(*service.Snapshot) error { return refusal })
	h.equal("error", err, refusal)
	v, err := h.db.Version(h.ctx, h.who, at)
	h.must(err)
	h.equal("active, locked", fmt.Sprint(v.Active, v.Locked), "false false")
}

// activationRace changes the draft while it compiles: what is activated is what
// was compiled.
func activationRace(h *house) {
	h.race(h.db.Activate, "shop")
	h.race(h.db.Stage, "staged")
}

// race writes to a draft while install compiles it.
func (h *house) race(install func(context.Context, *service.Token, service.Ref, func(*service.Snapshot) error) (*service.Version, *service.Snapshot, error), name string) {
	at := h.service(h.who, name)
	compiles := 0
	_, s, err := install(h.ctx, h.who, at, func(*service.Snapshot) error {
		if compiles++; compiles == 1 {
			h.backend(at, "late")
		}
		return nil
	})
	h.must(err)
	h.equal("compiles", compiles, 2)
	h.equal("backends", len(s.Backends()), 1)

	// However busy the draft is, an activation ends: its last try lets nobody
	// write.
	second := h.clone(h.who, at)
	before := -1
	_, s, err = install(h.ctx, h.who, second, func(s *service.Snapshot) error {
		if n := len(s.Backends()); n > before && before < 3 {
			before = n
			h.backend(second, fmt.Sprint("b", n))
		}
		return nil
	})
	h.must(err)
	h.equal("backends activated", len(s.Backends()), 4)
}

func generations(h *house) {
	at := h.service(h.who, "shop")
	second := h.clone(h.who, at)
	var last int64
	next := func(s *service.Snapshot, err error) {
		h.Helper()
		h.must(err)
		if s.Generation <= last {
			h.Errorf("generation %d after %d", s.Generation, last)
		}
		last = s.Generation
	}
	for range 3 {
		_, s, err := h.activate(h.who, at)
		next(s, err)
		_, s, err = h.activate(h.who, second)
		next(s, err)
		_, s, err = h.db.Deactivate(h.ctx, h.who, second)
		next(s, err)
	}
	seen := make(chan int64, 8)
	for _, err := range each(8, func(i int) error {
		_, s, err := h.activate(h.who, service.Ref{Service: at.Service, Version: 1 + i%2})
		if err == nil {
			seen <- s.Generation
		}
		return err
	}) {
		h.must(err)
	}
	close(seen)
	all := map[int64]bool{}
	for generation := range seen {
		all[generation] = true
	}
	h.equal("generations of eight at once", len(all), 8)
}
