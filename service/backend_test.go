package service

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
)

// form makes an Input of texts from pairs "name=value".
func form(pairs ...string) Input {
	in := Input{}
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		in[name] = Value{Text: value}
	}
	return in
}

// minimal is the least that makes a backend, with more pairs.
func minimal(pairs ...string) Input {
	return form(append([]string{"name=b", "address=h.example"}, pairs...)...)
}

// reply renders o as the API would and returns the value of each key.
func reply(t *testing.T, k *Kind, o Object, p Place) map[string]string {
	t.Helper()
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(k.AppendJSON(nil, o, p), &raw); err != nil {
		t.Fatalf("AppendJSON is not valid JSON: %v", err)
	}
	values := map[string]string{}
	for name, value := range raw {
		values[name] = string(value)
	}
	return values
}

// keys2026 are the keys of a recorded reply.
const keys2026 = `address auto_loadbalance between_bytes_timeout client_cert comment connect_timeout created_at
	deleted_at error_threshold first_byte_timeout healthcheck hostname ipv4 ipv6 keepalive_time max_conn max_lifetime
	max_tls_version max_use min_tls_version name override_host port prefer_ipv6 request_condition service_id share_key
	shield ssl_ca_cert ssl_cert_hostname ssl_check_cert ssl_ciphers ssl_client_cert ssl_client_key ssl_hostname
	ssl_sni_hostname tcp_keepalive_enable tcp_keepalive_interval tcp_keepalive_probes tcp_keepalive_time updated_at
	use_ssl version weight`

func TestBackendKeys(t *testing.T) {
	o, err := BackendKind.Create(minimal())
	if err != nil {
		t.Fatal(err)
	}
	want := append(strings.Fields(keys2026), "fetch_timeout")
	if len(want) != 45 {
		t.Fatalf("%d keys wanted, not 45", len(want))
	}
	for _, locked := range []bool{false, true} {
		if locked {
			want = append(want, "locked")
		}
		slices.Sort(want)
		values := reply(t, BackendKind, o, Place{Service: "s", Version: 1, Locked: locked})
		var got []string
		for name := range values {
			got = append(got, name)
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("locked %v: keys\n%v, want\n%v", locked, got, want)
		}
	}
}

func TestBackendMinimal(t *testing.T) {
	o, err := BackendKind.Create(minimal("ssl_check_cert=0"))
	if err != nil {
		t.Fatal(err)
	}
	got := reply(t, BackendKind, o, Place{Service: "sid", Version: 57})
	want := map[string]string{
		"address": `"h.example"`, "hostname": `"h.example"`, "ipv4": "null", "ipv6": "null", "name": `"b"`,
		"ssl_check_cert": "false", "service_id": `"sid"`, "version": "57", "use_ssl": "false", "port": "80",
		"weight": "100", "max_conn": "200", "connect_timeout": "1000", "first_byte_timeout": "15000",
		"between_bytes_timeout": "10000", "error_threshold": "0", "auto_loadbalance": "false",
		"request_condition": `""`, "comment": `""`, "prefer_ipv6": "false", "deleted_at": "null",
	}
	for name, value := range got {
		if w, ok := want[name]; ok && value != w {
			t.Errorf("%s = %s, want %s", name, value, w)
		} else if !ok && value != "null" && !strings.HasSuffix(name, "_at") {
			t.Errorf("%s = %s, want null", name, value)
		}
	}
}

// TestBackendCreate sends one field more than the least and reads it back.
func TestBackendCreate(t *testing.T) {
	for _, tt := range []struct {
		send string
		want string // of the field sent, or of the one before the colon
	}{
		{"healthcheck=", `""`},
		{"shield=", `""`},
		{"request_condition=", `""`},
		{"share_key=", "null"},
		{"ssl_cert_hostname=", "null"},
		{"ssl_sni_hostname=", "null"},
		{"ssl_ca_cert=", "null"},
		{"ssl_ciphers=", "null"},
		{"ssl_ciphers=HIGH", `"HIGH"`},
		{"max_use=0", "null"},
		{"max_use=7", "7"},
		{"max_lifetime=0", "null"},
		{"max_lifetime=1", "1"},
		{"fetch_timeout=0", "0"},
		{"keepalive_time=0", "0"},
		{"keepalive_time=", "null"},
		{"tcp_keepalive_enable=", "null"},
		{"tcp_keepalive_enable=true", "true"},
		{"tcp_keepalive_enable=0", "false"},
		{"tcp_keepalive_interval=10", "10"},
		{"tcp_keepalive_interval=1", "1"},
		{"tcp_keepalive_time=32767", "32767"},
		{"tcp_keepalive_probes=127", "127"},
		{"ssl_check_cert=", "false"},
		{"ssl_check_cert=true", "true"},
		{"port=0", "0"},
		{"port=65535", "65535"},
		{"weight=1", "1"},
		{"connect_timeout=2147483647", "2147483647"},
		{"min_tls_version=1", `"1"`},
		{"min_tls_version=1.0", `"1.0"`},
		{"max_tls_version=1.3", `"1.3"`},
		{"override_host=other.example:8080", `"other.example:8080"`},
		{"override_host=[2001:db8::1]:80", `"[2001:db8::1]:80"`},
		{"override_host=192.0.2.1", `"192.0.2.1"`},
		{"comment=a\r\nb", `"a\r\nb"`},
		{"client_cert=x", "null"},
		{"name=a/b é", `"a/b é"`},
		{"name=<x> new", `"\u003cx\u003e new"`},
		{"address=my_host", `"my_host"`},
	} {
		t.Run(tt.send, func(t *testing.T) {
			o, err := BackendKind.Create(minimal(tt.send))
			if err != nil {
				t.Fatal(err)
			}
			name, _, _ := strings.Cut(tt.send, "=")
			if got := reply(t, BackendKind, o, Place{})[name]; got != tt.want {
				t.Errorf("%s = %s, want %s", name, got, tt.want)
			}
		})
	}
}

func TestBackendRefused(t *testing.T) {
	long := strings.Repeat("a", 300)
	for _, send := range []string{
		"name=", "name= ", "name=.", "name=..", "name=a\x00b", "name=a\nb", "name=\xff", "name=" + long,
		"address=", "address=a b", "address=a\r\nX: y", "address=http://h", "address=h/path", "address=h?x",
		"address=h:99", "address=user:pw@h", "address=h.", "address=.", "address=...", "address=[::1", "address=[::1]",
		"address=unix:/run/x", "address=2130706433", "address=0x7f000001", "address=127.1", "address=0177.0.0.1",
		"address=fe80::1%eth0", "address=-a", "address=a-", "address=" + strings.Repeat("a", 64),
		"address=" + strings.Repeat("abcdefg.", 40) + "x", "address=%0d%0a", "address=\u212a.test",
		"hostname=192.0.2.1", "ipv4=::1", "ipv6=192.0.2.1", "ipv4=h.example",
		"port=-1", "port=65536", "port=1.5", "port=0x10", "port=1e3", "port=abc", "port=", "port=4294967297",
		"port=9223372036854775808", "port=٥", "port=+1", "port= 1",
		"weight=0", "weight=-1", "weight=2147483648", "max_conn=-1", "max_conn=2147483648",
		"connect_timeout=-1", "connect_timeout=2147483648", "fetch_timeout=-1", "max_use=-1", "max_lifetime=-1",
		"keepalive_time=-1", "tcp_keepalive_time=x", "tcp_keepalive_time=0", "tcp_keepalive_time=32768",
		"tcp_keepalive_interval=0", "tcp_keepalive_interval=32768", "tcp_keepalive_probes=0", "tcp_keepalive_probes=128", "error_threshold=-1",
		"use_ssl=2", "use_ssl=-1", "use_ssl=yes", "use_ssl=TRUE", "ssl_check_cert=null", "tcp_keepalive_enable=2",
		"override_host=", "override_host=a b", "override_host=a\r\nX: y", "override_host=http://h", "override_host=h/",
		"override_host=u@h", "override_host=h.", "override_host=h:", "override_host=h:x", "override_host=h:65536",
		"override_host=::1", "override_host=[fe80::1%25eth0]", "override_host=" + long,
		"min_tls_version=", "max_tls_version=", "min_tls_version=1.4", "max_tls_version=TLS1.2", "min_tls_version=01",
		"ssl_cert_hostname=a b", "ssl_sni_hostname=a.", "ssl_hostname=a/b", "ssl_sni_hostname=fe80::1%eth0",
		"ssl_ciphers=A\nB", "shield=a\r\nb", "healthcheck=a\nb", "share_key=a\x01b", "comment=\x1b[31m",
		"comment=" + strings.Repeat("a", 4097), "request_condition=" + long,
	} {
		t.Run(send[:min(len(send), 40)], func(t *testing.T) {
			_, err := BackendKind.Create(minimal(send))
			wantInvalid(t, err)
		})
	}
}

func wantInvalid(t *testing.T, err error) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Code != Invalid || e.Detail == "" {
		t.Errorf("error %v, want an Invalid with a detail", err)
	}
}

func TestBackendErrorTexts(t *testing.T) {
	for _, tt := range []struct {
		in   Input
		want string
	}{
		{form("address=h.example"), "'name' is required"},
		{form("name=b"), "'address' is required"},
		{minimal("override_host="), "'' is not a valid Host header"},
		{minimal("port=65536"), "'port' must be a whole number from 0 to 65535"},
		{minimal("weight=0"), "'weight' must be a whole number from 1 to 2147483647"},
		{minimal("min_tls_version=1.3", "max_tls_version=1.2"), "'min_tls_version' is above 'max_tls_version'"},
		{Input{"name": {Type: NullValue}, "address": {Text: "h"}}, "'name' is required"},
		{Input{"name": {Type: BoolValue, Text: "true"}, "address": {Text: "h"}}, "'name' must be a string"},
	} {
		if _, err := BackendKind.Create(tt.in); err == nil || err.Error() != tt.want {
			t.Errorf("%v: error %v, want %s", tt.in, err, tt.want)
		}
	}
}

func TestBackendUpdate(t *testing.T) {
	full := minimal("override_host=o.example", "min_tls_version=1.2", "max_tls_version=1.3", "share_key=k",
		"port=443", "max_use=5", "healthcheck=h", "comment=c")
	for _, tt := range []struct {
		send string
		want string // "field value" pairs, by blanks
	}{
		{"", `override_host "o.example" use_ssl true port 443 max_use 5`},
		{"override_host=", `override_host null`},
		{"min_tls_version=", `min_tls_version null max_tls_version "1.3"`},
		{"share_key=", `share_key null`},
		{"healthcheck=", `healthcheck ""`},
		{"max_use=0", `max_use null`},
		{"port=80", `port 80 use_ssl false`},
		{"port=8080", `port 8080 use_ssl true`},
		{"port=0", `port 0 use_ssl true`},
		{"port=80&use_ssl=1", `port 80 use_ssl true`},
		{"use_ssl=0", `port 443 use_ssl false`},
		{"address=192.0.2.7", `address "192.0.2.7" hostname null ipv4 "192.0.2.7" ipv6 null`},
		{"address=2001:db8::1", `hostname null ipv4 null ipv6 "2001:db8::1"`},
		{"ipv4=192.0.2.8", `address "192.0.2.8" hostname null ipv4 "192.0.2.8"`},
		{"ipv6=::1", `address "::1" ipv6 "::1" hostname null`},
		{"hostname=x.example", `address "x.example" hostname "x.example"`},
		{"hostname=", `address "h.example" hostname "h.example"`},
		{"address=a.example&hostname=b.example", `address "a.example" hostname "a.example"`},
		{"name=new", `name "new" address "h.example"`},
		{"ServiceID=x&Name=y", `name "b"`},
	} {
		t.Run(tt.send, func(t *testing.T) {
			old, err := BackendKind.Create(full)
			if err != nil {
				t.Fatal(err)
			}
			before := string(BackendKind.AppendJSON(nil, old, Place{}))
			o, err := BackendKind.Update(old, form(strings.Split(tt.send, "&")...))
			if err != nil {
				t.Fatal(err)
			}
			got := reply(t, BackendKind, o, Place{})
			want := strings.Fields(tt.want)
			for i := 0; i < len(want); i += 2 {
				if got[want[i]] != want[i+1] {
					t.Errorf("%s = %s, want %s", want[i], got[want[i]], want[i+1])
				}
			}
			if after := string(BackendKind.AppendJSON(nil, old, Place{})); after != before {
				t.Errorf("the old object changed:\n%s\n%s", before, after)
			}
		})
	}
}

func TestBackendUpdateRefused(t *testing.T) {
	old, err := BackendKind.Create(minimal("min_tls_version=1.2"))
	if err != nil {
		t.Fatal(err)
	}
	for _, send := range []string{"name=", "address=", "max_tls_version=1.1", "weight=0", "port=-1", "override_host=a b"} {
		_, err := BackendKind.Update(old, form(send))
		wantInvalid(t, err)
	}
}

func TestBackendPort(t *testing.T) {
	for _, tt := range []struct {
		send   string
		port   int64
		useSSL bool
	}{
		{"", 80, false},
		{"port=443", 443, true},
		{"port=443&use_ssl=0", 443, false},
		{"port=80&use_ssl=1", 80, true},
		{"use_ssl=1", 80, true},
		{"port=1234", 1234, false},
		{"port=1234&use_ssl=true", 1234, true},
	} {
		o, err := BackendKind.Create(minimal(strings.Split(tt.send, "&")...))
		if err != nil {
			t.Fatal(err)
		}
		if b := o.(*Backend); b.Port != tt.port || b.UseSSL != tt.useSSL {
			t.Errorf("%q: port %d, use_ssl %v; want %d, %v", tt.send, b.Port, b.UseSSL, tt.port, tt.useSSL)
		}
	}
}

func TestBackendReferences(t *testing.T) {
	o, err := BackendKind.Create(minimal("healthcheck=h", "request_condition=c"))
	if err != nil {
		t.Fatal(err)
	}
	want := []Reference{{Kind: "condition", Name: "c"}, {Kind: "healthcheck", Name: "h"}}
	if got := BackendKind.References(o); !slices.Equal(got, want) {
		t.Errorf("references %v, want %v", got, want)
	}
	o, err = BackendKind.Update(o, form("healthcheck=", "request_condition="))
	if err != nil || len(BackendKind.References(o)) != 0 {
		t.Errorf("references %v, %v; want none", BackendKind.References(o), err)
	}
}
