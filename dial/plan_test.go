package dial

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"headwater/dial/dialtest"
	"headwater/service"
)

const tls13Only = "Backend 'o': 'ssl_ciphers' leaves no cipher suite of TLS 1.2 that can be offered, so that connections will be TLS 1.3 only"

func TestCheckBackend(t *testing.T) {
	ca, cert, key := identity(t)
	_, _, otherKey := identity(t)
	secured := func(edit func(*service.Backend)) func(*service.Backend) {
		return func(b *service.Backend) {
			b.Port, b.UseSSL, b.SSLCertHostname = 443, true, new("origin.test")
			edit(b)
		}
	}
	tests := []struct {
		name    string
		edit    func(*service.Backend)
		err     string // its beginning
		warning string
	}{
		{name: "defaults", edit: func(*service.Backend) {}},
		{name: "port 0", edit: func(b *service.Backend) { b.Port = 0 }, err: "Backend 'o': port 0 "},
		{name: "the least keepalives", edit: func(b *service.Backend) {
			b.TCPKeepaliveTime, b.TCPKeepaliveInterval, b.TCPKeepaliveProbes = new(int64(1)), new(int64(1)), new(int64(1))
		}},
		{name: "the most keepalives", edit: func(b *service.Backend) {
			b.TCPKeepaliveTime, b.TCPKeepaliveInterval, b.TCPKeepaliveProbes = new(int64(32767)), new(int64(32767)), new(int64(127))
		}},
		{name: "keepalive time 0", edit: func(b *service.Backend) { b.TCPKeepaliveTime = new(int64(0)) }, err: "Backend 'o': 'tcp_keepalive_time' must be 1 to 32767"},
		{name: "keepalive interval too long", edit: func(b *service.Backend) { b.TCPKeepaliveInterval = new(int64(32768)) }, err: "Backend 'o': 'tcp_keepalive_interval' must be 1 to 32767"},
		{name: "too many keepalive probes", edit: func(b *service.Backend) { b.TCPKeepaliveProbes = new(int64(128)) }, err: "Backend 'o': 'tcp_keepalive_probes' must be 1 to 127"},

		{name: "TLS", edit: secured(func(*service.Backend) {})},
		{name: "no name to check", edit: secured(func(b *service.Backend) { b.SSLCertHostname = nil }), err: "Backend 'o': Mandatory SSL cert checks require specifying cert hostname"},
		{name: "a name to send is none to check", edit: secured(func(b *service.Backend) { b.SSLCertHostname, b.SSLSNIHostname = nil, new("origin.test") }), err: "Backend 'o': Mandatory SSL"},
		{name: "the old name", edit: secured(func(b *service.Backend) { b.SSLCertHostname, b.SSLHostname = nil, new("origin.test") })},
		{name: "no check, no name", edit: secured(func(b *service.Backend) { b.SSLCheckCert, b.SSLCertHostname = false, nil })},
		{name: "no TLS, no name", edit: func(b *service.Backend) { b.MinTLSVersion, b.MaxTLSVersion = new("1.3"), new("1.0") }},

		{name: "min above max", edit: secured(func(b *service.Backend) { b.MinTLSVersion, b.MaxTLSVersion = new("1.2"), new("1.1") }), err: "Backend 'o': 'min_tls_version' is above 'max_tls_version'"},
		{name: "min 1.3 alone", edit: secured(func(b *service.Backend) { b.MinTLSVersion = new("1.3") })},
		{name: "max 1.0 alone", edit: secured(func(b *service.Backend) { b.MaxTLSVersion = new("1.0") })},

		{name: "authorities", edit: secured(func(b *service.Backend) { b.SSLCACert = &ca })},
		{name: "no authorities", edit: secured(func(b *service.Backend) { b.SSLCACert = new("-----BEGIN CERTIFICATE-----") }), err: "Backend 'o': 'ssl_ca_cert' "},
		{name: "client certificate", edit: secured(func(b *service.Backend) { b.SSLClientCert, b.SSLClientKey = &cert, &key })},
		{name: "client certificate without a key", edit: secured(func(b *service.Backend) { b.SSLClientCert = &cert }), err: "Backend 'o': 'ssl_client_cert' and 'ssl_client_key' need each other"},
		{name: "key without a client certificate", edit: secured(func(b *service.Backend) { b.SSLClientKey = &key }), err: "Backend 'o': 'ssl_client_cert' and 'ssl_client_key' need each other"},
		{name: "another's key", edit: secured(func(b *service.Backend) { b.SSLClientCert, b.SSLClientKey = &cert, &otherKey }), err: "Backend 'o': 'ssl_client_cert' and 'ssl_client_key' do not make a pair"},

		{name: "ciphers", edit: secured(func(b *service.Backend) { b.SSLCiphers = new("HIGH:!aNULL") })},
		{name: "ciphers as in Fastly's own fixtures", edit: secured(func(b *service.Backend) {
			b.SSLCiphers = new("DHE-RSA-AES256-SHA:DHE-RSA-CAMELLIA256-SHA:AES256-GCM-SHA384")
		})},
		{name: "ciphers that are no list", edit: secured(func(b *service.Backend) { b.SSLCiphers = new("HIGH:!") }), err: "Backend 'o': 'ssl_ciphers' is not a cipher list from \"\" on"},
		{name: "ciphers that leave none", edit: secured(func(b *service.Backend) { b.SSLCiphers = new("DHE-RSA-AES256-SHA") }), warning: tls13Only},
		{name: "ciphers that leave none, TLS 1.3 wanted", edit: secured(func(b *service.Backend) { b.SSLCiphers, b.MinTLSVersion = new("DHE"), new("1.3") })},
		{name: "ciphers that leave none, TLS 1.3 forbidden", edit: secured(func(b *service.Backend) { b.SSLCiphers, b.MaxTLSVersion = new("DHE"), new("1.2") }), err: "Backend 'o': 'ssl_ciphers' leaves no cipher suite"},
		{name: "ciphers of TLS 1.2 up to TLS 1.1", edit: secured(func(b *service.Backend) { b.SSLCiphers, b.MaxTLSVersion = new("AESGCM"), new("1.1") }), err: "Backend 'o': 'ssl_ciphers' leaves no cipher suite"},
		{name: "ciphers of TLS 1.0 up to TLS 1.1", edit: secured(func(b *service.Backend) { b.SSLCiphers, b.MaxTLSVersion = new("ECDHE+SHA1"), new("1.1") })},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			warnings, err := CheckBackend(backend(tt.edit), Rules{})
			if got := strings.Join(warnings, "\n"); got != tt.warning {
				t.Errorf("warnings: %s", cmp.Diff(tt.warning, got))
			}
			var known *service.Error
			switch {
			case tt.err == "" && err == nil:
			case !errors.As(err, &known) || known.Code != service.Invalid || tt.err == "" || !strings.HasPrefix(known.Detail, tt.err):
				t.Errorf("error %v, want %q", err, tt.err)
			case strings.Contains(known.Detail, "PRIVATE"):
				t.Errorf("the error tells of the key: %v", err)
			}
		})
	}
}

// With the operator's leave the address is the name to check, and still not sent.
func TestNameFromAddress(t *testing.T) {
	root := dialtest.NewAuthority(t, "root")
	for _, tt := range []struct{ address, want string }{{"origin.test", "origin.test"}, {"192.0.2.1", "192.0.2.1"}} {
		b := backend(func(b *service.Backend) { b.Address, b.UseSSL, b.SSLCACert = tt.address, true, new(root.PEM()) })
		if _, err := CheckBackend(b, Rules{}); err == nil {
			t.Errorf("%s: accepted without the rule", tt.address)
		}
		p, _, err := NewPlan(b, Rules{NameFromAddress: true})
		if err != nil {
			t.Fatal(err)
		}
		if got := p.secured.config.ServerName; got != "" {
			t.Errorf("%s: SNI %q", tt.address, got)
		}
		if name, _ := checkedName(b, Rules{NameFromAddress: true}); name != tt.want {
			t.Errorf("%s: checked for %q", tt.address, name)
		}
	}
}

func TestPlanNames(t *testing.T) {
	for _, tt := range []struct {
		name             string
		edit             func(*service.Backend)
		used             bool
		sni, certificate string
	}{
		{"no TLS", func(b *service.Backend) { b.SSLSNIHostname, b.SSLCertHostname = new("a"), new("b") }, false, "", ""},
		{"both", func(b *service.Backend) {
			b.UseSSL, b.SSLSNIHostname, b.SSLCertHostname = true, new("sni.test"), new("cert.test")
		}, true, "sni.test", "cert.test"},
		{"an address is not sent", func(b *service.Backend) {
			b.UseSSL, b.SSLSNIHostname, b.SSLCertHostname = true, new("192.0.2.1"), new("192.0.2.1")
		}, true, "", "192.0.2.1"},
		{"nothing is checked", func(b *service.Backend) { b.UseSSL, b.SSLCheckCert, b.SSLCertHostname = true, false, new("b") }, true, "", ""},
	} {
		b := service.BackendKind.Default().(*service.Backend)
		b.Name, b.Address = "o", "origin.test"
		tt.edit(b)
		plan, _, err := NewPlan(b, Rules{})
		if err != nil {
			t.Fatal(err)
		}
		if used, sni, certificate := plan.TLS(); used != tt.used || sni != tt.sni || certificate != tt.certificate {
			t.Errorf("%s: %v %q %q", tt.name, used, sni, certificate)
		}
	}
}
