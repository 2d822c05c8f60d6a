package edge_test

import (
	"testing"

	"headwater/edge"
	"headwater/edge/edgetest"
	"headwater/service"
)

// Some fields are kept and do nothing: not even the connection notices a change, and an
// error_threshold keeps no origin from requests, however often it fails.
func TestInertFields(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		o := edgetest.NewOrigin(t, edgetest.Reply("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 4\r\n\r\nfail"))
		e := edgetest.Start(t, edge.Config{PlainIO: plain}, edgetest.Service("s", 1, []string{edgetest.Host}, edgetest.Backend(o)))
		c := e.Dial(t)
		ask := func() {
			t.Helper()
			for range 5 {
				if a := c.Get(edgetest.Host, "/"); a.Status != 502 || string(a.Body) != "fail" {
					t.Errorf("%d %s: %q", a.Status, a.Reason, a.Body)
				}
			}
		}
		ask()
		inert := func(b *service.Backend) {
			b.Comment, b.ErrorThreshold, b.ClientCert = "a comment", 1, new("a certificate")
		}
		if err := e.Apply(edgetest.Service("s", 2, []string{edgetest.Host}, edgetest.Backend(o, inert))); err != nil {
			t.Fatal(err)
		}
		ask()
		if n := o.Accepted(); n != 1 {
			t.Errorf("%d connections", n)
		}
	})
}

// override_host has the last word on the host: behind the client, the settings, and
// whatever a program sets.
func TestOverrideHostIsLast(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		o := edgetest.NewOrigin(t, edgetest.Reply(ok("")))
		backend := edgetest.Backend(o, func(b *service.Backend) { b.OverrideHost = new("override.example") })
		s := edgetest.With(t, edgetest.Snapshot(backend), service.SettingsKind, "general.default_host=default.example")
		for _, at := range []string{"miss", "pass"} {
			edgetest.With(t, s, service.SnippetKind, "name="+at, "type="+at, `content=set bereq.http.Host = "program.example"; set bereq.http.Seen = bereq.http.Host;`)
		}
		e := edgetest.Start(t, edge.Config{PlainIO: plain}, s)
		for _, method := range []string{"GET", "POST"} {
			c := e.Dial(t)
			c.Send(method + " / HTTP/1.1\r\nHost: " + edgetest.Host + "\r\nContent-Length: 0\r\n\r\n")
			c.Answer()
			r := o.Next()
			if hosts := r.Fields.All("Host"); len(hosts) != 1 || hosts[0] != "override.example" || r.Fields.Get("Seen") != "program.example" {
				t.Errorf("%s: Host %q, the program saw %q", method, hosts, r.Fields.Get("Seen"))
			}
		}
	})
}
