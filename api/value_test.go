package api_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// backendKeys are the keys that Fastly answered in every recording of May 2026,
// and fetch_timeout, which is documented since.
const backendKeys = "address auto_loadbalance between_bytes_timeout client_cert comment connect_timeout created_at deleted_at " +
	"error_threshold fetch_timeout first_byte_timeout healthcheck hostname ipv4 ipv6 keepalive_time max_conn max_lifetime max_tls_version " +
	"max_use min_tls_version name override_host port prefer_ipv6 request_condition service_id share_key shield ssl_ca_cert " +
	"ssl_cert_hostname ssl_check_cert ssl_ciphers ssl_client_cert ssl_client_key ssl_hostname ssl_sni_hostname " +
	"tcp_keepalive_enable tcp_keepalive_interval tcp_keepalive_probes tcp_keepalive_time updated_at use_ssl version weight"

func keys(object map[string]any) string {
	return strings.Join(slices.Sorted(maps.Keys(object)), " ")
}

func TestKeySets(t *testing.T) {
	f := start(t)
	v := f.draft(t, "shop")
	versions := strings.TrimSuffix(v, "/1")
	id := strings.TrimSuffix(versions, "/version")
	const versionKeys = "active comment created_at deleted_at deployed environments locked number service_id staging testing updated_at"
	const serviceKeys = "comment created_at customer_id deleted_at environments id name paused publish_key type updated_at versions"
	const domainKeys = "comment created_at deleted_at name service_id updated_at version"
	const settingsKeys = "general.default_host general.default_pci general.default_ttl general.stale_if_error general.stale_if_error_ttl service_id version"
	check := func(what string, object map[string]any, want string) {
		t.Helper()
		if got := keys(object); got != want {
			t.Errorf("%s has keys\n%s, want\n%s", what, got, want)
		}
	}
	check("backend created", f.must(t, "POST", v+"/backend", "name", "b", "address", "a.test"), backendKeys)
	check("backend", f.must(t, "GET", v+"/backend/b"), backendKeys)
	check("backend changed", f.must(t, "PUT", v+"/backend/b"), backendKeys)
	check("domain created", f.must(t, "POST", v+"/domain", "name", "shop.test"), domainKeys)
	check("settings", f.must(t, "GET", v+"/settings"), settingsKeys)
	check("settings changed", f.must(t, "PUT", v+"/settings", "general.default_ttl", "60"), settingsKeys)
	check("version", f.must(t, "GET", v), versionKeys)
	check("service", f.must(t, "GET", id), serviceKeys)
	check("service changed", f.must(t, "PUT", id, "comment", "x"), serviceKeys)
	check("service in the list", f.do(t, "GET", "/service").list(t)[0], strings.Replace(serviceKeys, "publish_key type updated_at", "type updated_at version", 1))
	check("version created", f.must(t, "POST", versions), "number service_id")
	check("version created with comment", f.must(t, "POST", versions, "comment", "x"), "comment number service_id")
	check("clone", f.must(t, "PUT", v+"/clone"), versionKeys)
	check("validation", f.must(t, "GET", v+"/validate"), "errors messages msg status warnings")
	check("version activated", f.must(t, "PUT", v+"/activate"), strings.Replace(versionKeys, "locked", "locked msg", 1))
	locked := strings.Replace(backendKeys, "healthcheck hostname ipv4 ipv6 keepalive_time", "healthcheck hostname ipv4 ipv6 keepalive_time locked", 1)
	check("locked backend", f.must(t, "GET", v+"/backend/b"), locked)
	check("locked backend in the list", f.do(t, "GET", v+"/backend").list(t)[0], locked)
	check("version deactivated", f.must(t, "PUT", v+"/deactivate"), versionKeys)
}

func TestBackendMinimalReply(t *testing.T) {
	f := start(t)
	v := f.draft(t, "shop")
	got := f.must(t, "POST", v+"/backend", "address", "h.example", "name", "b", "ssl_check_cert", "0")
	want := map[string]any{
		"address": "h.example", "name": "b", "ssl_check_cert": false, "service_id": strings.Split(v, "/")[2], "version": 1.0,
		"use_ssl": false, "hostname": "h.example", "port": 80.0, "weight": 100.0, "max_conn": 200.0, "connect_timeout": 1000.0,
		"first_byte_timeout": 15000.0, "between_bytes_timeout": 10000.0, "error_threshold": 0.0, "auto_loadbalance": false,
		"request_condition": "", "comment": "", "prefer_ipv6": false, "created_at": got["created_at"], "updated_at": got["created_at"],
	}
	for key, value := range got {
		if value != want[key] { // null where want has no key
			t.Errorf("%s is %v, want %v", key, value, want[key])
		}
	}
}

func TestBackendFields(t *testing.T) {
	type fields = map[string]any
	tests := []struct {
		name string
		form []string // on top of name and address
		want fields   // nil: 400
	}{
		{"port 443 turns TLS on", []string{"port", "443"}, fields{"port": 443.0, "use_ssl": true}},
		{"unless told otherwise", []string{"port", "443", "use_ssl", "0"}, fields{"port": 443.0, "use_ssl": false}},
		{"TLS on port 80", []string{"port", "80", "use_ssl", "1"}, fields{"port": 80.0, "use_ssl": true}},
		{"TLS without a port", []string{"use_ssl", "1"}, fields{"port": 80.0, "use_ssl": true}},
		{"port 0", []string{"port", "0"}, fields{"port": 0.0}},
		{"max_use 0 is none", []string{"max_use", "0", "max_lifetime", "0"}, fields{"max_use": nil, "max_lifetime": nil}},
		{"what the Go client lacks", []string{"max_use", "10", "max_lifetime", "2000", "fetch_timeout", "3000"}, fields{"max_use": 10.0, "max_lifetime": 2000.0, "fetch_timeout": 3000.0}},
		{"empty names from the CLI", []string{"ssl_cert_hostname", "", "ssl_sni_hostname", ""}, fields{"ssl_cert_hostname": nil, "ssl_sni_hostname": nil}},
		{"empty override_host", []string{"override_host", ""}, nil},
		{"keepalive", []string{"tcp_keepalive_enable", "true"}, fields{"tcp_keepalive_enable": true, "tcp_keepalive_time": nil}},
		{"ciphers", []string{"ssl_ciphers", "HIGH"}, fields{"ssl_ciphers": "HIGH"}},
		{"unknown keys", []string{"ServiceID", "x", "Backend", "y", "id", "z"}, fields{"name": "b"}},
		{"IPv4", []string{"address", "127.0.0.1"}, fields{"hostname": nil, "ipv4": "127.0.0.1", "ipv6": nil}},
		{"IPv6", []string{"address", "2001:db8::1"}, fields{"hostname": nil, "ipv4": nil, "ipv6": "2001:db8::1"}},
		{"TLS version", []string{"min_tls_version", "1.4"}, nil},
		{"weight 0", []string{"weight", "0"}, nil},
		{"no PEM", []string{"ssl_ca_cert", "/etc/passwd"}, nil},
	}
	f := start(t)
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := f.draft(t, fmt.Sprintf("shop %d", i))
			r := f.do(t, "POST", v+"/backend", append([]string{"name", "b", "address", "a.test"}, tt.form...)...)
			if tt.want == nil {
				r.want(t, http.StatusBadRequest, "")
				return
			}
			r.want(t, http.StatusOK, "")
			for _, got := range []fields{r.object(t), f.must(t, "GET", v+"/backend/b")} {
				for key, want := range tt.want {
					if got[key] != want {
						t.Errorf("%s is %v, want %v", key, got[key], want)
					}
				}
			}
		})
	}
}

// What is stored is what was sent, or nothing is.
func TestNumbers(t *testing.T) {
	f := start(t)
	v := f.draft(t, "shop")
	f.must(t, "POST", v+"/backend", "name", "b", "address", "a.test")
	before := f.do(t, "GET", v+"/backend/b").body
	for _, key := range []string{"port", "weight", "max_conn", "connect_timeout", "first_byte_timeout", "between_bytes_timeout", "fetch_timeout", "keepalive_time", "tcp_keepalive_time"} {
		for _, n := range []string{"-1", "2147483648", "4294967297", "9223372036854775808", "1.5", "abc", "0x10", "1e3", "٥", "+1"} {
			f.do(t, "PUT", v+"/backend/b", key, n).want(t, http.StatusBadRequest, "")
			for _, literal := range []string{n, fmt.Sprintf("%q", n), "true", "[1]", "{}"} {
				r := f.send(t, "PUT", v+"/backend/b", ownerToken, strings.NewReader(fmt.Sprintf("{%q:%s}", key, literal)), "Content-Type: application/json")
				r.want(t, http.StatusBadRequest, "")
			}
		}
	}
	f.do(t, "PUT", v+"/backend/b", "port", " 1").want(t, http.StatusBadRequest, "")
	for _, b := range []string{"2", "-1", "yes", "TRUE"} {
		f.do(t, "PUT", v+"/backend/b", "use_ssl", b).want(t, http.StatusBadRequest, "")
	}
	if after := f.do(t, "GET", v+"/backend/b").body; after != before {
		t.Errorf("backend changed from %s to %s", before, after)
	}
	for sent, want := range map[string]bool{"1": true, "0": false, "true": true, "false": false, "": false} {
		if got := f.must(t, "PUT", v+"/backend/b", "use_ssl", sent)["use_ssl"]; got != want {
			t.Errorf("use_ssl=%s is %v", sent, got)
		}
	}
}

// A body means the same as a form and as JSON, numbers as numbers or texts.
func TestJSONBodies(t *testing.T) {
	f := start(t)
	v := f.draft(t, "shop")
	const created = `{"name":"b","address":"a.test","port":8443,"use_ssl":true,"weight":"7","comment":null,"versions":[{"a":1}]}`
	for _, contentType := range []string{"application/json", "application/json; charset=utf-8", "text/json", ""} {
		got := f.send(t, "POST", v+"/backend", ownerToken, strings.NewReader(created), "Content-Type: "+contentType).object(t)
		if got["port"] != 8443.0 || got["use_ssl"] != true || got["weight"] != 7.0 || got["comment"] != "" {
			t.Errorf("%q: %v", contentType, got)
		}
		f.must(t, "DELETE", v+"/backend/b")
	}
	for _, body := range []string{`[]`, `null`, `{"name":["b"],"address":"a.test"}`, `{"name":"b","address":"a.test"} x`, `{"name":"a","name":"b","address":"a.test"}`,
		`{"name":"\ud800","address":"a.test"}`, "{\"name\":\"\xff\",\"address\":\"a.test\"}", `{"name":"a\u0000b","address":"a.test"}`} {
		f.send(t, "POST", v+"/backend", ownerToken, strings.NewReader(body), "Content-Type: application/json").want(t, http.StatusBadRequest, "")
	}
	f.do(t, "GET", v+"/backend").want(t, http.StatusOK, "[]")
}

// Nothing that ends a line or a host gets into what the edge sends.
func TestInjection(t *testing.T) {
	f := start(t)
	v := f.draft(t, "shop")
	bad := []string{"a\r\nX-Injected: 1", "a\nb", "a\x00b", "a b", strings.Repeat("a", 64<<10), "http://a", "a/b", "u:p@a", "a?x", "a.test."}
	for _, key := range []string{"address", "hostname", "override_host", "ssl_cert_hostname", "ssl_sni_hostname", "ssl_hostname"} {
		for _, value := range bad {
			f.do(t, "POST", v+"/backend", "name", "b", "address", "a.test", key, value).want(t, http.StatusBadRequest, "")
		}
	}
	for _, key := range []string{"shield", "healthcheck", "request_condition", "ssl_ciphers", "share_key"} {
		for _, value := range []string{"a\r\nb", "a\x00b", strings.Repeat("a", 64<<10)} {
			f.do(t, "POST", v+"/backend", "name", "b", "address", "a.test", key, value).want(t, http.StatusBadRequest, "")
		}
	}
	for _, address := range []string{"", "user:pw@h", "h/path", "http://h", "h?x", "h:99", "...", strings.Repeat("a", 64) + ".test",
		strings.Repeat("a.", 127), "[::1", "unix:/x", "file:///x", "2130706433", "0x7f000001", "127.1"} {
		f.do(t, "POST", v+"/backend", "name", "b", "address", address).want(t, http.StatusBadRequest, "")
	}
	f.do(t, "GET", v+"/backend").want(t, http.StatusOK, "[]")
}

// Names come back as they were sent, by every path that spells them.
func TestNames(t *testing.T) {
	f := start(t)
	v := f.draft(t, "shop")
	names := []string{"a/b", "a%2fb", "a%2Fb", "?", "#", "a b", "a+b", "😀", "\u202eevil", `"quoted"`, "'; DROP TABLE object; --",
		"<img src=x onerror=alert(1)>", "é", "validate", "...", "a;b", "a&b=c", "%", "%00", strings.Repeat("n", 255)}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			path := v + "/backend/" + url.PathEscape(name)
			if got := f.must(t, "POST", v+"/backend", "name", name, "address", "a.test")["name"]; got != name {
				t.Errorf("created %q", got)
			}
			if got := f.must(t, "GET", path)["name"]; got != name {
				t.Errorf("got %q", got)
			}
			// The way Fastly's Rust client spells it.
			if got := f.must(t, "PUT", v+"/backend/"+url.QueryEscape(name), "comment", "x")["name"]; got != name {
				t.Errorf("changed %q", got)
			}
			f.do(t, "DELETE", path).want(t, http.StatusOK, `{"status":"ok"}`)
			f.do(t, "DELETE", path).want(t, http.StatusNotFound, "")
		})
	}
	for _, name := range []string{"", " ", ".", "..", "a\x00b", "a\r\nb", "\xff", strings.Repeat("n", 64<<10)} {
		f.do(t, "POST", v+"/backend", "name", name, "address", "a.test").want(t, http.StatusBadRequest, "")
	}
	f.do(t, "GET", v+"/backend").want(t, http.StatusOK, "[]")
}

// A literal "+" is a plus where that names something, else a blank.
func TestPlusInPath(t *testing.T) {
	f := start(t)
	v := f.draft(t, "shop")
	f.must(t, "POST", v+"/backend", "name", "a b", "address", "blank.test")
	if got := f.must(t, "GET", v+"/backend/a+b")["address"]; got != "blank.test" {
		t.Errorf("got %v", got)
	}
	f.must(t, "POST", v+"/backend", "name", "a+b", "address", "plus.test")
	if got := f.must(t, "GET", v+"/backend/a+b")["address"]; got != "plus.test" {
		t.Errorf("got %v", got)
	}
	f.must(t, "DELETE", v+"/backend/a+b")
	f.must(t, "DELETE", v+"/backend/a+b")
	r := f.do(t, "DELETE", v+"/backend/a+b")
	r.want(t, http.StatusNotFound, "")
	if detail := r.object(t)["detail"].(string); !strings.Contains(detail, "name => a+b,") {
		t.Errorf("the error is not about the name as it was sent: %s", r.body)
	}
}

func TestServiceTexts(t *testing.T) {
	f := start(t)
	for _, form := range [][]string{
		{}, {"name", ""}, {"name", " "}, {"name", "a\nb"}, {"name", strings.Repeat("n", 256)}, {"name", "a\x00"},
		{"name", "x", "comment", "a\x00"}, {"name", "x", "comment", strings.Repeat("c", 4097)}, {"name", "x", "type", "php"},
	} {
		f.do(t, "POST", "/service", form...).want(t, http.StatusBadRequest, "")
	}
	for _, body := range []string{`{"name":true}`, `{"name":"x","comment":false}`, `{"name":"x","type":true}`, `{"name":["x"]}`, `{"name":null}`} {
		f.send(t, "POST", "/service", ownerToken, strings.NewReader(body), "Content-Type: application/json").want(t, http.StatusBadRequest, "")
	}
	got := f.must(t, "POST", "/service", "name", "é/😀 <b>", "comment", "two\nlines", "type", "wasm")
	if got["name"] != "é/😀 <b>" || got["comment"] != "two\nlines" || got["type"] != "wasm" {
		t.Errorf("got %v", got)
	}
	// A service put back as it was read, lists and all, is unchanged.
	path := "/service/" + got["id"].(string)
	body, err := json.Marshal(f.must(t, "GET", path))
	if err != nil {
		t.Fatal(err)
	}
	r := f.send(t, "PUT", path, ownerToken, strings.NewReader(string(body)), "Content-Type: application/json")
	r.want(t, http.StatusOK, "")
	f.do(t, "PUT", path, "name", "").want(t, http.StatusBadRequest, "")
}
