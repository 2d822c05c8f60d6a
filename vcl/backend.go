package vcl

import (
	"slices"

	"headwater/vcl/syntax"
)

// A Director picks one of its members for each request that it is given.
type Director struct {
	Name string
	Type DirectorType
	// Quorum is the share of weight that has to be healthy, in percent.
	Quorum int
	// Retries is how many members are tried; 0 if that was not said.
	Retries int
	// Shield is the code of the POP that a director of type shield stands for.
	Shield string
	TLS    bool
	// Key is what a director of type chash hashes: object or client.
	Key                 string
	Seed, VnodesPerNode int64
	Members             []Member
}

// A Member is one of a director's.
type Member struct {
	Backend *Backend
	Weight  int64
	ID      string
}

// A DirectorType is how a director picks.
type DirectorType string

// The types of directors.
const (
	RandomDirector   DirectorType = "random"
	FallbackDirector DirectorType = "fallback"
	HashDirector     DirectorType = "hash"
	ClientDirector   DirectorType = "client"
	CHashDirector    DirectorType = "chash"
	RoundRobin       DirectorType = "round-robin"
	ShieldDirector   DirectorType = "shield"
)

// declareBackend makes a backend known.
func (c *compiler) declareBackend(name *syntax.Name, b *Backend) {
	if !c.take(name) {
		return
	}
	b.Name = name.Text
	c.backends[b.Name] = b
	if b.Director != nil {
		c.directors = append(c.directors, b)
	} else {
		c.program.Backends = append(c.program.Backends, b)
	}
}

// number gives the backends their numbers, and then the directors.
func (c *compiler) number() {
	c.program.Backends = append(c.program.Backends, c.directors...)
	for i, b := range c.program.Backends {
		b.Index = i
	}
}

func (c *compiler) declareDirector(d *syntax.Director) {
	r := &Director{Name: d.Name.Text, Type: DirectorType(d.Type.Text)}
	c.declareBackend(d.Name, &Backend{Director: r})
	c.program.Directors[r.Name] = r
	switch r.Type {
	case HashDirector, CHashDirector, ShieldDirector:
		c.program.Hashes = true
	}
}

// propertyTypes are what the properties of backends and probes hold.
var propertyTypes = map[string]Type{
	"host": String, "port": String, "host_header": String, "share_key": String,
	"always_use_host_header": Boolean, "dynamic": Boolean, "ssl": Boolean, "prefer_ipv6": Boolean, "bypass_local_route_table": Boolean,
	"connect_timeout": RTime, "first_byte_timeout": RTime, "between_bytes_timeout": RTime, "fetch_timeout": RTime, "keepalive_time": RTime,
	"max_connections": Integer, "max_use": Integer, "max_lifetime": RTime,
	"tcp_keepalive_enable": Boolean, "tcp_keepalive_time": Integer, "tcp_keepalive_interval": Integer, "tcp_keepalive_probes": Integer,
	"ssl_check_cert": Ident, "ssl_cert_hostname": String, "ssl_sni_hostname": String, "ssl_ca_cert": String, "ssl_ciphers": String,
	"ssl_client_cert": String, "ssl_client_key": String, "min_tls_version": String, "max_tls_version": String,
}

var probeTypes = map[string]Type{
	"dummy": Boolean, "initial": Integer, "threshold": Integer, "window": Integer, "expected_response": Integer,
	"timeout": RTime, "interval": RTime, "request": String, "url": String,
}

// checkBackend checks what a backend was declared with.
func (c *compiler) checkBackend(d *syntax.Backend) {
	for _, p := range d.Props {
		if p.Name == "probe" && p.Props != nil {
			for _, q := range p.Props {
				c.property(q, probeTypes)
			}
			continue
		}
		c.property(p, propertyTypes)
	}
}

func (c *compiler) property(p *syntax.Property, types map[string]Type) {
	want, ok := types[p.Name]
	if !ok {
		c.unknown(p.Pos, "property", "."+p.Name, func(yield func(string) bool) {
			for name := range types {
				if !yield("." + name) {
					return
				}
			}
		})
		return
	}
	if n, named := p.Value.(*syntax.Name); named && want == Ident {
		_ = n
		return
	}
	v := c.propertyValue(p)
	switch {
	case v.typ == Void || v.typ == want && v.literal:
	case want == String && v.typ == Integer && v.literal: // .port = 80
	case want == Boolean && v.typ == Integer && v.literal:
	default:
		c.failf(p.Pos, ".%s is a literal %s", p.Name, want)
	}
}

// propertyValue compiles a property, which no request has a part in.
func (c *compiler) propertyValue(p *syntax.Property) value {
	if p.Value == nil {
		c.failf(p.Pos, ".%s has no value", p.Name)
		return value{}
	}
	switch p.Value.(type) {
	case *syntax.Name, *syntax.Call, *syntax.Binary, *syntax.Not:
		c.failf(p.Pos, ".%s is a literal value", p.Name)
		return value{}
	}
	return c.expr(p.Value)
}

// director compiles a director's properties and members.
func (c *compiler) director(d *syntax.Director) {
	r := c.program.Directors[d.Name.Text]
	switch r.Type {
	case RandomDirector, FallbackDirector, HashDirector, ClientDirector, CHashDirector, RoundRobin, ShieldDirector:
	default:
		c.failf(d.Type.Pos, "there is no director of type %s", d.Type.Text)
		return
	}
	for _, p := range d.Props {
		c.directorProperty(r, p)
	}
	for _, m := range d.Members {
		c.member(r, m)
	}
	switch {
	case r.Type == ShieldDirector && r.Shield == "":
		c.failf(d.Pos, "director %s has no .shield", r.Name)
	case r.Type != ShieldDirector && len(r.Members) == 0 && len(c.problems) == 0:
		c.failf(d.Pos, "director %s has no members", r.Name)
	}
}

func (c *compiler) directorProperty(r *Director, p *syntax.Property) {
	switch value := p.Value.(type) {
	case *syntax.Percent:
		if p.Name == "quorum" && value.Value >= 0 && value.Value <= 100 {
			r.Quorum = int(value.Value)
			return
		}
	case *syntax.Integer:
		switch {
		case p.Name == "retries" && value.Value >= 0 && value.Value <= 1000:
			r.Retries = int(value.Value)
			return
		case p.Name == "seed":
			r.Seed = value.Value
			return
		case p.Name == "vnodes_per_node" && value.Value > 0 && value.Value <= 8_388_608:
			r.VnodesPerNode = value.Value
			return
		}
	case *syntax.String:
		if p.Name == "shield" {
			r.Shield = value.Value
			return
		}
	case *syntax.Bool:
		if p.Name == "is_ssl" {
			r.TLS = value.Value
			return
		}
	case *syntax.Name:
		if p.Name == "key" && (value.Text == "object" || value.Text == "client") {
			r.Key = value.Text
			return
		}
	}
	c.failf(p.Pos, "a director of type %s has no such .%s", r.Type, p.Name)
}

func (c *compiler) member(r *Director, m *syntax.Member) {
	out := Member{Weight: 1}
	for _, p := range m.Props {
		switch v := p.Value.(type) {
		case *syntax.Name:
			if p.Name == "backend" {
				out.Backend = c.backendNamed(v)
				continue
			}
		case *syntax.Integer:
			if p.Name == "weight" && v.Value >= 0 && v.Value <= 1<<31 {
				out.Weight = v.Value
				continue
			}
		case *syntax.String:
			if p.Name == "id" {
				out.ID = v.Value
				continue
			}
		}
		c.failf(p.Pos, "a member of a director of type %s has no such .%s", r.Type, p.Name)
	}
	switch {
	case out.Backend != nil && out.Backend.Director == r:
		c.failf(m.Pos, "director %s has itself as a member", r.Name)
	case out.Backend != nil:
		r.Members = append(r.Members, out)
	case !slices.ContainsFunc(m.Props, func(p *syntax.Property) bool { return p.Name == "backend" }):
		c.failf(m.Pos, "a member has a .backend")
	}
}
