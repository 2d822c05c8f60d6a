package api_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/fastly/go-fastly/v12/fastly"

	"headwater/api"
)

func TestServicePages(t *testing.T) {
	f := start(t)
	c, ctx := client(t, f), t.Context()
	for i := range 10 {
		ok(c.CreateService(ctx, &fastly.CreateServiceInput{Name: new(fmt.Sprintf("shop %d", i))}))(t)
		f.now.advance(1e9)
	}
	p := c.GetServices(ctx, &fastly.GetServicesInput{PerPage: new(3), Sort: new("created"), Direction: new("descend")})
	var names []string
	for p.HasNext() {
		for _, s := range ok(p.GetNext())(t) {
			names = append(names, strings.TrimPrefix(*s.Name, "shop "))
		}
	}
	if got := strings.Join(names, " "); got != "9 8 7 6 5 4 3 2 1 0" {
		t.Errorf("the pages hold %s", got)
	}

	link := func(query string) string { return f.do(t, "GET", "/service"+query).header.Get("Link") }
	to := func(page int, rel string) string {
		return fmt.Sprintf(`<%s/service?direction=descend&page=%d&per_page=3&sort=created>; rel="%s"`, f.URL, page, rel)
	}
	for page, want := range map[int]string{
		1: to(4, "last") + ", " + to(2, "next"),
		2: to(4, "last") + ", " + to(3, "next") + ", " + to(1, "prev") + ", " + to(1, "first"),
		4: to(3, "prev") + ", " + to(1, "first"),
	} {
		if got := link(fmt.Sprintf("?sort=created&per_page=3&page=%d&direction=descend", page)); got != want {
			t.Errorf("page %d: Link %s\nwant %s", page, got, want)
		}
	}
	if got := link(""); got != "" {
		t.Errorf("one page, and Link %s", got)
	}
	f.do(t, "GET", "/service?page=5&per_page=3").want(t, 200, "[]")
	f.do(t, "GET", "/service?page=2147483647&per_page=1000").want(t, 200, "[]")
	for _, bad := range []string{"page=0", "page=x", "per_page=-1", "page=99999999999", "direction=up"} {
		if r := f.do(t, "GET", "/service?"+bad); r.status != 400 {
			t.Errorf("%s: %d %s", bad, r.status, r.body)
		}
	}
	if r := f.as(t, limitedToken, "GET", "/service"); r.body != "[]" || r.header.Get("Link") != "" {
		t.Errorf("a token without services sees %s", r.body)
	}
}

func TestServiceSearch(t *testing.T) {
	f := start(t)
	c, ctx := client(t, f), t.Context()
	want := ok(c.CreateService(ctx, &fastly.CreateServiceInput{Name: new("shop +1")}))(t)
	got := ok(c.SearchService(ctx, &fastly.SearchServiceInput{Name: "shop +1"}))(t)
	if *got.ServiceID != *want.ServiceID {
		t.Errorf("found %s, want %s", *got.ServiceID, *want.ServiceID)
	}
	_, err := c.SearchService(ctx, &fastly.SearchServiceInput{Name: "shop"})
	wantHTTP(t, err, 404, "Record not found", "Couldn't find Service")
	if r := f.as(t, otherToken, "GET", "/service/search?name=shop+%2B1"); r.status != 404 {
		t.Errorf("another customer finds it: %s", r.body)
	}
}

func TestServiceDetails(t *testing.T) {
	f := start(t)
	c, ctx := client(t, f), t.Context()
	v := f.draft(t, "shop")
	id := strings.Split(v, "/")[2]
	f.must(t, "POST", v+"/backend", "name", "b", "address", "b.test")
	f.must(t, "POST", v+"/backend", "name", "a", "address", "a.test")
	f.must(t, "POST", v+"/domain", "name", "shop.test")
	d := f.must(t, "GET", "/service/"+id+"/details")
	if d["active_version"] != nil || d["publish_key"] != nil || d["deleted_at"] != nil {
		t.Errorf("details %v", d)
	}
	wantKeys(t, "details", d, "id name comment type customer_id versions environments version active_version created_at updated_at deleted_at")
	wantKeys(t, "version", d["version"].(map[string]any), `number service_id active locked staging testing deployed comment created_at updated_at deleted_at environments
		acls backends cache_settings conditions dictionaries directors domains gzips headers healthchecks request_settings response_objects snippets vcls wordpress settings`)
	for _, key := range strings.Fields("acls backends cache_settings conditions dictionaries directors domains gzips headers healthchecks request_settings response_objects snippets vcls wordpress") {
		if _, isList := d["version"].(map[string]any)[key].([]any); !isList {
			t.Errorf("%s is no list", key)
		}
	}
	backends := d["version"].(map[string]any)["backends"].([]any)
	if len(backends) != 2 || backends[0].(map[string]any)["name"] != "a" || backends[0].(map[string]any)["version"] != 1.0 {
		t.Errorf("backends %v", backends)
	}
	settings := d["version"].(map[string]any)["settings"].(map[string]any)
	if len(settings) != 5 || settings["general.default_ttl"] != 3600.0 {
		t.Errorf("settings %v", settings)
	}

	f.must(t, "PUT", v+"/activate")
	f.must(t, "PUT", v+"/clone")
	got := ok(c.GetServiceDetails(ctx, &fastly.GetServiceInput{ServiceID: id}))(t)
	if *got.ActiveVersion.Number != 1 || *got.Version.Number != 2 || len(got.Versions) != 2 || *got.Environments[0].ServiceVersion != 1 {
		t.Errorf("details %+v", got)
	}
	number := func(query string) any {
		version, _ := f.must(t, "GET", "/service/"+id+"/details?"+query)["version"].(map[string]any)
		return version["number"]
	}
	for query, want := range map[string]any{
		"version=1": 1.0, "filter[versions.active]=true": 1.0, "filter%5Bversions.active%5D=true": 1.0,
		"filter[versions.staged]=true": nil, "": 2.0,
	} {
		if got := number(query); got != want {
			t.Errorf("%s shows version %v, want %v", query, got, want)
		}
	}
	f.do(t, "GET", "/service/"+id+"/details?version=x").want(t, 400, "")
	f.do(t, "GET", "/service/"+id+"/details?version=7").want(t, 404, "")
}

// A fakeResolver knows one name.
type fakeResolver struct{ name, cname, ip string }

func (r fakeResolver) LookupCNAME(_ context.Context, host string) (string, error) {
	if host != r.name {
		return "", errors.New("no such host")
	}
	return r.cname, nil
}

func (r fakeResolver) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return []netip.Addr{netip.MustParseAddr(r.ip)}, nil
}

func TestDomainChecks(t *testing.T) {
	f := start(t, func(o *api.Options) {
		o.Resolver = fakeResolver{"www.shop.test", "edge.example.", "192.0.2.7"}
		o.PublicIPs = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/28")}
	})
	c, ctx := client(t, f), t.Context()
	v := f.draft(t, "shop")
	id := strings.Split(v, "/")[2]
	for _, name := range []string{"www.shop.test", "*.shop.test"} {
		f.must(t, "POST", v+"/domain", "name", name)
	}
	one := ok(c.ValidateDomain(ctx, &fastly.ValidateDomainInput{ServiceID: id, ServiceVersion: 1, Name: "www.shop.test"}))(t)
	if !*one.Valid || *one.CName != "edge.example." || *one.Metadata.Name != "www.shop.test" {
		t.Errorf("checked %+v", one)
	}
	all := ok(c.ValidateAllDomains(ctx, &fastly.ValidateAllDomainsInput{ServiceID: id, ServiceVersion: 1}))(t)
	if len(all) != 2 || *all[0].Valid || *all[0].Metadata.Name != "*.shop.test" || !*all[1].Valid {
		t.Errorf("checked %+v", all)
	}
	if r := f.do(t, "GET", v+"/domain/check_all"); !strings.Contains(r.body, `},null,false],[{`) {
		t.Errorf("checked %s", r.body)
	}
	f.do(t, "GET", v+"/domain/absent.test/check").want(t, 404, "")

	f.do(t, "GET", "/service/"+id+"/domain").want(t, 200, "[]")
	f.must(t, "PUT", v+"/activate")
	if list := ok(c.ListServiceDomains(ctx, &fastly.ListServiceDomainInput{ServiceID: id}))(t); len(list) != 2 || *list[0].ServiceVersion != 1 || !*list[0].Locked {
		t.Errorf("domains %+v", list)
	}
}

// Fastly's CLI asks this before each command, without a token.
func TestPreflight(t *testing.T) {
	f := start(t)
	r := f.send(t, "GET", "/realms/fastly/.well-known/openid-configuration", "", nil)
	if r.status != http.StatusOK || r.object(t)["issuer"] != f.URL+"/realms/fastly" {
		t.Errorf("%d %s", r.status, r.body)
	}
	f.send(t, "POST", "/realms/fastly/.well-known/openid-configuration", "", nil).want(t, 401, "")
}
