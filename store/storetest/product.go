package storetest

import (
	"headwater/service"
)

func products(h *house) {
	at := h.service(h.who, "shop")
	noise := func(p *service.Product) error { return p.Configure(input("mode=block")) }
	_, err := h.db.ConfigureProduct(h.ctx, h.who, at.Service, "ddos_protection", noise)
	h.fails(err, service.Missing, "ddos_protection is not enabled")

	_, err = h.db.EnableProduct(h.ctx, h.who, at.Service, "ddos_protection", func(*service.Product) error { return nil })
	h.must(err)
	p, err := h.db.Product(h.ctx, h.who, at.Service, "ddos_protection")
	h.must(err)
	h.equal("the default", p.Configuration["mode"], "log")
	_, err = h.db.ConfigureProduct(h.ctx, h.who, at.Service, "ddos_protection", noise)
	h.must(err)
	_, err = h.db.EnableProduct(h.ctx, h.who, at.Service, "ddos_protection", func(*service.Product) error { return nil })
	h.must(err)
	p, err = h.db.Product(h.ctx, h.who, at.Service, "ddos_protection")
	h.must(err)
	h.equal("enabled twice", p.Configuration["mode"], "block")

	h.must(h.db.DisableProduct(h.ctx, h.who, at.Service, "ddos_protection"))
	_, err = h.db.Product(h.ctx, h.who, at.Service, "ddos_protection")
	h.fails(err, service.Missing, "ddos_protection is not enabled")
	_, err = h.db.EnableProduct(h.ctx, h.who, at.Service, "teleport", noise)
	h.fails(err, service.Hidden, "")
}
