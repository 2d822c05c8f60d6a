package main

import (
	"net/http"
	"testing"

	"github.com/fastly/go-fastly/v12/fastly"
)

// ok ends the test on an error: v := ok(c.Call(...))(t).
func ok[T any](v T, err error) func(testing.TB) T {
	return func(tb testing.TB) T {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
		return v
	}
}

// TestFastlyClient goes with Fastly's own client from nothing to traffic, and
// then moves the traffic.
func TestFastlyClient(t *testing.T) {
	first := ok(startOrigin("first", nil))(t)
	defer first.close()
	second := ok(startOrigin("second", nil))(t)
	defer second.close()
	i := start(t, nil)
	ctx := t.Context()
	c := ok(fastly.NewClientForEndpoint(testToken, "http://"+i.api))(t)

	s := ok(c.CreateService(ctx, &fastly.CreateServiceInput{Name: new("shop"), Type: new("vcl")}))(t)
	id := *s.ServiceID
	ok(c.CreateDomain(ctx, &fastly.CreateDomainInput{ServiceID: id, ServiceVersion: 1, Name: new("shop.test")}))(t)
	b := ok(c.CreateBackend(ctx, &fastly.CreateBackendInput{
		ServiceID: id, ServiceVersion: 1, Name: new("origin one"),
		Address: new("127.0.0.1"), Port: new(port(first)), ConnectTimeout: new(500),
	}))(t)
	if *b.Port != port(first) || *b.ConnectTimeout != 500 || *b.FirstByteTimeout != 15000 {
		t.Errorf("backend %+v", b)
	}
	ok(c.UpdateSettings(ctx, &fastly.UpdateSettingsInput{
		ServiceID: id, ServiceVersion: 1, DefaultHost: new("origin.example"), DefaultTTL: new(uint(60)),
	}))(t)
	valid, msg, err := c.ValidateVersion(ctx, &fastly.ValidateVersionInput{ServiceID: id, ServiceVersion: 1})
	if err != nil || !valid {
		t.Fatalf("validate: %v %q %v", valid, msg, err)
	}
	if v := ok(c.ActivateVersion(ctx, &fastly.ActivateVersionInput{ServiceID: id, ServiceVersion: 1}))(t); !*v.Active || !*v.Locked {
		t.Errorf("activated %+v", v)
	}
	wantBody(t, i, "shop.test", "first")
	if host := first.lastHost.Load(); host != "origin.example" {
		t.Errorf("the origin saw Host %q", host)
	}

	v := ok(c.CloneVersion(ctx, &fastly.CloneVersionInput{ServiceID: id, ServiceVersion: 1}))(t)
	ok(c.UpdateBackend(ctx, &fastly.UpdateBackendInput{
		ServiceID: id, ServiceVersion: *v.Number, Name: "origin one", NewName: new("origin two"), Port: new(port(second)),
	}))(t)
	wantBody(t, i, "shop.test", "first")
	ok(c.ActivateVersion(ctx, &fastly.ActivateVersionInput{ServiceID: id, ServiceVersion: *v.Number}))(t)
	wantBody(t, i, "shop.test", "second")

	ok(c.DeactivateVersion(ctx, &fastly.DeactivateVersionInput{ServiceID: id, ServiceVersion: *v.Number}))(t)
	if r := fetch(t, i, "shop.test"); r.status != http.StatusInternalServerError {
		t.Errorf("deactivated, and answers %d", r.status)
	}
}

// fetch makes a request to the edge.
func fetch(tb testing.TB, i *instance, host string) *reply {
	tb.Helper()
	r := ok(http.NewRequest(http.MethodGet, "http://"+i.edge+"/", nil))(tb)
	r.Host = host
	return ok(exchange(http.DefaultTransport, r))(tb)
}

func wantBody(tb testing.TB, i *instance, host, want string) {
	tb.Helper()
	if r := fetch(tb, i, host); r.status != http.StatusOK || r.body != want {
		tb.Errorf("%s answers %d %q; want %q", host, r.status, r.body, want)
	}
}
