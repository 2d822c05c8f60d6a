package api

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"headwater/service"
)

// routed sends a path to the routes alone.
func routed(t *testing.T, method, path string) (*call, error) {
	t.Helper()
	r := httptest.NewRequest(method, "/", nil)
	u, err := url.ParseRequestURI(path)
	if err != nil {
		t.Skipf("net/http refuses %q itself", path)
	}
	r.URL, r.RequestURI = u, path
	c := &call{handler: &handler{routes: newRoutes()}, r: r}
	_, err = c.route()
	return c, err
}

func TestRouteNames(t *testing.T) {
	tests := []struct{ segment, name, altName string }{
		{"origin1", "origin1", ""},
		{"a%2Fb", "a/b", ""},
		{"a%252Fb", "a%2Fb", ""},
		{"a%20b", "a b", ""},
		{"a+b", "a+b", "a b"},
		{"a%2Bb", "a+b", ""},
		{"a+b%2Bc", "a+b+c", "a b+c"},
		{"%C3%A9", "é", ""},
		{"%F0%9F%98%80", "😀", ""},
		{"a;b=c", "a;b=c", ""},
		{"%3F%23", "?#", ""},
		{"...", "...", ""},
		{"validate", "validate", ""},
		{"%27%3B--", "';--", ""},
	}
	for _, tt := range tests {
		c, err := routed(t, "GET", "/service/S/version/3/backend/"+tt.segment)
		if err != nil {
			t.Errorf("%q: %v", tt.segment, err)
			continue
		}
		if c.name != tt.name || c.altName != tt.altName || c.at != (service.Ref{Service: "S", Version: 3}) {
			t.Errorf("%q: name %q, else %q at %v; want %q, else %q", tt.segment, c.name, c.altName, c.at, tt.name, tt.altName)
		}
	}
}

func TestRouteRefuses(t *testing.T) {
	paths := []string{
		"/", "//", "/service/", "//service", "/service//version", "/service/S/", "/service/S/version/1/backend/",
		"/service/../etc/passwd", "/service/%2e%2e/service", "/service/./S", "/service/S/version/1/backend/%2E",
		"/service/S/version/1/backend/a/b", "/service/S/version/1/backend/a%00b", "/service/S/version/1/backend/%ff",
		"/static/..%2f", "/metric", "/debug/pprof/", "/debug/vars", "/Service", "/service.json",
		"/service/S/version/active/backend", "/service/S/version/1/nonsense", "/service/S/version/1/settings/x",
		"/headwater", "/headwater/readyz/",
	}
	for _, v := range []string{"-1", "0", "01", "+1", "1.0", "1e3", "NaN", "0x1", "1%20", "%201", "99999999999", "9223372036854775808", "2147483648", "%D9%A1", "latest"} {
		paths = append(paths, "/service/S/version/"+v, "/service/S/version/"+v+"/backend", "/service/S/version/"+v+"/activate")
	}
	for _, path := range paths {
		t.Run(path, func(t *testing.T) {
			for _, method := range []string{"GET", "PUT", "DELETE"} {
				if _, err := routed(t, method, path); !errors.Is(err, errNoRoute) {
					t.Errorf("%s: error %v, want %v", method, err, errNoRoute)
				}
			}
		})
	}
}

func TestRouteAllow(t *testing.T) {
	tests := []struct{ method, path, allow string }{
		{"PATCH", "/service/S/version/1/backend/b", "DELETE, GET, HEAD, PUT"},
		{"DELETE", "/service/S/version/1/backend", "GET, HEAD, POST"},
		{"POST", "/service/S/version/1/settings", "GET, HEAD, PUT"},
		{"GET", "/service/S/version/1/activate", "PUT"},
		{"HEAD", "/service/S/version/1/activate", "PUT"},
		{"OPTIONS", "/service", "GET, HEAD, POST"},
		{"PUT", "/service/S/version/active", "GET, HEAD"},
		{"POST", readyPath, "GET, HEAD"},
	}
	for _, tt := range tests {
		_, err := routed(t, tt.method, tt.path)
		f, ok := errors.AsType[*fault](err)
		if !ok || f.status != http.StatusMethodNotAllowed || f.allow != tt.allow {
			t.Errorf("%s %s: error %+v, want 405 with %q", tt.method, tt.path, err, tt.allow)
		}
	}
}

// A path that is a route binds what could be a name, and never a way out of it.
func FuzzRoute(f *testing.F) {
	for _, path := range []string{"/service", "/service/S/version/3/backend/a%2Fb", "/purge/https://h//x?y", "/service/S/diff/from/1/to/2", "/tokens/self", "//", "/%", "/service/%2e%2e"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		u, err := url.ParseRequestURI(path)
		if err != nil || u.Host != "" {
			return
		}
		for _, method := range []string{"GET", "POST", "DELETE"} {
			c := &call{handler: &handler{routes: newRoutesOnce()}, r: &http.Request{Method: method, URL: u, RequestURI: path}}
			if _, err := c.route(); err != nil {
				continue
			}
			for _, bound := range []string{c.at.Service, c.id, c.altName} {
				if bound == "." || bound == ".." || strings.Contains(bound, "\x00") || !utf8.ValidString(bound) {
					t.Errorf("%s %q binds %q", method, path, bound)
				}
			}
			if c.does == "" || strings.HasSuffix(c.does, ".") != (method == "GET") && c.does != "token.delete" {
				t.Errorf("%s %q is recorded as %q", method, path, c.does)
			}
		}
	})
}

var newRoutesOnce = sync.OnceValue(newRoutes)
