package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/fastly/go-fastly/v12/fastly"
)

func TestClientRateLimiters(t *testing.T) {
	f, c, id := draftOf(t)
	ctx := t.Context()
	r := ok(c.CreateERL(ctx, &fastly.CreateERLInput{
		ServiceID: id, ServiceVersion: 1, Name: new("limit"), Action: new(fastly.ERLActionResponse),
		ClientKey: &[]string{"req.http.Fastly-Client-IP"}, HTTPMethods: &[]string{"GET", "POST"},
		PenaltyBoxDuration: new(30), RpsLimit: new(20), WindowSize: new(fastly.ERLSize10),
		Response: &fastly.ERLResponseType{ERLContent: new("Too many requests"), ERLContentType: new("application/json"), ERLStatus: new(429)},
	}))(t)
	if *r.RpsLimit != 20 || len(r.HTTPMethods) != 2 || *r.ClientKey[0] != "req.http.Fastly-Client-IP" || *r.Response.ERLStatus != 429 || *r.Version != 1 {
		t.Errorf("created %+v", r)
	}
	ok(c.CloneVersion(ctx, &fastly.CloneVersionInput{ServiceID: id, ServiceVersion: 1}))(t)
	ok(c.LockVersion(ctx, &fastly.LockVersionInput{ServiceID: id, ServiceVersion: 1}))(t)
	r = ok(c.UpdateERL(ctx, &fastly.UpdateERLInput{ERLID: *r.RateLimiterID, Name: new("renamed"), HTTPMethods: &[]string{"PUT"}}))(t)
	if *r.Name != "renamed" || len(r.HTTPMethods) != 1 || *r.Version != 2 || *r.Response.ERLContent != "Too many requests" {
		t.Errorf("updated %+v", r)
	}
	r = ok(c.GetERL(ctx, &fastly.GetERLInput{ERLID: *r.RateLimiterID}))(t)
	if list := ok(c.ListERLs(ctx, &fastly.ListERLsInput{ServiceID: id, ServiceVersion: 1}))(t); len(list) != 1 || *list[0].Name != "limit" {
		t.Errorf("listed %+v", list)
	}
	path := "/rate-limiters/" + *r.RateLimiterID
	f.as(t, otherToken, "GET", path).want(t, http.StatusNotFound, jsonError("Record not found", "Cannot find vclmodule ''"))
	body := `{"response":{"status":503,"content":"x","content_type":"text/plain"},"client_key":["a","b"],"feature_update_available":true}`
	got := f.send(t, "PUT", path, ownerToken, strings.NewReader(body), "Content-Type: application/json").object(t)
	if got["response"].(map[string]any)["status"] != 503.0 || len(got["client_key"].([]any)) != 2 || got["feature_update_available"] != false {
		t.Errorf("got %v", got)
	}
	f.send(t, "PUT", path, ownerToken, strings.NewReader(`{"name":["x"]}`), "Content-Type: application/json").want(t, http.StatusBadRequest, "")
	f.send(t, "PUT", path, ownerToken, strings.NewReader(`{"response":[1]}`), "Content-Type: application/json").want(t, http.StatusBadRequest, "")
	if err := c.DeleteERL(ctx, &fastly.DeleteERLInput{ERLID: *r.RateLimiterID}); err != nil {
		t.Fatal(err)
	}
	wantHTTP(t, c.DeleteERL(ctx, &fastly.DeleteERLInput{ERLID: *r.RateLimiterID}), 422, "Version locked", "") // version 1 still has it
}

func TestClientLinks(t *testing.T) {
	_, c, id := draftOf(t)
	ctx := t.Context()
	r := ok(c.CreateResource(ctx, &fastly.CreateResourceInput{ServiceID: id, ServiceVersion: 1, Name: new("store"), ResourceID: new("2dem3bjbpie7k1vyy70fh5")}))(t)
	if *r.ResourceType != "object-store" || len(*r.LinkID) != 22 {
		t.Errorf("created %+v", r)
	}
	r = ok(c.UpdateResource(ctx, &fastly.UpdateResourceInput{ServiceID: id, ServiceVersion: 1, ResourceID: *r.LinkID, Name: new("alias")}))(t)
	if *r.Name != "alias" {
		t.Errorf("updated %+v", r)
	}
	ok(c.GetResource(ctx, &fastly.GetResourceInput{ServiceID: id, ServiceVersion: 1, ResourceID: *r.LinkID}))(t)
	del := func() error {
		return c.DeleteResource(ctx, &fastly.DeleteResourceInput{ServiceID: id, ServiceVersion: 1, ResourceID: *r.LinkID})
	}
	if err := del(); err != nil {
		t.Fatal(err)
	}
	wantHTTP(t, del(), 404, "Record not found", "Couldn't find Link '{ deleted => 0000-00-00 00:00:00, id => "+*r.LinkID+", service => "+id+", version => 1 }'")
}

func TestClientImageOptimizer(t *testing.T) {
	f, c, id := draftOf(t)
	ctx := t.Context()
	path := "/service/" + id + "/version/1/"
	f.do(t, "GET", path+"image_optimizer_default_settings").want(t, http.StatusNotFound, "")
	f.do(t, "GET", path+"package").want(t, http.StatusNotFound, "")
	f.must(t, "PUT", "/enabled-products/v1/image_optimizer/services/"+id)
	f.do(t, "GET", path+"image_optimizer_default_settings").want(t, http.StatusOK,
		`{"resize_filter":"lanczos3","webp":false,"webp_quality":85,"jpeg_type":"auto","jpeg_quality":85,"upscale":false,"allow_video":false}`)
	f.do(t, "GET", "/service/"+id+"/version/7/image_optimizer_default_settings").want(t, http.StatusNotFound, "")
	r := f.do(t, "PATCH", path+"image_optimizer_default_settings", "webp_quality", "105")
	if r.status != http.StatusBadRequest || r.header.Get("Content-Type") != "application/problem+json" || !strings.Contains(r.body, `"detail":"WebP quality must be less than or equal to 100."`) {
		t.Errorf("bad quality: %d %s %s", r.status, r.header.Get("Content-Type"), r.body)
	}
	in := fastly.UpdateImageOptimizerDefaultSettingsInput{ServiceID: id, ServiceVersion: 1, WebpQuality: new(42), Webp: new(true)}
	for range 2 {
		s := ok(c.UpdateImageOptimizerDefaultSettings(ctx, &in))(t)
		if s.WebpQuality != 42 || !s.Webp || s.JpegQuality != 85 || s.ResizeFilter != "lanczos3" {
			t.Errorf("updated %+v", s)
		}
	}
	f.do(t, "GET", path+"image_optimizer_default_settings").want(t, http.StatusOK,
		`{"resize_filter":"lanczos3","webp":true,"webp_quality":42,"jpeg_type":"auto","jpeg_quality":85,"upscale":false,"allow_video":false}`)
}
