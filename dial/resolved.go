package dial

import (
	"net/netip"
	"slices"
	"time"
)

// Resolved is what an origin's host stands for at one moment.
type Resolved struct {
	Addrs     []netip.Addr // nobody may change it
	Forbidden int          // further addresses of a name, that the operator forbids
	Expires   time.Time    // when the name is looked up again; zero for an address
	Err       error        // why the name has no address; see [LookupText]
	Pending   bool         // the name has never been looked up to the end
}

// Resolved returns what is known of the origin's host. It waits for nothing.
func (o *Origin) Resolved() Resolved {
	if o.name == nil {
		return Resolved{Addrs: o.literal.all}
	}
	s := o.name.state.Load()
	if s == nil {
		return Resolved{Pending: true}
	}
	permitted := slices.DeleteFunc(slices.Clone(s.all), func(a netip.Addr) bool { return !o.Permits(a) })
	return Resolved{Addrs: permitted, Forbidden: len(s.all) - len(permitted), Expires: s.expires, Err: s.err}
}

// Permits reports whether the operator permits connections to one of the origin's
// addresses. Which ones that a name leads to are forbidden is not told to customers.
func (o *Origin) Permits(addr netip.Addr) bool {
	return o.network.Permits(netip.AddrPortFrom(addr, o.plan.Endpoint.Port))
}
