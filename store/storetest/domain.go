package storetest

import (
	"fmt"

	"headwater/service"
)

func taken(name string, by service.Ref) string {
	return fmt.Sprintf("Domain '%s' is already taken by service '%s'", name, by.Service)
}

// domains follows one domain through two services of a customer.
func domains(h *house) {
	first, second := h.service(h.who, "first"), h.service(h.who, "second")
	h.must(h.domain(h.who, first, "Shop.test"))
	h.must(h.domain(h.who, second, "shop.test")) // a draft claims nothing
	_, _, err := h.activate(h.who, first)
	h.must(err)

	_, _, err = h.activate(h.who, second)
	h.fails(err, service.Invalid, taken("shop.test", first))
	draft, err := h.db.CreateVersion(h.ctx, h.who, second.Service, "")
	h.must(err)
	at := service.Ref{Service: second.Service, Version: draft.Number}
	h.fails(h.domain(h.who, at, "SHOP.test"), service.Invalid, taken("SHOP.test", first))
	h.must(h.domain(h.who, at, "free.test"))
	_, err = h.update(at, service.DomainKind, "free.test", "name=shop.test")
	h.fails(err, service.Invalid, taken("shop.test", first))
	h.must(h.domain(h.who, at, "*.shop.test")) // within a customer claims are on exact names

	// The service that holds it may use it in other versions.
	mine := h.clone(h.who, first)
	h.must(h.db.DeleteObject(h.ctx, h.who, mine, service.DomainKind, "shop.test"))
	h.must(h.domain(h.who, mine, "shop.test"))
	_, err = h.update(mine, service.DomainKind, "shop.test", "name=other.test")
	h.must(err)

	// A version without it releases it, and rolling back takes it again.
	_, _, err = h.activate(h.who, mine)
	h.must(err)
	_, _, err = h.activate(h.who, second)
	h.must(err)
	_, _, err = h.activate(h.who, first)
	h.fails(err, service.Invalid, taken("Shop.test", second))
	got, err := h.db.Service(h.ctx, h.who, first.Service)
	h.must(err)
	h.equal("still active", got.Active().Number, mine.Version)
	_, _, err = h.db.Deactivate(h.ctx, h.who, second)
	h.must(err)
	_, _, err = h.activate(h.who, first)
	h.must(err)
}

func domainsOfOthers(h *house) {
	mine, theirs := h.service(h.who, "shop"), h.service(h.other, "shop")
	h.must(h.domain(h.who, mine, "shop.test"))
	h.must(h.domain(h.other, theirs, "shop.test"))
	_, _, err := h.activate(h.who, mine)
	h.must(err)
	const text = "Domain 'shop.test' is already taken by another customer"
	_, _, err = h.activate(h.other, theirs)
	h.fails(err, service.Invalid, text)
	next, err := h.db.CreateVersion(h.ctx, h.other, theirs.Service, "")
	h.must(err)
	h.fails(h.domain(h.other, service.Ref{Service: theirs.Service, Version: next.Number}, "shop.test"), service.Invalid, text)

	_, _, err = h.db.Deactivate(h.ctx, h.who, mine)
	h.must(err)
	h.must(h.db.DeleteService(h.ctx, h.who, mine.Service))
	_, _, err = h.activate(h.other, theirs)
	h.must(err)
}

// wildcardsOfOthers has names and wildcards that meet: between customers the one
// that came first keeps the other out, within a customer both may be.
func wildcardsOfOthers(h *house) {
	for _, tt := range []struct {
		first, second string
		meet          bool
	}{
		{"*.Shop.test", "www.shop.TEST", true},
		{"*.shop.test", "a.b.shop.test", true},
		{"*.shop.test", "*.b.shop.test", true},
		{"www.shop.test", "*.Shop.test", true},
		{"a.b.shop.test", "*.shop.test", true},
		{"*.b.shop.test", "*.shop.test", true},
		{"*.shop.test", "shop.test", false},
		{"*.shop.test", "workshop.test", false},
		{"*.shop.test", "*.other.test", false},
		{"shop.test", "*.shop.test", false},
	} {
		h.wildcard(tt.first, tt.second, tt.meet)
	}
}

func (h *house) wildcard(first, second string, meet bool) {
	h.Helper()
	holder, sibling, theirs := h.service(h.who, "holder"), h.service(h.who, "sibling"), h.service(h.other, "theirs")
	h.must(h.domain(h.who, holder, first))
	h.must(h.domain(h.who, sibling, second))
	h.must(h.domain(h.other, theirs, second)) // drafts claim nothing
	check := func(err error) {
		h.Helper()
		if !meet {
			h.must(err)
			return
		}
		h.fails(err, service.Invalid, "Domain '"+second+"' is already taken by another customer")
	}
	stage := func(who *service.Token, at service.Ref) error {
		_, _, err := h.db.Stage(h.ctx, who, at, accept)
		return err
	}
	h.must(stage(h.who, holder))
	check(stage(h.other, theirs))
	_, _, err := h.db.Unstage(h.ctx, h.other, theirs) // no error if it was refused
	h.must(err)
	h.must(stage(h.who, sibling))
	_, _, err = h.db.Unstage(h.ctx, h.who, sibling)
	h.must(err)

	_, _, err = h.activate(h.who, holder)
	h.must(err)
	draft, err := h.db.CreateVersion(h.ctx, h.other, theirs.Service, "")
	h.must(err)
	check(h.domain(h.other, service.Ref{Service: theirs.Service, Version: draft.Number}, second))
	check(stage(h.other, theirs))
	_, _, err = h.activate(h.other, theirs)
	check(err)
	_, _, err = h.db.Deactivate(h.ctx, h.other, theirs)
	h.must(err)
	_, _, err = h.activate(h.who, sibling)
	h.must(err)

	end := func(who *service.Token, at service.Ref) {
		h.Helper()
		_, _, err := h.db.Deactivate(h.ctx, who, at)
		h.must(err)
		h.must(h.db.DeleteService(h.ctx, who, at.Service))
	}
	end(h.who, holder)
	end(h.who, sibling)
	_, _, err = h.activate(h.other, theirs) // what held the names is gone
	h.must(err)
	end(h.other, theirs)
}

// domainRace activates the same domain in several services at once.
func domainRace(h *house) {
	var refs []service.Ref
	for i := range 4 {
		at := h.service(h.who, fmt.Sprint("s", i))
		h.must(h.domain(h.who, at, "shop.test"))
		refs = append(refs, at)
	}
	errs := each(len(refs), func(i int) error {
		_, _, err := h.activate(h.who, refs[i])
		return err
	})
	h.equal("winners", h.winners(errs, service.Invalid), 1)
	all, _, err := h.db.ActiveSnapshots(h.ctx)
	h.must(err)
	h.equal("active snapshots", len(all), 1)
}
