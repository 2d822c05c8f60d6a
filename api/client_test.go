package api_test

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/fastly/go-fastly/v12/fastly"
)

// client returns Fastly's own client, pointed at f.
func client(t *testing.T, f *fixture) *fastly.Client {
	t.Helper()
	c, err := fastly.NewClientForEndpoint(ownerToken, f.URL)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// ok ends the test on an error: `s := ok(c.GetService(ctx, in))(t)`.
func ok[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// wantHTTP checks the status and title that the client reads from an error.
func wantHTTP(t *testing.T, err error, status int, title, detail string) {
	t.Helper()
	e, ok := errors.AsType[*fastly.HTTPError](err)
	if !ok || e.StatusCode != status || len(e.Errors) != 1 || e.Errors[0].Title != title || !strings.Contains(e.Errors[0].Detail, detail) {
		t.Errorf("error %v; want %d %q %q", err, status, title, detail)
	}
}

func TestClientServices(t *testing.T) {
	f := start(t)
	c, ctx := client(t, f), t.Context()
	s := ok(c.CreateService(ctx, &fastly.CreateServiceInput{Name: new("shop"), Comment: new("first"), Type: new("vcl")}))(t)
	id := *s.ServiceID
	if *s.Name != "shop" || *s.Comment != "first" || *s.Type != "vcl" || len(id) != 22 || len(s.Versions) != 1 || *s.Versions[0].Number != 1 || *s.Versions[0].Locked {
		t.Errorf("created %+v", s)
	}
	s = ok(c.UpdateService(ctx, &fastly.UpdateServiceInput{ServiceID: id, Name: new("store"), Comment: new("")}))(t)
	if *s.Name != "store" || *s.Comment != "" {
		t.Errorf("updated %q %q", *s.Name, *s.Comment)
	}
	s = ok(c.GetService(ctx, &fastly.GetServiceInput{ServiceID: id}))(t)
	if *s.Name != "store" || len(*s.CustomerID) != 22 || s.DeletedAt != nil || len(s.Environments) != 0 {
		t.Errorf("got %+v", s)
	}
	ok(c.ActivateVersion(ctx, &fastly.ActivateVersionInput{ServiceID: id, ServiceVersion: 1}))(t)
	ok(c.CloneVersion(ctx, &fastly.CloneVersionInput{ServiceID: id, ServiceVersion: 1}))(t)
	list := ok(c.ListServices(ctx, &fastly.ListServicesInput{}))(t)
	if len(list) != 1 || *list[0].ServiceID != id || *list[0].ActiveVersion != 1 || len(list[0].Versions) != 2 || *list[0].Environments[0].ServiceVersion != 1 {
		t.Errorf("listed %+v", list)
	}
	wantHTTP(t, c.DeleteService(ctx, &fastly.DeleteServiceInput{ServiceID: id}), 400, "Bad request", "Cannot delete service with active version")
	ok(c.DeactivateVersion(ctx, &fastly.DeactivateVersionInput{ServiceID: id, ServiceVersion: 1}))(t)
	list = ok(c.ListServices(ctx, &fastly.ListServicesInput{}))(t)
	if *list[0].ActiveVersion != 2 {
		t.Errorf("the version that counts is %d, want the latest, 2", *list[0].ActiveVersion)
	}
	if err := c.DeleteService(ctx, &fastly.DeleteServiceInput{ServiceID: id}); err != nil {
		t.Fatal(err)
	}
	_, err := c.GetService(ctx, &fastly.GetServiceInput{ServiceID: id})
	wantHTTP(t, err, 404, "Not found", "")
	if list := ok(c.ListServices(ctx, &fastly.ListServicesInput{}))(t); len(list) != 0 {
		t.Errorf("a deleted service is listed")
	}
}

func TestClientVersions(t *testing.T) {
	f := start(t)
	c, ctx := client(t, f), t.Context()
	id := *ok(c.CreateService(ctx, &fastly.CreateServiceInput{Name: new("shop")}))(t).ServiceID
	v := ok(c.UpdateVersion(ctx, &fastly.UpdateVersionInput{ServiceID: id, ServiceVersion: 1, Comment: new("one")}))(t)
	if *v.Comment != "one" {
		t.Errorf("comment %q", *v.Comment)
	}
	valid, msg, err := c.ValidateVersion(ctx, &fastly.ValidateVersionInput{ServiceID: id, ServiceVersion: 1})
	if err != nil || !valid || msg != "" {
		t.Errorf("validate: %v %q %v", valid, msg, err)
	}
	ok(c.CreateBackend(ctx, &fastly.CreateBackendInput{ServiceID: id, ServiceVersion: 1, Name: new("b"), Address: new("a.test")}))(t)
	v = ok(c.ActivateVersion(ctx, &fastly.ActivateVersionInput{ServiceID: id, ServiceVersion: 1}))(t)
	if !*v.Active || !*v.Locked {
		t.Errorf("activated %+v", v)
	}
	v = ok(c.CloneVersion(ctx, &fastly.CloneVersionInput{ServiceID: id, ServiceVersion: 1}))(t)
	if *v.Number != 2 || *v.Active || *v.Locked || *v.Comment != "one" {
		t.Errorf("cloned %+v", v)
	}
	ok(c.GetBackend(ctx, &fastly.GetBackendInput{ServiceID: id, ServiceVersion: 2, Name: "b"}))(t)
	v = ok(c.LockVersion(ctx, &fastly.LockVersionInput{ServiceID: id, ServiceVersion: 2}))(t)
	if !*v.Locked || *v.Active {
		t.Errorf("locked %+v", v)
	}
	v = ok(c.CreateVersion(ctx, &fastly.CreateVersionInput{ServiceID: id, Comment: new("empty")}))(t)
	if *v.Number != 3 || *v.ServiceID != id || *v.Comment != "empty" {
		t.Errorf("created %+v", v)
	}
	// Rollback: an inactive version, locked long since.
	ok(c.ActivateVersion(ctx, &fastly.ActivateVersionInput{ServiceID: id, ServiceVersion: 2}))(t)
	versions := ok(c.ListVersions(ctx, &fastly.ListVersionsInput{ServiceID: id}))(t)
	if len(versions) != 3 || *versions[0].Active || !*versions[0].Locked || !*versions[1].Active || *versions[2].Locked {
		t.Errorf("versions %+v", versions)
	}
	if last := ok(c.LatestVersion(ctx, &fastly.LatestVersionInput{ServiceID: id}))(t); *last.Number != 3 {
		t.Errorf("latest %d", *last.Number)
	}
	ok(c.UpdateVersion(ctx, &fastly.UpdateVersionInput{ServiceID: id, ServiceVersion: 2, Comment: new("while active")}))(t)
	v = ok(c.DeactivateVersion(ctx, &fastly.DeactivateVersionInput{ServiceID: id, ServiceVersion: 2}))(t)
	if *v.Active || !*v.Locked || *v.Comment != "while active" {
		t.Errorf("deactivated %+v", v)
	}
	if got := f.publisher.last(); got.Service != id || len(got.Objects) != 0 {
		t.Errorf("deactivation published %+v", got)
	}
	_, err = c.GetVersion(ctx, &fastly.GetVersionInput{ServiceID: id, ServiceVersion: 9})
	wantHTTP(t, err, 404, "Record not found", "Couldn't find Version")
}

func TestClientDomains(t *testing.T) {
	f := start(t)
	c, ctx := client(t, f), t.Context()
	id := *ok(c.CreateService(ctx, &fastly.CreateServiceInput{Name: new("shop")}))(t).ServiceID
	create := func(name string) error {
		_, err := c.CreateDomain(ctx, &fastly.CreateDomainInput{ServiceID: id, ServiceVersion: 1, Name: &name, Comment: new("x")})
		return err
	}
	for _, name := range []string{"www.shop.test", "*.shop.test", "shop.test"} {
		if err := create(name); err != nil {
			t.Fatal(err)
		}
	}
	wantHTTP(t, create("shop.test"), 409, "Duplicate record", "Duplicate domain: 'shop.test'")
	wantHTTP(t, create("not a domain"), 400, "Bad request", "not a valid domain")
	list := ok(c.ListDomains(ctx, &fastly.ListDomainsInput{ServiceID: id, ServiceVersion: 1}))(t)
	if len(list) != 3 || *list[0].Name != "*.shop.test" || *list[1].Name != "shop.test" || *list[2].Name != "www.shop.test" {
		t.Errorf("listed %v", list)
	}
	d := ok(c.UpdateDomain(ctx, &fastly.UpdateDomainInput{ServiceID: id, ServiceVersion: 1, Name: "*.shop.test", NewName: new("api.shop.test")}))(t)
	if *d.Name != "api.shop.test" || *d.Comment != "x" || *d.ServiceVersion != 1 {
		t.Errorf("renamed %+v", d)
	}
	ok(c.GetDomain(ctx, &fastly.GetDomainInput{ServiceID: id, ServiceVersion: 1, Name: "api.shop.test"}))(t)
	if err := c.DeleteDomain(ctx, &fastly.DeleteDomainInput{ServiceID: id, ServiceVersion: 1, Name: "api.shop.test"}); err != nil {
		t.Fatal(err)
	}
	_, err := c.GetDomain(ctx, &fastly.GetDomainInput{ServiceID: id, ServiceVersion: 1, Name: "api.shop.test"})
	wantHTTP(t, err, 404, "Record not found", "Couldn't find Domain '{ deleted => 0000-00-00 00:00:00, name => api.shop.test, service => "+id+", version => 1 }'")
}

func TestClientBackends(t *testing.T) {
	f := start(t)
	c, ctx := client(t, f), t.Context()
	id := *ok(c.CreateService(ctx, &fastly.CreateServiceInput{Name: new("shop")}))(t).ServiceID
	b := ok(c.CreateBackend(ctx, &fastly.CreateBackendInput{
		ServiceID: id, ServiceVersion: 1, Name: new("my/origin 1"), Address: new("127.0.0.1"), Port: new(8443),
		UseSSL: new(fastly.Compatibool(true)), SSLCheckCert: new(fastly.Compatibool(false)), ConnectTimeout: new(1500),
		OverrideHost: new("www.shop.test"), SSLSNIHostname: new("sni.shop.test"), MinTLSVersion: new("1.2"), ShareKey: new("k"),
		TCPKeepAliveEnable: new(true), TCPKeepAliveTime: new(100), Weight: new(7), Comment: new("c"),
	}))(t)
	if *b.Name != "my/origin 1" || *b.Port != 8443 || !*b.UseSSL || *b.SSLCheckCert || *b.ConnectTimeout != 1500 || b.Hostname != nil ||
		*b.OverrideHost != "www.shop.test" || *b.MinTLSVersion != "1.2" || !*b.TCPKeepAliveEnable || *b.Weight != 7 || *b.FirstByteTimeout != 15000 {
		t.Errorf("created %+v", b)
	}
	_, err := c.CreateBackend(ctx, &fastly.CreateBackendInput{ServiceID: id, ServiceVersion: 1, Name: new("my/origin 1"), Address: new("a.test")})
	wantHTTP(t, err, 409, "Duplicate record", "Duplicate backend: 'my/origin 1'")
	_, err = c.CreateBackend(ctx, &fastly.CreateBackendInput{ServiceID: id, ServiceVersion: 1, Name: new("x"), Address: new("http://a.test")})
	wantHTTP(t, err, 400, "Bad request", "'http://a.test' is not a host name or an IP address")
	_, err = c.CreateBackend(ctx, &fastly.CreateBackendInput{ServiceID: id, ServiceVersion: 1, Address: new("a.test")})
	wantHTTP(t, err, 400, "Bad request", "'name' is required")

	update := func(name string, in fastly.UpdateBackendInput) (*fastly.Backend, error) {
		in.ServiceID, in.ServiceVersion, in.Name = id, 1, name
		return c.UpdateBackend(ctx, &in)
	}
	b = ok(update("my/origin 1", fastly.UpdateBackendInput{NewName: new("origin1"), OverrideHost: new(""), Address: new("a.test")}))(t)
	if *b.Name != "origin1" || b.OverrideHost != nil || *b.Hostname != "a.test" || *b.Port != 8443 || !*b.UseSSL {
		t.Errorf("updated %+v", b)
	}
	_, err = update("my/origin 1", fastly.UpdateBackendInput{})
	wantHTTP(t, err, 404, "Record not found", "Couldn't find Backend '{ deleted => 0000-00-00 00:00:00, name => my/origin 1, service => "+id+", version => 1 }'")
	b = ok(update("origin1", fastly.UpdateBackendInput{}))(t)
	if *b.Name != "origin1" {
		t.Errorf("an empty update changed %+v", b)
	}
	ok(c.CreateBackend(ctx, &fastly.CreateBackendInput{ServiceID: id, ServiceVersion: 1, Name: new("aaa"), Address: new("a.test")}))(t)
	_, err = update("aaa", fastly.UpdateBackendInput{NewName: new("origin1")})
	wantHTTP(t, err, 409, "Duplicate record", "Duplicate backend: 'origin1'")
	list := ok(c.ListBackends(ctx, &fastly.ListBackendsInput{ServiceID: id, ServiceVersion: 1}))(t)
	if len(list) != 2 || *list[0].Name != "aaa" || *list[1].Name != "origin1" {
		t.Errorf("listed %v", list)
	}
	if err := c.DeleteBackend(ctx, &fastly.DeleteBackendInput{ServiceID: id, ServiceVersion: 1, Name: "aaa"}); err != nil {
		t.Fatal(err)
	}
	wantHTTP(t, c.DeleteBackend(ctx, &fastly.DeleteBackendInput{ServiceID: id, ServiceVersion: 1, Name: "aaa"}), 404, "Record not found", "name => aaa")
}

func TestClientSettings(t *testing.T) {
	f := start(t)
	c, ctx := client(t, f), t.Context()
	id := *ok(c.CreateService(ctx, &fastly.CreateServiceInput{Name: new("shop")}))(t).ServiceID
	s := ok(c.GetSettings(ctx, &fastly.GetSettingsInput{ServiceID: id, ServiceVersion: 1}))(t)
	if *s.DefaultTTL != 3600 || *s.StaleIfError || *s.StaleIfErrorTTL != 43200 || *s.DefaultHost != "" {
		t.Errorf("defaults %+v", s)
	}
	s = ok(c.UpdateSettings(ctx, &fastly.UpdateSettingsInput{
		ServiceID: id, ServiceVersion: 1, DefaultHost: new("shop.test"), DefaultTTL: new(uint(60)), StaleIfError: new(true),
	}))(t)
	if *s.DefaultTTL != 60 || !*s.StaleIfError || *s.StaleIfErrorTTL != 43200 || *s.DefaultHost != "shop.test" {
		t.Errorf("updated %+v", s)
	}
	ok(c.CloneVersion(ctx, &fastly.CloneVersionInput{ServiceID: id, ServiceVersion: 1}))(t)
	s = ok(c.GetSettings(ctx, &fastly.GetSettingsInput{ServiceID: id, ServiceVersion: 2}))(t)
	if *s.DefaultTTL != 60 || *s.ServiceVersion != 2 {
		t.Errorf("cloned %+v", s)
	}
}

// Every write to what a locked version holds is refused, and changes nothing.
func TestClientLocked(t *testing.T) {
	f := start(t)
	c, ctx := client(t, f), t.Context()
	id := *ok(c.CreateService(ctx, &fastly.CreateServiceInput{Name: new("shop")}))(t).ServiceID
	ok(c.CreateBackend(ctx, &fastly.CreateBackendInput{ServiceID: id, ServiceVersion: 1, Name: new("b"), Address: new("a.test")}))(t)
	ok(c.LockVersion(ctx, &fastly.LockVersionInput{ServiceID: id, ServiceVersion: 1}))(t)
	_, create := c.CreateBackend(ctx, &fastly.CreateBackendInput{ServiceID: id, ServiceVersion: 1, Name: new("b"), Address: new("a.test")})
	_, update := c.UpdateBackend(ctx, &fastly.UpdateBackendInput{ServiceID: id, ServiceVersion: 1, Name: "b", Comment: new("x")})
	_, absent := c.UpdateBackend(ctx, &fastly.UpdateBackendInput{ServiceID: id, ServiceVersion: 1, Name: "absent"})
	_, settings := c.UpdateSettings(ctx, &fastly.UpdateSettingsInput{ServiceID: id, ServiceVersion: 1, DefaultTTL: new(uint(1))})
	for _, err := range []error{
		create, update, absent, settings,
		c.DeleteBackend(ctx, &fastly.DeleteBackendInput{ServiceID: id, ServiceVersion: 1, Name: "b"}),
		c.DeleteBackend(ctx, &fastly.DeleteBackendInput{ServiceID: id, ServiceVersion: 1, Name: "absent"}),
	} {
		wantHTTP(t, err, 422, "Version locked", "Version '1' for service '"+id+"' is locked")
	}
	ok(c.LockVersion(ctx, &fastly.LockVersionInput{ServiceID: id, ServiceVersion: 1}))(t)
	got := ok(c.ListBackends(ctx, &fastly.ListBackendsInput{ServiceID: id, ServiceVersion: 1}))(t)
	if len(got) != 1 || *got[0].Comment != "" {
		t.Errorf("backends %+v", got)
	}
}

// The client reads the limits that writes come with.
func TestClientRateLimit(t *testing.T) {
	f := start(t)
	c, ctx := client(t, f), t.Context()
	for i := range 3 {
		ok(c.CreateService(ctx, &fastly.CreateServiceInput{Name: new("shop " + strconv.Itoa(i))}))(t)
	}
	if got := c.RateLimitRemaining(); got != 99_997 {
		t.Errorf("%d writes remain, want 99997", got)
	}
	if got := c.RateLimitReset().Unix(); got%3600 != 0 || got <= f.now.Now().Unix() {
		t.Errorf("reset at %d", got)
	}
	bad, err := fastly.NewClientForEndpoint("", f.URL)
	if err != nil {
		t.Fatal(err)
	}
	_, err = bad.ListServices(ctx, &fastly.ListServicesInput{})
	if err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("without a token: %v", err)
	}
	_, err = bad.CreateService(ctx, &fastly.CreateServiceInput{Name: new("x")})
	wantHTTP(t, err, http.StatusUnauthorized, "Provided credentials are missing or invalid", "")
}
