package dial

import (
	"net/netip"
	"time"
)

// Resolved is what an origin's host stands for at one moment.
type Resolved struct {
	Addrs   []netip.Addr // nobody may change it
	Expires time.Time    // when the name is looked up again; zero for an address
	Err     error        // why there is no address
	Pending bool         // the name has never been looked up to the end
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
	return Resolved{Addrs: s.all, Expires: s.expires, Err: s.err}
}
