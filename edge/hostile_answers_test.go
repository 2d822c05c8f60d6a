package edge_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"headwater/edge"
	"headwater/edge/edgetest"
)

// A hostileAnswer is one of an origin's that two readers might take for different ones.
type hostileAnswer struct {
	name, text string
	good       bool // there is no doubt about it
}

func hostileAnswers() (all []hostileAnswer) {
	for _, f := range framings() {
		a := hostileAnswer{f.name, "HTTP/" + f.version + " 200 OK\r\n" + lines(f.fields) + "\r\n" + f.body, f.good}
		if len(f.fields) == 0 {
			a.text += "hello" // up to the end of the connection
		}
		all = append(all, a)
	}
	for _, f := range spoiledChunks() {
		all = append(all, hostileAnswer{"chunks, " + f.name, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + f.body, f.good})
	}
	for _, b := range []byte(odd) {
		c := string([]byte{b})
		blank := b == ' ' || b == '\t'
		for _, line := range []string{
			c + "HTTP/1.1 200 OK", "HT" + c + "TP/1.1 200 OK", "HTTP/" + c + "1.1 200 OK", "HTTP/1.1" + c + " 200 OK", "HTTP/1.1 " + c + "200 OK",
			"HTTP/1.1 2" + c + "00 OK", "HTTP/1.1 200" + c + " OK", "HTTP/1.1" + c + "200 OK", "HTTP/1.1 200 " + c + "OK", "HTTP/1.1 200 OK" + c,
		} {
			all = append(all, hostileAnswer{fmt.Sprintf("line %q", line), line + "\r\nContent-Length: 5\r\n\r\nhello", false})
		}
		for _, f := range []struct{ name, value, body string }{{"Content-Length", "5", "hello"}, {"Transfer-Encoding", "chunked", "5\r\nhello\r\n0\r\n\r\n"}, {"Connection", "close", "hello"}} {
			for place, field := range map[string]string{
				"before": c + f.name + ": " + f.value,
				"in":     f.name[:2] + c + f.name[2:] + ": " + f.value,
				"behind": f.name + c + ": " + f.value,
				"front":  f.name + ":" + c + f.value,
				"inside": f.name + ": " + f.value[:1] + c + f.value[1:],
				"end":    f.name + ": " + f.value + c,
			} {
				good := blank && (place == "front" || place == "end")
				all = append(all, hostileAnswer{fmt.Sprintf("field %q", field), "HTTP/1.1 200 OK\r\n" + field + "\r\n\r\n" + f.body, good})
			}
		}
	}
	for name, text := range badResponses() {
		all = append(all, hostileAnswer{name, text, false})
	}
	return all
}

// poison is what an origin sends behind its answer: the answer to nobody.
var poison = ok("poison")

// read returns what net/http makes of an answer: its body, whether that lasts up to
// the end of the connection, and what it finds wrong.
func (a *hostileAnswer) read() (body string, last bool, err error) {
	r, err := http.ReadResponse(bufio.NewReaderSize(strings.NewReader(a.text+poison), 128<<10), &http.Request{Method: "POST"})
	if err != nil {
		return "", true, err
	}
	all, err := io.ReadAll(r.Body)
	return string(all), r.ContentLength < 0 && len(r.TransferEncoding) == 0, err
}

// Whatever an origin sends, the client gets an answer that has one end, and soon: the
// origin's, if everybody reads it alike, or a page, or one that visibly breaks off. No
// byte of it is taken for the answer to another request.
func TestHostileAnswers(t *testing.T) {
	t.Parallel()
	all := hostileAnswers()
	if len(all) < 2000 {
		t.Errorf("%d answers, want more than 2000", len(all))
	}
	edgetest.Both(t, func(t *testing.T, plain bool) {
		o := edgetest.NewOrigin(t, answerBadly(t, "after", func(n int) (name, text string, last bool) {
			_, last, _ = all[n].read()
			return all[n].name, all[n].text + poison, last
		}))
		e := edgetest.Start(t, edge.Config{PlainIO: plain}, edgetest.Snapshot(edgetest.Backend(o)))
		c := e.Dial(t)
		for n := range all {
			if !all[n].get(t, c, n) {
				c.TCP.Close()
				c = e.Dial(t)
			}
			if a := c.Get(edgetest.Host, "/after"); a.Status != 200 || string(a.Body) != "after" {
				t.Fatalf("%s: then %d %q", all[n].name, a.Status, a.Body)
			}
		}
		if n := e.Panics(); n > 0 {
			t.Errorf("%d panics", n)
		}
	})
}

// get asks for the nth answer, judges it, and reports whether the connection goes on.
// It asks by POST, so that nothing is asked for twice.
func (a *hostileAnswer) get(t *testing.T, c *edgetest.Client, n int) (keep bool) {
	t.Helper()
	c.Send(post("/"+strconv.Itoa(n), 0))
	got, err := c.TryAnswerTo("POST")
	if err != nil {
		t.Errorf("%s: no answer: %v", a.name, err)
		return false
	}
	body, _, wrong := a.read()
	switch {
	case got.Status == 503 && got.Err == nil:
		if a.good {
			t.Errorf("%s: %d %s", a.name, got.Status, got.Reason)
		}
	case got.Err != nil && !ended(got.Err) && got.Err != io.ErrUnexpectedEOF:
		t.Errorf("%s: ends in %v", a.name, got.Err)
	case got.Err != nil:
		if a.good {
			t.Errorf("%s: breaks off: %v", a.name, got.Err)
		}
	case wrong != nil || body != string(got.Body):
		t.Errorf("%s: %d %q, and net/http reads %q, %v", a.name, got.Status, got.Body, body, wrong)
	}
	return got.Err == nil && got.Fields.Get("Connection") != "close"
}
