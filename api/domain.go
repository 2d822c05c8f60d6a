package api

import (
	"context"
	"encoding/json"
	"net/netip"
	"strings"
	"sync"
	"time"

	"headwater/service"
)

// Bounds of checks of domains: how long all lookups of a call may take, and how
// many run at once.
const (
	lookupTime     = 5 * time.Second
	lookupsAtOnce  = 16
	wildcardSample = "headwater-check" // stands for * where a real name is needed
)

// A Resolver looks names up in the DNS. *net.Resolver is one.
type Resolver interface {
	LookupCNAME(ctx context.Context, host string) (string, error)
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// serviceDomains answers the domains of the active version.
func (c *call) serviceDomains() ([]byte, error) {
	s, err := c.Store.Service(c.r.Context(), c.who, c.at.Service)
	if err != nil {
		return nil, err
	}
	active := s.Active()
	if active == nil {
		return []byte("[]"), nil
	}
	c.at.Version = active.Number
	return newObjects(service.DomainKind).list(c)
}

// checkDomain answers three things in a list: the domain, the name that the DNS
// knows it by (null if none), and whether that leads to this edge.
func (c *call) checkDomain() (body []byte, err error) {
	err = c.named(func(name string) error {
		d, v, err := c.Store.Object(c.r.Context(), c.who, c.at, service.DomainKind, name)
		if err == nil {
			body = encode(c.checks([]service.Object{d}, c.place(v.Locked))[0])
		}
		return err
	})
	return body, err
}

func (c *call) checkDomains() ([]byte, error) {
	all, v, err := c.Store.Objects(c.r.Context(), c.who, c.at, service.DomainKind)
	if err != nil {
		return nil, err
	}
	return encode(c.checks(all, c.place(v.Locked))), nil
}

// checks looks all the domains up within the time of one call. A lookup that
// does not end in it counts as one without an answer.
func (c *call) checks(domains []service.Object, at service.Place) [][3]any {
	ctx, cancel := context.WithTimeout(c.r.Context(), lookupTime)
	defer cancel()
	results := make([][3]any, len(domains))
	slots := make(chan struct{}, lookupsAtOnce)
	var lookups sync.WaitGroup
	for i, d := range domains {
		slots <- struct{}{}
		lookups.Go(func() {
			defer func() { <-slots }()
			cname, ours := c.lookUp(ctx, d.Meta().Name)
			results[i] = [3]any{json.RawMessage(service.DomainKind.AppendJSON(nil, d, at)), cname, ours}
		})
	}
	lookups.Wait()
	return results
}

// lookUp returns the canonical name of a domain, nil if the DNS has none, and
// whether one of its addresses is of the edge's networks.
func (c *call) lookUp(ctx context.Context, domain string) (cname *string, ours bool) {
	host := strings.Replace(domain, "*", wildcardSample, 1)
	name, err := c.Resolver.LookupCNAME(ctx, host)
	if err != nil {
		return nil, false
	}
	ips, err := c.Resolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return &name, false
	}
	for _, ip := range ips {
		for _, network := range c.PublicIPs {
			ours = ours || network.Contains(ip.Unmap())
		}
	}
	return &name, ours
}
