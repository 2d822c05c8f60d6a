package api

import (
	"net/http"

	"headwater/report"
	"headwater/service"
)

// How many checks go on at a time: each may hold a connection to every address of
// a backend, and the API is to be no scanner of networks.
const (
	maxChecks         = 32
	maxCustomerChecks = 2
)

// checkBackend tries a backend of a version, active or not, and answers what came
// of it: as JSON, or as text to whoever prefers that. It takes a token that may
// write, since it connects to somewhere.
func (c *call) checkBackend() ([]byte, error) {
	s, err := c.Store.Service(c.r.Context(), c.who, c.at.Service)
	if err != nil {
		return nil, err
	}
	v, err := c.Store.Version(c.r.Context(), c.who, c.at)
	if err != nil {
		return nil, err
	}
	b, h, err := c.backendToCheck()
	if err != nil {
		return nil, err
	}
	told, err := c.runCheck(b, h)
	if err != nil {
		return nil, err
	}
	told.Service, told.Name, told.Version, told.State = s.ID, s.Name, v.Number, stateOf(v)
	if c.prefersText() {
		return c.plain(told.Text(c.Now())), nil
	}
	return encode(told), nil
}

// backendToCheck reads the backend and its health check, nil for none.
func (c *call) backendToCheck() (b *service.Backend, h *service.Healthcheck, err error) {
	read := func(k *service.Kind, name string) (o service.Object, err error) {
		o, _, err = c.Store.Object(c.r.Context(), c.who, c.at, k, name)
		return o, err
	}
	err = c.named(func(name string) error {
		o, err := read(service.BackendKind, name)
		if err == nil {
			b = o.(*service.Backend)
		}
		return err
	})
	if err != nil || b.Healthcheck == nil || *b.Healthcheck == "" {
		return b, nil, err
	}
	o, err := read(service.HealthcheckKind, *b.Healthcheck)
	if isCode(err, service.Missing) {
		return nil, nil, service.Errorf(service.Invalid, "Backend '%s' names the healthcheck '%s', which is not there", b.Name, *b.Healthcheck)
	}
	if err != nil {
		return nil, nil, err
	}
	return b, o.(*service.Healthcheck), nil
}

func (c *call) runCheck(b *service.Backend, h *service.Healthcheck) (*report.Check, error) {
	if c.Checker == nil {
		return nil, service.Errorf(service.Missing, "Backends are not checked here")
	}
	if !c.checking.take(c.who.Customer) {
		return nil, &fault{
			status: http.StatusTooManyRequests, msg: "Too many checks at a time",
			detail: "Wait for those that go on to end",
		}
	}
	defer c.checking.give(c.who.Customer)
	return c.Checker.Check(c.r.Context(), b, h), nil
}
