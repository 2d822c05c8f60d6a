package service

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The request of a health check is one message without a body, whatever its fields.
func TestHealthcheckRefusals(t *testing.T) {
	long := strings.Repeat("v", 4000)
	for name, tt := range map[string]struct {
		fields  []string
		headers []string
		err     string
	}{
		"nothing but what must be":   {nil, nil, ""},
		"one second":                 {[]string{"check_interval=1000"}, nil, ""},
		"less than one second":       {[]string{"check_interval=999"}, nil, "'check_interval' must be a whole number from 1000 to 3600000"},
		"an hour":                    {[]string{"check_interval=3600000"}, nil, ""},
		"more than an hour":          {[]string{"check_interval=3600001"}, nil, "'check_interval' must be a whole number from 1000 to 3600000"},
		"no time":                    {[]string{"timeout=0"}, nil, "'timeout' must be a whole number from 1 to 2147483647"},
		"a large window":             {[]string{"window=5000", "threshold=10", "initial=10"}, nil, ""},
		"no window":                  {[]string{"window=0"}, nil, "'window' must be a whole number from 1 to 100000"},
		"a threshold above it":       {[]string{"threshold=6"}, nil, "'threshold' is above 'window'"},
		"more at first than it has":  {[]string{"initial=6"}, nil, "'initial' is above 'window'"},
		"another version":            {[]string{"http_version=2"}, nil, "'http_version' must be one of 1.0, 1.1"},
		"a method that is none":      {[]string{"method=GET /"}, nil, "'method' holds a character that it may not"},
		"a path without slash":       {[]string{"path=x"}, nil, "'path' must begin with '/' and hold nothing but visible ASCII without '#'"},
		"a path with a blank":        {[]string{"path=/ HTTP/1.1"}, nil, "'path' must begin with '/' and hold nothing but visible ASCII without '#'"},
		"a path beyond ASCII":        {[]string{"path=/é"}, nil, "'path' must begin with '/' and hold nothing but visible ASCII without '#'"},
		"a path with a line's end":   {[]string{"path=/\r\nX: y"}, nil, "'path' holds a control character"},
		"a host that is none":        {[]string{"host=a b"}, nil, "'a b' is not a valid Host header"},
		"a header with a line's end": {nil, []string{"A: b\nC: d"}, "'headers' holds a control character"},
		"a body's length":            {nil, []string{"Content-Length: 5"}, "'content-length' is not for a health check, which has no body"},
		"no body's length":           {nil, []string{"Content-Length: 0"}, ""},
		"a body in chunks":           {nil, []string{"TRANSFER-encoding : chunked"}, "'transfer-encoding' is not for a health check, which has no body"},
		"a host among the headers":   {nil, []string{"Host: b"}, ""},
		"two":                        {nil, []string{"Host: b", "host: c"}, "'headers' names the host more than once"},
		"many headers":               {nil, slices.Repeat([]string{"a: b"}, 101), "'headers' has more than 100 members"},
		"large headers":              {nil, slices.Repeat([]string{"a: " + long}, 17), "'headers' has more than 65536 bytes"},
	} {
		in := form(append([]string{"name=h", "host=a.test", "path=/"}, tt.fields...)...)
		if tt.headers != nil {
			in["headers"] = List(tt.headers...)
		}
		_, err := HealthcheckKind.Create(in)
		if got := fmt.Sprint(err); err == nil && tt.err != "" || err != nil && got != tt.err {
			t.Errorf("%s: %v, want %q", name, err, tt.err)
		}
	}
}

// A field of a health check's own gives way to one of the same name.
func TestHealthcheckRequest(t *testing.T) {
	h := &Healthcheck{Method: "GET", Host: "a.test", Path: "/ping", HTTPVersion: "1.0", Headers: []string{"CONNECTION: keep-alive", "X-A: b"}}
	want := []string{"GET /ping HTTP/1.0", "Host: a.test", "User-Agent: Varnish/fastly (healthcheck)", "CONNECTION: keep-alive", "X-A: b"}
	if d := cmp.Diff(want, h.Request()); d != "" {
		t.Errorf("request (-want +got):\n%s", d)
	}
}
