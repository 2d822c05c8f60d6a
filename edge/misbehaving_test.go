package edge_test

import (
	"cmp"
	"context"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"headwater/dial"
	"headwater/edge"
	"headwater/edge/edgetest"
	"headwater/origin"
	"headwater/service"
)

// misbehaving starts a test origin, and returns the ports that it has in clear and
// with TLS.
func misbehaving(t *testing.T) (o *origin.Server, plain, secure int) {
	t.Helper()
	o, err := origin.New(origin.Options{})
	if err != nil {
		t.Fatal(err)
	}
	listen := func(serve func(net.Listener) error) int {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		go serve(l)
		return l.Addr().(*net.TCPAddr).Port
	}
	plain = listen(o.Serve)
	secure = listen(func(l net.Listener) error { return o.ServeTLS(l, origin.Good) })
	t.Cleanup(func() {
		now, cancel := context.WithCancel(context.Background())
		cancel()
		o.Shutdown(now)
	})
	return o, plain, secure
}

// hasty are limits that a test can wait for, by the label that a host has for them.
// Only what never comes meets one: no slow machine is taken for a slow origin.
var hasty = map[string]edgetest.Set{
	"first":   func(b *service.Backend) { b.FirstByteTimeout = 150 },
	"between": func(b *service.Backend) { b.BetweenBytesTimeout = 500 },
	"patient": func(*service.Backend) {},
}

// What an origin can do wrong ends in the answer that is documented, over clear
// connections and TLS, and the access log tells the reason.
func TestMisbehavingOrigins(t *testing.T) {
	t.Parallel()
	tests := []struct {
		target string
		limit  string // "patient" if it is ""
		status int
		reason string // of the status line, if the failure has a page
		logged string // "" if it has none
		body   string // what comes of it
		whole  bool
	}{
		{target: "/body/3", status: 200, body: "012", whole: true},
		{target: "/body/3/chunked/piece/1?trailer=A:b", status: 200, body: "012", whole: true},
		{target: "/body/3/unframed", status: 200, body: "012", whole: true},
		{target: "/body/3/http10", status: 200, body: "012", whole: true},
		{target: "/body/3/last", status: 200, body: "012", whole: true},
		{target: "/body/3/hints/2", status: 200, body: "012", whole: true},
		{target: "/body/3/delay/20ms/pause/20ms", status: 200, body: "012", whole: true},
		{target: "/body/0/status/404", status: 404, whole: true},
		{target: "/body/0/extra/90", status: 200, whole: true},
		{target: "/body/0/fill/60000", status: 200, whole: true},
		{target: "/delay/10m", limit: "first", status: 503, reason: "first byte timeout"},
		{target: "/hang", limit: "first", status: 503, reason: "first byte timeout"},
		{target: "/reset", status: 503, reason: "backend read error"},
		{target: "/cut", status: 503, reason: "backend read error"},
		{target: "/garbage", status: 503, reason: "Service Unavailable"},
		{target: "/raw/HTTP%2f1.1%20200%20OK", status: 503, reason: "backend read error"},
		{target: "/raw/HTTP%2f1.1%20200%20OK/hang", limit: "between", status: 503, reason: "backend read error"},
		{target: "/fill/70000", status: 503, reason: "Header overflow"},
		{target: "/extra/100", status: 503, reason: "Header overflow"},
		{target: "/hints/17/body/0", status: 503, reason: "Service Unavailable"},
		{target: "/reset/2/body/3", status: 200, logged: "truncated response", body: "01"},
		{target: "/cut/2/body/3", status: 200, logged: "truncated response", body: "01"},
		{target: "/cut/2/body/3/chunked", status: 200, logged: "truncated response", body: "01"},
		{target: "/hang/2/body/3", limit: "between", status: 200, logged: "between bytes timeout", body: "01"},
		{target: "/hang/2/body/3/chunked", limit: "between", status: 200, logged: "between bytes timeout", body: "01", whole: true},
		{target: "/hang/2/body/3/unframed", limit: "between", status: 200, logged: "between bytes timeout", body: "01", whole: true},
		{target: "/body/3/pause/10m", limit: "between", status: 200, logged: "between bytes timeout", body: "0"},
	}
	edgetest.Both(t, func(t *testing.T, plain bool) {
		o, inClear, withTLS := misbehaving(t)
		events, logger := edgetest.NewEvents(t)
		var services []*service.Snapshot
		for label, set := range hasty {
			services = append(services,
				edgetest.Service("clear."+label, 1, []string{"clear." + label}, edgetest.BackendAt("127.0.0.1", inClear, set)),
				edgetest.Service("secure."+label, 1, []string{"secure." + label}, edgetest.BackendAt("127.0.0.1", withTLS, set, trusting(o, "localhost"))))
		}
		e := edgetest.Start(t, edge.Config{PlainIO: plain, AccessLog: logger}, services...)
		for _, kind := range []string{"clear.", "secure."} {
			for _, tt := range tests {
				host := kind + cmp.Or(tt.limit, "patient")
				a := e.Dial(t).Get(host, tt.target)
				logged := tt.reason + tt.logged
				if a.Status != tt.status || tt.reason != "" && a.Reason != tt.reason {
					t.Errorf("%s%s: %d %s, want %d %s", host, tt.target, a.Status, a.Reason, tt.status, tt.reason)
				}
				if whole := a.Err == nil; tt.reason == "" && (string(a.Body) != tt.body || whole != tt.whole) {
					t.Errorf("%s%s: body %q, %v", host, tt.target, a.Body, a.Err)
				}
				if event := events.Next(); logged != "" && event["reason"].String() != logged || logged == "" && event["reason"].String() != "<nil>" {
					t.Errorf("%s%s: the log tells %v, want %q", host, tt.target, event, logged)
				}
			}
		}
	})
}

// trusting gives a backend the origin's authority, and asks for that name.
func trusting(o *origin.Server, name string, sets ...edgetest.Set) edgetest.Set {
	return func(b *service.Backend) {
		b.UseSSL, b.SSLHostname, b.SSLCACert = true, &name, new(string(o.CA()))
		b.ConnectTimeout = 10_000
		for _, set := range sets {
			set(b)
		}
	}
}

// Each fault that a test origin's TLS can have ends as docs/origin.md tells.
func TestMisbehavingTLS(t *testing.T) {
	const good = ""
	edgetest.Both(t, func(t *testing.T, plain bool) {
		o, _, port := misbehaving(t)
		client := func(b *service.Backend) {
			b.SSLClientCert, b.SSLClientKey = new(string(o.ClientCert())), new(string(o.ClientKey()))
		}
		least := func(v string) edgetest.Set { return func(b *service.Backend) { b.MinTLSVersion = &v } }
		all := []struct {
			fault, want string
			sets        []edgetest.Set
		}{
			{"good", good, nil},
			{"expired", "certificate has expired", nil},
			{"future", "certificate is not yet valid", nil},
			{"wronghost", "hostname doesn't match against certificate", nil},
			{"selfsigned", "self signed certificate", nil},
			{"untrusted", "unable to verify the first certificate", nil},
			{"incomplete", "unable to verify the first certificate", nil},
			{"tls10", "SSL handshake error", nil},
			{"tls10", good, []edgetest.Set{least("1.0")}},
			{"tls12", good, nil},
			{"tls12", "SSL handshake error", []edgetest.Set{least("1.3")}},
			{"clientcert", "SSL handshake error", nil},
			{"clientcert", good, []edgetest.Set{client}},
			{"silent", "Connection timed out", []edgetest.Set{func(b *service.Backend) { b.ConnectTimeout = 300 }}},
		}
		faults := origin.Faults()
		for _, tt := range all {
			faults = slices.DeleteFunc(faults, func(f string) bool { return f == tt.fault })
			b := edgetest.BackendAt("127.0.0.1", port, trusting(o, tt.fault+".origin.test", tt.sets...))
			e := edgetest.Start(t, edge.Config{PlainIO: plain, Network: &dial.Network{}}, edgetest.Snapshot(b))
			a := e.Dial(t).Get(edgetest.Host, "/echo")
			if told := strings.Contains(string(a.Body), `"server_name": "`+tt.fault+`.origin.test"`); tt.want == good && (a.Status != 200 || !told) ||
				tt.want != good && (a.Status != 503 || a.Reason != tt.want) {
				t.Errorf("%s: %d %s, want %q: %s", tt.fault, a.Status, a.Reason, tt.want, a.Body)
			}
		}
		if len(faults) > 0 {
			t.Errorf("nobody meets %q", faults)
		}
	})
}

// Once the head of an answer is at the client, fetch_timeout breaks it off; before
// that it has a page.
func TestMisbehavingFetchTimeout(t *testing.T) {
	t.Parallel()
	edgetest.Both(t, func(t *testing.T, plain bool) {
		_, port, _ := misbehaving(t)
		e := edgetest.Start(t, edge.Config{PlainIO: plain}, edgetest.Snapshot(edgetest.BackendAt("127.0.0.1", port, func(b *service.Backend) {
			b.FetchTimeout = new(int64(1000))
		})))
		began := time.Now()
		if a := e.Dial(t).Get(edgetest.Host, "/delay/10m"); a.Status != 503 || a.Reason != "fetch timeout" {
			t.Errorf("%d %s", a.Status, a.Reason)
		}
		within(t, "the answer", time.Since(began), time.Second)
		if a := e.Dial(t).Get(edgetest.Host, "/body/3/pause/10m"); a.Status != 200 || a.Err == nil || string(a.Body) != "0" {
			t.Errorf("%d %s: %q, %v", a.Status, a.Reason, a.Body, a.Err)
		}
	})
}
