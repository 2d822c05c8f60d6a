package edge

import (
	"bytes"
	"math/rand/v2"
	"time"

	"headwater/dial"
	"headwater/edge/program"
	"headwater/internal/message"
	"headwater/vcl"
)

// A table routes hosts to the compiled active version of every service. It is
// immutable: a change makes a new one, and a request keeps the one it began
// with.
type table struct {
	exact map[string]*site // by host name, lower case
	wild  map[string]*site // by what follows the "*" of *.example.com
}

// find returns the site that answers for a Host field, or nil: the exact name
// first, then the longest wildcard. Case, a port and one trailing dot do not
// matter.
func (t *table) find(host []byte) *site {
	var room [256]byte
	name := hostName(room[:0], host)
	if s := t.exact[string(name)]; s != nil {
		return s
	}
	if len(t.wild) == 0 {
		return nil
	}
	for {
		dot := bytes.IndexByte(name, '.')
		if dot < 0 {
			return nil
		}
		if s := t.wild[string(name[dot:])]; s != nil && dot > 0 {
			return s
		}
		name = name[dot+1:]
	}
}

// hostName appends the name in a Host field, lower case, without its port.
func hostName(dst, host []byte) []byte {
	if len(host) > 0 && host[0] != '[' {
		if colon := bytes.IndexByte(host, ':'); colon >= 0 {
			host = host[:colon]
		}
	}
	if n := len(host); n > 0 && host[n-1] == '.' {
		host = host[:n-1]
	}
	for _, c := range host {
		dst = append(dst, message.Lower(c))
	}
	return dst
}

// A site is one compiled version of a service.
type site struct {
	service string
	version int

	// domains are the names it answers for, as the table's keys have them.
	exact, wild []string

	backends []*backend
	fallback *backend   // the oldest unconditional one outside the balanced pool, or nil
	balanced []*backend // those with auto_loadbalance
	shares   []int64    // running sum of the balanced ones' weights

	defaultHost []byte // replaces the client's Host, if not empty

	tree    *program.Program // what it does, as it is written
	program *vcl.Program     // and compiled
}

// pick chooses the backend of a request by Fastly's rule: the balanced pool, by
// weight, if there is one; else the oldest unconditional backend. Nil means that
// the version has none.
func (s *site) pick() *backend {
	switch len(s.balanced) {
	case 0:
		return s.fallback
	case 1:
		return s.balanced[0]
	}
	n := rand.Int64N(s.shares[len(s.shares)-1])
	for i, sum := range s.shares {
		if n < sum {
			return s.balanced[i]
		}
	}
	return nil
}

// A backend is one compiled backend: where to, how long to wait, and the pool
// that it shares with all of the service's backends to the same endpoint.
type backend struct {
	name         string
	endpoint     dial.Endpoint
	pool         *pool
	overrideHost []byte

	limits limits
}

// limits are how long a fetch may take over its parts; 0 is no limit.
type limits struct {
	connect      time.Duration
	firstByte    time.Duration // from the request's end to the answer's beginning
	betweenBytes time.Duration
	fetch        time.Duration // from the request's end to the answer's
}
