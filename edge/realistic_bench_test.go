package edge

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"headwater/service"
)

// BenchmarkRealistic is BenchmarkExchange of what a customer's version may look like:
// with 20 conditions, snippets, a weighted pool and an access log.
func BenchmarkRealistic(b *testing.B) {
	e := New(Config{AccessLog: NewAccessLog(io.Discard, time.Second, func(err error) { b.Error(err) })})
	b.Cleanup(func() { e.Shutdown(b.Context()) })
	if err := e.Apply(realisticVersion(b)); err != nil {
		b.Fatal(err)
	}
	p := e.table.Load().find([]byte("test.example")).backends[0].pool
	p.add()
	p.put(&originConn{pool: p, served: 1, link: &cannedLink{answer: []byte("HTTP/1.1 200 OK\r\nServer: bench\r\n" +
		"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Type: text/plain\r\nContent-Length: 1024\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n" +
		"Connection: keep-alive\r\nETag: \"0123456789abcdef\"\r\nAccept-Ranges: bytes\r\n\r\n" + strings.Repeat("x", 1024))}})
	c := &clientConn{edge: e, link: &cannedLink{}, remote: "192.0.2.7"}
	const request = "GET /1k HTTP/1.1\r\nHost: test.example\r\n\r\n"
	b.ReportAllocs()
	began := CPUTime()
	for b.Loop() {
		c.started = time.Now()
		c.ask(request, len(request))
		if c.over {
			b.Fatal("the connection is over")
		}
	}
	b.ReportMetric(float64((CPUTime()-began).Nanoseconds())/float64(b.N), "cpu-ns/op")
}

func realisticVersion(t testing.TB) *service.Snapshot {
	s := &service.Snapshot{Service: "test", Version: 1, Generation: 1, Objects: map[string][]service.Object{}}
	add := func(k *service.Kind, pairs ...string) {
		in := service.Input{}
		for i := 0; i < len(pairs); i += 2 {
			in[pairs[i]] = service.Value{Text: pairs[i+1]}
		}
		o, err := k.Create(in)
		if err != nil {
			t.Fatal(err)
		}
		s.Objects[k.Name] = append(s.Objects[k.Name], o)
	}
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
