package storetest

import (
	"strings"

	"headwater/service"
)

func services(h *house) {
	s, err := h.db.CreateService(h.ctx, h.who, service.Service{Name: "shop", Comment: "c", ID: "forged", Customer: "forged"})
	h.must(err)
	h.equal("customer", s.Customer, h.who.Customer)
	h.equal("type", s.Type, "vcl")
	h.equal("length of the id", len(s.ID), 22)
	h.equal("created", s.Created.Format(service.TimeFormat), "2026-11-22T12:00:00Z")
	h.equal("versions", len(s.Versions), 1)
	v := s.Versions[0]
	h.equal("version", *v, service.Version{Service: s.ID, Number: 1, Created: s.Created, Updated: s.Created})

	h.now.move(minute)
	got, err := h.db.UpdateService(h.ctx, h.who, s.ID, func(s *service.Service) error {
		s.Name, s.Comment, s.Customer, s.Type = "new", "d", "forged", "forged"
		return nil
	})
	h.must(err)
	h.equal("comment", got.Comment, "d")
	got, err = h.db.Service(h.ctx, h.who, s.ID)
	h.must(err)
	h.equal("name", got.Name, "new")
	h.equal("customer", got.Customer, h.who.Customer)
	h.equal("type", got.Type, "vcl")
	text, err := h.db.ServiceType(h.ctx, h.who, s.ID)
	h.must(err)
	h.equal("type alone", text, "vcl")
	_, err = h.db.ServiceType(h.ctx, h.other, s.ID)
	h.hidden(err)
	h.equal("created", got.Created, s.Created)
	h.equal("updated", got.Updated, s.Updated.Add(minute))

	h.service(h.who, "second")
	h.clone(h.who, service.Ref{Service: s.ID, Version: 1})
	all, err := h.services(h.who)
	h.must(err)
	h.equal("services", len(all), 2)
	h.equal("oldest", all[0].Name, "new")
	h.equal("its versions", len(all[0].Versions), 2)
	h.equal("its latest", all[0].Latest().Number, 2)
	h.equal("other's versions", len(all[1].Versions), 1)
}

func serviceNames(h *house) {
	at := h.service(h.who, "shop")
	_, err := h.db.CreateService(h.ctx, h.who, service.Service{Name: "shop"})
	h.fails(err, service.Conflict, "Duplicate service: 'shop'")
	h.service(h.other, "shop") // another customer's names are its own
	h.service(h.who, "Shop")

	second := h.service(h.who, "second")
	_, err = h.db.UpdateService(h.ctx, h.who, second.Service, func(s *service.Service) error { s.Name = "shop"; return nil })
	h.fails(err, service.Conflict, "Duplicate service: 'shop'")
	h.must(h.db.DeleteService(h.ctx, h.who, at.Service))
	_, err = h.db.UpdateService(h.ctx, h.who, second.Service, func(s *service.Service) error { s.Name = "shop"; return nil })
	h.must(err) // the name of a deleted service is free

	for _, bad := range []string{"", " ", "a\nb", "a\x00", "\xff", strings.Repeat("a", 300)} {
		_, err := h.db.CreateService(h.ctx, h.who, service.Service{Name: bad})
		h.equal("bad name "+bad, err != nil, true)
		_, err = h.db.UpdateService(h.ctx, h.who, second.Service, func(s *service.Service) error { s.Name = bad; return nil })
		h.equal("bad new name "+bad, err != nil, true)
	}
	_, err = h.db.CreateService(h.ctx, h.who, service.Service{})
	h.fails(err, service.Invalid, "'name' is required")
	_, err = h.db.CreateService(h.ctx, h.who, service.Service{Name: "x", Type: "other"})
	h.fails(err, service.Invalid, "'type' must be one of vcl, wasm")

	errs := each(8, func(int) error {
		_, err := h.db.CreateService(h.ctx, h.who, service.Service{Name: "race"})
		return err
	})
	h.equal("winners of a name", h.winners(errs, service.Conflict), 1)
}

func deleteService(h *house) {
	at := h.service(h.who, "shop")
	h.must(h.domain(h.who, at, "shop.test"))
	_, _, err := h.activate(h.who, at)
	h.must(err)
	h.fails(h.db.DeleteService(h.ctx, h.who, at.Service), service.Invalid, "Cannot delete service with active version")
	_, _, err = h.db.Deactivate(h.ctx, h.who, at)
	h.must(err)
	h.must(h.db.DeleteService(h.ctx, h.who, at.Service))

	h.fails(h.db.DeleteService(h.ctx, h.who, at.Service), service.Invalid, "Service '"+at.Service+"' is deleted")
	h.hidden(h.db.DeleteService(h.ctx, h.other, at.Service))
	h.everythingHidden(h.who, at)
	all, err := h.services(h.who)
	h.must(err)
	h.equal("services", len(all), 0)
}

// everythingHidden tries each method at a place that the caller may not see.
func (h *house) everythingHidden(who *service.Token, at service.Ref) {
	h.Helper()
	db, ctx, k := h.db, h.ctx, service.BackendKind
	untouched := func() { h.Helper(); h.Error("a change was asked for") }
	_, err := db.Service(ctx, who, at.Service)
	h.hidden(err)
	_, err = db.UpdateService(ctx, who, at.Service, func(*service.Service) error { untouched(); return nil })
	h.hidden(err)
	_, err = db.CreateVersion(ctx, who, at.Service, "")
	h.hidden(err)
	_, err = db.Product(ctx, who, at.Service, "fanout")
	h.hidden(err)
	_, err = db.EnableProduct(ctx, who, at.Service, "fanout", func(*service.Product) error { untouched(); return nil })
	h.hidden(err)
	_, err = db.ConfigureProduct(ctx, who, at.Service, "fanout", func(*service.Product) error { untouched(); return nil })
	h.hidden(err)
	h.hidden(db.DisableProduct(ctx, who, at.Service, "fanout"))
	_, err = db.Version(ctx, who, at)
	h.hidden(err)
	_, err = db.UpdateVersion(ctx, who, at, func(*service.Version) error { untouched(); return nil })
	h.hidden(err)
	_, err = db.CloneVersion(ctx, who, at)
	h.hidden(err)
	_, err = db.LockVersion(ctx, who, at)
	h.hidden(err)
	_, err = db.Snapshot(ctx, who, at)
	h.hidden(err)
	_, _, err = db.Activate(ctx, who, at, func(*service.Snapshot) error { untouched(); return nil })
	h.hidden(err)
	_, _, err = db.Deactivate(ctx, who, at)
	h.hidden(err)
	_, _, err = db.Objects(ctx, who, at, k)
	h.hidden(err)
	_, _, err = db.Object(ctx, who, at, k, "b")
	h.hidden(err)
	_, err = h.create(who, at, k, "name=new", "address=h")
	h.hidden(err)
	_, err = db.UpdateObject(ctx, who, at, k, "b", func(o service.Object) (service.Object, error) { untouched(); return o, nil })
	h.hidden(err)
	h.hidden(db.DeleteObject(ctx, who, at, k, "b"))
}

func tenants(h *house) {
	at := h.service(h.who, "shop")
	h.backend(at, "b")
	h.everythingHidden(h.other, at)
	h.hidden(h.db.DeleteService(h.ctx, h.other, at.Service))
	for _, id := range []string{"", "unknown", "\x00", "\xff", "' OR 1=1 --"} {
		unknown := service.Ref{Service: id, Version: 1}
		h.everythingHidden(h.who, unknown)
		h.hidden(h.db.DeleteService(h.ctx, h.who, id))
	}
	all, err := h.services(h.other)
	h.must(err)
	h.equal("services", len(all), 0)
	h.equal("backends", h.names(at, service.BackendKind), "b")
	v, err := h.db.Version(h.ctx, h.who, at)
	h.must(err)
	h.equal("locked", v.Locked, false)
}

func serviceLimits(h *house) {
	at, beyond := h.service(h.who, "inside"), h.service(h.who, "outside")
	h.backend(beyond, "b")
	limited := h.token(service.Token{Customer: h.who.Customer, Scopes: []string{"global"}, Services: []string{at.Service}})
	h.everythingHidden(limited, beyond)
	h.hidden(h.db.DeleteService(h.ctx, limited, beyond.Service))
	h.must(h.db.DeleteService(h.ctx, h.who, beyond.Service))
	h.hidden(h.db.DeleteService(h.ctx, limited, beyond.Service))
	_, err := h.db.CloneVersion(h.ctx, limited, at)
	h.must(err)
	all, err := h.services(limited)
	h.must(err)
	h.equal("services", len(all), 1)
	h.equal("its versions", len(all[0].Versions), 2)
	_, err = h.db.CreateService(h.ctx, limited, service.Service{Name: "new"})
	h.fails(err, service.Missing, "Cannot find 'service'")

	// A limit that names another customer's service opens nothing.
	foreign := h.token(service.Token{Customer: h.other.Customer, Scopes: []string{"global"}, Services: []string{at.Service}})
	h.everythingHidden(foreign, at)
}
