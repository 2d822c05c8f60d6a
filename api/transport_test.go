package api_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"headwater/api"
	"headwater/service"
)

func TestResponseHeaders(t *testing.T) {
	f := start(t)
	v := f.draft(t, "shop")
	tests := []struct {
		r      reply
		status string
		writes bool
	}{
		{f.do(t, "GET", v), "200 OK", false},
		{f.do(t, "HEAD", v), "200 OK", false},
		{f.do(t, "GET", "/nonsense"), "404 Not Found", false},
		{f.do(t, "OPTIONS", v), "405 Method Not Allowed", false},
		{f.as(t, "", "GET", v), "401 Unauthorized", false},
		{f.do(t, "PUT", v+"/lock"), "200 OK", true},
		{f.do(t, "POST", v+"/backend", "name", "b", "address", "a.test"), "422 Unprocessable Entity", true},
		{f.do(t, "PATCH", v), "405 Method Not Allowed", true},
		{f.do(t, "DELETE", "/service/x"), "404 Not Found", true},
	}
	for _, tt := range tests {
		h := tt.r.header
		for name, want := range map[string]string{
			"Status":                 tt.status,
			"Content-Type":           "application/json",
			"Cache-Control":          "no-store",
			"Pragma":                 "no-cache",
			"Vary":                   "Accept-Encoding",
			"X-Content-Type-Options": "nosniff",
		} {
			if got := h.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", tt.status, name, got, want)
			}
		}
		if (h.Get("Fastly-RateLimit-Remaining") != "") != tt.writes || (h.Get("Fastly-RateLimit-Reset") != "") != tt.writes {
			t.Errorf("%s: rate limit headers %v", tt.status, h)
		}
	}
	head, get := f.do(t, "HEAD", v), f.do(t, "GET", v)
	if head.body != "" || head.header.Get("Content-Length") != get.header.Get("Content-Length") {
		t.Errorf("HEAD: body %q, length %s; GET has %s", head.body, head.header.Get("Content-Length"), get.header.Get("Content-Length"))
	}
	if got := f.do(t, "OPTIONS", v).header.Get("Allow"); got != "GET, HEAD, PUT" {
		t.Errorf("Allow %q", got)
	}
}

func TestReady(t *testing.T) {
	f := start(t)
	f.as(t, "", "GET", "/headwater/readyz").want(t, http.StatusOK, `{"status":"ok"}`)
	f.ready.Store(false)
	f.as(t, "", "GET", "/headwater/readyz").want(t, http.StatusServiceUnavailable, `{"msg":"Not ready"}`)
	f.as(t, "", "POST", "/headwater/readyz").want(t, http.StatusUnauthorized, "")
	f.do(t, "POST", "/headwater/readyz").want(t, http.StatusMethodNotAllowed, "")
}

// Bodies that are large, endless or compressed end early.
func TestBodyBounds(t *testing.T) {
	f := start(t)
	path := f.draft(t, "shop") + "/backend"
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	if _, err := z.Write(make([]byte, 10<<20)); err != nil {
		t.Fatal(err)
	}
	z.Close()
	tests := []struct {
		name   string
		body   io.Reader
		fields []string
		status int
	}{
		{"10 MB field", strings.NewReader("comment=" + strings.Repeat("x", 10<<20)), nil, 413},
		{"just too large", strings.NewReader(strings.Repeat("&", 1<<20+1)), nil, 413},
		{"just small enough", strings.NewReader(strings.Repeat("&", 1<<20)), nil, 400},
		{"chunked", io.LimitReader(endless{}, 1<<20+1), nil, 413},
		{"gzip", &bomb, []string{"Content-Encoding: gzip"}, 400},
		{"long content type", strings.NewReader("name=x"), []string{"Content-Type: " + strings.Repeat("x", 5<<10)}, 400},
		{"multipart", strings.NewReader("--x\r\n"), []string{"Content-Type: multipart/form-data; boundary=x"}, 400},
		{"deep JSON", strings.NewReader(strings.Repeat(`{"a":`, 100_000)), []string{"Content-Type: application/json"}, 400},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := f.send(t, "POST", path, ownerToken, tt.body, tt.fields...)
			r.want(t, tt.status, "")
			if r.object(t)["msg"] == "" {
				t.Errorf("body %s", r.body)
			}
		})
	}
	f.do(t, "GET", "/service/"+strings.Repeat("x", 8<<10)).want(t, http.StatusRequestURITooLong, `{"msg":"URI too long"}`)
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '&'
	}
	return len(p), nil
}

// A body that does not come is cut off; others do not wait for it.
func TestSlowBodies(t *testing.T) {
	f := start(t, func(o *api.Options) { o.Timeouts.Body = 300 * time.Millisecond })
	path := f.draft(t, "shop") + "/backend"
	tests := []struct{ name, token, path, status string }{
		{"read by its action", ownerToken, path, "408"},
		{"read by nobody", "no-token-at-all-here", path, "401"},
		{"to no route", ownerToken, "/nonsense", "404"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			conn, err := net.Dial("tcp", f.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			conn.SetDeadline(time.Now().Add(30 * time.Second))
			fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nFastly-Key: %s\r\nContent-Length: 100\r\n\r\nname=", tt.path, tt.token)
			answer, err := io.ReadAll(conn) // to the end: the connection is closed
			if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 "+tt.status) {
				t.Errorf("answer %q, error %v; want %s", answer, err, tt.status)
			}
			f.do(t, "GET", "/service").want(t, http.StatusOK, "")
		})
	}
}

// A normal call is not slower for many bodies that do not come.
func TestHalfOpenBodies(t *testing.T) {
	const bodyTime = 30 * time.Second
	f := start(t, func(o *api.Options) { o.Timeouts.Body = bodyTime })
	path := f.draft(t, "shop") + "/backend"
	for range 300 {
		conn, err := net.Dial("tcp", f.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nFastly-Key: %s\r\nContent-Length: 100\r\n\r\nname=", path, ownerToken)
	}
	began := time.Now()
	f.must(t, "POST", path, "name", "b", "address", "a.test")
	if took := time.Since(began); took > bodyTime/2 {
		t.Errorf("took %v: it waited for the others' bodies", took)
	}
}

// A client that does not read its answers is cut off.
func TestSlowReader(t *testing.T) {
	const calls = 200
	f := start(t, func(o *api.Options) { o.Timeouts.Write = time.Second })
	path := f.draft(t, "shop") + "/backend"
	for i := range 50 {
		f.must(t, "POST", path, "name", fmt.Sprint(i), "address", "a.test", "comment", strings.Repeat("c", 4000))
	}
	conn, err := net.Dial("tcp", f.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Minute))
	for range calls {
		fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\nFastly-Key: %s\r\n\r\n", path, ownerToken)
	}
	for closed := ""; closed != conn.LocalAddr().String(); {
		select {
		case closed = <-f.closed:
		case <-time.After(time.Minute):
			t.Fatal("the connection is not closed")
		}
	}
	r := bufio.NewReader(conn)
	for n := 0; ; n++ {
		w, err := http.ReadResponse(r, nil)
		if err == nil {
			_, err = io.Copy(io.Discard, w.Body)
		}
		if n == calls {
			t.Fatal("all answers came")
		}
		if err != nil {
			return
		}
	}
}

// The body's deadline does not outlive the body: a slow activation succeeds,
// and so does the next call on the connection.
func TestDeadlineEndsWithBody(t *testing.T) {
	f := start(t, func(o *api.Options) {
		o.Timeouts.Body = 100 * time.Millisecond
		o.Publisher = slowPublisher{o.Publisher, 300 * time.Millisecond}
	})
	v := f.draft(t, "shop")
	r := f.send(t, "PUT", v, ownerToken, strings.NewReader("comment=x"))
	r.want(t, http.StatusOK, "")
	f.must(t, "PUT", v+"/activate")
	f.send(t, "PUT", v+"/activate", ownerToken, strings.NewReader("a=b")).want(t, http.StatusOK, "")
	f.must(t, "GET", v)
}

// A header that does not come is cut off by the server.
func TestSlowHeader(t *testing.T) {
	f := start(t, func(o *api.Options) { o.Timeouts.Header = 200 * time.Millisecond })
	conn, err := net.Dial("tcp", f.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(30 * time.Second))
	fmt.Fprint(conn, "GET /service HTTP/1.1\r\nHost:")
	if _, err := io.Copy(io.Discard, conn); err != nil {
		t.Errorf("the connection stays open: %v", err)
	}
}

// A call whose client has left before it is answered fails quietly.
func TestClientLeaves(t *testing.T) {
	f := start(t)
	conn, err := net.Dial("tcp", f.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		fmt.Fprintf(conn, "GET /service HTTP/1.1\r\nHost: x\r\nFastly-Key: %s\r\n\r\n", ownerToken)
	}
	conn.Close()
	f.Close() // waits for calls in flight
	if strings.Contains(f.log.String(), "ERROR") {
		t.Errorf("log:\n%s", f.log)
	}
}

// Whatever goes wrong inside, the client reads one text, and the log the cause.
func TestInternalErrors(t *testing.T) {
	const opaque = `{"msg":"An error occurred while connecting to the fastly API, please try your request again.","detail":"Internal error"}`
	f := start(t)
	v := f.draft(t, "shop")
	f.edge.set(errBroken)
	f.do(t, "GET", v+"/validate").want(t, http.StatusInternalServerError, opaque)
	f.do(t, "PUT", v+"/activate").want(t, http.StatusInternalServerError, opaque)
	f.edge.set(service.Wrap(service.Internal, errBroken, "a detail"))
	f.do(t, "PUT", v+"/activate").want(t, http.StatusInternalServerError, opaque)
	if got := strings.Count(f.log.String(), errBroken.Error()); got != 3 {
		t.Errorf("the cause is logged %d times, want 3", got)
	}
	if f.must(t, "GET", v)["active"] != false {
		t.Error("the version was activated")
	}

	f.edge.set(nil)
	f.publisher.set(errBroken)
	r := f.do(t, "PUT", v+"/activate")
	id := strings.Split(v, "/")[2]
	r.want(t, http.StatusInternalServerError, fmt.Sprintf(
		`{"msg":"An error occurred while connecting to the fastly API, please try your request again.",`+
			`"detail":"Version '1' of service '%s' is the active one, but not every edge took it over; activate it again"}`, id))
	if f.must(t, "GET", v)["active"] != true {
		t.Error("the version is not active")
	}
	r = f.do(t, "PUT", v+"/deactivate")
	if r.status != http.StatusInternalServerError || !strings.Contains(r.body, "is no longer active") {
		t.Errorf("deactivate: %d %s", r.status, r.body)
	}
	f.publisher.set(nil)
	f.must(t, "PUT", v+"/activate")
	if f.publisher.last() == nil {
		t.Error("activating again did not publish")
	}
}

// A bug in one call answers 500, is counted, and leaves the connection to the next.
func TestPanic(t *testing.T) {
	f := start(t, func(o *api.Options) { o.Edge, o.MetricsOpen = nil, true })
	v := f.draft(t, "shop")
	f.do(t, "GET", v+"/validate").want(t, http.StatusInternalServerError, "")
	f.do(t, "GET", v).want(t, http.StatusOK, "")
	if !strings.Contains(f.log.String(), "api call panicked") {
		t.Errorf("log:\n%s", f.log)
	}
	if told := f.do(t, "GET", "/metrics"); !strings.Contains(told.body, `headwater_api_calls_total{status="5xx"} 1`) {
		t.Errorf("the call is not counted:\n%s", told.body)
	}
}

// Logs hold neither tokens nor bodies.
func TestLogKeepsSecrets(t *testing.T) {
	f := start(t)
	v := f.draft(t, "shop")
	f.do(t, "POST", v+"/backend?token=query-secret", "name", "b", "address", "a.test", "comment", "body-secret")
	f.as(t, "guessed-token-secret", "GET", "/service")
	f.edge.set(errors.New("broken"))
	f.do(t, "PUT", v+"/activate")
	log := f.log.String()
	for _, secret := range []string{ownerToken, "query-secret", "body-secret", "guessed-token-secret"} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
	if !strings.Contains(log, `msg="api call" method=POST path=`+v+`/backend status=200`) {
		t.Errorf("the call is not in the log:\n%s", log)
	}
}

// Absolute targets, "*" and foreign hosts reach the API as any other path does.
func TestOddTargets(t *testing.T) {
	f := start(t)
	for target, want := range map[string]int{
		"OPTIONS *":                401,
		"GET http://evil/service":  401,
		"GET /service/%zz":         400,
		"GET /service HTTP/9":      400,
		"CONNECT evil:443":         401,
		"TRACE /service":           401,
		"GET //service/x/version/": 401,
	} {
		line := target + " HTTP/1.1"
		if strings.Contains(target, "HTTP/9") {
			line = target
		}
		if got := raw(t, f, line+"\r\nHost: x\r\n\r\n"); got != want {
			t.Errorf("%s: %d, want %d", target, got, want)
		}
	}
	conn, err := net.Dial("tcp", f.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET /service HTTP/1.1\r\nHost: x\r\nX: %s\r\n\r\n", strings.Repeat("x", 80<<10))
	w, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || w.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("80 KB of header: %v, error %v", w, err)
	}
}
