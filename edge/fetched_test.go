package edge_test

import (
	"strings"
	"testing"

	"headwater/edge/edgetest"
)

// Programs see how much of a body was carried, however it was framed.
func TestBodyBytesOfUploads(t *testing.T) {
	const text = "sub vcl_log {\n#FASTLY log\nlog bereq.body_bytes_written;\n}"
	large := strings.Repeat("uploaded", 1<<15)
	edgetest.Both(t, func(t *testing.T, plain bool) {
		e, _, log := startVCL(t, plain, text, edgetest.Reply(ok("")))
		c := e.Dial(t)
		for _, tt := range []struct{ request, want string }{
			{get("/"), "0"},
			{post("/", 5) + "hello", "5"},
			{post("/", len(large)) + large, "262144"},
			{chunkedPost("/") + "5\r\nhello\r\n3\r\nyou\r\n0\r\n\r\n", "8"},
		} {
			c.Send(tt.request)
			c.Answer()
			if got := log.Next()["log"].String(); got != tt.want {
				t.Errorf("%.40q: %s bytes, want %s", tt.request, got, tt.want)
			}
		}
	})
}

// A restart begins without what the last fetch left.
func TestRestartForgetsTheFetch(t *testing.T) {
	const text = `sub vcl_recv {
  #FASTLY recv
  log "recv " beresp.backend.src_port;
}
sub vcl_fetch {
  #FASTLY fetch
  log "fetch " beresp.ttl;
  if (req.restarts == 0) {
    set beresp.ttl = 77s;
    restart;
  }
  return(deliver);
}`
	edgetest.Both(t, func(t *testing.T, plain bool) {
		e, _, log := startVCL(t, plain, text, edgetest.Reply(ok("")))
		e.Dial(t).Get(edgetest.Host, "/")
		if got, want := log.Next()["log"].String(), "recv 0\nfetch 0.000\nrecv 0\nfetch 0.000"; got != want {
			t.Errorf("logged %q, want %q", got, want)
		}
	})
}

// An origin gets a Host that is one, whatever a program makes of it.
func TestHostsOfPrograms(t *testing.T) {
	const text = "sub vcl_miss {\n#FASTLY miss\nset bereq.http.Host = req.http.X-Host;\n}"
	edgetest.Both(t, func(t *testing.T, plain bool) {
		e, o, _ := startVCL(t, plain, text, edgetest.Reply(ok("")))
		c := e.Dial(t)
		for said, want := range map[string]string{
			"other.example":      "other.example",
			"other.example:8080": "other.example:8080",
			"[2001:db8::1]:80":   "[2001:db8::1]:80",
			"a b":                "Test.Example",
			"a/b":                "Test.Example",
			"user@other.example": "Test.Example",
			"a,b":                "Test.Example",
			"a:b":                "Test.Example",
		} {
			c.Send("GET / HTTP/1.1\r\nHost: Test.Example\r\nX-Host: " + said + "\r\n\r\n")
			c.Answer()
			if got := o.Next().Fields.All("Host"); len(got) != 1 || !strings.EqualFold(got[0], want) {
				t.Errorf("Host %q, want %q", got, want)
			}
		}
	})
}
