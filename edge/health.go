package edge

import (
	"net/netip"

	"headwater/probe"
	"headwater/service"
)

// A checkup is how a backend's health is found out. It is nil for a backend without
// a health check, which is always healthy.
type checkup struct {
	member probe.Member
	probe  *probe.Probe // of an edge that serves the backend
}

// addCheckups gives the site's backends the health checks that they name.
func (s *site) addCheckups(from *service.Snapshot, objects []*service.Backend) (warnings []string, err error) {
	checks := map[string]*service.Healthcheck{}
	for _, h := range service.All[*service.Healthcheck](from, service.HealthcheckKind) {
		checks[h.Name] = h
	}
	for i := range s.backends {
		b := &s.backends[i]
		h, share, err := s.checkOf(b, objects[b.slot], checks)
		if err != nil {
			return nil, err
		}
		if h == nil {
			continue
		}
		b.checkup = &checkup{member: probe.Member{
			Customer: from.Customer, Ref: probe.Ref{Service: s.service, Backend: b.name},
			ShareKey: share, Plan: b.plan, Check: h,
		}}
		if h.Initial < h.Threshold {
			warnings = append(warnings, "Backend '"+b.name+"': its health check has 'initial' below 'threshold', so that it is sick until enough checks have passed")
		}
	}
	return warnings, nil
}

// checkOf returns the health check of a backend, nil for none, and its share_key. Its
// object is nil if VCL declares it.
func (s *site) checkOf(b *backend, o *service.Backend, checks map[string]*service.Healthcheck) (h *service.Healthcheck, share string, err error) {
	decl := s.known(b).Decl
	declared := o == nil
	if declared {
		if o, err = declaredBackend(decl); err != nil {
			return nil, "", err
		}
	}
	if o.ShareKey != nil {
		share = *o.ShareKey
	}
	if declared {
		h, err = declaredCheck(decl)
		return h, share, err
	}
	if o.Healthcheck == nil || *o.Healthcheck == "" {
		return nil, share, nil
	}
	if h = checks[*o.Healthcheck]; h == nil {
		err = service.Errorf(service.Invalid, "Backend '%s': no healthcheck named '%s'", b.name, *o.Healthcheck)
	}
	return h, share, err
}

// watch begins to find out how a backend is that is about to serve; unwatch ends it.
func (e *Edge) watch(b *backend) {
	if b.checkup != nil {
		b.checkup.probe = e.probes.Join(b.checkup.member)
	}
}

func (e *Edge) unwatch(b *backend) {
	if b.checkup != nil {
		e.probes.Leave(b.checkup.probe, b.checkup.member.Ref)
	}
}

// healthy reports whether the backend can take requests. One that nobody watches
// can, unless an explanation pretends otherwise. Directors keep what they have counted
// of it until [Edge.healthEpoch] moves on, which the probes see to.
func (b *backend) healthy() bool {
	if b.checkup == nil || b.checkup.probe == nil {
		return !b.sick
	}
	return b.checkup.probe.Healthy()
}

// ailment is why a backend that is not healthy takes no request.
func (b *backend) ailment() failure {
	if c := b.checkup; c != nil && c.probe != nil && c.probe.Homeless() {
		return failNoAddress
	}
	return failUnhealthy
}

// usableAddresses returns what tells the addresses that connections may be made to, nil if
// that are all.
func (b *backend) usableAddresses() func(netip.Addr) bool {
	if b.checkup == nil || b.checkup.probe == nil {
		return nil
	}
	return b.checkup.probe.Usable
}

// passes reports whether a connection is not to a sick address. Without a check none is.
func (c *checkup) passes(o *originConn) bool {
	return c == nil || c.probe.Usable(o.remote.Addr())
}
