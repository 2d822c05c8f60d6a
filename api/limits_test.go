package api_test

import (
	"strings"
	"testing"

	"headwater/api"
)

func TestLimits(t *testing.T) {
	f := start(t, func(o *api.Options) { o.Limits = api.Limits{Body: 100, Fields: 2, Depth: 2, Field: 97, WrongTokens: 1} })
	const form, json = "Content-Type: application/x-www-form-urlencoded", "Content-Type: application/json"
	for _, tt := range []struct {
		body, media string
		status      int
		detail      string
	}{
		{"name=a&comment=b", form, 200, ""},
		{"name=c&comment=b&x=1", form, 400, "more than 2 fields"},
		{`{"name":"d","comment":"","x":1}`, json, 400, "more than 2 fields"},
		{`{"name":"e","x":[[1]]}`, json, 200, ""},
		{`{"name":"f","x":[[[1]]]}`, json, 400, "nested too deeply"},
		{"name=" + strings.Repeat("g", 95), form, 200, ""},
		{"name=" + strings.Repeat("h", 96), form, 413, "Request entity too large"},
	} {
		r := f.send(t, "POST", "/service", ownerToken, strings.NewReader(tt.body), tt.media)
		if r.status != tt.status || !strings.Contains(r.body, tt.detail) {
			t.Errorf("%.40s: %d %s", tt.body, r.status, r.body)
		}
	}
	short := start(t, func(o *api.Options) { o.Limits.Field = 5 })
	short.do(t, "POST", "/service", "name", "abcdef").want(t, 400, jsonError("Bad request", "'name' is longer than 5 bytes"))
	short.do(t, "POST", "/service", "name", "abcde").want(t, 200, "")
	f.as(t, "a-wrong-token-for-all", "GET", "/service").want(t, 401, "")
	f.as(t, "a-wrong-token-for-all", "GET", "/service").want(t, 429, "")
	f.do(t, "GET", "/service").want(t, 200, "")
}

// A certificate or key has a limit of its own, whatever else the field takes.
func TestLimitOfPEM(t *testing.T) {
	f := start(t, func(o *api.Options) { o.Limits.PEM = 100 })
	v := f.draft(t, "shop")
	long := strings.Repeat("x", 101)
	for path, field := range map[string]string{"/backend": "ssl_client_key", "/pool": "tls_ca_cert", "/logging/syslog": "tls_client_cert"} {
		f.do(t, "POST", v+path, "name", "b", "address", "a.test", field, long).
			want(t, 400, jsonError("Bad request", "'"+field+"' is longer than 100 bytes"))
	}
	f.must(t, "POST", v+"/backend", "name", "b", "address", "a.test", "comment", long)
	f.do(t, "PUT", v+"/backend/b", "ssl_ca_cert", long).want(t, 400, jsonError("Bad request", "'ssl_ca_cert' is longer than 100 bytes"))
}
