package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"headwater/api"
	"headwater/service"
)

// carried tells what the edges were given of items: how they changed.
func (p *fakePublisher) carried() (all []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, h := range p.items {
		text := fmt.Sprintf("%s %d<%d", h.Kind.Name, h.Since, h.Revision)
		for _, o := range h.Items {
			text += " +" + h.Kind.Holds.Find(o)
		}
		for _, name := range h.Gone {
			text += " -" + name
		}
		all = append(all, text)
	}
	p.items = nil
	return all
}

// Every write of an item is carried to the edges before it is answered, whether
// it is one or a batch, and whichever version is active.
func TestItemsAreCarried(t *testing.T) {
	staging := &fakePublisher{}
	f := start(t, func(o *api.Options) { o.Staging = staging })
	v := f.draft(t, "shop")
	id := strings.Split(v, "/")[2]
	d := f.must(t, "POST", v+"/dictionary", "name", "d")["id"].(string)
	acl := f.must(t, "POST", v+"/acl", "name", "a")["id"].(string)
	items, entries := "/service/"+id+"/dictionary/"+d, "/service/"+id+"/acl/"+acl
	want := func(all ...string) {
		t.Helper()
		for _, p := range []*fakePublisher{f.publisher, staging} {
			if got := p.carried(); fmt.Sprint(got) != fmt.Sprint(all) {
				t.Errorf("carried %q, want %q", got, all)
			}
		}
	}
	want()
	f.must(t, "POST", items+"/item", "item_key", "a", "item_value", "1")
	want("dictionary 1<2 +a")
	f.must(t, "PUT", items+"/item/b", "item_value", "1")
	f.must(t, "PATCH", items+"/item/b", "item_value", "2")
	f.must(t, "DELETE", items+"/item/a")
	want("dictionary 2<3 +b", "dictionary 3<4 +b", "dictionary 4<5 -a")
	f.send(t, "PATCH", items+"/items", ownerToken, strings.NewReader(
		`{"items":[{"op":"upsert","item_key":"c","item_value":"1"},{"op":"delete","item_key":"b"},{"op":"update","item_key":"c","item_value":"2"}]}`)).want(t, http.StatusOK, `{"status":"ok"}`)
	want("dictionary 5<6 +c -b")
	entry := f.must(t, "POST", entries+"/entry", "ip", "192.0.2.1")["id"].(string)
	want("acl 1<2 +" + entry)

	// What fails, and what is another's, is not carried.
	f.do(t, "POST", items+"/item", "item_key", "c").want(t, http.StatusConflict, "")
	f.as(t, otherToken, "PUT", items+"/item/c", "item_value", "9").want(t, http.StatusNotFound, "")
	f.as(t, readerToken, "PUT", items+"/item/c", "item_value", "9").want(t, http.StatusForbidden, "")
	want()

	// Stored and not carried: the answer says where it stands.
	f.publisher.set(errBroken)
	f.do(t, "PUT", items+"/item/c", "item_value", "3").want(t, http.StatusInternalServerError,
		jsonError("An error occurred while connecting to the fastly API, please try your request again.",
			"The dictionary '"+d+"' is changed, but not every edge took the change over; the next one to it repairs that"))
	f.publisher.set(nil)
	if got := f.must(t, "GET", items+"/item/c")["item_value"]; got != "3" {
		t.Errorf("item_value %v", got)
	}
}

// The content of a dynamic snippet is compiled into what is served: a good one
// is served at once, a bad one refused.
func TestContentIsCompiled(t *testing.T) {
	staging := &fakePublisher{}
	f := start(t, func(o *api.Options) { o.Staging = staging })
	v := f.draft(t, "shop")
	id := strings.Split(v, "/")[2]
	snippet := f.must(t, "POST", v+"/snippet", "name", "s", "type", "recv", "dynamic", "1", "content", "# one")["id"].(string)
	content := "/service/" + id + "/snippet/" + snippet
	refuse := service.Errorf(service.Invalid, "Syntax error")

	f.edge.set(refuse)
	f.must(t, "PUT", content, "content", "# anything goes while nothing is served")
	f.edge.set(nil)
	if f.publisher.last() != nil {
		t.Error("a version that is not active is published")
	}
	f.must(t, "PUT", v+"/activate")
	next := v[:len(v)-1] + "2"
	f.must(t, "PUT", v+"/clone")
	f.must(t, "PUT", next+"/activate/staging")
	f.must(t, "PUT", content, "content", "# two")
	for which, s := range map[int]*service.Snapshot{1: f.publisher.last(), 2: staging.last()} {
		if s.Version != which || s.Contents[snippet] != "# two" {
			t.Errorf("version %d is published with %q, want version %d", s.Version, s.Contents[snippet], which)
		}
	}
	f.edge.set(refuse)
	f.do(t, "PUT", content, "content", "nonsense").want(t, http.StatusBadRequest,
		jsonError("Bad request", "Version '1', which is active, does not compile with it: Syntax error"))
	if got := f.must(t, "GET", content)["content"]; got != "# two" {
		t.Errorf("content %v after what was refused", got)
	}
	if s := f.publisher.last(); s.Contents[snippet] != "# two" {
		t.Errorf("published %q", s.Contents[snippet])
	}
}
