package program

import (
	"fmt"

	"headwater/service"
	"headwater/vcl/syntax"
)

// name gives all objects their names in VCL.
func (b *builder) name() {
	b.names.take(pool)
	b.backends, b.Backends = identify(b, b.names, "Backend", "F_", b.s.Backends())
	b.directors, _ = identify(b, b.names, "Director", "", b.filled())
	b.nameShields()
	_, b.Tables = identify(b, b.names, "Dictionary", "", service.All[*service.Dictionary](b.s, service.DictionaryKind))
	_, b.ACLs = identify(b, b.names, "ACL", "", service.All[*service.ACL](b.s, service.ACLKind))
}

// identify returns the names in VCL of objects by their own, and the objects by
// their names in VCL. It warns of a name that another object has already.
func identify[T service.Object](b *builder, n *namespace, model, prefix string, all []T) (ids map[string]string, objects map[string]T) {
	own := make([]string, len(all))
	for i, o := range all {
		own[i] = o.Meta().Name
	}
	ids, objects = n.identify(prefix, own), map[string]T{}
	for _, o := range all {
		name := o.Meta().Name
		if usual := identifier(prefix, name); ids[name] != usual {
			b.warnf("%s '%s' is called %s in VCL, since another object is %s", model, name, ids[name], usual)
		}
		objects[ids[name]] = o
	}
	return ids, objects
}

// backendDecl is the declaration of a backend. It shows all but the keys and
// certificates; what runs is the object.
func (b *builder) backendDecl(o *service.Backend) *syntax.Backend {
	props := append(address(o), timeouts(o)...)
	props = append(props, property("share_key", str(b.shareKey(o))))
	props = append(byName(props), byName(handshake(o))...)
	return &syntax.Backend{Name: name(b.backends[o.Name]), Props: append(props, b.probe(o)...)}
}

func (b *builder) shareKey(o *service.Backend) string {
	if o.ShareKey != nil {
		return *o.ShareKey
	}
	return b.s.Service
}

func address(o *service.Backend) []*syntax.Property {
	props := []*syntax.Property{
		property("host", str(o.Address)),
		property("port", str(fmt.Sprint(o.Port))),
		property("max_connections", integer(o.MaxConn)),
	}
	if o.OverrideHost != nil {
		props = append(props, property("always_use_host_header", boolean(true)), property("host_header", str(*o.OverrideHost)))
	}
	if o.Hostname != nil {
		props = append(props, property("dynamic", boolean(true)))
	}
	if o.PreferIPv6 && o.Hostname != nil {
		props = append(props, property("prefer_ipv6", boolean(true)))
	}
	return props
}

func timeouts(o *service.Backend) []*syntax.Property {
	props := []*syntax.Property{
		property("connect_timeout", millis(o.ConnectTimeout)),
		property("first_byte_timeout", millis(o.FirstByteTimeout)),
		property("between_bytes_timeout", millis(o.BetweenBytesTimeout)),
	}
	if o.FetchTimeout != nil {
		props = append(props, property("fetch_timeout", millis(*o.FetchTimeout)))
	}
	if o.KeepaliveTime != nil {
		props = append(props, property("keepalive_time", seconds(*o.KeepaliveTime)))
	}
	return props
}

// handshake returns what a backend says of TLS.
func handshake(o *service.Backend) []*syntax.Property {
	if !o.UseSSL {
		return nil
	}
	check := "never"
	if o.SSLCheckCert {
		check = "always"
	}
	props := []*syntax.Property{property("ssl", boolean(true)), property("ssl_check_cert", name(check))}
	for key, text := range map[string]*string{
		"ssl_cert_hostname": o.SSLCertHostname,
		"ssl_sni_hostname":  o.SSLSNIHostname,
		"ssl_ciphers":       o.SSLCiphers,
		"min_tls_version":   o.MinTLSVersion,
		"max_tls_version":   o.MaxTLSVersion,
	} {
		if text != nil && *text != "" {
			props = append(props, property(key, str(*text)))
		}
	}
	return props
}

// probe returns the health check of a backend. A name without one is looked up
// all the same: what Fastly calls a dummy probe.
func (b *builder) probe(o *service.Backend) []*syntax.Property {
	var props []*syntax.Property
	switch {
	case o.Healthcheck != nil && *o.Healthcheck != "":
		h := b.checks[*o.Healthcheck]
		if h == nil {
			b.complainf(syntax.Pos{}, "Backend '%s': no healthcheck named '%s'", o.Name, *o.Healthcheck)
			return nil
		}
		props = checks(h)
	case o.Hostname != nil:
		props = dummy(o.Address)
	default:
		return nil
	}
	return []*syntax.Property{{Name: "probe", Props: byName(props)}}
}

func dummy(host string) []*syntax.Property {
	return []*syntax.Property{
		property("dummy", boolean(true)),
		property("initial", integer(5)),
		property("request", texts([]string{"HEAD / HTTP/1.1", "Host: " + host, "Connection: close"})),
		property("threshold", integer(1)),
		property("timeout", seconds(2)),
		property("window", integer(5)),
	}
}

func checks(h *service.Healthcheck) []*syntax.Property {
	return []*syntax.Property{
		property("expected_response", integer(h.ExpectedResponse)),
		property("initial", integer(h.Initial)),
		property("interval", millis(h.CheckInterval)),
		property("request", texts(h.Request())),
		property("threshold", integer(h.Threshold)),
		property("timeout", millis(h.Timeout)),
		property("window", integer(h.Window)),
	}
}
