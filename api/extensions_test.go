package api_test

import (
	"maps"
	"net/http"
	"strings"
	"testing"

	"headwater/service"
)

// pathOf is where objects of a kind are, in the version at v.
func pathOf(k *service.Kind, v string) string {
	if k.Ours {
		v = "/headwater" + v
	}
	return v + "/" + k.Name
}

func putJSON(t *testing.T, f *fixture, path, body string) reply {
	return f.send(t, "PUT", path, ownerToken, strings.NewReader(body), "Content-Type: application/json")
}

// The extensions of a version are read and written as one object, and go the way of
// all that is in it.
func TestExtensions(t *testing.T) {
	f := start(t)
	v := f.draft(t, "shop")
	path := pathOf(service.ExtensionsKind, v)
	got := f.must(t, "GET", path)
	want := map[string]any{"service_id": strings.Split(v, "/")[2], "version": 1.0, "strict_truncation": false, "upgrades": true}
	if !maps.Equal(got, want) {
		t.Errorf("at first %v, want %v", got, want)
	}
	want["strict_truncation"] = true
	for _, body := range []string{`{"strict_truncation":true}`, `{}`, "what was read"} {
		if body == "what was read" {
			body = f.do(t, "GET", path).body
		}
		putJSON(t, f, path, body).want(t, http.StatusOK, "")
		if got := f.must(t, "GET", path); !maps.Equal(got, want) {
			t.Errorf("after %s: %v, want %v", body, got, want)
		}
	}
	if events := f.do(t, "GET", "/events?filter[event_type]=headwater_extensions.update").body; strings.Count(events, `"new":{"strict_truncation":true}`) != 1 {
		t.Errorf("events %s", events)
	}
	f.must(t, "PUT", v+"/clone")
	two := strings.TrimSuffix(v, "1") + "2"
	want["version"] = 2.0
	if got := f.must(t, "GET", pathOf(service.ExtensionsKind, two)); !maps.Equal(got, want) {
		t.Errorf("cloned %v, want %v", got, want)
	}
	f.must(t, "PUT", pathOf(service.ExtensionsKind, two), "strict_truncation", "0")
	diff := f.must(t, "GET", strings.TrimSuffix(v, "version/1")+"diff/from/1/to/2")["diff"].(string)
	if !strings.Contains(diff, "-extensions:\n-  strict_truncation: true\n-  upgrades: true\n") {
		t.Errorf("diff %s", diff)
	}
	f.must(t, "PUT", v+"/lock")
	f.do(t, "PUT", path, "strict_truncation", "0").want(t, http.StatusUnprocessableEntity,
		jsonError("Version locked", "Version '1' for service '"+strings.Split(v, "/")[2]+"' is locked"))
}

func TestExtensionsRefuse(t *testing.T) {
	f := start(t)
	path := pathOf(service.ExtensionsKind, f.draft(t, "shop"))
	for _, tt := range []struct{ body, detail string }{
		{`{"strict_truncation":"yes"}`, "'strict_truncation' must be one of 0, 1, true, false"},
		{`{"strict_truncation":""}`, "'strict_truncation' must be one of 0, 1, true, false"},
		{`{"strict_truncation":true,"upgrades":2}`, "'upgrades' must be one of 0, 1, true, false"},
		{`{"strict_truncation":[true]}`, "'strict_truncation' must be a single value"},
		{`{"strict_truncations":true}`, "'strict_truncations' is no extension"},
		{`{"a` + strings.Repeat("é", 40) + `":{}}`, "'a" + strings.Repeat("é", 31) + "' is no extension"},
		{`[]`, "the body is not a valid JSON object"},
	} {
		putJSON(t, f, path, tt.body).want(t, http.StatusBadRequest, jsonError("Bad request", tt.detail))
	}
	f.do(t, "POST", path).want(t, http.StatusMethodNotAllowed, "")
	f.do(t, "DELETE", path).want(t, http.StatusMethodNotAllowed, "")
	f.as(t, otherToken, "GET", path).want(t, http.StatusNotFound, "")
	f.as(t, otherToken, "PUT", path).want(t, http.StatusNotFound, "")
	f.as(t, readerToken, "GET", path).want(t, http.StatusOK, "")
	f.as(t, readerToken, "PUT", path).want(t, http.StatusForbidden, "")
	f.do(t, "GET", strings.TrimPrefix(path, "/headwater")).want(t, http.StatusNotFound, "")
	f.do(t, "GET", strings.Replace(path, "/version/1", "/version/2", 1)).want(t, http.StatusNotFound, "")
}

// What Fastly's clients read of a version has none of our keys.
func TestExtensionsShowNowhereElse(t *testing.T) {
	f := start(t)
	v := f.draft(t, "shop")
	f.must(t, "PUT", pathOf(service.ExtensionsKind, v), "strict_truncation", "1")
	f.must(t, "POST", v+"/domain", "name", "shop.test")
	f.must(t, "POST", v+"/backend", "name", "a", "address", "a.test")
	for _, path := range []string{
		v, v + "/settings", v + "/backend", v + "/domain", v + "/generated_vcl", strings.TrimSuffix(v, "/version/1"),
		strings.TrimSuffix(v, "/version/1") + "/details", strings.TrimSuffix(v, "/1"), "/service",
	} {
		for _, key := range []string{"extensions", "strict_truncation", "upgrades"} {
			if body := f.do(t, "GET", path).body; strings.Contains(body, key) {
				t.Errorf("%s has %s: %s", path, key, body)
			}
		}
	}
}
