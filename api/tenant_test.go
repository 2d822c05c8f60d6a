package api_test

import (
	"net/http"
	"strings"
	"testing"

	"headwater/api"
)

// tenantForm is what most writes can do something with.
var tenantForm = []string{"name", "thing", "address", "a.test", "statement", "true", "type", "REQUEST", "content", "x", "comment", "taken over"}

// TestTenantsOnEveryRoute has one customer try every route that there is with the ids of
// another's things. Each answer is the one for ids that nothing has.
func TestTenantsOnEveryRoute(t *testing.T) {
	f := start(t)
	v := f.draft(t, "shop")
	id := strings.Split(v, "/")[2]
	f.must(t, "POST", v+"/backend", "name", "thing", "address", "a.test")
	f.must(t, "POST", v+"/domain", "name", "thing")
	f.must(t, "POST", v+"/condition", "name", "thing", "statement", "true", "type", "REQUEST")
	self := f.must(t, "GET", "/tokens/self")
	automation := f.must(t, "POST", "/automation-tokens", "name", "bot")["id"].(string)
	event := f.do(t, "GET", "/events").object(t)["data"].([]any)[0].(map[string]any)["id"].(string)
	ids := map[string]string{
		"/tokens/": self["id"].(string), "/user/": self["user_id"].(string), "/customer/": self["customer_id"].(string),
		"/automation-tokens/": automation, "/events/": event,
	}
	before := f.do(t, "GET", "/service/"+id+"/details").body + f.do(t, "GET", "/tokens").body

	for _, route := range api.Routes() {
		method, pattern, _ := strings.Cut(route, " ")
		if !strings.Contains(pattern, "{") || strings.Contains(pattern, "{rest}") {
			continue
		}
		fill := func(service, other string) string {
			return strings.NewReplacer("{service}", service, "{version}", "1", "{name}", "thing", "{id}", other, "{from}", "1", "{to}", "1").Replace(pattern)
		}
		theirs := "thing"
		for prefix, known := range ids {
			if strings.HasPrefix(pattern, prefix) {
				theirs = known
			}
		}
		got := f.as(t, otherToken, method, fill(id, theirs), tenantForm...)
		const noSuch = "0000000000000000000000"
		want := f.as(t, otherToken, method, fill(noSuch, noSuch), tenantForm...)
		if got.status != want.status || got.body != strings.NewReplacer(noSuch, id).Replace(want.body) && got.body != want.body {
			t.Errorf("%s: %d %s; for ids that nothing has %d %s", route, got.status, got.body, want.status, want.body)
		}
		if got.status < 400 {
			t.Errorf("%s with another customer's ids: %d %s", route, got.status, got.body)
		}
	}
	if after := f.do(t, "GET", "/service/"+id+"/details").body + f.do(t, "GET", "/tokens").body; after != before {
		t.Errorf("changed from %s\nto %s", before, after)
	}
}

// TestListsAreOnesOwn reads all that has no id in its path: nothing there is
// another customer's.
func TestListsAreOnesOwn(t *testing.T) {
	f := start(t)
	id := strings.Split(f.draft(t, "a-name-of-the-owner"), "/")[2]
	self := f.must(t, "GET", "/tokens/self")
	for _, route := range api.Routes() {
		method, path, _ := strings.Cut(route, " ")
		if method != http.MethodGet || strings.Contains(path, "{") {
			continue
		}
		r := f.as(t, otherToken, method, path)
		for _, secret := range []string{id, "a-name-of-the-owner", self["id"].(string), self["user_id"].(string), self["customer_id"].(string)} {
			if strings.Contains(r.body, secret) {
				t.Errorf("%s shows %s: %s", path, secret, r.body)
			}
		}
		if r.status >= http.StatusInternalServerError {
			t.Errorf("%s: %d %s", path, r.status, r.body)
		}
	}
}

// TestEveryRouteNeedsAToken but for the few that are meant to be open.
func TestEveryRouteNeedsAToken(t *testing.T) {
	f := start(t)
	open := 0
	for _, route := range api.Routes() {
		method, path, _ := strings.Cut(route, " ")
		r := f.send(t, method, path, "", nil)
		if r.status == http.StatusOK {
			open++
		} else {
			r.want(t, http.StatusUnauthorized, unauthorized)
		}
	}
	if open != 3 {
		t.Errorf("%d routes are open, want 3", open)
	}
}
