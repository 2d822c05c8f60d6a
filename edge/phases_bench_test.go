package edge

import (
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
func (l *cannedLink) stale() bool                                  { return false }
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
	if c.asking == nil || c.asking.held == nil {
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
			c := cannedClient(b, kind.vcl)
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
		})
	}
}

// cannedClient is a connection to an edge whose one backend answers at once.
func cannedClient(t testing.TB, text string) *clientConn {
	e := New(Config{})
	t.Cleanup(func() { e.Shutdown(t.Context()) })
	s := &service.Snapshot{Service: "test", Version: 1, Generation: 1, Objects: map[string][]service.Object{}}
	add := func(k *service.Kind, in service.Input) {
		o, err := k.Create(in)
		if err != nil {
			t.Fatal(err)
		}
		s.Objects[k.Name] = append(s.Objects[k.Name], o)
	}
	add(service.DomainKind, service.Input{"name": {Text: "test.example"}})
	add(service.BackendKind, service.Input{"name": {Text: "origin"}, "address": {Text: "127.0.0.1"}})
	if text != "" {
		add(service.VCLKind, service.Input{"name": {Text: "main"}, "main": {Text: "1"}, "content": {Text: text}})
	}
	if err := e.Apply(s); err != nil {
		t.Fatal(err)
	}
	p := e.table.Load().find([]byte("test.example")).backends[0].pool
	p.add()
	p.put(&originConn{pool: p, served: 1, link: &cannedLink{answer: []byte("HTTP/1.1 200 OK\r\nServer: bench\r\nContent-Type: text/plain\r\n" +
		"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nETag: \"0123456789abcdef\"\r\nContent-Length: 5\r\n\r\nhello")}})
	return &clientConn{edge: e, link: &cannedLink{}, remote: "192.0.2.7"}
}
