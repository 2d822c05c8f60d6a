package storetest

import (
	"slices"

	"headwater/service"
)

func tokens(h *house) {
	const secret = "sixteen-chars-ok"
	want, err := h.db.CreateToken(h.ctx, secret, service.Token{
		Customer: h.who.Customer, Name: "ci", User: "u",
		Scopes: []string{"global:read", "purge_all"}, Services: []string{"a", "b"},
		Expires: h.now.read().Add(minute),
	})
	h.must(err)
	got, err := h.db.Authenticate(h.ctx, secret)
	h.must(err)
	h.equal("id", got.ID, want.ID)
	h.equal("customer", got.Customer, h.who.Customer)
	h.equal("user", got.User, "u")
	h.equal("name", got.Name, "ci")
	h.equal("scopes", slices.Equal(got.Scopes, want.Scopes), true)
	h.equal("services", slices.Equal(got.Services, want.Services), true)
	h.equal("writes", got.Writes(), false)

	const unknown = "Provided credentials are missing or invalid"
	for _, bad := range []string{"", secret[:15], secret + "x", "Sixteen-chars-ok", "\x00", "\xff"} {
		_, err := h.db.Authenticate(h.ctx, bad)
		h.fails(err, service.Unauthorized, unknown)
	}
	_, err = h.db.CreateToken(h.ctx, secret, service.Token{Customer: h.other.Customer})
	h.fails(err, service.Conflict, "Duplicate token")
	for _, bad := range []string{"", "fifteen-chars-x", "with a blank in it", "tab\tin-the-middle"} {
		_, err := h.db.CreateToken(h.ctx, bad, service.Token{Customer: h.who.Customer})
		h.fails(err, service.Invalid, "a token must be 16 to 256 visible ASCII characters")
	}

	h.now.move(minute)
	_, err = h.db.Authenticate(h.ctx, secret)
	h.fails(err, service.Unauthorized, "Token "+want.ID+" expired at 2026-11-22T12:01:00Z")
}

func operatorToken(h *house) {
	first, err := h.db.SetOperatorToken(h.ctx, "first-secret-of-all")
	h.must(err)
	again, err := h.db.SetOperatorToken(h.ctx, "first-secret-of-all")
	h.must(err)
	h.equal("id of the same secret", again.ID, first.ID)

	second, err := h.db.SetOperatorToken(h.ctx, "second-secret-of-all")
	h.must(err)
	h.equal("customer", second.Customer, first.Customer)
	h.equal("writes", second.Writes(), true)
	_, err = h.db.Authenticate(h.ctx, "first-secret-of-all")
	h.fails(err, service.Unauthorized, "Provided credentials are missing or invalid")
	got, err := h.db.Authenticate(h.ctx, "second-secret-of-all")
	h.must(err)
	h.equal("token", got.ID, second.ID)

	// An ordinary token's secret becomes the operator's, with all its powers.
	_, err = h.db.CreateToken(h.ctx, "ordinary-secret-x", service.Token{Customer: h.who.Customer, Scopes: []string{"global:read"}})
	h.must(err)
	_, err = h.db.SetOperatorToken(h.ctx, "ordinary-secret-x")
	h.must(err)
	got, err = h.db.Authenticate(h.ctx, "ordinary-secret-x")
	h.must(err)
	h.equal("writes", got.Writes(), true)

	has, err := h.db.HasTokens(h.ctx)
	h.must(err)
	h.equal("has tokens", has, true)
	h.must(h.db.Ping(h.ctx))
}
