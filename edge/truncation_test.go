package edge_test

import (
	"testing"

	"headwater/edge"
	"headwater/edge/edgetest"
	"headwater/service"
)

// With strict_truncation no client can take a body that between_bytes_timeout has cut
// short for a whole one, however it is framed.
func TestStrictTruncation(t *testing.T) {
	tests := []struct{ name, version, origin string }{
		{"chunked", "1.1", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"},
		{"in a chunk", "1.1", "Transfer-Encoding: chunked\r\n\r\na\r\nhello"},
		{"to the end", "1.1", "\r\nhello"},
		{"length", "1.1", "Content-Length: 10\r\n\r\nhello"},
		{"chunked to HTTP/1.0", "1.0", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"},
		{"to the end to HTTP/1.0", "1.0", "\r\nhello"},
		{"length to HTTP/1.0", "1.0", "Content-Length: 10\r\n\r\nhello"},
	}
	edgetest.Both(t, func(t *testing.T, plain bool) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				log, logger := edgetest.NewEvents(t)
				o := edgetest.NewOrigin(t, func(c *edgetest.Conn) {
					c.ReadRequest()
					c.Write("HTTP/1.1 200 OK\r\n" + tt.origin)
					c.AwaitClose()
				})
				s := edgetest.Snapshot(edgetest.Backend(o, betweenBytes(50)))
				edgetest.With(t, s, service.ExtensionsKind, "strict_truncation=true")
				e := edgetest.Start(t, edge.Config{PlainIO: plain, AccessLog: logger}, s)
				c := e.Dial(t)
				c.Send("GET / HTTP/" + tt.version + "\r\nHost: " + edgetest.Host + "\r\n\r\n")
				a := c.Answer()
				if a.Err == nil {
					t.Errorf("body %q looks whole", a.Body)
				}
				if got := log.Next()["reason"].String(); got != "between bytes timeout" {
					t.Errorf("reason %q", got)
				}
			})
		}
	})
}
