package edge

import (
	"net/netip"

	"headwater/dial"
	"headwater/service"
)

// checkAddresses refuses backends whose address the operator does not want
// connections to go to. Names are judged when they are connected to, by what they
// resolve to then. A version that serves already is not asked: an operator who
// forbids more should not end services whose other backends are still good.
func (s *site) checkAddresses(network *dial.Network) error {
	for i := range s.backends {
		b := &s.backends[i]
		at := b.plan.Endpoint
		ip, err := netip.ParseAddr(at.Host)
		if err == nil && !network.Permits(netip.AddrPortFrom(ip, at.Port)) {
			return service.Errorf(service.Invalid, "Backend '%s': the edge's origin policy forbids connections to %s", b.name, at.Host)
		}
	}
	return nil
}
