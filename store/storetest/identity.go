package storetest

import (
	"context"
	"strings"
	"time"

	"headwater/service"
)

func issued(h *house) {
	at := h.service(h.who, "shop")
	theirs := h.service(h.other, "shop")
	made, secret, err := h.db.IssueToken(h.ctx, h.who, service.Token{Name: "ci", Scopes: []string{"global"}, Services: []string{at.Service}})
	h.must(err)
	h.equal("user", made.User, h.who.User)
	got, err := h.db.Authenticate(h.ctx, secret)
	h.must(err)
	h.equal("id", got.ID, made.ID)

	child, _, err := h.db.IssueToken(h.ctx, got, service.Token{Scopes: []string{"global:read"}})
	h.must(err)
	h.equal("limits of a child", strings.Join(child.Services, " "), at.Service)
	_, _, err = h.db.IssueToken(h.ctx, h.who, service.Token{Scopes: []string{"global"}, Services: []string{theirs.Service}})
	h.fails(err, service.Missing, "Cannot find service '"+theirs.Service+"'")
	_, _, err = h.db.IssueToken(h.ctx, h.who, service.Token{Scopes: []string{"all"}})
	h.fails(err, service.Invalid, "'scope' must be of global, global:read, purge_all, purge_select")

	all, err := h.db.Tokens(h.ctx, h.who)
	h.must(err)
	h.equal("tokens", len(all), 3)
	all, err = h.db.Tokens(h.ctx, got)
	h.must(err)
	h.equal("tokens that a limited one sees", len(all), 1)
	_, err = h.db.Token(h.ctx, h.other, made.ID)
	h.hidden(err)
	h.hidden(h.db.RevokeTokens(h.ctx, h.other, made.ID))
	h.hidden(h.db.RevokeTokens(h.ctx, got, child.ID))
	h.hidden(h.db.RevokeTokens(h.ctx, h.who, made.ID, "absent"))
	_, err = h.db.Authenticate(h.ctx, secret)
	h.must(err) // all or none
	h.must(h.db.RecordUse(h.ctx, got, "192.0.2.1", "curl"))
	got, err = h.db.Authenticate(h.ctx, secret)
	h.must(err)
	h.equal("address", got.IP+" "+got.UserAgent, "192.0.2.1 curl")
	h.must(h.db.RevokeTokens(h.ctx, h.who, made.ID, child.ID))
	_, err = h.db.Authenticate(h.ctx, secret)
	h.fails(err, service.Unauthorized, "Provided credentials are missing or invalid")
}

func users(h *house) {
	u, err := h.db.CreateUser(h.ctx, h.who, service.User{Login: "a@shop.test", Name: "A", Role: "engineer"})
	h.must(err)
	_, err = h.db.CreateUser(h.ctx, h.who, service.User{Login: "a@shop.test", Role: "user"})
	h.fails(err, service.Conflict, "Duplicate user: 'a@shop.test'")
	_, err = h.db.CreateUser(h.ctx, h.other, service.User{Login: "a@shop.test", Role: "user"})
	h.must(err) // whose logins are its own
	_, err = h.db.CreateUser(h.ctx, h.who, service.User{Login: "b", Role: "king"})
	h.fails(err, service.Invalid, "'role' must be one of user, billing, engineer, superuser")
	got, err := h.db.User(h.ctx, h.who, u.ID)
	h.must(err)
	h.equal("login", got.Login, "a@shop.test")
	_, err = h.db.User(h.ctx, h.other, u.ID)
	h.hidden(err)
	all, err := h.db.Users(h.ctx, h.who)
	h.must(err)
	h.equal("users", len(all), 2) // the first came with the first token
	c, err := h.db.Customer(h.ctx, h.who)
	h.must(err)
	h.equal("owner is one of them", c.Owner == all[0].ID || c.Owner == all[1].ID, true)
	limited := h.token(service.Token{Customer: h.who.Customer, Scopes: []string{"global"}, Services: []string{"x"}, User: u.ID})
	all, err = h.db.Users(h.ctx, limited)
	h.must(err)
	h.equal("users that a limited token sees", len(all), 1)
	customers, err := h.db.Customers(h.ctx)
	h.must(err)
	h.equal("customers", len(customers), 2)
}

func userChanges(h *house) {
	u, err := h.db.CreateUser(h.ctx, h.who, service.User{Login: "a", Name: "A", Role: "engineer"})
	h.must(err)
	rename := func(u *service.User) error { u.Name, u.Login = "B", "ignored"; return nil }
	_, err = h.db.UpdateUser(h.ctx, h.other, u.ID, rename)
	h.hidden(err)
	h.hidden(h.db.DeleteUser(h.ctx, h.other, u.ID))
	limited, secret, err := h.db.IssueToken(h.ctx, h.who, service.Token{User: u.ID, Scopes: []string{"global"}, Services: []string{h.service(h.who, "shop").Service}})
	h.must(err)
	_, err = h.db.UpdateUser(h.ctx, limited, u.ID, rename)
	h.fails(err, service.Forbidden, "the token is limited to services")
	_, err = h.db.CreateUser(h.ctx, limited, service.User{Login: "c", Role: "user"})
	h.fails(err, service.Forbidden, "the token is limited to services")
	got, err := h.db.UpdateUser(h.ctx, h.who, u.ID, rename)
	h.must(err)
	h.equal("user", got.Login+" "+got.Name, "a B")
	_, err = h.db.UpdateUser(h.ctx, h.who, u.ID, func(u *service.User) error { u.Role = "king"; return nil })
	h.fails(err, service.Invalid, "'role' must be one of user, billing, engineer, superuser")

	h.must(h.db.RecordUse(h.ctx, limited, "192.0.2.1", "curl"))
	got, err = h.db.User(h.ctx, h.who, u.ID)
	h.must(err)
	h.equal("was active", got.Active.IsZero(), false)
	h.fails(h.db.DeleteUser(h.ctx, h.who, h.who.User), service.Invalid, "Cannot delete the user that this token belongs to")
	h.must(h.db.DeleteUser(h.ctx, h.who, u.ID))
	h.hidden(h.db.DeleteUser(h.ctx, h.who, u.ID))
	_, err = h.db.Authenticate(h.ctx, secret)
	h.fails(err, service.Unauthorized, "Provided credentials are missing or invalid")
}

func events(h *house) {
	write := func(what string) context.Context {
		return service.WithEvent(h.ctx, &service.Event{Customer: h.who.Customer, User: h.who.User, Token: h.who.ID, Type: what})
	}
	s, err := h.db.CreateService(write("service.create"), h.who, service.Service{Name: "shop"})
	h.must(err)
	h.now.move(minute)
	_, err = h.db.CreateService(write("service.create"), h.who, service.Service{Name: "shop"})
	h.fails(err, service.Conflict, "Duplicate service: 'shop'")
	_, _, err = h.db.Activate(write("version.activate"), h.who, service.Ref{Service: s.ID, Version: 1}, accept)
	h.must(err)
	page := service.Page{Number: 1, Size: 10, Descending: true}
	all, total, err := h.db.Events(h.ctx, h.who, service.EventFilter{}, page)
	h.must(err)
	h.equal("events", total, 2)
	h.equal("newest", all[0].Type, "version.activate")
	h.equal("service", all[1].Service, s.ID)
	one, err := h.db.Event(h.ctx, h.who, all[1].ID)
	h.must(err)
	h.equal("type", one.Type, "service.create")
	_, err = h.db.Event(h.ctx, h.other, one.ID)
	h.hidden(err)
	_, total, err = h.db.Events(h.ctx, h.other, service.EventFilter{Service: s.ID}, page)
	h.must(err)
	h.equal("events of others", total, 0)
	_, total, err = h.db.Events(h.ctx, h.who, service.EventFilter{Type: "service.create", User: h.who.User, Service: s.ID}, page)
	h.must(err)
	h.equal("filtered", total, 1)
}

func recordedEvents(h *house) {
	at := h.now.read().Truncate(time.Microsecond)
	told := func(what string, happened time.Time) *service.Event {
		return &service.Event{Customer: h.who.Customer, Type: what, Created: happened}
	}
	h.must(h.db.Record(h.ctx, []*service.Event{
		told("backend.recover", at.Add(-minute)), told("backend.sicken", at.Add(-2*minute)), told("backend.now", time.Time{}),
	}))
	h.must(h.db.Record(h.ctx, nil))
	all, total, err := h.db.Events(h.ctx, h.who, service.EventFilter{}, service.Page{Number: 1, Size: 10})
	h.must(err)
	h.equal("events", total, 3)
	got := ""
	for _, e := range all {
		got += e.Type + at.Sub(e.Created).String() + " "
	}
	h.equal("in the order in which it happened", got, "backend.sicken2m0s backend.recover1m0s backend.now0s ")
}

func pages(h *house) {
	for _, name := range []string{"b", "a", "c"} {
		h.service(h.who, name)
		h.now.move(minute)
	}
	list := func(p service.Page) (names string) {
		all, total, err := h.db.Services(h.ctx, h.who, p)
		h.must(err)
		h.equal("total", total, 3)
		for _, s := range all {
			h.equal("versions", len(s.Versions), 1)
			names += s.Name
		}
		return names
	}
	h.equal("page 1", list(service.Page{Number: 1, Size: 2}), "ba")
	h.equal("page 2", list(service.Page{Number: 2, Size: 2}), "c")
	h.equal("page 3", list(service.Page{Number: 3, Size: 2}), "")
	h.equal("newest first", list(service.Page{Number: 1, Size: 9, Sort: "created", Descending: true}), "cab")
	h.equal("by name", list(service.Page{Number: 1, Size: 9, Sort: "name"}), "abc")
	h.equal("by what is no order", list(service.Page{Number: 1, Size: 9, Sort: "1; DROP TABLE service"}), "bac")
	found, err := h.db.ServiceByName(h.ctx, h.who, "a")
	h.must(err)
	h.equal("found", found.Name, "a")
	_, err = h.db.ServiceByName(h.ctx, h.other, "a")
	h.fails(err, service.Missing, "Couldn't find Service '{ deleted => 0000-00-00 00:00:00, name => a }'")
}
