package api

import (
	"headwater/service"
)

// A serviceReply is a service as Fastly answers it.
type serviceReply struct {
	ID           string         `json:"id"`
	Name         string         `json:"name"`
	Comment      string         `json:"comment"`
	Type         string         `json:"type"`
	CustomerID   string         `json:"customer_id"`
	PublishKey   string         `json:"publish_key"` // always empty, as recorded
	Paused       bool           `json:"paused"`
	Versions     []versionReply `json:"versions"`
	Environments []environment  `json:"environments"`
	CreatedAt    string         `json:"created_at"`
	UpdatedAt    string         `json:"updated_at"`
	DeletedAt    *string        `json:"deleted_at"` // null: what is deleted is not answered
}

// A serviceItem is a service in a list: without publish_key, and with the number
// of the version that counts, the active one or else the highest.
type serviceItem struct {
	ID           string         `json:"id"`
	Name         string         `json:"name"`
	Comment      string         `json:"comment"`
	Type         string         `json:"type"`
	CustomerID   string         `json:"customer_id"`
	Paused       bool           `json:"paused"`
	Version      int            `json:"version"`
	Versions     []versionReply `json:"versions"`
	Environments []environment  `json:"environments"`
	CreatedAt    string         `json:"created_at"`
	UpdatedAt    string         `json:"updated_at"`
	DeletedAt    *string        `json:"deleted_at"`
}

func newServiceItem(s *service.Service) serviceItem {
	counts := s.Active()
	if counts == nil {
		counts = s.Latest()
	}
	return serviceItem{
		ID:           s.ID,
		Name:         s.Name,
		Comment:      s.Comment,
		Type:         s.Type,
		CustomerID:   s.Customer,
		Version:      counts.Number,
		Versions:     newVersionReplies(s.Versions),
		Environments: serviceEnvironments(s),
		CreatedAt:    timestamp(s.Created),
		UpdatedAt:    timestamp(s.Updated),
	}
}

// serviceBody ends the actions whose store call returns the reply's service.
func serviceBody(s *service.Service, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	return encode(serviceReply{
		ID:           s.ID,
		Name:         s.Name,
		Comment:      s.Comment,
		Type:         s.Type,
		CustomerID:   s.Customer,
		Versions:     newVersionReplies(s.Versions),
		Environments: serviceEnvironments(s),
		CreatedAt:    timestamp(s.Created),
		UpdatedAt:    timestamp(s.Updated),
	}), nil
}

func (c *call) listServices() ([]byte, error) {
	p, err := c.page("created")
	if err != nil {
		return nil, err
	}
	all, total, err := c.Store.Services(c.r.Context(), c.who, p)
	if err != nil {
		return nil, err
	}
	c.link(p, total)
	items := make([]serviceItem, len(all))
	for i, s := range all {
		items[i] = newServiceItem(s)
	}
	return encode(items), nil
}

func (c *call) createService() ([]byte, error) {
	in, err := c.input(serviceKeys)
	if err != nil {
		return nil, err
	}
	var s service.Service
	if _, err := textOf(in, "type", &s.Type); err != nil {
		return nil, err
	}
	if err := changeService(&s, in); err != nil {
		return nil, err
	}
	return serviceBody(c.Store.CreateService(c.r.Context(), c.who, s))
}

func (c *call) getService() ([]byte, error) {
	return serviceBody(c.Store.Service(c.r.Context(), c.who, c.at.Service))
}

func (c *call) updateService() ([]byte, error) {
	in, err := c.input(serviceKeys)
	if err != nil {
		return nil, err
	}
	return serviceBody(c.Store.UpdateService(c.r.Context(), c.who, c.at.Service, func(s *service.Service) error {
		return changeService(s, in)
	}))
}

func (c *call) deleteService() ([]byte, error) {
	if err := c.Store.DeleteService(c.r.Context(), c.who, c.at.Service); err != nil {
		return nil, err
	}
	for _, edges := range []Publisher{c.Publisher, c.Staging} {
		if edges != nil {
			edges.Forget(c.at.Service)
		}
	}
	return statusOK()
}

// changeService sets what a client may change of a service. A customer_id is
// ignored, as any other key that names no field.
func changeService(s *service.Service, in service.Input) error {
	if _, err := textOf(in, "name", &s.Name); err != nil {
		return err
	}
	_, err := textOf(in, "comment", &s.Comment)
	return err
}
