package storetest

import (
	"errors"

	"headwater/service"
)

func staging(h *house) {
	one := h.service(h.who, "one")
	h.must(h.domain(h.who, one, "shop.test"))
	theirs := h.service(h.other, "theirs")
	h.must(h.domain(h.other, theirs, "SHOP.test"))

	v, s, err := h.db.Stage(h.ctx, h.who, one, accept)
	h.must(err)
	h.equal("staged", v.Staged, true)
	h.equal("locked", v.Locked, true)
	h.equal("active", v.Active, false)
	h.equal("domains", len(s.Domains()), 1)
	_, _, err = h.db.Stage(h.ctx, h.other, theirs, accept)
	h.fails(err, service.Invalid, "Domain 'SHOP.test' is already taken by another customer")
	_, _, err = h.db.Stage(h.ctx, h.other, one, accept)
	h.hidden(err)
	_, _, err = h.db.Unstage(h.ctx, h.other, one)
	h.hidden(err)

	// A staged version holds no domain in production.
	_, _, err = h.activate(h.other, theirs)
	h.must(err)
	_, _, err = h.db.Stage(h.ctx, h.who, one, accept)
	h.fails(err, service.Invalid, "Domain 'shop.test' is already taken by another customer")
	_, _, err = h.db.Deactivate(h.ctx, h.other, theirs)
	h.must(err)

	two := h.clone(h.who, one)
	refused := errors.New("refused")
	_, _, err = h.db.Stage(h.ctx, h.who, two, func(*service.Snapshot) error { return refused })
	h.equal("refusal", errors.Is(err, refused), true)
	_, later, err := h.db.Stage(h.ctx, h.who, two, accept)
	h.must(err)
	h.equal("generation grows", later.Generation > s.Generation, true)
	all, _, err := h.db.StagedSnapshots(h.ctx)
	h.must(err)
	h.equal("staged services", len(all), 1)
	h.equal("staged version", all[0].Version, two.Version)
	_, _, err = h.db.Unstage(h.ctx, h.who, one)
	h.fails(err, service.Invalid, "Version '1' for service '"+one.Service+"' is not staged")
	for range 2 { // again is no error
		_, s, err = h.db.Unstage(h.ctx, h.who, two)
		h.must(err)
		h.equal("version", s.Version, 0)
	}

	_, _, err = h.db.Stage(h.ctx, h.who, two, accept)
	h.must(err)
	h.must(h.db.DeleteService(h.ctx, h.who, one.Service))
	all, _, err = h.db.StagedSnapshots(h.ctx)
	h.must(err)
	h.equal("staged after deletion", len(all), 0)
	_, _, err = h.db.Stage(h.ctx, h.other, theirs, accept)
	h.must(err) // the domain is free
}
