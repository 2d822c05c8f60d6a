package api_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fastly/go-fastly/v12/fastly"
)

func TestEvents(t *testing.T) {
	f := start(t)
	c, ctx := client(t, f), t.Context()
	step := func(method, path string, form ...string) {
		t.Helper()
		f.do(t, method, path, form...)
		f.now.advance(1e9)
	}
	v := f.draft(t, "shop")
	id := strings.Split(v, "/")[2]
	f.now.advance(1e9)
	step("POST", v+"/backend", "name", "b one", "address", "a.test", "comment", "private-words")
	step("PUT", v+"/backend/b%20one", "weight", "7")
	step("PUT", v+"/backend/absent", "weight", "7") // fails: nothing was written
	step("POST", v+"/backend", "name", "x")         // likewise
	step("GET", v+"/backend")                       // reads
	step("PUT", v+"/settings", "general.default_ttl", "9")
	step("PUT", v+"/activate")
	step("PUT", v+"/clone")
	step("PUT", v+"/deactivate")
	step("DELETE", "/service/"+id)
	events := ok(c.GetAPIEvents(ctx, &fastly.GetAPIEventsFilterInput{ServiceID: id, MaxResults: 3}))(t).Events
	var types []string
	for _, e := range events {
		types = append(types, e.EventType)
	}
	const want = "service.delete version.deactivate version.clone version.activate settings.update backend.update backend.create service.create"
	if got := strings.Join(types, " "); got != want {
		t.Fatalf("events %s\nwant   %s", got, want)
	}
	e := events[5]
	self := ok(c.GetTokenSelf(ctx))(t)
	if e.IP != "127.0.0.1" || e.UserID != *self.UserID || e.ServiceID != id || e.Description != "backend 'b one': update, version 1" || fmt.Sprint(e.Metadata) != "map[name:b one version_number:1]" {
		t.Errorf("event %+v", e)
	}
	if one := ok(c.GetAPIEvent(ctx, &fastly.GetAPIEventInput{EventID: e.ID}))(t); one.EventType != "backend.update" {
		t.Errorf("event %+v", one)
	}
	r := f.do(t, "GET", "/events?filter[service_id]="+id+"&page[size]=3&page[number]=2")
	if r.header.Get("Content-Type") != "application/vnd.api+json" || strings.Contains(r.body, "private-words") {
		t.Errorf("%v %s", r.header, r.body)
	}
	meta := r.object(t)["meta"].(map[string]any)
	if meta["record_count"] != 8.0 || meta["total_pages"] != 3.0 || meta["current_page"] != 2.0 || meta["per_page"] != 3.0 {
		t.Errorf("meta %v", meta)
	}
	if links := r.object(t)["links"].(map[string]any); len(links) != 4 {
		t.Errorf("links %v", links)
	}
	if list := f.do(t, "GET", "/events?filter[event_type]=version.clone").object(t)["data"].([]any); len(list) != 1 {
		t.Errorf("filtered %v", list)
	}
	for _, path := range []string{"/events?filter[service_id]=" + id, "/events?filter[customer_id]=" + ownCustomer(t, f)} {
		if list := f.as(t, otherToken, "GET", path).object(t)["data"].([]any); len(list) != 0 {
			t.Errorf("%s shows another customer %v", path, list)
		}
	}
	f.as(t, otherToken, "GET", "/events/"+e.ID).want(t, 404, `{"msg":"Not found"}`)
	f.do(t, "PUT", "/events/"+e.ID).want(t, 405, "")
	if data := f.as(t, limitedToken, "GET", "/events").object(t)["data"].([]any); len(data) != 0 {
		t.Errorf("a limited token sees %v", data)
	}
}

// ownCustomer is the owner's customer.
func ownCustomer(t *testing.T, f *fixture) string {
	return f.must(t, "GET", "/tokens/self")["customer_id"].(string)
}

// A token made leaves an event without its secret.
func TestEventsOfTokens(t *testing.T) {
	f := start(t)
	made := f.must(t, "POST", "/tokens", "name", "ci")
	f.do(t, "DELETE", "/tokens/"+made["id"].(string))
	body := f.do(t, "GET", "/events").body
	for _, want := range []string{"token 'ci': create", "token '" + made["id"].(string) + "': delete"} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s in %s", want, body)
		}
	}
	if strings.Contains(body, made["access_token"].(string)) {
		t.Error("an event holds a secret")
	}
}
