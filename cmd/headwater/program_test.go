package main

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/fastly/go-fastly/v12/fastly"
)

// Fastly's client reads the generated program, and what is wrong with one.
func TestGeneratedVCL(t *testing.T) {
	i := start(t, nil)
	ctx := t.Context()
	c := ok(fastly.NewClientForEndpoint(testToken, "http://"+i.api))(t)
	id := i.draftShop(t, 80)
	ok(c.CreateCondition(ctx, &fastly.CreateConditionInput{ServiceID: id, ServiceVersion: 1, Name: new("api"), Type: new("REQUEST"), Statement: new(`req.url ~ "^/api/"`)}))(t)
	ok(c.UpdateBackend(ctx, &fastly.UpdateBackendInput{ServiceID: id, ServiceVersion: 1, Name: "origin", RequestCondition: new("api")}))(t)
	v := ok(c.GetGeneratedVCL(ctx, &fastly.GetGeneratedVCLInput{ServiceID: id, ServiceVersion: 1}))(t)
	for _, want := range []string{"backend F_origin {", "sub vcl_recv {", `req.url ~ "^/api/"`, "set req.backend = F_origin;"} {
		if !strings.Contains(*v.Content, want) {
			t.Errorf("no %s in %s", want, *v.Content)
		}
	}
	// What is generated is a program.
	r := ok(callAPI(i.api, testToken, "POST", "/vcl_lint", "vcl="+*v.Content))(t)
	if r.status != http.StatusOK || !strings.Contains(r.body, `"status":"ok"`) {
		t.Errorf("the generated program does not compile: %s", r.body)
	}

	snippet := ok(c.CreateSnippet(ctx, &fastly.CreateSnippetInput{ServiceID: id, ServiceVersion: 1, Name: new("s"), Type: new(fastly.SnippetTypeRecv),
		Dynamic: new(1), Content: new("set req.htpp.A = \"1\";")}))(t)
	valid, msg, err := c.ValidateVersion(ctx, &fastly.ValidateVersionInput{ServiceID: id, ServiceVersion: 1})
	const place = "\nat: (snippet \"s\" Line 1 Pos 5)\nset req.htpp.A = \"1\";\n----#----------------"
	if err != nil || valid || !strings.HasSuffix(msg, place) {
		t.Errorf("valid %v, %q, %v", valid, msg, err)
	}
	_, err = c.ActivateVersion(ctx, &fastly.ActivateVersionInput{ServiceID: id, ServiceVersion: 1})
	var refusal *fastly.HTTPError
	if !errors.As(err, &refusal) || refusal.StatusCode != http.StatusBadRequest || refusal.Errors[0].Title != "Bad request" || !strings.HasSuffix(refusal.Errors[0].Detail, place) {
		t.Errorf("activated: %v", err)
	}

	// A good content is served, a bad one is refused while the version is active.
	write := func(content string) error {
		_, err := c.UpdateDynamicSnippet(ctx, &fastly.UpdateDynamicSnippetInput{ServiceID: id, SnippetID: *snippet.SnippetID, Content: &content})
		return err
	}
	if err := write(`set req.http.A = "1";`); err != nil {
		t.Fatal(err)
	}
	ok(c.ActivateVersion(ctx, &fastly.ActivateVersionInput{ServiceID: id, ServiceVersion: 1}))(t)
	err = write(`set req.http.A = ;`)
	if !errors.As(err, &refusal) || refusal.StatusCode != http.StatusBadRequest || !strings.HasPrefix(refusal.Errors[0].Detail, "Version '1', which is active, does not compile with it: ") {
		t.Errorf("written: %v", err)
	}
	if got := ok(c.GetDynamicSnippet(ctx, &fastly.GetDynamicSnippetInput{ServiceID: id, SnippetID: *snippet.SnippetID}))(t); *got.Content != `set req.http.A = "1";` {
		t.Errorf("content %s", *got.Content)
	}
}
