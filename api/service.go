package api

import (
	"strings"

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
		Environments: environments(s.Active()),
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
		Environments: environments(s.Active()),
		CreatedAt:    timestamp(s.Created),
		UpdatedAt:    timestamp(s.Updated),
	}), nil
}

func (c *call) listServices() ([]byte, error) {
	all, err := c.Store.Services(c.r.Context(), c.who)
	if err != nil {
		return nil, err
	}
	items := make([]serviceItem, len(all))
	for i, s := range all {
		items[i] = newServiceItem(s)
	}
	return encode(items), nil
}

func (c *call) createService() ([]byte, error) {
	change, in, err := c.serviceChange()
	if err != nil {
		return nil, err
	}
	s := service.Service{Type: "vcl"}
	if kind, sent, err := textOf(in, "type", maxServiceName, false); err != nil {
		return nil, err
	} else if sent && kind != "" {
		s.Type = kind
	}
	if s.Type != "vcl" && s.Type != "wasm" {
		return nil, service.Errorf(service.Invalid, "'type' must be one of vcl, wasm")
	}
	if err := change(&s); err != nil {
		return nil, err
	}
	if s.Name == "" {
		return nil, service.Errorf(service.Invalid, "'name' is required")
	}
	return serviceBody(c.Store.CreateService(c.r.Context(), c.who, s))
}

func (c *call) getService() ([]byte, error) {
	return serviceBody(c.Store.Service(c.r.Context(), c.who, c.at.Service))
}

func (c *call) updateService() ([]byte, error) {
	change, _, err := c.serviceChange()
	if err != nil {
		return nil, err
	}
	return serviceBody(c.Store.UpdateService(c.r.Context(), c.who, c.at.Service, change))
}

func (c *call) deleteService() ([]byte, error) {
	if err := c.Store.DeleteService(c.r.Context(), c.who, c.at.Service); err != nil {
		return nil, err
	}
	return statusOK()
}

// serviceChange reads what the body says of a service's name and comment. A
// change of customer, which Fastly's staff may send, is ignored as any other
// unknown key.
func (c *call) serviceChange() (func(*service.Service) error, service.Input, error) {
	in, err := c.input(serviceKeys)
	if err != nil {
		return nil, nil, err
	}
	name, named, err := textOf(in, "name", maxServiceName, false)
	if err != nil {
		return nil, nil, err
	}
	if named && strings.TrimSpace(name) == "" {
		return nil, nil, service.Errorf(service.Invalid, "'name' is required")
	}
	comment, commented, err := commentOf(in)
	if err != nil {
		return nil, nil, err
	}
	change := func(s *service.Service) error {
		if named {
			s.Name = name
		}
		if commented {
			s.Comment = comment
		}
		return nil
	}
	return change, in, nil
}
