package edge_test

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"testing"

	"headwater/edge"
	"headwater/edge/edgetest"
)

// A reading is what net/http makes of the bytes of one request, with its host in
// lower case, in which the edge sends it.
type reading struct{ method, target, host, body string }

func read(in *bufio.Reader) (reading, error) {
	r, err := http.ReadRequest(in)
	if err != nil {
		return reading{}, err
	}
	body, err := io.ReadAll(r.Body)
	target := r.RequestURI
	const scheme = "http://" // other absolute targets the edge refuses
	if len(target) > len(scheme) && strings.EqualFold(target[:len(scheme)], scheme) {
		if _, target, _ = strings.Cut(target[len(scheme):], "/"); target != "" || strings.HasSuffix(r.RequestURI, "/") {
			target = "/" + target
		} else if target = "/"; r.Method == "OPTIONS" {
			target = "*"
		}
	}
	return reading{r.Method, target, strings.ToLower(r.Host), string(body)}, err
}

// readings is what net/http makes of everything a client sent.
func readings(sent string) (all []reading, end error) {
	in := bufio.NewReaderSize(strings.NewReader(sent), 128<<10)
	for {
		if b, _ := in.Peek(2); string(b) == "\r\n" {
			in.Discard(2)
		}
		r, err := read(in)
		if err != nil {
			return all, err
		}
		all = append(all, r)
	}
}

// FuzzMutated sends bytes that are hardly requests any more. Whatever the edge
// makes an origin take for a request, net/http takes for the same one, in what
// the edge sent and in what the client did.
func FuzzMutated(f *testing.F) {
	requests, _ := pipeline()
	f.Add([]byte(requests))
	for i, tt := range refusals() {
		if len(tt.request) < 1000 && i%3 == 0 {
			f.Add([]byte(tt.request))
		}
	}
	for _, s := range []string{
		get("/"), get("/a?b#c", "Connection: close"), "0 A: HTTP/0.0\n\n", post("/", 5) + "hello" + get("/next"), post("/", 3, "Expect: 100-continue") + "abc",
		"GET / HTTP/1.1\r\nHost: Test.EXAMPLE\r\n\r\n",
		chunkedPost("/", "Trailer: X") + "5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n" + get("/next"),
		"GET http://test.example/a HTTP/1.1\r\nHost: test.example\r\n\r\n", "GET / HTTP/1.0\r\nHost: test.example\r\nConnection: keep-alive\r\n\r\n" + get("/"),
	} {
		f.Add([]byte(s))
	}
	o := edgetest.NewOrigin(f, edgetest.Reply(ok("")))
	// The plain kind sees the end that comes with the bytes at once.
	e := edgetest.Start(f, edge.Config{PlainIO: true}, edgetest.Service("s", 1, []string{edgetest.Host, "a"}, edgetest.Backend(o)))
	f.Fuzz(func(t *testing.T, b []byte) {
		for len(o.Served) > 0 { // of an input that failed: this one has no part in it
			<-o.Served
		}
		c := edgetest.Dial(t, e.Addr)
		c.TCP.SetLinger(0)
		c.Push(string(b))
		c.TCP.CloseWrite()
		if _, err := c.Closed(); err != nil && strings.Contains(err.Error(), "timeout") {
			t.Fatalf("%q: the edge does not end the connection", b)
		}
		sameAsMeant(t, string(b), o)
	})
}

// sameAsMeant takes what came of the text to the origin, and returns how many requests
// that is. Each of them has to be one request for net/http, and the same that this
// reads in the text, in the same order.
func sameAsMeant(t *testing.T, text string, o *edgetest.Origin) (came int) {
	t.Helper()
	meant, end := readings(text)
	for next := 0; len(o.Served) > 0; came++ {
		r := <-o.Served
		in := bufio.NewReaderSize(strings.NewReader(string(r.Raw)), 128<<10)
		sent, err := read(in)
		if left, _ := io.ReadAll(in); err != nil || len(left) > 0 {
			t.Fatalf("%q went on as %q: net/http leaves %q, %v", text, r.Raw, left, err)
		}
		if got := (reading{r.Method, r.Target, r.Fields.Get("Host"), string(r.Body)}); got != sent {
			t.Errorf("%q: the edge sent %+v, net/http reads %+v", text, got, sent)
		}
		// Requests that were answered here are missing from the row.
		for next < len(meant) && meant[next] != sent {
			next++
		}
		if next == len(meant) {
			t.Fatalf("%q: the edge sent %+v, net/http reads %+v in it, then %v", text, sent, meant, end)
		}
		next++
	}
	return came
}
