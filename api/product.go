package api

import (
	"net/http"

	"headwater/service"
)

// errNoProduct is what a product that is not enabled answers, in a shape of its
// own. Clients take any error for "not enabled".
var errNoProduct = &fault{status: http.StatusBadRequest, msg: "no product on service", problem: true}

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
	Self    string `json:"self"`
	Service string `json:"service"`
}

// replyProduct answers with the product, or why there is none.
func (c *call) replyProduct(p *service.Product, err error, settings bool) ([]byte, error) {
	if isCode(err, service.Missing) {
		return nil, errNoProduct
	}
	if err != nil {
		return nil, err
	}
	reply := productReply{
		Product: thing{p.Name, "product"},
		Service: thing{c.at.Service, "service"},
		Links:   productLinks{"/enabled-products/v1/" + p.Name + "/services/" + c.at.Service, "/service/" + c.at.Service},
	}
	if settings {
		reply.Configuration = p.Configuration
		reply.Links.Self += "/configuration"
	}
	return encode(reply), nil
}

// knownProduct refuses products that nobody knows, as a path that is not there.
func (c *call) knownProduct() error {
	_, err := service.NewProduct(c.name)
	return err
}

func (c *call) product(settings bool) ([]byte, error) {
	if err := c.knownProduct(); err != nil {
		return nil, err
	}
	p, err := c.Store.Product(c.r.Context(), c.who, c.at.Service, c.name)
	return c.replyProduct(p, err, settings)
}

func (c *call) getProduct() ([]byte, error)              { return c.product(false) }
func (c *call) getProductConfiguration() ([]byte, error) { return c.product(true) }

func (c *call) enableProduct() ([]byte, error) {
	change, err := c.productChange()
	if err != nil {
		return nil, err
	}
	p, err := c.Store.EnableProduct(c.r.Context(), c.who, c.at.Service, c.name, change)
	return c.replyProduct(p, err, false)
}

func (c *call) configureProduct() ([]byte, error) {
	change, err := c.productChange()
	if err != nil {
		return nil, err
	}
	p, err := c.Store.ConfigureProduct(c.r.Context(), c.who, c.at.Service, c.name, change)
	return c.replyProduct(p, err, true)
}

// productChange is what the body asks of a product. Settings are texts and
// numbers.
func (c *call) productChange() (func(*service.Product) error, error) {
	if err := c.knownProduct(); err != nil {
		return nil, err
	}
	in, err := c.input(func(string) bool { return true })
	if err != nil {
		return nil, err
	}
	return func(p *service.Product) error { return p.Configure(in) }, nil
}

func (c *call) disableProduct() ([]byte, error) {
	if err := c.knownProduct(); err != nil {
		return nil, err
	}
	c.success = http.StatusNoContent
	return nil, c.Store.DisableProduct(c.r.Context(), c.who, c.at.Service, c.name)
}
