package edge_test

import (
	"fmt"
	"strings"
	"testing"

	"headwater/edge"
	"headwater/edge/edgetest"
)

// ok is an answer that keeps the connection.
func ok(body string) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

// get is a request for a target of edgetest.Host, with more field lines.
func get(target string, fields ...string) string {
	return "GET " + target + " HTTP/1.1\r\nHost: " + edgetest.Host + "\r\n" + lines(fields) + "\r\n"
}

// post is a request with a body of that length.
func post(target string, length int, fields ...string) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n%s\r\n", target, edgetest.Host, length, lines(fields))
}

// chunkedPost is the head of a request with a chunked body.
func chunkedPost(target string, fields ...string) string {
	return "POST " + target + " HTTP/1.1\r\nHost: " + edgetest.Host + "\r\nTransfer-Encoding: chunked\r\n" + lines(fields) + "\r\n"
}

func lines(fields []string) string {
	var s strings.Builder
	for _, f := range fields {
		s.WriteString(f + "\r\n")
	}
	return s.String()
}

func TestRouteByHost(t *testing.T) {
	tests := []struct {
		name, host, want string
	}{
		{"exact", "a.example", "exact"},
		{"case does not matter", "A.eXaMple", "exact"},
		{"port does not matter", "a.example:8080", "exact"},
		{"empty port", "a.example:", "exact"},
		{"one trailing dot", "a.example.", "exact"},
		{"trailing dot and port", "a.example.:80", "exact"},
		{"wildcard", "x.wild.example", "short"},
		{"wildcard over several labels", "x.y.wild.example", "short"},
		{"longest wildcard", "x.deep.wild.example", "long"},
		{"exact before wildcard", "www.wild.example", "exact"},
		{"wildcard in mixed case", "X.WILD.example", "short"},
		{"wildcard needs a label", "wild.example", ""},
		{"wildcard's own dot is no label", ".wild.example", ""},
		{"suffix is no match", "notwild.example", ""},
		{"unknown", "b.example", ""},
		{"address literal", "[::1]:80", ""},
		{"two trailing dots", "a.example..", ""},
	}
	edgetest.Both(t, func(t *testing.T, plain bool) {
		named := func(name string) *edgetest.Origin { return edgetest.NewOrigin(t, edgetest.Reply(ok(name))) }
		e := edgetest.Start(t, edge.Config{PlainIO: plain},
			edgetest.Service("s1", 1, []string{"a.example", "www.wild.example"}, edgetest.Backend(named("exact"))),
			edgetest.Service("s2", 1, []string{"*.wild.example"}, edgetest.Backend(named("short"))),
			edgetest.Service("s3", 1, []string{"*.deep.wild.example"}, edgetest.Backend(named("long"))))
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				a := e.Dial(t).Get(tt.host, "/")
				if tt.want == "" {
					if a.Status != 500 || a.Reason != "Domain Not Found" {
						t.Errorf("status %d %s, want 500 Domain Not Found", a.Status, a.Reason)
					}
				} else if string(a.Body) != tt.want {
					t.Errorf("answered by %q, want %q", a.Body, tt.want)
				}
			})
		}
	})
}

func TestUnknownDomainPage(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		e := edgetest.Start(t, edge.Config{PlainIO: plain, Identity: "cache-bma1660-BMA"})
		for host, want := range map[string]string{
			"": "\n<html>\n<head>\n<title>Fastly error: unknown domain </title>\n</head>\n<body>\n" +
				"<p>Fastly error: unknown domain: . Please check that this domain has been added to a service.</p>\n" +
				"<p>Details: cache-bma1660-BMA</p></body></html>",
			"Nobody.example:81": "\n<html>\n<head>\n<title>Fastly error: unknown domain nobody.example</title>\n</head>\n<body>\n" +
				"<p>Fastly error: unknown domain: nobody.example. Please check that this domain has been added to a service.</p>\n" +
				"<p>Details: cache-bma1660-BMA</p></body></html>",
		} {
			c := e.Dial(t)
			a := c.Get(host, "/")
			if string(a.Body) != want {
				t.Errorf("page for %q:\n%q\nwant\n%q", host, a.Body, want)
			}
			if host == "" && len(a.Body) != 220 {
				t.Errorf("page has %d bytes, want 220", len(a.Body))
			}
			fields := map[string]string{
				"Server": "Varnish", "Retry-After": "0", "Content-Type": "text/html",
				"Cache-Control": "private, no-cache", "X-Served-By": "cache-bma1660-BMA",
				"Accept-Ranges": "bytes", "Via": "1.1 varnish", "Connection": "close",
			}
			for name, value := range fields {
				if got := a.Fields.Get(name); got != value {
					t.Errorf("%s: %q, want %q", name, got, value)
				}
			}
			c.MustClose()
		}
	})
}

func TestErrorPage(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		e := edgetest.Start(t, edge.Config{PlainIO: plain, Identity: "cache-ams4449-AMS"},
			edgetest.Snapshot(edgetest.BackendAt("127.0.0.1", edgetest.RefusedPort(t))))
		c := e.Dial(t)
		a := c.Get(edgetest.Host, "/")
		if a.Status != 503 || a.Reason != "Connection refused" {
			t.Fatalf("status %d %s, want 503 Connection refused", a.Status, a.Reason)
		}
		var unix, xid int
		details := string(a.Body)
		details = details[strings.Index(details, "<p>Details: "):]
		if _, err := fmt.Sscanf(details, "<p>Details: cache-ams4449-AMS %d %d</p>", &unix, &xid); err != nil {
			t.Fatalf("details in %q: %v", details, err)
		}
		want := fmt.Sprintf(`
<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN"
 "http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd">
<html>
  <head>
    <title>503 Connection refused</title>
  </head>
  <body>
    <h1>Error 503 Connection refused</h1>
    <p>Connection refused</p>
    <h3>Error 54113</h3>
    <p>Details: cache-ams4449-AMS %d %d</p>
    <hr>
    <p>Varnish cache server</p>
  </body>
</html>
`, unix, xid)
		if string(a.Body) != want {
			t.Errorf("page:\n%s\nwant\n%s", a.Body, want)
		}
		fields := map[string]string{
			"Server": "Varnish", "Retry-After": "0", "Content-Type": "text/html; charset=utf-8",
			"Accept-Ranges": "bytes", "Via": "1.1 varnish", "Connection": "close",
			"X-Served-By": "cache-ams4449-AMS", "X-Cache": "MISS", "X-Cache-Hits": "0",
		}
		for name, value := range fields {
			if got := a.Fields.Get(name); got != value {
				t.Errorf("%s: %q, want %q", name, got, value)
			}
		}
		if a.Fields.Get("Date") == "" || !strings.HasPrefix(a.Fields.Get("X-Timer"), "S") {
			t.Errorf("Date %q, X-Timer %q", a.Fields.Get("Date"), a.Fields.Get("X-Timer"))
		}
		c.MustClose()
	})
}

func TestNoBackend(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		e := edgetest.Start(t, edge.Config{PlainIO: plain}, edgetest.Snapshot())
		a := e.Dial(t).Get(edgetest.Host, "/")
		if a.Status != 503 || a.Reason != "All backends failed or unhealthy" {
			t.Errorf("status %d %s", a.Status, a.Reason)
		}
	})
}

func TestLoop(t *testing.T) {
	tests := []struct {
		name   string
		fields []string
		status int
	}{
		{"three marks pass", []string{"CDN-Loop: Headwater, Headwater", "CDN-Loop: Headwater"}, 200},
		{"four marks end", []string{"CDN-Loop: Headwater, Headwater", "CDN-Loop: headwater;v=1 ,Headwater"}, 503},
		{"others' marks pass", []string{"CDN-Loop: Fastly, Fastly, Fastly, Fastly, Fastly"}, 200},
		{"mark as part of another", []string{"CDN-Loop: Headwaters, xHeadwater, a;Headwater, Headwater.a"}, 200},
		{"Connection cannot hide it", []string{"Connection: cdn-loop", "CDN-Loop: Headwater,Headwater,Headwater,Headwater"}, 503},
	}
	edgetest.Both(t, func(t *testing.T, plain bool) {
		o := edgetest.NewOrigin(t, edgetest.Reply(ok("")))
		e := edgetest.Start(t, edge.Config{PlainIO: plain}, edgetest.Snapshot(edgetest.Backend(o)))
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				c := e.Dial(t)
				c.Send(get("/", tt.fields...))
				a := c.Answer()
				if a.Status != tt.status || tt.status == 503 && a.Reason != "Loop detected" {
					t.Errorf("status %d %s, want %d", a.Status, a.Reason, tt.status)
				}
			})
		}
	})
}
