package edge_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/textproto"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"headwater/edge"
	"headwater/edge/edgetest"
)

// A chooser makes choices out of a fuzzer's bytes.
type chooser struct{ bytes []byte }

func (c *chooser) n(below int) int {
	if len(c.bytes) == 0 {
		return 0
	}
	b := c.bytes[0]
	c.bytes = c.bytes[1:]
	return int(b) % below
}

func pick[T any](c *chooser, from ...T) T { return from[c.n(len(from))] }

// text returns up to most characters of the alphabet.
func (c *chooser) text(alphabet string, most int) string {
	var s strings.Builder
	for range c.n(most + 1) {
		s.WriteByte(alphabet[c.n(len(alphabet))])
	}
	return s.String()
}

const alnum = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// fields returns valid end-to-end field lines, and some that end at this hop.
func (c *chooser) fields() string {
	var s strings.Builder
	for range c.n(6) {
		name := pick(c, "X-A", "x-a", "X-B", "Accept", "Cookie", "ETag", "If-None-Match", "Authorization", "Cache-Control", "x!#$%&'*+.^_`|~", "X-"+c.text(alnum+"-_", 9))
		value := pick(c, "", "1", "a, b", "\"q\\\"\"", c.text(alnum+" \t!\"#()*,/:;<=>?@[]{}\\", 40), "\xe9\xff", strings.Repeat("long ", c.n(256)))
		fmt.Fprintf(&s, "%s:%s%s%s\r\n", name, pick(c, " ", "", "\t", "  "), value, pick(c, "", " "))
	}
	s.WriteString(pick(c, "", "", "", "Keep-Alive: timeout=5\r\n", "Proxy-Connection: x\r\n", "Connection: X-A, keep-alive\r\n", "connection: ,x-b ,,\r\n"))
	return s.String()
}

// body returns a body, framed, and the field lines that say how.
func (c *chooser) body(framing string) (fields, framed string) {
	size := pick(c, 0, 1, 5, 1000, 16<<10, 17000, 100000, c.n(256)*97)
	whole := strings.Repeat("0123456789abcdef\r\n", size/18+1)[:size]
	if framing == "length" {
		return fmt.Sprintf("Content-Length: %d\r\n", size), whole
	}
	var s, trailer strings.Builder
	for rest := whole; rest != ""; {
		n := min(len(rest), pick(c, 1<<14, 1, 100, 1<<15, 4096))
		fmt.Fprintf(&s, pick(c, "%x", "%X", "0%x")+pick(c, "", ";a", ";a=\"b\"")+"\r\n%s\r\n", n, rest[:n])
		rest = rest[n:]
		if s.Len() > 4*size+4096 { // do not crumble a large body
			break
		}
	}
	s.WriteString(pick(c, "0", "000", "0;x") + "\r\n")
	announce := ""
	for range c.n(3) {
		fmt.Fprintf(&trailer, "X-T%d: %s\r\n", c.n(3), c.text(alnum, 9))
		announce = "Trailer: X-T0, X-T1,X-T2\r\n"
	}
	return "Transfer-Encoding: chunked\r\n" + announce, s.String() + trailer.String() + "\r\n"
}

// request returns a valid request and its method.
func (c *chooser) request() (raw, method string) {
	method = pick(c, "GET", "GET", "POST", "PUT", "HEAD", "DELETE", "OPTIONS", "PATCH", "PURGE", "x-"+c.text(alnum, 5))
	target := "/" + pick(c, "", "a", "a/b/../c", "%2e%2E%2f", "a;b=c", c.text(alnum+"-._~!$&'()*+,;=:@/", 30))
	target += pick(c, "", "?", "?a=b&c", "?"+c.text(alnum+"-._~!$&'()*+,;=:@/?%", 30))
	if target = strings.ReplaceAll(target, "//", "/"); method != "HEAD" && c.n(9) == 8 {
		target = "http://" + edgetest.Host + target
	}
	var fields, body string
	if method == "POST" || method == "PUT" || c.n(5) == 4 {
		fields, body = c.body(pick(c, "length", "chunked"))
	}
	return fmt.Sprintf("%s %s HTTP/1.1\r\nHost: %s\r\n%s%s\r\n%s", method, target, edgetest.Host, fields, c.fields(), body), method
}

// answer returns an answer, valid but for that it may be cut short, and whether
// the origin closes behind it.
func (c *chooser) answer(method string) (raw string, closes bool) {
	status := pick(c, 200, 200, 200, 201, 204, 206, 301, 304, 400, 404, 501, 504, 599)
	var fields, body string
	switch framing := pick(c, "length", "chunked", "close"); framing {
	case "close":
		closes = true
		_, body = c.body("length")
	default:
		fields, body = c.body(framing)
	}
	if status == 204 {
		fields, closes = "", false
	}
	if method == "HEAD" || status == 204 || status == 304 {
		body, closes = "", false
	}
	raw = fmt.Sprintf("HTTP/1.1 %d %s\r\nContent-Type: text/x\r\n%s%s\r\n%s", status, pick(c, "OK", "", "Odd reason"), fields, c.fields(), body)
	if c.n(4) == 3 {
		raw = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + raw
	}
	if body != "" && !closes && c.n(6) == 5 {
		return raw[:len(raw)-1-c.n(min(len(body)-1, 255)+1)], true
	}
	return raw, closes
}

// left out of every comparison: what the edge writes itself, for a client that speaks TLS too, what
// frames a body on one hop, and what net/http rewrites.
var incomparable = append([]string{"content-length", "transfer-encoding", "connection", "trailer",
	"x-forwarded-for", "x-forwarded-host", "x-forwarded-server", "fastly-ssl"}, our...)

// comparableFields returns the values of each field, in order.
func comparableFields(fields edgetest.Fields) map[string][]string {
	all := map[string][]string{}
	for _, f := range fields {
		if !slices.Contains(incomparable, strings.ToLower(f.Name)) {
			name := textproto.CanonicalMIMEHeaderKey(f.Name)
			all[name] = append(all[name], f.Value)
		}
	}
	return all
}

// An exchanged is one exchange as its two ends saw it.
type exchanged struct {
	Method, Target, Host string
	Fields, Trailer      map[string][]string
	Body                 string

	Interim       []string
	Status        int
	Whole         bool
	AnswerFields  map[string][]string
	AnswerTrailer map[string][]string
	AnswerBody    string
}

// A rig is an origin with an edge and a ReverseProxy before it. The clients of that are in clear.
type rig struct {
	origin *edgetest.Origin
	edge   *edgetest.Edge
	judge  string

	mu     sync.Mutex
	answer string
	closes bool
}

func startRig(f *testing.F) *rig {
	r := &rig{}
	r.origin = edgetest.NewOrigin(f, edgetest.Handle(func(c *edgetest.Conn, _ *edgetest.Request) {
		r.mu.Lock()
		defer r.mu.Unlock()
		c.Write(r.answer)
		if r.closes {
			c.Close()
		}
	}))
	r.edge = edgetest.Start(f, edge.Config{PlainIO: !edgetest.Lots}, edgetest.Snapshot(edgetest.Backend(r.origin)))
	judge := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.URL.Scheme, p.Out.URL.Host = "http", fmt.Sprint("127.0.0.1:", r.origin.Port())
			if r.origin.Secure() {
				p.Out.URL.Scheme = "https"
			}
			p.Out.URL.RawQuery = p.In.URL.RawQuery // Rewrite drops what it cannot parse
			p.Out.Host = p.In.Host
			for _, name := range []string{"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded"} {
				if was, ok := p.In.Header[name]; ok {
					p.Out.Header[name] = was
				}
			}
		},
		Transport: &http.Transport{DisableCompression: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}},
		ErrorLog:  log.New(io.Discard, "", 0),
	})
	judge.Config.ErrorLog = log.New(io.Discard, "", 0)
	f.Cleanup(judge.Close)
	r.judge = judge.Listener.Addr().String()
	return r
}

// run sends the request by way of c and reports what both ends saw.
func (r *rig) run(t *testing.T, c *edgetest.Client, request, method string) exchanged {
	c.TCP.SetLinger(0) // or else the machine runs out of ports
	c.Push(request)
	a, err := c.TryAnswerTo(method)
	x := exchanged{Whole: err == nil && a.Err == nil}
	if x.Whole {
		x.Status, x.AnswerBody = a.Status, string(a.Body)
		x.AnswerFields, x.AnswerTrailer = comparableFields(a.Fields), comparableFields(a.Trailer)
		for _, m := range a.Interim {
			x.Interim = append(x.Interim, m.Line+" "+m.Fields.Get("Link"))
		}
	}
	var got *edgetest.Request
	select {
	case got = <-r.origin.Served:
	default: // both wait for the origin, which has long had it
		t.Fatalf("nothing reached the origin: %.500q; %+v, %v", request, a, err)
	}
	for len(r.origin.Served) > 0 {
		got = <-r.origin.Served
		t.Error("the origin got more than one request")
	}
	x.Method, x.Target, x.Host, x.Body = got.Method, got.Target, got.Fields.Get("Host"), string(got.Body)
	x.Fields, x.Trailer = comparableFields(got.Fields), comparableFields(got.Trailer)
	return x
}

// FuzzForward holds the edge to httputil.ReverseProxy: of every valid exchange
// both ends see the same through either.
func FuzzForward(f *testing.F) {
	for i := range 64 {
		seed := make([]byte, 96)
		for j := range seed {
			seed[j] = byte((i*131 + j*j*(i+7) + j*29) >> 1)
		}
		f.Add(seed)
	}
	f.Add([]byte{})
	r := startRig(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		c := &chooser{b}
		request, method := c.request()
		r.mu.Lock()
		r.answer, r.closes = c.answer(method)
		r.mu.Unlock()
		want := r.run(t, edgetest.DialClear(t, r.judge), request, method)
		got := r.run(t, r.edge.Dial(t), request, method)
		if want.Status == 0 {
			return // the judge had none to give: its transport can lose an answer that crosses its write
		}
		want.Trailer = got.Trailer // which ReverseProxy drops
		if got.Status == 304 && want.Status == 304 {
			want.AnswerFields["Content-Type"] = got.AnswerFields["Content-Type"] // likewise
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("request %.1000q\nanswer %.1000q\n(-ReverseProxy +edge):\n%.4000s", request, r.answer, diff)
		}
	})
}
