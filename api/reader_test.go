package api_test

import (
	"net/http"
	"testing"

	"headwater/service"
)

// What Terraform reads of a version that it imports: each list answers, also
// when there is nothing in it.
func TestTerraformReads(t *testing.T) {
	f := start(t)
	v := f.draft(t, "shop")
	f.do(t, "DELETE", v+"/http3").want(t, http.StatusOK, `{"status":"ok"}`)
	f.do(t, "GET", v+"/http3").want(t, http.StatusNotFound, `{"msg":"Not found"}`)
	f.do(t, "GET", v+"/image_optimizer_default_settings").want(t, http.StatusNotFound, `{"msg":"Not found"}`)
	for _, k := range service.Kinds() {
		if !k.Singleton && !k.Apart {
			f.do(t, "GET", v+"/"+k.Name).want(t, http.StatusOK, "[]")
		}
	}
}

// The calls of falco, which needs each of them to succeed.
func TestFalcoReads(t *testing.T) {
	f := start(t)
	v := f.draft(t, "shop")
	base := v[:len(v)-len("/version/1")]
	dictionary := f.must(t, "POST", v+"/dictionary", "name", "d")["id"].(string)
	acl := f.must(t, "POST", v+"/acl", "name", "a")["id"].(string)
	snippet := f.must(t, "POST", v+"/snippet", "name", "s", "type", "recv", "dynamic", "1", "content", "#")["id"].(string)
	f.must(t, "PUT", v+"/activate")
	f.must(t, "GET", base+"/version/active")
	for _, path := range []string{
		v + "/request_settings", v + "/response_object", v + "/header", v + "/condition", v + "/dictionary", base + "/dictionary/" + dictionary + "/items",
		v + "/acl", base + "/acl/" + acl + "/entries", v + "/backend", v + "/director", v + "/snippet", base + "/snippet/" + snippet,
	} {
		f.do(t, "GET", path).want(t, http.StatusOK, "")
	}
}

// One default depends on what the service runs.
func TestWasmBackend(t *testing.T) {
	f := start(t)
	for serviceType, want := range map[string]bool{"vcl": false, "wasm": true} {
		id := f.must(t, "POST", "/service", "name", serviceType, "type", serviceType)["id"].(string)
		path := "/service/" + id + "/version/1/backend"
		got := f.must(t, "POST", path, "name", "a", "address", "a.test")
		said := f.must(t, "POST", path, "name", "b", "address", "a.test", "prefer_ipv6", "0")
		if got["prefer_ipv6"] != want || said["prefer_ipv6"] != false {
			t.Errorf("%s: prefer_ipv6 is %v, and %v when sent as 0", serviceType, got["prefer_ipv6"], said["prefer_ipv6"])
		}
	}
}
