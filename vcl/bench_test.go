package vcl

import (
	"fmt"
	"strings"
	"testing"

	"headwater/vcl/syntax"
)

// benchmark runs vcl_recv on one request, which the program leaves as it is.
func benchmark(b *testing.B, program, request string) {
	p, x := compiled(b, program), testCtx(request)
	b.ReportAllocs()
	for b.Loop() {
		x.steps = maxSteps
		p.Run(x, Recv)
	}
}

// benchmarkAnew is benchmark for a program that changes the request, which costs some
// 30 ns to make good each time.
func benchmarkAnew(b *testing.B, program, request string) {
	p, x := compiled(b, program), testCtx(request)
	target, fields := x.Req.Target, copied(&x.Req.Fields)
	b.ReportAllocs()
	for b.Loop() {
		x.Req.Target = target
		x.Req.Fields.Copy(&fields)
		x.arena.reset()
		x.steps, x.Logged = maxSteps, x.Logged[:0]
		p.Run(x, Recv)
	}
}

// compiled is a program as those that serve are compiled.
func compiled(b *testing.B, program string) *Program {
	u, problems := syntax.ParseUnit(syntax.NewFile("bench", program))
	if len(problems) > 0 {
		b.Fatal(problems.Show())
	}
	p, problems := Compile(u, Options{Untraced: true})
	if len(problems) > 0 {
		b.Fatal(problems.Show())
	}
	return p
}

func condition(text string) string {
	return "sub vcl_recv { if (" + text + ") { return(pass); } }"
}

const browser = "GET /api/v1/things?x=1\nHost: www.test\n" +
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131\n" +
	"Accept: text/html\nAccept-Encoding: gzip, br\nAccept-Language: en\nCookie: a=b; session=42\nX-Beta: 1\n"

func BenchmarkEmpty(b *testing.B) { benchmark(b, "sub vcl_recv { }", browser) }

// twoTerms is a usual condition: a prefix of the URL, and a header that is there.
const twoTerms = `req.url ~ "^/api/" && req.http.X-Beta`

func BenchmarkCondition(b *testing.B) { benchmark(b, condition(twoTerms), browser) }

// BenchmarkConditionAlone is the condition by itself: what each request_condition
// adds to vcl_recv, without the subroutine around it.
func BenchmarkConditionAlone(b *testing.B) {
	e, problems := syntax.ParseExpr(syntax.NewFile("condition", twoTerms))
	if len(problems) > 0 {
		b.Fatal(problems.Show())
	}
	c := newCompiler(Options{Untraced: true})
	c.sub = &routine{name: "vcl_recv", scopes: in(Recv)}
	holds, x := c.truth(e), testCtx(browser)
	b.ReportAllocs()
	for b.Loop() {
		x.steps = maxSteps
		if !holds(x) {
			b.Fatal("the condition does not hold")
		}
	}
}

func BenchmarkBots(b *testing.B) {
	benchmark(b, condition(`req.http.User-Agent ~ "(?i)(googlebot|bingbot|yandexbot|duckduckbot|baiduspider|slurp)"`), browser)
}

// smallRecv does what a small site's vcl_recv does.
const smallRecv = `
backend F_a { .host = "a.test"; }
backend F_b { .host = "b.test"; }
acl office { "10.0.0.0"/8; "192.0.2.0"/24; "2001:db8::"/32; }
table redirects { "/old": "/new", "/gone": "/", }
sub vcl_recv {
  set req.http.Host = std.tolower(req.http.Host);
  set req.backend = F_a;
  if (req.http.Host == "static.test" || req.http.Host == "img.test") {
    set req.backend = F_b;
  }
  if (req.url ~ "\.(jpe?g|png|gif|css|js)(\?|$)") {
    unset req.http.Cookie;
  }
  if (client.ip ~ office) {
    set req.http.X-Office = "yes";
  }
  if (table.lookup(redirects, req.url.path)) {
    error 301 "moved";
  }
  set req.http.X-Key = req.http.Host ":" req.url.path;
  if (req.method != "GET" && req.method != "HEAD") {
    return(pass);
  }
  return(lookup);
}`

func BenchmarkRecv(b *testing.B) { benchmarkAnew(b, smallRecv, browser) }

// BenchmarkCompile compiles 256 KiB, parser included.
func BenchmarkCompile(b *testing.B) {
	var text strings.Builder
	for i := 0; text.Len() < 256<<10; i++ {
		fmt.Fprintf(&text, `sub vcl_recv {
  if (req.http.X-Number-%d ~ "^([a-z]+)-%d$" && req.url.path == "/path/%d") {
    set req.http.X-Out = re.group.1 "/" req.url.basename "?" req.http.Cookie:name%d;
    return(pass);
  }
}
`, i, i, i, i)
	}
	f := syntax.NewFile("big", text.String())
	b.SetBytes(int64(len(f.Text)))
	b.ReportAllocs()
	for b.Loop() {
		u, problems := syntax.ParseUnit(f)
		if len(problems) > 0 {
			b.Fatal(problems)
		}
		if _, problems = Compile(u, Options{}); len(problems) > 0 {
			b.Fatal(problems)
		}
	}
}
