package edge_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"headwater/edge"
	"headwater/edge/edgetest"
	"headwater/service"
)

// our are the fields that the edge writes itself, on requests and on answers.
var our = []string{"fastly-client-ip", "via", "cdn-loop", "x-timer", "x-served-by", "x-cache", "x-cache-hits", "date"}

// endToEnd returns a section's fields as lines, without those of the edge.
func endToEnd(fields edgetest.Fields) []string {
	var all []string
	for _, f := range fields {
		if !slices.Contains(our, strings.ToLower(f.Name)) {
			all = append(all, f.Name+": "+f.Value)
		}
	}
	return all
}

// relay is an edge before an origin that answers each request with what a test
// asks for.
type relay struct {
	*edgetest.Edge
	origin *edgetest.Origin
	answer chan string
}

func startRelay(t *testing.T, plain bool, sets ...edgetest.Set) *relay {
	r := &relay{answer: make(chan string, 16)}
	r.origin = edgetest.NewOrigin(t, edgetest.Handle(func(c *edgetest.Conn, _ *edgetest.Request) {
		c.Write(<-r.answer)
	}))
	r.Edge = edgetest.Start(t, edge.Config{PlainIO: plain, Identity: "cache-tst1-TST"}, edgetest.Snapshot(edgetest.Backend(r.origin, sets...)))
	return r
}

// send sends one request on a connection of its own and returns what the origin
// got.
func (r *relay) send(t *testing.T, request string) *edgetest.Request {
	t.Helper()
	r.answer <- ok("")
	c := r.Dial(t)
	c.Send(request)
	if a := c.Answer(); a.Status != 200 {
		t.Fatalf("status %d %s", a.Status, a.Reason)
	}
	return r.origin.Next()
}

func TestRequestFields(t *testing.T) {
	edgetest.InClear(t)
	host := "Host: " + edgetest.Host
	tests := []struct {
		name string
		in   string
		want []string
	}{
		{"end to end, in order and as written", get("/", "B: 1", "a: 2", "b:3", "X-Empty:", "Cookie:  a=b \t"),
			[]string{host, "B: 1", "a: 2", "b: 3", "X-Empty: ", "Cookie: a=b"}},
		{"fixed hop-by-hop fields", get("/", "Connection: keep-alive", "Keep-Alive: timeout=5", "Proxy-Connection: keep-alive",
			"TE: trailers", "Upgrade: websocket", "Proxy-Authorization: x", "Proxy-Authenticate: y", "A: 1"),
			[]string{host, "A: 1"}},
		{"listed in Connection", get("/", "Connection: a, ,B-c ,close", "A: 1", "b-C: 2", "Ab: 3"), []string{host, "Ab: 3"}},
		{"listed in the second Connection", get("/", "Connection: a", "A: 1", "B: 2", "Connection: b"), []string{host}},
		{"listed after the field", get("/", "A: 1", "Connection: a"), []string{host}},
		{"who the client is cannot be hidden", get("/", "Connection: x-forwarded-for, fastly-ssl, x-forwarded-host, x-forwarded-server",
			"X-Forwarded-For: 1.1.1.1", "X-Forwarded-Host: h", "X-Forwarded-Server: s", "Fastly-SSL: 1"),
			[]string{host, "X-Forwarded-For: 1.1.1.1", "X-Forwarded-Host: h", "X-Forwarded-Server: s", "Fastly-SSL: 1"}},
		{"a plain client's forwarding fields pass untouched", get("/", "X-Forwarded-For: 1.1.1.1, 2.2.2.2"),
			[]string{host, "X-Forwarded-For: 1.1.1.1, 2.2.2.2"}},
		{"Expect is ours", get("/", "Expect: 100-continue"), []string{host}},
		{"Trailer without a chunked body", get("/", "Trailer: a"), []string{host}},
		{"length", post("/", 0), []string{host, "Content-Length: 0"}},
		{"bytes above ASCII", get("/", "A: \xff\xe9"), []string{host, "A: \xff\xe9"}},
		{"User-Agent is not made up", get("/"), []string{host}},
		{"host in other case", "GET / HTTP/1.1\r\nhost: TEST.example:8080\r\n\r\n", []string{"Host: test.example:8080"}},
		{"absolute target", "GET http://TEST.example/a HTTP/1.1\r\nHost: test.EXAMPLE\r\n\r\n", []string{"Host: test.example"}},
		{"range and conditions", get("/", "Range: bytes=0-1", "If-None-Match: \"x\"", "Accept-Encoding: gzip"),
			[]string{host, "Range: bytes=0-1", "If-None-Match: \"x\"", "Accept-Encoding: gzip"}},
		{"Authorization", get("/", "Authorization: Basic eDp5"), []string{host, "Authorization: Basic eDp5"}},
	}
	edgetest.Both(t, func(t *testing.T, plain bool) {
		r := startRelay(t, plain)
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				if diff := cmp.Diff(tt.want, endToEnd(r.send(t, tt.in).Fields)); diff != "" {
					t.Errorf("fields (-want +got):\n%s", diff)
				}
			})
		}
	})
}

func TestRequestMarks(t *testing.T) {
	edgetest.InClear(t)
	edgetest.Both(t, func(t *testing.T, plain bool) {
		r := startRelay(t, plain)
		got := r.send(t, get("/"))
		for name, want := range map[string]string{
			"Fastly-Client-IP": "127.0.0.1", "Via": "1.1 varnish", "CDN-Loop": "Headwater",
			"X-Forwarded-For": "", "X-Forwarded-Host": "", "X-Forwarded-Server": "", "Fastly-SSL": "",
		} {
			if value := got.Fields.Get(name); value != want {
				t.Errorf("%s: %q, want %q", name, value, want)
			}
		}
		var sec, micro int64
		if timer := got.Fields.Get("X-Timer"); !strings.HasSuffix(timer, ",VS0") {
			t.Errorf("X-Timer: %q", timer)
		} else if _, err := fmt.Sscanf(timer, "S%d.%06d,VS0", &sec, &micro); err != nil {
			t.Errorf("X-Timer: %q: %v", timer, err)
		}
		got = r.send(t, get("/", "Fastly-Client-IP: 9.9.9.9", "Via: 1.0 a", "via: 1.1 b", "CDN-Loop: x", "X-Timer: S1.1,VS0"))
		for name, want := range map[string][]string{
			"Fastly-Client-IP": {"9.9.9.9"}, "Via": {"1.0 a, 1.1 b, 1.1 varnish"}, "CDN-Loop": {"x, Headwater"},
		} {
			if diff := cmp.Diff(want, got.Fields.All(name)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		if timers := got.Fields.All("X-Timer"); len(timers) != 1 || timers[0] == "S1.1,VS0" {
			t.Errorf("X-Timer: %q, want ours alone", timers)
		}
	})
}

func TestTargetPassesAsWritten(t *testing.T) {
	targets := []string{
		"/", "/a/../b//c/./", "/%2e%2E/%2f", "/a?b=c&d=%zz", "/?", "/a;b=c", "//host/x", "/\xc3\xa9", "/a?x=http://b/",
		"/" + strings.Repeat("a", 8<<10-1), `/"<>\^{|}`, "/a:80", "/?a?b",
	}
	edgetest.Both(t, func(t *testing.T, plain bool) {
		r := startRelay(t, plain)
		for _, target := range targets {
			if got := r.send(t, get(target)).Target; got != target {
				t.Errorf("target %q became %q", target, got)
			}
		}
		for in, want := range map[string]string{
			"GET http://test.example/x?y HTTP/1.1\r\nHost: test.example\r\n\r\n": "/x?y",
			"GET HTTP://test.example/ HTTP/1.1\r\nHost: test.example\r\n\r\n":    "/",
			"GET http://test.example/ HTTP/1.0\r\n\r\n":                          "/",
			"OPTIONS * HTTP/1.1\r\nHost: test.example\r\n\r\n":                   "*",
			"GET http://test.example HTTP/1.1\r\nHost: test.example\r\n\r\n":     "/",
			"OPTIONS http://test.example HTTP/1.1\r\nHost: test.example\r\n\r\n": "*",
		} {
			if got := r.send(t, in).Target; got != want {
				t.Errorf("%q became target %q, want %q", in, got, want)
			}
		}
	})
}

func TestMethodPassesAsWritten(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		r := startRelay(t, plain)
		for _, method := range []string{"GET", "get", "PURGE", "PROPFIND", "M-SEARCH", "x!#$%&'*+.^_`|~", "DELETE", "PATCH"} {
			if got := r.send(t, method+" / HTTP/1.1\r\nHost: test.example\r\n\r\n").Method; got != method {
				t.Errorf("method %q became %q", method, got)
			}
		}
	})
}

func TestOriginHost(t *testing.T) {
	override := "override.example:8443"
	settings := service.SettingsKind.Default().(*service.Settings)
	settings.DefaultHost = "default.example"
	edgetest.Both(t, func(t *testing.T, plain bool) {
		o := edgetest.NewOrigin(t, edgetest.Reply(ok("")))
		overriding := func(b *service.Backend) { b.OverrideHost = &override }
		both := edgetest.Service("both", 1, []string{"both.example"}, edgetest.Backend(o, overriding))
		only := edgetest.Service("only", 1, []string{"only.example"}, edgetest.Backend(o))
		for _, s := range []*service.Snapshot{both, only} {
			s.Objects[service.SettingsKind.Name] = []service.Object{settings}
		}
		e := edgetest.Start(t, edge.Config{PlainIO: plain}, both, only)
		for host, want := range map[string]string{"both.example": override, "only.example": "default.example"} {
			e.Dial(t).Get(host, "/")
			if got := o.Next().Fields.All("Host"); len(got) != 1 || got[0] != want {
				t.Errorf("Host for %s: %q, want %q", host, got, want)
			}
		}
	})
}

func TestResponseFields(t *testing.T) {
	tests := []struct {
		name, in string
		line     string
		want     []string
	}{
		{"end to end, in order and as written", "HTTP/1.1 200 Fine so far\r\nb: 1\r\nA:2\r\nB: 3\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nContent-Length: 0\r\n\r\n",
			"HTTP/1.1 200 Fine so far", []string{"b: 1", "A: 2", "B: 3", "Set-Cookie: a", "Set-Cookie: b", "Content-Length: 0"}},
		{"no reason", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 ", []string{"Content-Length: 0"}},
		{"hop-by-hop fields", "HTTP/1.1 200 OK\r\nConnection: a, keep-alive\r\nA: 1\r\nKeep-Alive: x\r\nUpgrade: h2c\r\nProxy-Authenticate: z\r\nContent-Length: 0\r\n\r\n",
			"HTTP/1.1 200 OK", []string{"Content-Length: 0"}},
		{"unusual status", "HTTP/1.1 799 Odd\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 799 Odd", []string{"Content-Length: 0"}},
		{"Server stays", "HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK", []string{"Server: x", "Content-Length: 0"}},
		{"Trailer without chunks", "HTTP/1.1 200 OK\r\nTrailer: x\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK", []string{"Content-Length: 0"}},
	}
	edgetest.Both(t, func(t *testing.T, plain bool) {
		r := startRelay(t, plain)
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				r.answer <- tt.in
				a := r.Dial(t).Get(edgetest.Host, "/")
				if a.Line != tt.line {
					t.Errorf("status line %q, want %q", a.Line, tt.line)
				}
				if diff := cmp.Diff(tt.want, endToEnd(a.Fields)); diff != "" {
					t.Errorf("fields (-want +got):\n%s", diff)
				}
			})
		}
	})
}

func TestResponseMarks(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		r := startRelay(t, plain)
		r.answer <- "HTTP/1.1 200 OK\r\nVia: 1.1 varnish\r\nX-Served-By: cache-a-A\r\nX-Cache: HIT\r\nX-Cache-Hits: 3\r\nX-Timer: S1.1,VS0,VE1\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 0\r\n\r\n"
		r.answer <- ok("")
		c := r.Dial(t)
		a := c.Get(edgetest.Host, "/")
		for name, want := range map[string][]string{
			"Via": {"1.1 varnish, 1.1 varnish"}, "X-Served-By": {"cache-a-A, cache-tst1-TST"},
			"X-Cache": {"HIT, MISS"}, "X-Cache-Hits": {"3, 0"}, "Date": {"Sun, 06 Nov 1994 08:49:37 GMT"},
		} {
			if diff := cmp.Diff(want, a.Fields.All(name)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		a = c.Get(edgetest.Host, "/")
		for name, want := range map[string]string{
			"Via": "1.1 varnish", "X-Served-By": "cache-tst1-TST", "X-Cache": "MISS", "X-Cache-Hits": "0",
		} {
			if got := a.Fields.Get(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		if len(a.Fields.All("Date")) != 1 {
			t.Errorf("Date: %q, want one of ours", a.Fields.All("Date"))
		}
		timer := a.Fields.All("X-Timer")
		if len(timer) != 1 || !strings.Contains(timer[0], ",VS0,VE") {
			t.Errorf("X-Timer: %q", timer)
		}
	})
}
