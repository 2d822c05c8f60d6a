package edge_test

import (
	"testing"

	"headwater/edge/edgetest"
)

// An answer that a program makes of a failure leaves the connection to the client,
// unless a body is left unread; the page of a failure ends it.
func TestFailuresAndTheConnection(t *testing.T) {
	const text = `sub vcl_error {
  #FASTLY error
  if (req.url == "/own") { synthetic "own"; return(deliver); }
}`
	requests := map[string]string{
		"GET":     "",
		"POST":    "Content-Length: 5\r\n\r\nhello",
		"chunked": "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
		"begun":   "Content-Length: 99\r\n\r\nhello",
	}
	edgetest.Both(t, func(t *testing.T, plain bool) {
		e, _, _ := startVCL(t, plain, text, func(c *edgetest.Conn) {
			if r, err := c.ReadHead(); err == nil && r.Fields.Get("X") != "begun" && c.ReadBody(r) != nil {
				return
			}
			c.Write("HTTP/9.9 200 OK\r\n\r\n")
		})
		for name, rest := range requests {
			if rest == "" {
				rest = "\r\n"
			}
			for _, target := range []string{"/own", "/page"} {
				c := e.Dial(t)
				c.Send("POST " + target + " HTTP/1.1\r\nHost: " + edgetest.Host + "\r\nX: " + name + "\r\n" + rest)
				a := c.Answer()
				stays := target == "/own" && name != "begun"
				if a.Status != 503 || (string(a.Body) == "own") != (target == "/own") || (a.Fields.Get("Connection") == "") != stays {
					t.Errorf("%s %s: %d %q %v", name, target, a.Status, a.Body, a.Fields)
				}
				if !stays {
					c.MustClose()
				} else if a := c.Get(edgetest.Host, "/own"); string(a.Body) != "own" {
					t.Errorf("%s: the next request: %d %q", name, a.Status, a.Body)
				}
			}
		}
	})
}
