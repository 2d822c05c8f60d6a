package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"headwater/service"
)

var backend = service.BackendKind

func missing(model, name string, at service.Ref) string {
	return fmt.Sprintf("Couldn't find %s '{ deleted => 0000-00-00 00:00:00, name => %s, service => %s, version => %d }'",
		model, name, at.Service, at.Version)
}

func objects(h *house) {
	at := h.service(h.who, "shop")
	made := h.backend(at, "b", "port=81")
	h.equal("created", made.Meta().Created, h.now.read().Truncate(1000))
	h.equal("updated", made.Meta().Updated, made.Meta().Created)
	h.backend(at, "a")
	h.backend(at, "B")
	h.equal("order", h.names(at, backend), "B a b")
	got, v, err := h.db.Object(h.ctx, h.who, at, backend, "b")
	h.must(err)
	h.equal("version", v.Number, 1)
	place := service.Place{Service: at.Service, Version: 1}
	h.equal("object", string(backend.AppendJSON(nil, got, place)), string(backend.AppendJSON(nil, made, place)))

	_, err = h.create(h.who, at, backend, "name=b", "address=h")
	h.fails(err, service.Conflict, "Duplicate backend: 'b'")

	h.now.move(minute)
	changed, err := h.update(at, backend, "b", "port=82")
	h.must(err)
	h.equal("seq", changed.Meta().Seq, made.Meta().Seq)
	h.equal("created", changed.Meta().Created, made.Meta().Created)
	h.equal("updated", changed.Meta().Updated, made.Meta().Updated.Add(minute))
	h.equal("port", changed.(*service.Backend).Port, int64(82))
	h.equal("port of the old", made.(*service.Backend).Port, int64(81))

	h.must(h.db.DeleteObject(h.ctx, h.who, at, backend, "b"))
	h.fails(h.db.DeleteObject(h.ctx, h.who, at, backend, "b"), service.Missing, missing("Backend", "b", at))
	_, _, err = h.db.Object(h.ctx, h.who, at, backend, "b")
	h.fails(err, service.Missing, missing("Backend", "b", at))
	_, err = h.update(at, backend, "b", "port=1")
	h.fails(err, service.Missing, missing("Backend", "b", at))
	_, _, err = h.db.Object(h.ctx, h.who, at, service.DomainKind, "a")
	h.fails(err, service.Missing, missing("Domain", "a", at))
	all, _, err := h.db.Objects(h.ctx, h.who, at, service.DomainKind)
	h.must(err)
	h.equal("no domains, but a list", all != nil && len(all) == 0, true)
}

func rename(h *house) {
	at := h.service(h.who, "shop")
	made := h.backend(at, "old")
	h.backend(at, "taken")
	got, err := h.update(at, backend, "old", "name=new")
	h.must(err)
	h.equal("created", got.Meta().Created, made.Meta().Created)
	_, _, err = h.db.Object(h.ctx, h.who, at, backend, "old")
	h.fails(err, service.Missing, missing("Backend", "old", at))
	_, err = h.update(at, backend, "new", "name=taken")
	h.fails(err, service.Conflict, "Duplicate backend: 'taken'")
	_, err = h.update(at, backend, "new", "name=new")
	h.must(err)
	h.equal("backends", h.names(at, backend), "new taken")
}

func singleton(h *house) {
	at := h.service(h.who, "shop")
	k := service.SettingsKind
	o, _, err := h.db.Object(h.ctx, h.who, at, k, "")
	h.must(err)
	h.equal("default_ttl", o.(*service.Settings).DefaultTTL, int64(3600))
	for _, ttl := range []int64{5, 6} {
		_, err := h.update(at, k, "", fmt.Sprint("general.default_ttl=", ttl))
		h.must(err)
		o, _, err := h.db.Object(h.ctx, h.who, at, k, "")
		h.must(err)
		h.equal("default_ttl", o.(*service.Settings).DefaultTTL, ttl)
		all, _, err := h.db.Objects(h.ctx, h.who, at, k)
		h.must(err)
		h.equal("objects", len(all), 1)
		s, err := h.db.Snapshot(h.ctx, h.who, at)
		h.must(err)
		h.equal("default_ttl of the snapshot", s.Settings().DefaultTTL, ttl)
		h.equal("settings of the snapshot", len(s.Objects["settings"]), 1)
	}
}

func references(h *house) {
	at := h.service(h.who, "shop")
	_, err := h.create(h.who, at, backend, "name=b", "address=h", "healthcheck=none")
	h.fails(err, service.Invalid, "No healthcheck named 'none'")
	_, err = h.create(h.who, at, backend, "name=b", "address=h", "request_condition=none")
	h.fails(err, service.Invalid, "No condition named 'none'")
	h.backend(at, "b")
	_, err = h.update(at, backend, "b", "healthcheck=none")
	h.fails(err, service.Invalid, "No healthcheck named 'none'")
	_, err = h.update(at, backend, "b", "healthcheck=")
	h.must(err)
}

func oddNames(h *house) {
	at := h.service(h.who, "shop")
	for _, name := range []string{"a/b", "a%2fb", "?", "#", "a b", "é", "e\u0301", "😀", "\u202eabc", `"'`, "'; DROP TABLE object; --", "<img>", "%", "_"} {
		h.backend(at, name)
		o, _, err := h.db.Object(h.ctx, h.who, at, backend, name)
		h.must(err)
		h.equal("name", o.Meta().Name, name)
		h.must(h.db.DeleteObject(h.ctx, h.who, at, backend, name))
	}
	h.backend(at, "b")
	for _, name := range []string{"", "\x00", "b\x00", "\xff", "B", "b ", strings.Repeat("b", 1<<16)} {
		_, _, err := h.db.Object(h.ctx, h.who, at, backend, name)
		h.fails(err, service.Missing, missing("Backend", name, at))
		h.fails(h.db.DeleteObject(h.ctx, h.who, at, backend, name), service.Missing, missing("Backend", name, at))
	}
}

func foldedNames(h *house) {
	at := h.service(h.who, "shop")
	k := service.DomainKind
	h.must(h.domain(h.who, at, "Shop.test"))
	h.fails(h.domain(h.who, at, "shop.TEST"), service.Conflict, "Duplicate domain: 'shop.TEST'")
	o, _, err := h.db.Object(h.ctx, h.who, at, k, "SHOP.test")
	h.must(err)
	h.equal("name as sent", o.Meta().Name, "Shop.test")
	_, err = h.update(at, k, "shop.test", "name=SHOP.TEST")
	h.must(err)
	h.equal("names", h.names(at, k), "SHOP.TEST")
	h.must(h.db.DeleteObject(h.ctx, h.who, at, k, "shop.test"))
}

// createRace has two writers of one draft: one of them gets the name, and what
// both add under other names is all there.
func createRace(h *house) {
	at := h.service(h.who, "shop")
	errs := each(8, func(int) error {
		_, err := h.create(h.who, at, backend, "name=same", "address=h")
		return err
	})
	h.equal("winners", h.winners(errs, service.Conflict), 1)
	for _, err := range each(8, func(i int) error {
		_, err := h.create(h.who, at, backend, fmt.Sprint("name=b", i), "address=h")
		return err
	}) {
		h.must(err)
	}
	s, err := h.db.Snapshot(h.ctx, h.who, at)
	h.must(err)
	seen := map[int64]bool{}
	for _, b := range s.Backends() {
		seen[b.Seq] = true
	}
	h.equal("distinct seqs", len(seen), 9)
}

func updateRace(h *house) {
	at := h.service(h.who, "shop")
	h.backend(at, "b", "max_conn=0")
	for _, err := range each(20, func(int) error {
		_, err := h.db.UpdateObject(h.ctx, h.who, at, backend, "b", func(old service.Object) (service.Object, error) {
			return backend.Update(old, input(fmt.Sprint("max_conn=", old.(*service.Backend).MaxConn+1)))
		})
		return err
	}) {
		h.must(err)
	}
	o, _, err := h.db.Object(h.ctx, h.who, at, backend, "b")
	h.must(err)
	h.equal("increments", o.(*service.Backend).MaxConn, int64(20))
}

func cloneRace(h *house) {
	at := h.service(h.who, "shop")
	for _, err := range each(8, func(i int) error {
		if i%2 == 0 {
			_, err := h.db.CloneVersion(h.ctx, h.who, at)
			return err
		}
		_, err := h.db.CreateVersion(h.ctx, h.who, at.Service, "")
		return err
	}) {
		h.must(err)
	}
	s, err := h.db.Service(h.ctx, h.who, at.Service)
	h.must(err)
	h.equal("versions", len(s.Versions), 9)
	h.equal("latest", s.Latest().Number, 9)
}

func failedChange(h *house) {
	at := h.service(h.who, "shop")
	h.backend(at, "b")
	refusal := errors.New("no")
	_, err := h.db.UpdateObject(h.ctx, h.who, at, backend, "b", func(service.Object) (service.Object, error) { return nil, refusal })
	h.equal("error", err, refusal)
	_, err = h.db.UpdateVersion(h.ctx, h.who, at, func(v *service.Version) error { v.Comment = "x"; return refusal })
	h.equal("error", err, refusal)
	_, err = h.db.UpdateService(h.ctx, h.who, at.Service, func(s *service.Service) error { s.Name = "x"; return refusal })
	h.equal("error", err, refusal)
	s, err := h.db.Service(h.ctx, h.who, at.Service)
	h.must(err)
	h.equal("unchanged", s.Name+s.Versions[0].Comment, "shop")
}

func cancelled(h *house) {
	at := h.service(h.who, "shop")
	ctx, cancel := context.WithCancel(h.ctx)
	_, err := h.db.UpdateObject(ctx, h.who, at, service.SettingsKind, "", func(old service.Object) (service.Object, error) {
		cancel()
		return service.SettingsKind.Update(old, input("general.default_ttl=7"))
	})
	h.equal("cancelled within", errors.Is(err, context.Canceled), true)
	_, err = h.db.Service(ctx, h.who, at.Service)
	h.equal("cancelled before", errors.Is(err, context.Canceled), true)
	o, _, err := h.db.Object(h.ctx, h.who, at, service.SettingsKind, "")
	h.must(err)
	h.equal("default_ttl", o.(*service.Settings).DefaultTTL, int64(3600))
	_, err = h.update(at, service.SettingsKind, "", "general.default_ttl=8")
	h.must(err)
}
