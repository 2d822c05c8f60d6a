package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"headwater/service"
)

// The calls that Fastly's provider for Terraform makes to create, read, change,
// import and destroy a service.
func TestTerraformSequence(t *testing.T) {
	f := start(t)
	s := f.must(t, "POST", "/service", "comment", "Managed by Terraform", "name", "shop", "type", "vcl")
	id := s["id"].(string)
	path := "/service/" + id
	v := path + "/version/1"
	f.must(t, "PUT", path, "ServiceID", id, "comment", "Managed by Terraform", "name", "shop")
	f.must(t, "PUT", v, "comment", "first")
	f.must(t, "PUT", v+"/settings", "ServiceID", id, "ServiceVersion", "1", "general.default_host", "",
		"general.default_ttl", "3600", "general.stale_if_error", "false", "general.stale_if_error_ttl", "43200")
	f.do(t, "DELETE", v+"/http3").want(t, http.StatusOK, `{"status":"ok"}`) // never enabled
	f.must(t, "POST", v+"/domain", "comment", "", "name", "shop.test")
	b := f.must(t, "POST", v+"/backend", "address", "a.test", "auto_loadbalance", "0", "between_bytes_timeout", "10000", "connect_timeout", "1000",
		"error_threshold", "0", "first_byte_timeout", "15000", "healthcheck", "", "max_conn", "200", "name", "b", "port", "443", "prefer_ipv6", "0",
		"request_condition", "", "shield", "", "ssl_check_cert", "1", "use_ssl", "0", "weight", "100")
	if b["use_ssl"] != false || b["healthcheck"] != "" || b["shield"] != "" {
		t.Errorf("backend %v", b)
	}
	if got := f.must(t, "GET", v+"/validate"); got["status"] != "ok" || got["msg"] != nil {
		t.Errorf("validate %v", got)
	}
	if got := f.must(t, "PUT", v+"/activate"); got["active"] != true || got["msg"] != nil {
		t.Errorf("activate %v", got)
	}

	terraformReads(t, f, path, v)

	f.must(t, "GET", v)
	clone := f.must(t, "PUT", v+"/clone")
	v2 := fmt.Sprintf("%s/version/%v", path, clone["number"])
	f.must(t, "PUT", v2+"/backend/b", "auto_loadbalance", "0", "prefer_ipv6", "0", "ssl_check_cert", "1", "use_ssl", "0", "port", "8080")
	f.must(t, "GET", v2+"/validate")
	f.must(t, "PUT", v2+"/activate")
	if got := f.publisher.last(); got.Version != 2 || got.Backends()[0].Port != 8080 || got.Backends()[0].UseSSL {
		t.Errorf("published %+v", got)
	}
	if got := f.must(t, "GET", path+"/version/active"); got["number"] != 2.0 {
		t.Errorf("active %v", got)
	}
	// Only the comment changes: it is written to the active version.
	f.must(t, "PUT", v2, "comment", "second")

	f.do(t, "DELETE", path).want(t, http.StatusBadRequest, jsonError("Bad request", "Cannot delete service with active version"))
	f.must(t, "PUT", v2+"/deactivate")
	f.do(t, "GET", path+"/version/active").want(t, http.StatusNotFound, "")
	f.do(t, "DELETE", path).want(t, http.StatusOK, `{"status":"ok"}`)
	f.do(t, "GET", "/service").want(t, http.StatusOK, "[]")
}

// terraformReads makes the calls of a refresh and of an import, each of which has
// to answer for a service that has nothing of the kind.
func terraformReads(t *testing.T, f *fixture, path, v string) {
	t.Helper()
	d := f.must(t, "GET", path+"/details")
	if d["deleted_at"] != nil || d["type"] != "vcl" || d["active_version"].(map[string]any)["number"] != 1.0 || d["version"].(map[string]any)["number"] != 1.0 {
		t.Errorf("details %v", d)
	}
	f.must(t, "GET", v+"/settings")
	f.do(t, "GET", v+"/http3").want(t, http.StatusNotFound, "")
	f.do(t, "GET", v+"/image_optimizer_default_settings").want(t, http.StatusNotFound, "")
	for _, product := range []string{"brotli_compression", "image_optimizer", "origin_inspector", "bot_management", "domain_inspector",
		"websockets", "log_explorer_insights", "ddos_protection", "api_discovery", "ngwaf"} {
		f.do(t, "GET", "/enabled-products/v1/"+product+"/services/"+strings.TrimPrefix(path, "/service/")).want(t, http.StatusBadRequest, "")
	}
	kinds := 0
	for _, k := range service.Kinds() {
		if k.Singleton || k.Apart {
			continue
		}
		kinds++
		list := f.do(t, "GET", v+"/"+k.Name).list(t)
		if has := k == service.BackendKind || k == service.DomainKind; len(list) > 0 != has {
			t.Errorf("%s: %v", k.Name, list)
		}
	}
	if kinds < 28+16 {
		t.Errorf("only %d kinds are listed", kinds)
	}
}

// The calls of `fastly backend create --version=latest --autoclone --use-ssl`.
func TestCLISequence(t *testing.T) {
	f := start(t)
	v := f.draft(t, "shop")
	versions := strings.TrimSuffix(v, "/1")
	f.must(t, "PUT", v+"/activate")
	list := f.do(t, "GET", versions).list(t)
	if last := list[len(list)-1]; last["active"] != true || last["locked"] != true {
		t.Errorf("latest %v", last)
	}
	clone := f.must(t, "PUT", v+"/clone")
	v2 := fmt.Sprintf("%s/%v", versions, clone["number"])
	b := f.must(t, "POST", v2+"/backend", "address", "a.test", "name", "b", "port", "443",
		"override_host", "a.test", "ssl_cert_hostname", "a.test", "ssl_sni_hostname", "a.test")
	if b["use_ssl"] != true || b["override_host"] != "a.test" {
		t.Errorf("backend %v", b)
	}
	// An address with a name in reverse DNS.
	b = f.must(t, "POST", v2+"/backend", "address", "192.0.2.1", "name", "c", "ssl_cert_hostname", "", "ssl_sni_hostname", "")
	if b["ssl_cert_hostname"] != nil || b["ipv4"] != "192.0.2.1" {
		t.Errorf("backend %v", b)
	}
	f.must(t, "PUT", v2+"/activate")
}

// What an edge refuses is validation's answer, and activation's failure.
func TestInvalidVersion(t *testing.T) {
	f := start(t)
	v := f.draft(t, "shop")
	f.edge.set(service.Errorf(service.Invalid, "Backend 'b': no condition named 'c'"))
	f.do(t, "GET", v+"/validate").want(t, http.StatusOK,
		`{"status":"error","msg":"Backend 'b': no condition named 'c'","errors":["Backend 'b': no condition named 'c'"],"warnings":[],"messages":[]}`)
	f.do(t, "PUT", v+"/activate").want(t, http.StatusBadRequest, jsonError("Bad request", "Backend 'b': no condition named 'c'"))
	if got := f.must(t, "GET", v); got["active"] != false || got["locked"] != false {
		t.Errorf("version %v", got)
	}
	if got := f.publisher.last(); got != nil {
		t.Errorf("published %+v", got)
	}
}

// What an edge only warns of goes with both answers.
func TestWarnings(t *testing.T) {
	f := start(t)
	v := f.draft(t, "shop")
	f.do(t, "GET", v+"/validate").want(t, http.StatusOK,
		`{"status":"ok","msg":null,"errors":[],"warnings":["Version has no associated domains","Version has no associated backends"],"messages":[]}`)
	got := f.must(t, "PUT", v+"/activate")["msg"]
	if want := "Warning: Version has no associated domains\nVersion has no associated backends"; got != want {
		t.Errorf("msg %q, want %q", got, want)
	}
}

// A version that serves says where, on its next read.
func TestEnvironments(t *testing.T) {
	f := start(t)
	v := f.draft(t, "shop")
	id := strings.Split(v, "/")[2]
	if got := f.must(t, "PUT", v+"/activate")["environments"]; fmt.Sprint(got) != "[]" {
		t.Errorf("activation answers %v", got)
	}
	want := fmt.Sprint([]any{map[string]any{"name": "production", "active_version": 1.0, "service_id": id}})
	for _, path := range []string{v, "/service/" + id} {
		if got := fmt.Sprint(f.must(t, "GET", path)["environments"]); got != want {
			t.Errorf("%s: environments %v, want %v", path, got, want)
		}
	}
}

// A domain is the service's that serves it; Fastly's CLI looks for these words.
func TestDomainTaken(t *testing.T) {
	f := start(t)
	v := f.draft(t, "shop")
	f.must(t, "POST", v+"/domain", "name", "shop.test")
	f.must(t, "PUT", v+"/activate")
	id := f.as(t, otherToken, "POST", "/service", "name", "theirs").object(t)["id"].(string)
	r := f.as(t, otherToken, "POST", "/service/"+id+"/version/1/domain", "name", "shop.test")
	r.want(t, http.StatusBadRequest, jsonError("Bad request", "Domain 'shop.test' is already taken by another customer"))
}

func TestWarnsOfWasm(t *testing.T) {
	f := start(t)
	id := f.must(t, "POST", "/service", "name", "program", "type", "wasm")["id"].(string)
	v := "/service/" + id + "/version/1"
	f.must(t, "POST", v+"/domain", "name", "program.test")
	f.must(t, "POST", v+"/backend", "name", "b", "address", "127.0.0.1")
	const want = "Service is of type wasm: the edge runs no programs, and answers from the backends alone"
	if got := f.must(t, "GET", v+"/validate")["warnings"].([]any); len(got) != 1 || got[0] != want {
		t.Errorf("validate warns %q", got)
	}
	if got := f.must(t, "PUT", v+"/activate")["msg"]; got != "Warning: "+want {
		t.Errorf("activate says %v", got)
	}
}
