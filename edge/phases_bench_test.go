package edge

import (
	"strings"
	"testing"
	"time"

	"headwater/service"
)

// A cannedLink is a connection on which everything has happened already: what is
// written goes nowhere, and what is read is always the same answer.
type cannedLink struct {
	link
	answer []byte
}

func (l *cannedLink) write(b []byte, _ time.Duration) (int, error) { return len(b), nil }
func (l *cannedLink) post(b []byte, _ time.Duration) (int, error)  { return len(b), nil }
func (l *cannedLink) stale(*lot) bool                              { return false }
func (l *cannedLink) move(*lot) bool                               { return false }
func (l *cannedLink) interrupted() bool                            { return false }
func (l *cannedLink) close()                                       {}
func (l *cannedLink) lend(*clientConn)                             {}
func (l *cannedLink) park(time.Time) bool                          { return false }
func (l *cannedLink) read(b []byte, _ time.Time) (int, error)      { return copy(b, l.answer), nil }

// UsualVCL is a program as customers write them: some lines in each of the
// subroutines that every request passes.
const UsualVCL = `
sub vcl_recv {
  #FASTLY recv
  set req.http.X-Request-Start = time.start.sec;
  if (req.url ~ "^/api/" && req.http.X-Beta) {
    set req.backend = F_origin;
  }
  if (req.http.User-Agent ~ "(?i)bot") {
    set req.http.X-Bot = "1";
  }
  unset req.http.Cookie;
  return(lookup);
}
sub vcl_miss {
  #FASTLY miss
  set bereq.http.X-Edge = server.identity;
  set bereq.first_byte_timeout = 5s;
  return(fetch);
}
sub vcl_fetch {
  #FASTLY fetch
  if (beresp.status >= 500 && req.restarts == 0) {
    restart;
  }
  unset beresp.http.Server;
  set beresp.ttl = 60s;
  return(deliver);
}
sub vcl_deliver {
  #FASTLY deliver
  set resp.http.Strict-Transport-Security = "max-age=31536000";
  unset resp.http.ETag;
  return(deliver);
}
`

// ask serves the request in text, whose head ends there.
func (c *clientConn) ask(text string, head int) {
	buf := getBuffer(len(text))
	c.request(buf, 0, head, copy(buf.b, text))
	if !c.holds() {
		buf.free()
	}
	for c.asking != nil && !c.rest() {
		c.serveAnswer()
	}
}

// BenchmarkExchange is a request's whole way but for the system calls: of a version
// without VCL of its own, and of one with the usual.
func BenchmarkExchange(b *testing.B) {
	for _, kind := range []struct{ name, vcl string }{{"skeleton", ""}, {"usual", UsualVCL}} {
		b.Run(kind.name, func(b *testing.B) {
			request := "GET /bench/1k?x=y HTTP/1.1\r\nHost: test.example\r\nUser-Agent: bench/1.0\r\nAccept: */*\r\n" +
				"Accept-Encoding: gzip, deflate\r\nCookie: a=b; c=d\r\nX-Request-Id: 0123456789\r\n\r\n"
			cannedClient(b, kind.vcl).measure(b, request)
		})
	}
}

// measure has the client make that request again and again.
func (c *clientConn) measure(b *testing.B, request string) {
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

// versionOf returns a version and what adds objects to it, of which fields are given by
// name and value.
func versionOf(t testing.TB, number int) (*service.Snapshot, func(k *service.Kind, fields ...string)) {
	s := &service.Snapshot{Service: "test", Version: number, Generation: int64(number), Objects: map[string][]service.Object{}}
	return s, func(k *service.Kind, fields ...string) {
		in := service.Input{}
		for i := 0; i < len(fields); i += 2 {
			in[fields[i]] = service.Value{Text: fields[i+1]}
		}
		o, err := k.Create(in)
		if err != nil {
			t.Fatal(err)
		}
		s.Objects[k.Name] = append(s.Objects[k.Name], o)
	}
}

// cannedClient is a connection to an edge whose one backend answers at once.
func cannedClient(t testing.TB, text string) *clientConn {
	s, add := versionOf(t, 1)
	add(service.DomainKind, "name", "test.example")
	add(service.BackendKind, "name", "origin", "address", "127.0.0.1")
	if text != "" {
		add(service.VCLKind, "name", "main", "main", "1", "content", text)
	}
	return cannedClientOf(t, Config{}, "HTTP/1.1 200 OK\r\nServer: bench\r\nContent-Type: text/plain\r\n"+
		"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nETag: \"0123456789abcdef\"\r\nContent-Length: 5\r\n\r\nhello", s)
}

// answer1K is what servers say around 1 KiB.
var answer1K = "HTTP/1.1 200 OK\r\nServer: bench\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Type: text/plain\r\n" +
	"Content-Length: 1024\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\nConnection: keep-alive\r\n" +
	"ETag: \"0123456789abcdef\"\r\nAccept-Ranges: bytes\r\n\r\n" + strings.Repeat("x", 1024)

// cannedClientOf is likewise, of an edge that serves all, with that answer of the first
// backend of the first.
func cannedClientOf(t testing.TB, cfg Config, answer string, all ...*service.Snapshot) *clientConn {
	e := New(cfg)
	t.Cleanup(func() { e.Shutdown(t.Context()) })
	if err := e.Apply(all...); err != nil {
		t.Fatal(err)
	}
	p := e.services[all[0].Service].site.backends[0].pool
	p.add()
	p.put(&originConn{pool: p, served: 1, link: &cannedLink{answer: []byte(answer)}})
	return &clientConn{edge: e, link: &cannedLink{}, remote: "192.0.2.7"}
}
