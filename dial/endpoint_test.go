package dial

import (
	"net"
	"testing"
	"time"

	"headwater/service"
)

// backend returns one with all defaults but what edit says.
func backend(edit func(*service.Backend)) *service.Backend {
	b := service.BackendKind.Default().(*service.Backend)
	b.Name, b.Address = "o", "127.0.0.1"
	if edit != nil {
		edit(b)
	}
	return b
}

func TestEndpointString(t *testing.T) {
	tests := []struct {
		host string
		port int64
		want string
	}{
		{"a.example", 80, "a.example:80"},
		{"A.Example", 65535, "a.example:65535"},
		{"192.0.2.1", 8080, "192.0.2.1:8080"},
		{"2001:DB8:0::1", 1, "[2001:db8::1]:1"},
		{"::ffff:192.0.2.1", 1, "192.0.2.1:1"},
	}
	for _, tt := range tests {
		e := endpointOf(backend(func(b *service.Backend) { b.Address, b.Port = tt.host, tt.port }))
		if got := e.String(); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.host, got, tt.want)
		}
	}
}

func TestKeepAlive(t *testing.T) {
	on, off := true, false
	tests := []struct {
		name string
		edit func(*service.Backend)
		want net.KeepAliveConfig
	}{
		{"unset", func(*service.Backend) {}, net.KeepAliveConfig{Enable: true, Idle: 300 * time.Second, Interval: 10 * time.Second, Count: 3}},
		{"on", func(b *service.Backend) { b.TCPKeepaliveEnable = &on }, net.KeepAliveConfig{Enable: true, Idle: 300 * time.Second, Interval: 10 * time.Second, Count: 3}},
		{"off", func(b *service.Backend) { b.TCPKeepaliveEnable, b.TCPKeepaliveTime = &off, new(int64(7)) }, net.KeepAliveConfig{}},
		{"all", func(b *service.Backend) {
			b.TCPKeepaliveTime, b.TCPKeepaliveInterval, b.TCPKeepaliveProbes = new(int64(7)), new(int64(8)), new(int64(9))
		}, net.KeepAliveConfig{Enable: true, Idle: 7 * time.Second, Interval: 8 * time.Second, Count: 9}},
	}
	for _, tt := range tests {
		if got := endpointOf(backend(tt.edit)).KeepAlive; got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

// What shapes a connection makes another endpoint, and nothing else does.
func TestEndpointsAreEqualIfConnectionsAre(t *testing.T) {
	secured := func(edit func(*service.Backend)) func(*service.Backend) {
		return func(b *service.Backend) {
			b.Address, b.Port, b.UseSSL = "Origin.test", 443, true
			b.SSLSNIHostname, b.SSLCertHostname = new("sni.test"), new("cert.test")
			edit(b)
		}
	}
	endpoint := func(edit func(*service.Backend)) Endpoint {
		t.Helper()
		p, _, err := NewPlan(backend(edit), Rules{})
		if err != nil {
			t.Fatal(err)
		}
		return p.Endpoint
	}
	ca, cert, key := identity(t)
	base := endpoint(secured(func(*service.Backend) {}))
	for name, edit := range map[string]func(*service.Backend){
		"name":       func(b *service.Backend) { b.Name = "other" },
		"comment":    func(b *service.Backend) { b.Comment = "other" },
		"weight":     func(b *service.Backend) { b.Weight = 7 },
		"timeouts":   func(b *service.Backend) { b.ConnectTimeout, b.FirstByteTimeout = 7, 7 },
		"case":       func(b *service.Backend) { b.Address = "origin.test" },
		"old name":   func(b *service.Backend) { b.SSLHostname = new("never used") },
		"alias name": func(b *service.Backend) { b.SSLSNIHostname, b.SSLHostname = nil, new("sni.test") },
	} {
		if endpoint(secured(edit)) != base {
			t.Errorf("%s: another endpoint", name)
		}
	}
	for name, edit := range map[string]func(*service.Backend){
		"address":                func(b *service.Backend) { b.Address = "other.test" },
		"port":                   func(b *service.Backend) { b.Port = 7 },
		"prefer_ipv6":            func(b *service.Backend) { b.PreferIPv6 = true },
		"use_ssl":                func(b *service.Backend) { b.UseSSL = false },
		"tcp_keepalive_time":     func(b *service.Backend) { b.TCPKeepaliveTime = new(int64(7)) },
		"tcp_keepalive_interval": func(b *service.Backend) { b.TCPKeepaliveInterval = new(int64(7)) },
		"tcp_keepalive_probes":   func(b *service.Backend) { b.TCPKeepaliveProbes = new(int64(7)) },
		"tcp_keepalive_enable":   func(b *service.Backend) { b.TCPKeepaliveEnable = new(false) },
		"ssl_check_cert":         func(b *service.Backend) { b.SSLCheckCert = false },
		"ssl_cert_hostname":      func(b *service.Backend) { b.SSLCertHostname = new("other.test") },
		"ssl_sni_hostname":       func(b *service.Backend) { b.SSLSNIHostname = nil },
		"ssl_ca_cert":            func(b *service.Backend) { b.SSLCACert = &ca },
		"ssl_client_cert":        func(b *service.Backend) { b.SSLClientCert, b.SSLClientKey = &cert, &key },
		"ssl_ciphers":            func(b *service.Backend) { b.SSLCiphers = new("HIGH") },
		"min_tls_version":        func(b *service.Backend) { b.MinTLSVersion = new("1.0") },
		"max_tls_version":        func(b *service.Backend) { b.MaxTLSVersion = new("1.2") },
	} {
		if endpoint(secured(edit)) == base {
			t.Errorf("%s: the same endpoint", name)
		}
	}
}
