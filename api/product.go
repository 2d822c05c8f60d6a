package api

import (
	"bytes"
	"net/http"

	"headwater/service"
)

// errNoProduct is what a product that is not enabled answers, in a shape of its
// own: Fastly's, byte for byte. Clients take any error for "not enabled".
var errNoProduct = &fault{
	status: http.StatusBadRequest, msg: "no product on service",
	body: []byte(`{"type":"","title":"no product on service","status":400,"errors":null,"detail":""}` + "\n"),
}

// A productReply is a product of a service, with its settings where those were
// asked for.
type productReply struct {
	Product       thing             `json:"product"`
	Service       thing             `json:"service"`
	Configuration map[string]string `json:"configuration,omitempty"`
	Links         productLinks      `json:"_links"`
}

type thing struct {
	ID     string `json:"id"`
	Object string `json:"object"`
}

type productLinks struct {
	Self string `json:"self"`
}

// replyProduct answers with the product, or why there is none, and with settings
// if they are not nil.
func (c *call) replyProduct(p *service.Product, err error, settings func(*service.Product) map[string]string) ([]byte, error) {
	if isCode(err, service.Missing) {
		return nil, errNoProduct
	}
	if err != nil {
		return nil, err
	}
	reply := productReply{
		Product: thing{p.Name, "product"},
		Service: thing{c.at.Service, "service"},
		Links:   productLinks{"/enabled-products/v1/" + p.Name + "/services/" + c.at.Service},
	}
	if settings != nil {
		reply.Configuration = settings(p)
		reply.Links.Self += "/configuration"
	}
	return encode(reply), nil
}

// knownProduct refuses products that nobody knows, as a path that is not there.
func (c *call) knownProduct() error {
	_, err := service.NewProduct(c.name)
	return err
}

func (c *call) product(settings func(*service.Product) map[string]string) ([]byte, error) {
	if err := c.knownProduct(); err != nil {
		return nil, err
	}
	p, err := c.Store.Product(c.r.Context(), c.who, c.at.Service, c.name)
	return c.replyProduct(p, err, settings)
}

func (c *call) getProduct() ([]byte, error) { return c.product(nil) }

func (c *call) getProductConfiguration() ([]byte, error) {
	return c.product(func(p *service.Product) map[string]string { return p.Configuration })
}

func (c *call) enableProduct() ([]byte, error) {
	in, err := c.productInput()
	if err != nil {
		return nil, err
	}
	p, err := c.Store.EnableProduct(c.r.Context(), c.who, c.at.Service, c.name,
		func(p *service.Product) error { return p.Configure(in) })
	return c.replyProduct(p, err, nil)
}

// configureProduct answers with the settings that were sent, as Fastly does.
func (c *call) configureProduct() ([]byte, error) {
	in, err := c.productInput()
	if err != nil {
		return nil, err
	}
	p, err := c.Store.ConfigureProduct(c.r.Context(), c.who, c.at.Service, c.name,
		func(p *service.Product) error { return p.Configure(in) })
	return c.replyProduct(p, err, func(p *service.Product) map[string]string {
		sent := map[string]string{}
		for key := range in {
			sent[key] = p.Configuration[key]
		}
		return sent
	})
}

// productInput is what the body asks of a product. Settings are texts and
// numbers. A client is known that has nothing to say and sends null.
func (c *call) productInput() (service.Input, error) {
	if err := c.knownProduct(); err != nil {
		return nil, err
	}
	return c.inputOr(func(body []byte) bool { return string(bytes.TrimSpace(body)) == "null" }, func(string) bool { return true })
}

func (c *call) disableProduct() ([]byte, error) {
	if err := c.knownProduct(); err != nil {
		return nil, err
	}
	c.success = http.StatusNoContent
	return nil, c.Store.DisableProduct(c.r.Context(), c.who, c.at.Service, c.name)
}
