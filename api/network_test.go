package api_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/fastly/go-fastly/v12/fastly"

	"headwater/api"
)

func TestPublicIPs(t *testing.T) {
	f := start(t)
	v4, v6 := allIPs(t, f)
	if len(v4) < 10 || len(v6) < 1 {
		t.Errorf("%d and %d networks", len(v4), len(v6))
	}
	for _, text := range append(v4, v6...) {
		if _, err := netip.ParsePrefix(text); err != nil {
			t.Error(err)
		}
	}
	f = start(t, func(o *api.Options) { o.PublicIPs = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")} })
	f.send(t, "GET", "/public-ip-list", "", nil).want(t, 200, `{"addresses":["10.0.0.0/8"],"ipv6_addresses":[]}`)
}

func allIPs(t *testing.T, f *fixture) (v4, v6 fastly.IPAddrs) {
	t.Helper()
	v4, v6, err := client(t, f).AllIPs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return v4, v6
}

func TestDatacenters(t *testing.T) {
	f := start(t)
	all := ok(client(t, f).AllDatacenters(t.Context()))(t)
	if len(all) != 89 {
		t.Errorf("%d datacenters", len(all))
	}
	last := ""
	for _, d := range f.do(t, "GET", "/datacenters").list(t) {
		wantKeys(t, "coordinates", d["coordinates"].(map[string]any), "x y latitude longitude")
		for _, key := range []string{"code", "name", "group", "region", "stats_region", "billing_region"} {
			if text, _ := d[key].(string); text == "" {
				t.Errorf("%v has no %s", d["code"], key)
			}
		}
		if shield, has := d["shield"]; has && shield == "" {
			t.Errorf("%v has an empty shield", d["code"])
		}
		if name := d["name"].(string); name < last {
			t.Errorf("%s comes after %s", name, last)
		} else {
			last = name
		}
		if shield, _ := d["shield"].(string); api.ShieldOf(d["code"].(string)) != shield {
			t.Errorf("%v is the shield %q", d["code"], shield)
		}
		if d["code"] == "AMS" && (d["shield"] != "amsterdam-nl" || d["stats_region"] != "europe") {
			t.Errorf("AMS %v", d)
		}
	}
}

func TestPurges(t *testing.T) {
	f := start(t)
	c, ctx := client(t, f), t.Context()
	id := strings.Split(f.draft(t, "shop"), "/")[2]
	if p := ok(c.PurgeAll(ctx, &fastly.PurgeAllInput{ServiceID: id}))(t); *p.Status != "ok" {
		t.Errorf("purge_all %+v", p)
	}
	one := ok(c.PurgeKey(ctx, &fastly.PurgeKeyInput{ServiceID: id, Key: "a/b c"}))(t)
	two := ok(c.Purge(ctx, &fastly.PurgeInput{URL: "https://shop.test/a//b?x=1", Soft: true}))(t)
	if *one.Status != "ok" || *one.PurgeID == "" || *two.PurgeID == *one.PurgeID {
		t.Errorf("purged %+v %+v", one, two)
	}
	ids := ok(c.PurgeKeys(ctx, &fastly.PurgeKeysInput{ServiceID: id, Keys: []string{"a", "b"}}))(t)
	if len(ids) != 2 || ids["a"] == ids["b"] {
		t.Errorf("purged %v", ids)
	}
	r := f.send(t, "POST", "/service/"+id+"/purge", purgeToken, strings.NewReader(`{"surrogate_keys":["x"]}`))
	if r.status != 200 || r.object(t)["x"] == nil {
		t.Errorf("%d %s", r.status, r.body)
	}
	f.do(t, "POST", "/service/"+id+"/purge").want(t, 400, "")
	f.do(t, "POST", "/purge").want(t, 404, "")
	f.as(t, purgeToken, "POST", "/service/"+id+"/purge_all").want(t, 200, "")
	f.as(t, readerToken, "POST", "/service/"+id+"/purge_all").want(t, 403, "")
	f.as(t, otherToken, "POST", "/service/"+id+"/purge_all").want(t, 404, `{"msg":"Not found"}`)
	if list := ok(c.EdgeCheck(ctx, &fastly.EdgeCheckInput{URL: "shop.test"}))(t); len(list) != 0 {
		t.Errorf("edge_check %v", list)
	}
}

func TestStaging(t *testing.T) {
	staging := &fakePublisher{}
	f := start(t, func(o *api.Options) { o.Staging, o.StagingIP = staging, netip.MustParseAddr("192.0.2.7") })
	c, ctx := client(t, f), t.Context()
	v := f.draft(t, "shop")
	id := strings.Split(v, "/")[2]
	f.must(t, "POST", v+"/domain", "name", "shop.test")
	other := f.as(t, otherToken, "POST", "/service", "name", "theirs").object(t)["id"].(string)
	f.as(t, otherToken, "POST", "/service/"+other+"/version/1/domain", "name", "SHOP.test")
	stage := func(path string) *fastly.Version {
		t.Helper()
		if msg := f.must(t, "PUT", path+"/activate/staging")["msg"]; msg != "Warning: Version has no associated backends" {
			t.Errorf("staged with %v", msg)
		}
		return ok(c.GetVersion(ctx, &fastly.GetVersionInput{ServiceID: id, ServiceVersion: staging.last().Version}))(t)
	}
	if list := f.do(t, "GET", v+"/domain?include=staging_ips").list(t); len(list) != 1 || list[0]["staging_ip"] != "192.0.2.7" {
		t.Errorf("domains %v", list)
	}
	if list := f.do(t, "GET", v+"/domain").list(t); list[0]["staging_ip"] != nil {
		t.Errorf("domains %v", list)
	}
	got := stage(v)
	if *got.Active || !*got.Locked || len(got.Environments) != 1 || *got.Environments[0].Name != "staging" || *got.Environments[0].ServiceVersion != 1 {
		t.Errorf("staged %+v", got)
	}
	if f.publisher.last() != nil {
		t.Error("a staged version reached production")
	}
	ok(c.ActivateVersion(ctx, &fastly.ActivateVersionInput{ServiceID: id, ServiceVersion: 1}))(t)
	f.must(t, "PUT", v+"/clone")
	two := strings.TrimSuffix(v, "1") + "2"
	stage(two)
	d := f.must(t, "GET", "/service/"+id+"/details?filter[versions.staged]=true")
	if d["version"].(map[string]any)["number"] != 2.0 || d["active_version"].(map[string]any)["number"] != 1.0 || len(d["environments"].([]any)) != 2 {
		t.Errorf("details %v", d)
	}
	f.do(t, "PUT", v+"/deactivate/staging").want(t, 400, "")
	f.must(t, "PUT", two+"/deactivate/staging")
	if last := staging.last(); last.Version != 0 || last.Service != id {
		t.Errorf("published %+v", last)
	}

	f.as(t, otherToken, "PUT", "/service/"+other+"/version/1/activate/staging").want(t, 400, jsonError("Bad request", "Domain 'SHOP.test' is already taken by another customer"))
	f.as(t, otherToken, "PUT", v+"/activate/staging").want(t, 404, `{"msg":"Not found"}`)

	stage(two)
	f.must(t, "PUT", v+"/deactivate")
	f.must(t, "DELETE", "/service/"+id)
	for where, edges := range map[string]*fakePublisher{"staging": staging, "production": f.publisher} {
		if !slices.Equal(edges.forgotten, []string{id}) {
			t.Errorf("%s has forgotten %v", where, edges.forgotten)
		}
	}
	f.as(t, otherToken, "PUT", "/service/"+other+"/version/1/activate/staging").want(t, 200, "")
}
