package edge_test

import (
	"testing"

	"headwater/edge/edgetest"
)

// What a client over HTTP/2 says of edges counts as over HTTP/1: loops end, and what is
// not signed is taken off.
func TestMuxMarks(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		e, o := startMux(t, plain, edgetest.Reply(ok("")))
		m := e.DialMux(t)
		to := []string{":method", "GET", ":scheme", "http", ":path", "/", ":authority", edgetest.Host}
		m.Request(1, true, append(to[:len(to):len(to)], "cdn-loop", "Headwater, Headwater, Headwater, Headwater")...)
		if got := m.Answer(1).Status(); got != "503" {
			t.Errorf("a loop: status %s", got)
		}
		m.Request(3, true, append(to[:len(to):len(to)], "fastly-ff", "x!IAD!cache-iad1-IAD", "trailer", "content-length")...)
		if got := m.Answer(3).Status(); got != "200" {
			t.Errorf("a forged Fastly-FF: status %s", got)
		}
		r := o.Next()
		if ff, trailer := r.Fields.All("Fastly-FF"), r.Fields.All("Trailer"); len(ff)+len(trailer) > 0 {
			t.Errorf("the origin got Fastly-FF %q, Trailer %q", ff, trailer)
		}
	})
}
