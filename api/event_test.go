package api_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

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
	if e.IP != "127.0.0.1" || e.UserID != *self.UserID || e.ServiceID != id || e.Description != "Backend 'b one' was updated on Version '1'" || fmt.Sprint(e.Metadata) != "map[new:map[weight:7] old:map[weight:100]]" {
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

// Renames are told under the new name, and endpoints of all kinds as logging. What
// is secret is not told.
func TestEventsOfUpdates(t *testing.T) {
	f := start(t)
	v := f.draft(t, "shop")
	f.must(t, "POST", v+"/logging/datadog", "name", "dog", "token", "hidden-one")
	f.must(t, "PUT", v+"/logging/datadog/dog", "name", "cat", "token", "hidden-two", "region", "EU")
	f.now.advance(time.Second)
	f.must(t, "PUT", v+"/lock")
	r := f.do(t, "GET", "/events?filter[event_type]=logging.update&page[size]=1")
	for _, want := range []string{
		`"description":"Logging 'cat' was updated on Version '1'"`,
		`"metadata":{"new":{"name":"cat","region":"EU","token":null},"old":{"name":"dog","region":null,"token":null}}`,
	} {
		if !strings.Contains(strings.ReplaceAll(r.body, `\u0026`, "&"), want) {
			t.Errorf("no %s in %s", want, r.body)
		}
	}
	r = f.do(t, "GET", "/events?page[size]=1")
	links := r.object(t)["links"].(map[string]any)
	if !strings.Contains(r.body, "Version '1' was locked") || len(links) != 2 || !strings.HasSuffix(links["last"].(string), "/events?page[number]=4&page[size]=1") {
		t.Error(r.body)
	}
	if body := f.do(t, "GET", "/events").body; strings.Contains(body, "hidden") {
		t.Errorf("a secret is in %s", body)
	}
}

// A token made leaves an event without its secret.
func TestEventsOfTokens(t *testing.T) {
	f := start(t)
	made := f.must(t, "POST", "/tokens", "name", "ci")
	f.do(t, "DELETE", "/tokens/"+made["id"].(string))
	body := f.do(t, "GET", "/events").body
	for _, want := range []string{"Token 'ci' was created", "Token '" + made["id"].(string) + "' was deleted"} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s in %s", want, body)
		}
	}
	if strings.Contains(body, made["access_token"].(string)) {
		t.Error("an event holds a secret")
	}
}
