package edge

import (
	"context"
	"fmt"
	"io"
	"testing"
	"time"

	"headwater/service"
)

// BenchmarkRealistic is BenchmarkExchange of what a customer's version may look like:
// with 20 conditions, snippets, a weighted pool and an access log.
func BenchmarkRealistic(b *testing.B) {
	log := NewAccessLog(io.Discard, time.Second, func(err error) { b.Error(err) })
	b.Cleanup(func() { log.Close(context.Background()) })
	c := cannedClientOf(b, Config{AccessLog: log}, answer1K, realisticVersion(b))
	c.measure(b, "GET /1k HTTP/1.1\r\nHost: test.example\r\n\r\n")
}

func realisticVersion(t testing.TB) *service.Snapshot {
	s, add := versionOf(t, 1)
	add(service.DomainKind, "name", "test.example")
	for i := range 4 {
		add(service.BackendKind, "name", fmt.Sprint("b", i), "address", "127.0.0.1", "max_conn", "0", "auto_loadbalance", "1", "weight", fmt.Sprint(10*(i+1)))
	}
	statements := []string{`req.url ~ "^/section-%d/"`, `req.http.Host == "www-%d.bench.test"`, `req.http.User-Agent ~ "(?i)bot-%d"`, `req.http.X-Beta && req.url.ext == "e%d"`}
	for i := range 20 {
		name := fmt.Sprint("c", i)
		add(service.ConditionKind, "name", name, "type", "REQUEST", "priority", fmt.Sprint(i), "statement", fmt.Sprintf(statements[i%len(statements)], i))
		add(service.HeaderKind, "name", name, "request_condition", name, "action", "set", "type", "request",
			"dst", "http.X-Condition-"+fmt.Sprint(i), "src", `"1"`, "ignore_if_set", "0", "priority", "10")
	}
	for at, text := range map[string]string{
		"recv":    `set req.http.X-Start = time.start.sec; unset req.http.Cookie;`,
		"miss":    `set bereq.http.X-Edge = server.identity;`,
		"fetch":   `unset beresp.http.Server; set beresp.ttl = 60s;`,
		"deliver": `set resp.http.Strict-Transport-Security = "max-age=31536000";`,
		"error":   `set obj.http.X-Error = obj.response;`,
	} {
		add(service.SnippetKind, "name", at, "type", at, "content", text, "dynamic", "0")
	}
	return s
}
