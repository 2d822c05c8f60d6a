package edge_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/http2"

	"headwater/edge"
	"headwater/edge/edgetest"
)

// startMux starts an edge that speaks HTTP/2 in clear, before an origin.
func startMux(t testing.TB, plain bool, script func(*edgetest.Conn)) (*edgetest.Edge, *edgetest.Origin) {
	t.Helper()
	o := edgetest.NewOrigin(t, script)
	return edgetest.StartFor(t, false, edge.Config{H2C: true, PlainIO: plain}, edgetest.Snapshot(edgetest.Backend(o))), o
}

// ours are fields that answers have from us, whose values tests do not care for.
var ours = []string{"date", "via", "x-served-by", "x-cache", "x-cache-hits", "x-timer"}

// TestMuxOrigins shows what requests of HTTP/2 become on the way to an origin.
func TestMuxOrigins(t *testing.T) {
	request := func(pairs ...string) []string { return pairs }
	tests := []struct {
		name  string
		pairs []string
		body  []string // pieces
		tail  []string // trailer
		want  string   // the head without our marks, and the body
	}{
		{"a GET", request(":method", "GET", ":scheme", "http", ":path", "/a?b=c", ":authority", edgetest.Host, "accept", "*/*"), nil, nil,
			"GET /a?b=c HTTP/1.1\nHost: test.example\naccept: */*\nFastly-Client-IP: 127.0.0.1\n"},
		{"Host in the place of :authority", request(":method", "GET", ":scheme", "http", ":path", "/", "host", "TEST.example"), nil, nil,
			"GET / HTTP/1.1\nHost: test.example\nFastly-Client-IP: 127.0.0.1\n"},
		{"both, and equal", request(":method", "GET", ":scheme", "http", ":path", "/", ":authority", "Test.Example", "host", "test.example"), nil, nil,
			"GET / HTTP/1.1\nHost: test.example\nFastly-Client-IP: 127.0.0.1\n"},
		{"cookies in pieces", request(":method", "GET", ":scheme", "http", ":path", "/", ":authority", edgetest.Host, "cookie", "a=1", "x", "y", "cookie", "b=2"), nil, nil,
			"GET / HTTP/1.1\nHost: test.example\ncookie: a=1; b=2\nx: y\nFastly-Client-IP: 127.0.0.1\n"},
		{"te ends here", request(":method", "GET", ":scheme", "http", ":path", "/", ":authority", edgetest.Host, "te", "trailers"), nil, nil,
			"GET / HTTP/1.1\nHost: test.example\nFastly-Client-IP: 127.0.0.1\n"},
		{"OPTIONS of all", request(":method", "OPTIONS", ":scheme", "http", ":path", "*", ":authority", edgetest.Host), nil, nil,
			"OPTIONS * HTTP/1.1\nHost: test.example\nFastly-Client-IP: 127.0.0.1\n"},
		{"a body of a known length", request(":method", "POST", ":scheme", "http", ":path", "/", ":authority", edgetest.Host, "content-length", "10"), []string{"01234", "56789"}, nil,
			"POST / HTTP/1.1\nHost: test.example\nFastly-Client-IP: 127.0.0.1\nContent-Length: 10\n0123456789"},
		{"an empty body", request(":method", "POST", ":scheme", "http", ":path", "/", ":authority", edgetest.Host), []string{""}, nil,
			"POST / HTTP/1.1\nHost: test.example\nFastly-Client-IP: 127.0.0.1\n"},
		{"a body with a trailer", request(":method", "PUT", ":scheme", "http", ":path", "/", ":authority", edgetest.Host, "trailer", "x-sum", "trailer", "content-length"), []string{"abc"}, []string{"x-sum", "1", "content-length", "9", "via", "x"},
			"PUT / HTTP/1.1\nHost: test.example\ntrailer: x-sum\nFastly-Client-IP: 127.0.0.1\nTransfer-Encoding: chunked\nabc\nx-sum: 1\n"},
	}
	e, o := startMux(t, false, edgetest.Reply("HTTP/1.1 204 No Content\r\n\r\n"))
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := e.DialMux(t)
			m.Request(1, tt.body == nil, tt.pairs...)
			for i, piece := range tt.body {
				m.WriteData(1, tt.tail == nil && i == len(tt.body)-1, []byte(piece))
			}
			if tt.tail != nil {
				m.Request(1, true, tt.tail...)
			}
			r := o.Next()
			if got := m.Answer(1).Status(); got != "204" {
				t.Errorf("status %s", got)
			}
			if diff := cmp.Diff(tt.want, plainly(r)); diff != "" {
				t.Errorf("at the origin (-want +got):\n%s", diff)
			}
		})
	}
}

// plainly shows a request without our marks. One body may come in one piece or in
// chunks: how much was there when its head was is chance.
func plainly(r *edgetest.Request) string {
	var b strings.Builder
	b.WriteString(r.Line + "\n")
	framing := ""
	for _, f := range r.Fields {
		switch f.Name {
		case "Via", "CDN-Loop", "X-Timer":
		case "Content-Length", "Transfer-Encoding":
			framing = f.Name + ": " + f.Value + "\n"
		default:
			b.WriteString(f.Name + ": " + f.Value + "\n")
		}
	}
	if framing != "Content-Length: 0\n" && !(len(r.Body) == 0 && len(r.Trailer) == 0) {
		b.WriteString(framing)
	}
	b.Write(r.Body)
	for _, f := range r.Trailer {
		b.WriteString("\n" + f.Name + ": " + f.Value + "\n")
	}
	return b.String()
}

// TestMuxRefused is the strictness of HTTP/1 on HTTP/2: nothing of this reaches an
// origin, and a next request on the connection is served.
func TestMuxRefused(t *testing.T) {
	const reset = "RST_STREAM PROTOCOL_ERROR"
	get := func(pairs ...string) []string {
		return append([]string{":method", "GET", ":scheme", "http", ":path", "/", ":authority", edgetest.Host}, pairs...)
	}
	var many []string
	for range 101 {
		many = append(many, "x", "y")
	}
	tests := []struct {
		name  string
		pairs []string
		want  string
	}{
		{"CONNECT", []string{":method", "CONNECT", ":authority", edgetest.Host}, "405"},
		{"TRACE", []string{":method", "TRACE", ":scheme", "http", ":path", "/", ":authority", edgetest.Host}, "405"},
		{"no host", []string{":method", "GET", ":scheme", "http", ":path", "/"}, "400"},
		{"two hosts", get("host", "other.example"), "400"},
		{"Host twice", get("host", edgetest.Host, "host", edgetest.Host), "400"},
		{"user in the authority", []string{":method", "GET", ":scheme", "http", ":path", "/", ":authority", "u@" + edgetest.Host}, "400"},
		{"a broken escape", []string{":method", "GET", ":scheme", "http", ":path", "/%zz", ":authority", edgetest.Host}, "400"},
		{"a fragment", []string{":method", "GET", ":scheme", "http", ":path", "/#a", ":authority", edgetest.Host}, "400"},
		{"a space in the path", []string{":method", "GET", ":scheme", "http", ":path", "/ HTTP/1.1", ":authority", edgetest.Host}, "400"},
		{"a path too long", []string{":method", "GET", ":scheme", "http", ":path", "/" + strings.Repeat("a", 8192), ":authority", edgetest.Host}, "414"},
		{"a method with a space", []string{":method", "GET /x", ":scheme", "http", ":path", "/", ":authority", edgetest.Host}, "400"},
		{"a method too long", []string{":method", strings.Repeat("M", 65), ":scheme", "http", ":path", "/", ":authority", edgetest.Host}, "400"},
		{"* of GET", []string{":method", "GET", ":scheme", "http", ":path", "*", ":authority", edgetest.Host}, "400"},
		{"another expectation", get("expect", "tea"), "417"},
		{"too many fields", get(many...), "431"},
		{"our own mark too often", get("cdn-loop", "Headwater, Headwater, Headwater, Headwater"), "503"},
		{"a field too large", get("x", strings.Repeat("a", 60000), "y", strings.Repeat("a", 6000)), "431"},
		{"an absolute path", []string{":method", "GET", ":scheme", "http", ":path", "http://test.example/", ":authority", edgetest.Host}, reset},
		{"no path", []string{":method", "GET", ":scheme", "http", ":path", "", ":authority", edgetest.Host}, reset},
		{"no method", []string{":scheme", "http", ":path", "/", ":authority", edgetest.Host}, reset},
		{"no scheme", []string{":method", "GET", ":path", "/", ":authority", edgetest.Host}, reset},
		{"another scheme", []string{":method", "GET", ":scheme", "ftp", ":path", "/", ":authority", edgetest.Host}, reset},
		{"an unknown pseudo-field", get(":protocol", "websocket"), reset},
		{"a pseudo-field twice", get(":path", "/b"), reset},
		{"a pseudo-field of answers", get(":status", "200"), reset},
		{"a pseudo-field behind a field", []string{":method", "GET", ":scheme", "http", "x", "y", ":path", "/", ":authority", edgetest.Host}, reset},
		{"upper case", get("X", "y"), reset},
		{"a name with a space", get("x y", "z"), reset},
		{"a name with a colon", get("x:y", "z"), reset},
		{"an empty name", get("", "z"), reset},
		{"CR in a value", get("x", "a\rb"), reset},
		{"LF in a value", get("x", "a\nEvil: 1"), reset},
		{"NUL in a value", get("x", "a\x00b"), reset},
		{"LF in the path", []string{":method", "GET", ":scheme", "http", ":path", "/\nEvil: 1", ":authority", edgetest.Host}, reset},
		{"a value with space before it", get("x", " a"), reset},
		{"Connection", get("connection", "close"), reset},
		{"Keep-Alive", get("keep-alive", "timeout=5"), reset},
		{"Proxy-Connection", get("proxy-connection", "keep-alive"), reset},
		{"Transfer-Encoding", get("transfer-encoding", "chunked"), reset},
		{"Upgrade", get("upgrade", "h2c"), reset},
		{"TE", get("te", "gzip"), reset},
		{"Content-Length twice", get("content-length", "0", "content-length", "0"), reset},
		{"Content-Length of no number", get("content-length", "+1"), reset},
		{"a body that is not there", get("content-length", "1"), reset},
	}
	e, o := startMux(t, false, edgetest.Reply("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := e.DialMux(t)
			m.Request(1, true, tt.pairs...)
			a := m.Answer(1)
			got := a.Status()
			if a.Reset != nil {
				got = "RST_STREAM " + a.Reset.String()
			}
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			m.Get(3, "/next")
			if a := m.Answer(3); a.Status() != "200" || a.Body != "ok" {
				t.Errorf("the next request: %+v", a)
			}
			if r := o.Next(); r.Target != "/next" {
				t.Errorf("%s has reached the origin", r.Target)
			}
		})
	}
}

// TestMuxBodies is what becomes of answers, whatever frames them at the origin.
func TestMuxBodies(t *testing.T) {
	big := strings.Repeat("0123456789", 20000)
	chunked := "Transfer-Encoding: chunked\r\n\r\n"
	tests := []struct {
		name, answer, body string
		close              bool
		fields             [][2]string
		trailer            [][2]string
	}{
		{"a length", "Content-Length: 2\r\n\r\nok", "ok", false, [][2]string{{":status", "200"}, {"content-length", "2"}}, nil},
		{"no body", "Content-Length: 0\r\n\r\n", "", false, [][2]string{{":status", "200"}, {"content-length", "0"}}, nil},
		{"chunks", chunked + "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "abcde", false, [][2]string{{":status", "200"}}, nil},
		{"chunks and a trailer", "Trailer: X-Sum\r\n" + chunked + "3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n", "abc", false,
			[][2]string{{":status", "200"}, {"trailer", "X-Sum"}}, [][2]string{{"x-sum", "1"}}},
		{"a trailer alone", chunked + "0\r\nX-Sum: 1\r\n\r\n", "", false, [][2]string{{":status", "200"}}, [][2]string{{"x-sum", "1"}}},
		{"the connection's end", "Server: s\r\n\r\nabc", "abc", true, [][2]string{{":status", "200"}, {"server", "s"}}, nil},
		{"fields that end here", "Connection: x-a\r\nX-A: 1\r\nKeep-Alive: t\r\nX-B: 2\r\nContent-Length: 0\r\n\r\n", "", false,
			[][2]string{{":status", "200"}, {"x-b", "2"}, {"content-length", "0"}}, nil},
		{"more than any window", fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(big), big), big, false,
			[][2]string{{":status", "200"}, {"content-length", fmt.Sprint(len(big))}}, nil},
		{"chunks, more than any window", chunked + fmt.Sprintf("%x\r\n%s\r\n0\r\nX-Sum: 1\r\n\r\n", len(big), big), big, false,
			[][2]string{{":status", "200"}}, [][2]string{{"x-sum", "1"}}},
	}
	edgetest.Both(t, func(t *testing.T, plain bool) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				e, _ := startMux(t, plain, edgetest.Handle(func(c *edgetest.Conn, _ *edgetest.Request) {
					c.Write("HTTP/1.1 200 OK\r\n" + tt.answer)
					if tt.close {
						c.Close()
					}
				}))
				m := e.DialMux(t, http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 20})
				m.WriteWindowUpdate(0, 1<<20)
				m.Get(1, "/")
				a := m.Answer(1)
				a.Fields = slices.DeleteFunc(a.Fields, func(f [2]string) bool { return slices.Contains(ours, f[0]) })
				if a.Body != tt.body || a.Reset != nil {
					t.Errorf("%d bytes, want %d; reset %v", len(a.Body), len(tt.body), a.Reset)
				}
				if diff := cmp.Diff(tt.fields, a.Fields); diff != "" {
					t.Errorf("fields (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(tt.trailer, a.Trailer); diff != "" {
					t.Errorf("trailer (-want +got):\n%s", diff)
				}
			})
		}
	})
}

// An answer that the origin has cut never looks whole.
func TestMuxTruncated(t *testing.T) {
	for _, answer := range []string{"Content-Length: 10\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"} {
		e, _ := startMux(t, false, edgetest.Handle(func(c *edgetest.Conn, _ *edgetest.Request) {
			c.Write("HTTP/1.1 200 OK\r\n" + answer)
			c.Close()
		}))
		m := e.DialMux(t)
		m.Get(1, "/")
		if a := m.Answer(1); a.Reset == nil || *a.Reset != http2.ErrCodeInternal || a.Body != "abc" {
			t.Errorf("%q: %+v", answer, a)
		}
	}
}

func TestMuxInterim(t *testing.T) {
	e, o := startMux(t, false, edgetest.Handle(func(c *edgetest.Conn, r *edgetest.Request) {
		c.Write("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
	}))
	m := e.DialMux(t)
	m.Post(1, "/", "expect", "100-continue")
	for f := m.Next(); ; f = m.Next() {
		if h, ok := f.(*http2.HeadersFrame); ok {
			if got := m.Fields(h); got[0][1] != "100" || h.StreamEnded() {
				t.Fatalf("before the body: %v", got)
			}
			break
		}
	}
	m.WriteData(1, true, []byte("body"))
	a := m.Answer(1)
	if want := [][][2]string{{{":status", "103"}, {"link", "</a.css>"}}}; cmp.Diff(want, a.Interim) != "" || a.Status() != "200" {
		t.Errorf("%+v", a)
	}
	if got := string(o.Next().Body); got != "body" {
		t.Errorf("body %q", got)
	}
}

// Programs see which protocol it is.
func TestMuxProgram(t *testing.T) {
	o := edgetest.NewOrigin(t, edgetest.Reply("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
	s := edgetest.WithVCL(t, edgetest.Snapshot(edgetest.Backend(o)), `sub vcl_deliver {
#FASTLY deliver
  set resp.http.X-Proto = req.proto " " req.protocol " " fastly_info.is_h2;
}`)
	e := edgetest.StartFor(t, false, edge.Config{H2C: true}, s)
	m := e.DialMux(t)
	m.Get(1, "/")
	if got, want := m.Answer(1).Field("x-proto"), "HTTP/2 http 1"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	c := edgetest.DialClear(t, e.Addr)
	c.Send(get("/"))
	if got, want := c.Answer().Fields.Get("X-Proto"), "HTTP/1.1 http 0"; got != want {
		t.Errorf("HTTP/1: got %q, want %q", got, want)
	}
}

// Many streams of one connection are under way at a time, and no more than we take.
func TestMuxStreams(t *testing.T) {
	script, arrived, release := stuck()
	e, _ := startMux(t, false, script)
	m := e.DialMux(t)
	var ids []uint32
	for i := range uint32(100) {
		ids = append(ids, 2*i+1)
		m.Get(2*i+1, "/")
	}
	for range ids {
		<-arrived
	}
	m.Get(201, "/")
	if a := m.Answer(201); a.Reset == nil || *a.Reset != http2.ErrCodeRefusedStream {
		t.Errorf("one too many: %+v", a)
	}
	close(release)
	for id, a := range m.Answers(ids...) {
		if a.Body != "late" {
			t.Errorf("stream %d: %+v", id, a)
		}
	}
	m.Get(203, "/now")
	if a := m.Answer(203); a.Body != "now" {
		t.Errorf("afterwards: %+v", a)
	}
}

// Shutdown says at first that no more should come, then which was the last, and
// lets what is under way end.
func TestMuxShutdown(t *testing.T) {
	t.Parallel()
	edgetest.Both(t, func(t *testing.T, plain bool) {
		script, arrived, release := stuck()
		e, _ := startMux(t, plain, script)
		busy, idle := e.DialMux(t), e.DialMux(t)
		idle.Get(1, "/now")
		idle.Answer(1)
		busy.Get(1, "/")
		<-arrived
		result := shutdown(e, 20*time.Second)
		var last []uint32
		for len(last) < 2 {
			switch f := busy.Next().(type) {
			case *http2.GoAwayFrame:
				last = append(last, f.LastStreamID)
			case *http2.PingFrame:
				busy.Get(3, "/") // which the client may still send
				busy.WritePing(true, f.Data)
			}
		}
		if want := []uint32{1<<31 - 1, 3}; cmp.Diff(want, last) != "" {
			t.Errorf("last streams %v, want %v", last, want)
		}
		busy.Get(5, "/never")
		close(release)
		if a := busy.Answers(1, 3); a[1].Body != "late" || a[3].Body != "late" {
			t.Errorf("%+v, %+v", a[1], a[3])
		}
		if f := busy.Next(); f != nil {
			t.Errorf("afterwards %v", f)
		}
		if code, came := idle.AwaitGoAway(); !came || code != http2.ErrCodeNo {
			t.Errorf("idle connection: GOAWAY %v, %v", came, code)
		}
		if err := <-result; err != nil {
			t.Error(err)
		}
	})
}

// Shutdown that has no more time cuts what is under way.
func TestMuxShutdownCuts(t *testing.T) {
	script, arrived, release := stuck()
	defer close(release)
	e, _ := startMux(t, false, script)
	m := e.DialMux(t)
	m.Get(1, "/")
	<-arrived
	if err := <-shutdown(e, time.Millisecond); err != context.DeadlineExceeded {
		t.Errorf("Shutdown: %v", err)
	}
	m.AwaitGoAway()
}

// Real clients.
func TestMuxClients(t *testing.T) {
	body := strings.Repeat("0123456789", 100000)
	o := edgetest.NewOrigin(t, edgetest.Handle(func(c *edgetest.Conn, r *edgetest.Request) {
		c.Write(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(r.Body), r.Body))
	}))
	s := edgetest.Service("test", 1, []string{"127.0.0.1"}, edgetest.Backend(o))
	for _, secure := range []bool{false, true} {
		e := edgetest.StartFor(t, secure, edge.Config{H2C: true}, s)
		url := map[bool]string{false: "http://", true: "https://"}[secure] + e.Addr + "/"
		t.Run(url[:5]+" net/http", func(t *testing.T) {
			var p http.Protocols
			p.SetUnencryptedHTTP2(true)
			p.SetHTTP2(true)
			tr := &http.Transport{Protocols: &p, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
			defer tr.CloseIdleConnections()
			for range 3 {
				resp, err := tr.RoundTrip(must(http.NewRequest("POST", url, strings.NewReader(body))))
				if err != nil {
					t.Fatal(err)
				}
				got, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				if err != nil || string(got) != body || resp.Proto != "HTTP/2.0" {
					t.Errorf("%s, %d bytes, %v", resp.Proto, len(got), err)
				}
			}
		})
		t.Run(url[:5]+" curl", func(t *testing.T) {
			curl(t, url, body)
		})
	}
}

// curl sends body by curl, and holds the answer to it.
func curl(t *testing.T, url, body string) {
	path, err := exec.LookPath("curl")
	if err != nil {
		needs(t, "curl")
	}
	cmd := exec.Command(path, "-sk", "--http2-prior-knowledge", "-w", " HTTP/%{http_version}", "--data-binary", "@-", "-H", "Expect:", url)
	if strings.HasPrefix(url, "https") {
		cmd.Args[2] = "--http2"
	}
	cmd.Stdin = strings.NewReader(body)
	got, err := cmd.Output()
	if want := body + " HTTP/2"; err != nil || string(got) != want {
		t.Errorf("%d bytes, %v; want %d", len(got), err, len(want))
	}
}

// needs ends a test that lacks a program.
func needs(t *testing.T, program string) {
	t.Helper()
	if os.Getenv("HEADWATER_CI") == "1" {
		t.Fatal(program + " is not installed")
	}
	t.Skip(program + " is not installed")
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
