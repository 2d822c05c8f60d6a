package dial

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"headwater/service"
)

// An Endpoint is everything that shapes a connection to an origin, as a value
// that can be compared. Equal endpoints of one customer may share connections;
// those of two customers must not.
type Endpoint struct {
	Host       string // a name in lower case, or an IP address
	Port       uint16
	PreferIPv6 bool // of a name's addresses
	KeepAlive  net.KeepAliveConfig
	TLS        Digest
}

// String returns host:port, with brackets around an IPv6 address.
func (e Endpoint) String() string {
	return net.JoinHostPort(e.Host, strconv.Itoa(int(e.Port)))
}

// endpointOf returns the endpoint that a backend without TLS names.
func endpointOf(b *service.Backend) Endpoint {
	e := Endpoint{Host: strings.ToLower(b.Address), Port: uint16(b.Port), PreferIPv6: b.PreferIPv6, KeepAlive: keepAlive(b)}
	if ip, err := netip.ParseAddr(b.Address); err == nil {
		e.Host, e.PreferIPv6 = ip.Unmap().String(), false
	}
	return e
}

// What Fastly documents where a backend does not say (guides/concepts/keep-alive).
const (
	keepAliveTime     = 300 * time.Second
	keepAliveInterval = 10 * time.Second
	keepAliveProbes   = 3
)

// keepAlive reads the backend's tcp_keepalive_* fields, which are null until set;
// keepalives are on unless they are turned off.
func keepAlive(b *service.Backend) net.KeepAliveConfig {
	if b.TCPKeepaliveEnable != nil && !*b.TCPKeepaliveEnable {
		return net.KeepAliveConfig{}
	}
	k := net.KeepAliveConfig{Enable: true, Idle: keepAliveTime, Interval: keepAliveInterval, Count: keepAliveProbes}
	if b.TCPKeepaliveTime != nil {
		k.Idle = time.Duration(*b.TCPKeepaliveTime) * time.Second
	}
	if b.TCPKeepaliveInterval != nil {
		k.Interval = time.Duration(*b.TCPKeepaliveInterval) * time.Second
	}
	if b.TCPKeepaliveProbes != nil {
		k.Count = int(*b.TCPKeepaliveProbes)
	}
	return k
}
