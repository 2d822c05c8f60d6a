package edge_test

import (
	"strings"
	"testing"

	"headwater/dial"
	"headwater/dial/dialtest"
	"headwater/edge"
	"headwater/edge/edgetest"
	"headwater/service"
)

// What the operator forbids is refused where it can be seen, and not connected to
// where a name leads to it. A version that served before does not end.
func TestOriginPolicy(t *testing.T) {
	policy, err := dial.ParsePolicy("public")
	if err != nil {
		t.Fatal(err)
	}
	names := dialtest.NewNameServer(t)
	names.Set("rebound.test 60 A 127.0.0.1")
	resolver := dial.NewResolver(dial.ResolverConfig{Server: names.Addr})
	t.Cleanup(resolver.Close)
	network := &dial.Network{Resolver: resolver, Permit: policy.Permit}
	o := edgetest.NewOrigin(t, edgetest.Reply(ok("secrets")))
	tests := []struct {
		address string
		refused string
	}{
		{"127.0.0.1", "Backend 'origin': the edge's origin policy forbids connections to 127.0.0.1"},
		{"::ffff:127.0.0.1", "Backend 'origin': the edge's origin policy forbids connections to 127.0.0.1"},
		{"rebound.test", ""},
	}
	for _, tt := range tests {
		t.Run(tt.address, func(t *testing.T) {
			log, logger := edgetest.NewEvents(t)
			s := edgetest.Snapshot(edgetest.BackendAt(tt.address, o.Port(), func(b *service.Backend) { b.ConnectTimeout = 10_000 }))
			e := edgetest.Start(t, edge.Config{Network: network, AccessLog: logger}, s)
			_, err := e.Check(s)
			if got := detail(err); got != tt.refused {
				t.Errorf("Check: %q, want %q", got, tt.refused)
			}
			a := e.Dial(t).Get(edgetest.Host, "/")
			event := log.Next()
			if a.Status != 503 || a.Reason != "No healthy IP available for the backend" {
				t.Errorf("%d %s", a.Status, a.Reason)
			}
			if cause := event["cause"].String(); event["side"].String() != "edge" || !strings.Contains(cause, "origin policy forbids") || !strings.Contains(cause, "127.0.0.1") {
				t.Errorf("side %s, cause %q", event["side"], cause)
			}
			if o.Accepted() != 0 {
				t.Error("the origin was connected to")
			}
		})
	}
}

// detail is what err tells a client, "" for no error.
func detail(err error) string {
	if e, ok := err.(*service.Error); ok {
		return e.Detail
	}
	return ""
}
