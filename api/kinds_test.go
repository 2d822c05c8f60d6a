package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/fastly/go-fastly/v12/fastly"
)

// draftOf returns the client, a service and its first version.
func draftOf(t *testing.T) (*fixture, *fastly.Client, string) {
	t.Helper()
	f := start(t)
	c := client(t, f)
	id := *ok(c.CreateService(t.Context(), &fastly.CreateServiceInput{Name: new("shop")}))(t).ServiceID
	return f, c, id
}

func TestClientHealthchecks(t *testing.T) {
	_, c, id := draftOf(t)
	ctx := t.Context()
	h := ok(c.CreateHealthCheck(ctx, &fastly.CreateHealthCheckInput{
		ServiceID: id, ServiceVersion: 1, Name: new("h"), Method: new("HEAD"), Headers: &[]string{"Foo: Bar", "Baz: Qux"},
		Host: new("a.test"), Path: new("/foo"), HTTPVersion: new("1.1"), Timeout: new(1500), CheckInterval: new(2500),
		ExpectedResponse: new(200), Window: new(5000), Threshold: new(10), Initial: new(10),
	}))(t)
	if strings.Join(h.Headers, "|") != "Baz: Qux|Foo: Bar" || *h.Window != 5000 || *h.CheckInterval != 2500 || *h.Comment != "" {
		t.Errorf("created %+v", h)
	}
	h = ok(c.UpdateHealthCheck(ctx, &fastly.UpdateHealthCheckInput{ServiceID: id, ServiceVersion: 1, Name: "h", NewName: new("i"), Headers: &[]string{"Beep: Boop"}}))(t)
	if *h.Name != "i" || strings.Join(h.Headers, "|") != "Beep:Boop" {
		t.Errorf("updated %+v", h)
	}
	h = ok(c.GetHealthCheck(ctx, &fastly.GetHealthCheckInput{ServiceID: id, ServiceVersion: 1, Name: "i"}))(t)
	if strings.Join(h.Headers, "|") != "Beep: Boop" {
		t.Errorf("got %q", h.Headers)
	}
	_, err := c.UpdateHealthCheck(ctx, &fastly.UpdateHealthCheckInput{ServiceID: id, ServiceVersion: 1, Name: "i", Threshold: new(6000)})
	wantHTTP(t, err, 400, "Bad request", "'threshold' is above 'window'")
	b := ok(c.CreateBackend(ctx, &fastly.CreateBackendInput{ServiceID: id, ServiceVersion: 1, Name: new("b"), Address: new("a.test"), HealthCheck: new("i")}))(t)
	if *b.HealthCheck != "i" {
		t.Errorf("backend %+v", b)
	}
	if list := ok(c.ListHealthChecks(ctx, &fastly.ListHealthChecksInput{ServiceID: id, ServiceVersion: 1}))(t); len(list) != 1 {
		t.Errorf("listed %v", list)
	}
	// A health check in use may go; an activation would notice.
	if err := c.DeleteHealthCheck(ctx, &fastly.DeleteHealthCheckInput{ServiceID: id, ServiceVersion: 1, Name: "i"}); err != nil {
		t.Fatal(err)
	}
	valid, msg, err := c.ValidateVersion(ctx, &fastly.ValidateVersionInput{ServiceID: id, ServiceVersion: 1})
	if err != nil || valid || msg != "Backend 'b': no healthcheck named 'i'" {
		t.Errorf("validate: %v %q %v", valid, msg, err)
	}
}

func TestClientConditions(t *testing.T) {
	f, c, id := draftOf(t)
	ctx := t.Context()
	o := ok(c.CreateCondition(ctx, &fastly.CreateConditionInput{ServiceID: id, ServiceVersion: 1,
		Name: new("test/condition"), Statement: new(`req.url~+"index.html"`), Type: new("REQUEST"), Priority: new(1)}))(t)
	if *o.Name != "test/condition" || *o.Priority != 1 || *o.Type != "REQUEST" {
		t.Errorf("created %+v", o)
	}
	o = ok(c.UpdateCondition(ctx, &fastly.UpdateConditionInput{ServiceID: id, ServiceVersion: 1, Name: "test/condition", Statement: new("x"), Type: new("REQUEST")}))(t)
	if *o.Statement != "x" {
		t.Errorf("updated %+v", o)
	}
	_, err := c.UpdateCondition(ctx, &fastly.UpdateConditionInput{ServiceID: id, ServiceVersion: 1, Name: "test/condition", Type: new("CACHE")})
	wantHTTP(t, err, 400, "Bad request", "Not allowed to modify field 'type'")
	_, err = c.UpdateCondition(ctx, &fastly.UpdateConditionInput{ServiceID: id, ServiceVersion: 1, Name: "test/condition", Statement: new("req.url) { error 600; } if (x")})
	wantHTTP(t, err, 400, "Bad request", `condition "test/condition", line 1, column 8: expected the end of the condition, found ")"`)
	got := f.must(t, "GET", "/service/"+id+"/version/1/condition/test%2Fcondition")
	if got["priority"] != "1" || got["version"] != "1" || len(got) != 10 {
		t.Errorf("got %v", got)
	}
	ok(c.CreateBackend(ctx, &fastly.CreateBackendInput{ServiceID: id, ServiceVersion: 1, Name: new("b"), Address: new("a.test"), RequestCondition: new("test/condition")}))(t)
	if err := c.DeleteCondition(ctx, &fastly.DeleteConditionInput{ServiceID: id, ServiceVersion: 1, Name: "test/condition"}); err != nil {
		t.Fatal(err)
	}
}

func TestClientDirectors(t *testing.T) {
	f, c, id := draftOf(t)
	ctx := t.Context()
	relation := fastly.CreateDirectorBackendInput{ServiceID: id, ServiceVersion: 1, Director: "d", Backend: "b/1"}
	r := ok(c.CreateDirectorBackend(ctx, &relation))(t) // neither is there yet
	if *r.Director != "d" || *r.Backend != "b/1" || *r.ServiceVersion != 1 {
		t.Errorf("related %+v", r)
	}
	d := ok(c.CreateDirector(ctx, &fastly.CreateDirectorInput{ServiceID: id, ServiceVersion: 1, Name: new("d"), Quorum: new(50)}))(t)
	if *d.Quorum != 50 || *d.Retries != 5 || *d.Type != 1 || *d.Capacity != 100 || len(d.Backends) != 1 {
		t.Errorf("created %+v", d)
	}
	d = ok(c.UpdateDirector(ctx, &fastly.UpdateDirectorInput{ServiceID: id, ServiceVersion: 1, Name: "d", NewName: new("e"), Quorum: new(100)}))(t)
	if *d.Name != "d" || *d.Quorum != 100 || d.Backends[0] != "b/1" {
		t.Errorf("updated %+v", d)
	}
	ok(c.CloneVersion(ctx, &fastly.CloneVersionInput{ServiceID: id, ServiceVersion: 1}))(t)
	list := ok(c.ListDirectors(ctx, &fastly.ListDirectorsInput{ServiceID: id, ServiceVersion: 2}))(t)
	if len(list) != 1 || len(list[0].Backends) != 1 {
		t.Errorf("listed %+v", list)
	}
	if err := c.DeleteDirector(ctx, &fastly.DeleteDirectorInput{ServiceID: id, ServiceVersion: 1, Name: "d"}); err != nil {
		t.Fatal(err)
	}
	_, err := c.GetDirectorBackend(ctx, &fastly.GetDirectorBackendInput{ServiceID: id, ServiceVersion: 1, Director: "d", Backend: "b/1"})
	wantHTTP(t, err, 404, "Record not found", "Couldn't find DirectorBackend '{ backend => b/1, deleted => 0000-00-00 00:00:00, director => d, service => "+id+", version => 1 }'")
	ok(c.GetDirectorBackend(ctx, &fastly.GetDirectorBackendInput{ServiceID: id, ServiceVersion: 2, Director: "d", Backend: "b/1"}))(t)
	if err := c.DeleteDirectorBackend(ctx, &fastly.DeleteDirectorBackendInput{ServiceID: id, ServiceVersion: 2, Director: "d", Backend: "b/1"}); err != nil {
		t.Fatal(err)
	}
	// Fastly's client for Rust writes blanks as "+".
	v := "/service/" + id + "/version/2/director/my+d/backend/"
	f.must(t, "POST", "/service/"+id+"/version/2/director/my%20d/backend/my%20b")
	f.must(t, "GET", v+"my+b")
	got := f.must(t, "GET", "/service/"+id+"/version/2/director/d")
	if list, isList := got["backends"].([]any); !isList || len(list) != 0 || got["version"] != 2.0 {
		t.Errorf("got %v", got)
	}
}

func TestClientSnippets(t *testing.T) {
	f, c, id := draftOf(t)
	ctx := t.Context()
	create := func(name string, dynamic int) *fastly.Snippet {
		return ok(c.CreateSnippet(ctx, &fastly.CreateSnippetInput{ServiceID: id, ServiceVersion: 1,
			Name: &name, Type: new(fastly.SnippetTypeFetch), Dynamic: &dynamic, Content: new("#vcl")}))(t)
	}
	fixed, dynamic := create("fixed", 0), create("dynamic", 1)
	if *fixed.Content != "#vcl" || *fixed.Priority != "100" || len(*fixed.SnippetID) != 22 || dynamic.Content != nil || *dynamic.Dynamic != 1 {
		t.Errorf("created %+v and %+v", fixed, dynamic)
	}
	fixed = ok(c.UpdateSnippet(ctx, &fastly.UpdateSnippetInput{ServiceID: id, ServiceVersion: 1, Name: "fixed", NewName: new("moved"),
		Content: new("#new"), Priority: new("456"), Type: new(fastly.SnippetTypeHit)}))(t)
	if *fixed.Name != "moved" || *fixed.Content != "#new" || *fixed.Priority != "456" || *fixed.Type != fastly.SnippetTypeHit {
		t.Errorf("updated %+v", fixed)
	}
	ok(c.ActivateVersion(ctx, &fastly.ActivateVersionInput{ServiceID: id, ServiceVersion: 1}))(t)
	content := ok(c.GetDynamicSnippet(ctx, &fastly.GetDynamicSnippetInput{ServiceID: id, SnippetID: *dynamic.SnippetID}))(t)
	if *content.Content != "#vcl" || *content.SnippetID != *dynamic.SnippetID {
		t.Errorf("content %+v", content)
	}
	content = ok(c.UpdateDynamicSnippet(ctx, &fastly.UpdateDynamicSnippetInput{ServiceID: id, SnippetID: *dynamic.SnippetID, Content: new("#now")}))(t)
	if *content.Content != "#now" {
		t.Errorf("updated %+v", content)
	}
	_, err := c.GetDynamicSnippet(ctx, &fastly.GetDynamicSnippetInput{ServiceID: id, SnippetID: *fixed.SnippetID})
	wantHTTP(t, err, 404, "Record not found", "Couldn't find Snippet")
	f.as(t, otherToken, "GET", "/service/"+id+"/snippet/"+*dynamic.SnippetID).want(t, http.StatusNotFound, `{"msg":"Not found"}`)
	clone := ok(c.CloneVersion(ctx, &fastly.CloneVersionInput{ServiceID: id, ServiceVersion: 1}))(t)
	got := ok(c.ListSnippets(ctx, &fastly.ListSnippetsInput{ServiceID: id, ServiceVersion: *clone.Number}))(t)
	if len(got) != 2 || *got[0].SnippetID != *dynamic.SnippetID || got[0].Content != nil {
		t.Errorf("cloned %+v", got)
	}
	if err := c.DeleteSnippet(ctx, &fastly.DeleteSnippetInput{ServiceID: id, ServiceVersion: 2, Name: "dynamic"}); err != nil {
		t.Fatal(err)
	}
}

func TestClientVCL(t *testing.T) {
	f, c, id := draftOf(t)
	ctx := t.Context()
	for _, name := range []string{"a", "b"} {
		v := ok(c.CreateVCL(ctx, &fastly.CreateVCLInput{ServiceID: id, ServiceVersion: 1, Name: &name, Content: new("sub vcl_recv { # <" + name + ">\n}")}))(t)
		if *v.Main {
			t.Errorf("created %+v", v)
		}
		if v := ok(c.ActivateVCL(ctx, &fastly.ActivateVCLInput{ServiceID: id, ServiceVersion: 1, Name: name}))(t); !*v.Main {
			t.Errorf("made main: %+v", v)
		}
	}
	list := ok(c.ListVCLs(ctx, &fastly.ListVCLsInput{ServiceID: id, ServiceVersion: 1}))(t)
	if len(list) != 2 || *list[0].Main || !*list[1].Main {
		t.Errorf("listed %+v %+v", list[0], list[1])
	}
	ok(c.UpdateVCL(ctx, &fastly.UpdateVCLInput{ServiceID: id, ServiceVersion: 1, Name: "a", NewName: new("c")}))(t)
	v := "/service/" + id + "/version/1"
	if got := f.must(t, "GET", v+"/vcl/c?no_content=1"); got["content"] != nil || got["name"] != "c" {
		t.Errorf("without content: %v", got)
	}
	if got := f.must(t, "GET", v+"/vcl/c/content")["content"]; got != "<pre>sub vcl_recv { # &lt;a&gt;\n}</pre>" {
		t.Errorf("content %q", got)
	}
	for path, want := range map[string]string{v + "/vcl/c/download": "# <a>", v + "/boilerplate": "sub vcl_recv {"} {
		r := f.do(t, "GET", path)
		if r.status != 200 || r.header.Get("Content-Type") != "text/plain" || !strings.Contains(r.body, want) {
			t.Errorf("%s: %d %s %s", path, r.status, r.header.Get("Content-Type"), r.body)
		}
	}
	if err := c.DeleteVCL(ctx, &fastly.DeleteVCLInput{ServiceID: id, ServiceVersion: 1, Name: "c"}); err != nil {
		t.Fatal(err)
	}
}

func TestClientHTTP3(t *testing.T) {
	_, c, id := draftOf(t)
	ctx := t.Context()
	if err := c.DisableHTTP3(ctx, &fastly.DisableHTTP3Input{ServiceID: id, ServiceVersion: 1}); err != nil {
		t.Fatal(err) // Terraform begins with this
	}
	_, err := c.GetHTTP3(ctx, &fastly.GetHTTP3Input{ServiceID: id, ServiceVersion: 1})
	wantHTTP(t, err, 404, "Not found", "")
	h := ok(c.EnableHTTP3(ctx, &fastly.EnableHTTP3Input{ServiceID: id, ServiceVersion: 1, FeatureRevision: new(1)}))(t)
	if *h.FeatureRevision != 1 || *h.ServiceVersion != 1 {
		t.Errorf("enabled %+v", h)
	}
	_, err = c.EnableHTTP3(ctx, &fastly.EnableHTTP3Input{ServiceID: id, ServiceVersion: 1})
	wantHTTP(t, err, 400, "Bad request", "HTTP3 is already enabled")
	ok(c.GetHTTP3(ctx, &fastly.GetHTTP3Input{ServiceID: id, ServiceVersion: 1}))(t)
	if err := c.DisableHTTP3(ctx, &fastly.DisableHTTP3Input{ServiceID: id, ServiceVersion: 1}); err != nil {
		t.Fatal(err)
	}
	ok(c.LockVersion(ctx, &fastly.LockVersionInput{ServiceID: id, ServiceVersion: 1}))(t)
	wantHTTP(t, c.DisableHTTP3(ctx, &fastly.DisableHTTP3Input{ServiceID: id, ServiceVersion: 1}), 422, "Version locked", "")
}
