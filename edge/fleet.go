package edge

import (
	"net"
	"strings"
	"sync/atomic"
	"time"

	"headwater/dial"
	"headwater/service"
)

// A POP is one place of a fleet, as its edges know each other.
type POP struct {
	Code   string   // as in the names of its edges: IAD
	Shield string   // what backends name it by: iad-va-us; "" if it is no shield
	Nodes  []string // host:port of each of its edges; of a shield there has to be one
	Key    []byte   // signs what its edges send; at least minKey bytes

	// TLS is for requests to origins with TLS; nil if those go in clear too.
	TLS *SecurePOP
}

// A SecurePOP is how the edges of a POP are reached over TLS.
type SecurePOP struct {
	Nodes []string // host:port of each
	Name  string   // that they are asked for, and have certificates for
	CA    string   // PEM of the authorities that these are from; "" is the system's
}

// Bounds of a fleet.
const (
	minKey   = 32
	maxCode  = 16
	maxPOPs  = 1000
	maxNodes = 100 // of one POP
)

// A Fleet is the POPs that an edge knows, its own among them. It may be shared by
// edges of one process, which then share what they find out about its nodes.
type Fleet struct {
	codes   map[string]*locale
	shields map[string]*locale
}

// A locale is a compiled POP.
type locale struct {
	POP
	nodes, secure []*node
}

// NewFleet returns the fleet of these POPs. An error is [service.Invalid] and names
// the POP.
func NewFleet(pops []POP) (*Fleet, error) {
	if len(pops) > maxPOPs {
		return nil, service.Errorf(service.Invalid, "more than %d POPs", maxPOPs)
	}
	f := &Fleet{codes: map[string]*locale{}, shields: map[string]*locale{}}
	for _, p := range pops {
		if err := f.add(p); err != nil {
			return nil, service.Errorf(service.Invalid, "POP %q: %v", p.Code, err)
		}
	}
	return f, nil
}

func (f *Fleet) add(p POP) error {
	switch {
	case !validCode(p.Code):
		return service.Errorf(service.Invalid, "its code is not 1 to %d capital letters and digits", maxCode)
	case f.codes[p.Code] != nil:
		return service.Errorf(service.Invalid, "there are two of that code")
	case f.shields[p.Shield] != nil:
		return service.Errorf(service.Invalid, "another one is the shield %q", p.Shield)
	case len(p.Key) < minKey:
		return service.Errorf(service.Invalid, "its key has less than %d bytes", minKey)
	case len(p.Nodes) > maxNodes || p.TLS != nil && len(p.TLS.Nodes) > maxNodes:
		return service.Errorf(service.Invalid, "it has more than %d nodes", maxNodes)
	case p.Shield != "" && len(p.Nodes) == 0:
		return service.Errorf(service.Invalid, "it is a shield without an address")
	}
	made := &locale{POP: p}
	for _, address := range p.Nodes {
		n, err := newNode(address, nil)
		if err != nil {
			return err
		}
		made.nodes = append(made.nodes, n)
	}
	if err := made.addSecure(); err != nil {
		return err
	}
	f.codes[p.Code] = made
	if p.Shield != "" {
		f.shields[p.Shield] = made
	}
	return nil
}

func (l *locale) addSecure() error {
	t := l.TLS
	switch {
	case t == nil:
		return nil
	case len(t.Nodes) == 0:
		return service.Errorf(service.Invalid, "it has TLS without an address")
	case t.Name == "":
		return service.Errorf(service.Invalid, "it has TLS without a name")
	}
	for _, address := range t.Nodes {
		n, err := newNode(address, t)
		if err != nil {
			return err
		}
		l.secure = append(l.secure, n)
	}
	return nil
}

// validCode holds codes to what names of edges and Fastly-FF can carry.
func validCode(code string) bool {
	return code != "" && len(code) <= maxCode && !strings.ContainsFunc(code, func(c rune) bool {
		return (c < 'A' || c > 'Z') && (c < '0' || c > '9')
	})
}

// retryTime is how long a node that could not be reached is left alone. After that
// one request tries it, and all others go on without it until that one is answered.
const retryTime = 2 * time.Second

// A node is one edge of a POP as others reach it.
type node struct {
	address string
	plan    *dial.Plan

	// down is when the node may be tried next, in nanoseconds since 1970; 0 for
	// one that is not known to be down.
	down atomic.Int64
}

// newNode returns the node at an address, which speaks TLS if t is not nil.
func newNode(address string, t *SecurePOP) (*node, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, service.Errorf(service.Invalid, "%q is no address and port", address)
	}
	in := service.Input{"name": {Text: "node"}, "address": {Text: host}, "port": {Text: port}}
	if t != nil {
		in["use_ssl"], in["ssl_cert_hostname"], in["ssl_sni_hostname"] = service.Value{Text: "1"}, service.Value{Text: t.Name}, service.Value{Text: t.Name}
		if t.CA != "" {
			in["ssl_ca_cert"] = service.Value{Text: t.CA}
		}
	}
	made, err := service.BackendKind.Create(in)
	if err != nil {
		return nil, service.Errorf(service.Invalid, "%q: %v", address, err)
	}
	plan, _, err := dial.NewPlan(made.(*service.Backend), dial.Rules{})
	if err != nil {
		return nil, service.Errorf(service.Invalid, "%q: %v", address, err)
	}
	return &node{address: address, plan: plan}, nil
}

// up reports whether a request may be sent to the node.
func (n *node) up(now time.Time) bool { return now.UnixNano() >= n.down.Load() }

// take is up for the request that asks: of those that find a node that is due to be
// tried again, one gets it.
func (n *node) take(now time.Time) bool {
	due := n.down.Load()
	return due == 0 || now.UnixNano() >= due && n.down.CompareAndSwap(due, now.Add(retryTime).UnixNano())
}

// found notes whether the node could be reached, and reports whether that is news.
func (n *node) found(reached bool, now time.Time) (news bool) {
	if reached {
		return n.down.Load() != 0 && n.down.Swap(0) != 0
	}
	return n.down.Swap(now.Add(retryTime).UnixNano()) == 0
}

// A home is an edge's place in its fleet; the zero value is that of an edge without
// one.
type home struct {
	*Fleet
	own    *locale
	server string // the edge's name
}

// homeOf finds the POP of an edge in f by the edge's name.
func homeOf(f *Fleet, identity string) home {
	if f == nil {
		return home{}
	}
	own := f.codes[serverOf(identity).Datacenter]
	if own == nil {
		return home{}
	}
	return home{f, own, identity}
}

// shield returns the nodes of the POP that is the shield of that name, those with TLS
// if that is wanted and there are any: none if there is no such POP, or if the edge is
// of it.
func (h *home) shield(name string, secure bool) (nodes []*node, known bool) {
	if h.own == nil || h.shields[name] == nil {
		return nil, false
	}
	switch to := h.shields[name]; {
	case to == h.own:
		return nil, true
	case secure && len(to.secure) > 0:
		return to.secure, true
	default:
		return to.nodes, true
	}
}
