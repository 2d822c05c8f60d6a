package api

import "headwater/service"

// reportBackends answers how the backends of the service's active version do, as
// the edge of this process sees them.
func (c *call) reportBackends() ([]byte, error) {
	s, err := c.Store.Service(c.r.Context(), c.who, c.at.Service)
	if err != nil {
		return nil, err
	}
	told := c.Edge.Backends(s.ID)
	if told == nil {
		return nil, service.Errorf(service.Missing, "Service '%s' has no active version", s.ID)
	}
	return encode(told), nil
}
