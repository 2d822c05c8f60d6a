package edge

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// A tapLink is a cannedLink that keeps what is written to it.
type tapLink struct {
	cannedLink
	wrote bytes.Buffer
}

func (l *tapLink) write(b []byte, _ time.Duration) (int, error) { return l.wrote.Write(b) }
func (l *tapLink) post(b []byte, _ time.Duration) (int, error)  { return l.wrote.Write(b) }

// setsAll is a program that sets all it can to what the request says.
const setsAll = `
sub vcl_recv {
  #FASTLY recv
  set req.http.X-Value = urldecode(req.http.V);
  set req.url = urldecode(req.http.U);
  if (req.http.E) {
    error std.atoi(req.http.S) urldecode(req.http.R);
  }
  return(pass);
}
sub vcl_pass {
  #FASTLY pass
  set bereq.method = urldecode(req.http.M);
  set bereq.http.Host = urldecode(req.http.H);
  header.set(bereq, urldecode(req.http.N), urldecode(req.http.V));
  set bereq.http.Connection = urldecode(req.http.V);
  set bereq.http.Keep-Alive = urldecode(req.http.V);
}
sub vcl_fetch {
  #FASTLY fetch
  set beresp.status = std.atoi(req.http.S);
  set beresp.response = urldecode(req.http.R);
  add beresp.http.X-Value = urldecode(req.http.V);
  return(deliver);
}
sub vcl_error {
  #FASTLY error
  set obj.http.X-Value = urldecode(req.http.V);
  synthetic urldecode(req.http.B);
  return(deliver);
}
sub vcl_deliver {
  #FASTLY deliver
  header.set(resp, urldecode(req.http.N), urldecode(req.http.V));
  set resp.http.Connection = urldecode(req.http.V);
  set resp.http.X-Status = resp.status;
}
`

// FuzzProgramValues holds what the edge sends for whatever a program may set to one
// request and one answer, as net/http reads them.
func FuzzProgramValues(f *testing.F) {
	f.Add("GET", "/", "a.test", "X-Name", "value", "200", "OK", "", "GET", false)
	f.Add("POST", "/a b\r\nX: y", "a\r\nB: c", "X\r\nY", "v\r\nContent-Length: 5\r\n\r\nhello", "204", "Fine\r\nX: y", "body", "GET", true)
	f.Add("HEAD", "", "", "Content-Length", "7", "304", "", "", "HEAD", false)
	f.Add("CONNECT", "*", "\x00", "Transfer-Encoding", "chunked", "150", "\x00", "\x00", "GET", false)
	f.Add("G T", "http://b/", " ", "Host", "", "99999999999", "\xff", "x", "POST", true)
	edge := cannedClient(f, setsAll).edge
	p := edge.table.Load().find([]byte("test.example")).backends[0].pool
	answer := p.get(nil, nil).link.(*cannedLink).answer
	f.Fuzz(func(t *testing.T, method, target, host, name, value, status, reason, body, client string, fails bool) {
		origin, at := &tapLink{cannedLink: cannedLink{answer: answer}}, &tapLink{}
		p.add()
		p.put(&originConn{pool: p, served: 1, link: origin})
		c := &clientConn{edge: edge, link: at, remote: "192.0.2.7"}
		if client != "HEAD" && client != "POST" {
			client = "GET"
		}
		var request strings.Builder
		request.WriteString(client + " / HTTP/1.1\r\nHost: test.example\r\n")
		for key, v := range map[string]string{"M": method, "U": target, "H": host, "N": name, "V": value, "S": status, "R": reason, "B": body} {
			request.WriteString(key + ": " + url.PathEscape(v) + "\r\n")
		}
		if fails {
			request.WriteString("E: 1\r\n")
		}
		request.WriteString("Content-Length: 3\r\n\r\n")
		head := request.Len()
		request.WriteString("abc")
		if request.Len() > bigBuffer {
			return
		}
		c.started = time.Now()
		c.ask(request.String(), head)
		for o := p.get(nil, nil); o != nil; o = p.get(nil, nil) {
			p.drop(o)
		}
		checkSent(t, origin.wrote.Bytes())
		checkAnswered(t, at.wrote.Bytes(), client)
	})
}

// checkSent holds what an origin got to one request, or none.
func checkSent(t *testing.T, sent []byte) {
	if len(sent) == 0 {
		return
	}
	line, rest, _ := strings.Cut(string(sent), "\r\n")
	parts := strings.Split(line, " ")
	if len(parts) != 3 || !strings.HasPrefix(parts[1], "/") && line != "OPTIONS * HTTP/1.1" {
		t.Fatalf("malformed request line in %q", sent)
	}
	// What escapes of the target mean is between the program and the origin.
	in := bufio.NewReader(strings.NewReader(parts[0] + " / " + parts[2] + "\r\n" + rest))
	r, err := http.ReadRequest(in)
	if err != nil {
		t.Fatalf("net/http refuses %q: %v", sent, err)
	}
	if body, err := io.ReadAll(r.Body); err != nil || string(body) != "abc" {
		t.Errorf("the body is %q, %v in %q", body, err, sent)
	}
	if rest, _ := io.ReadAll(in); len(rest) > 0 {
		t.Errorf("%q follows the request in %q", rest, sent)
	}
	if r.Header["Connection"] != nil || r.Header["Keep-Alive"] != nil || len(r.Header["Via"]) != 1 || r.Method == "CONNECT" || r.Method == "TRACE" {
		t.Errorf("sent %q", sent)
	}
}

// checkAnswered holds what a client got to one answer.
func checkAnswered(t *testing.T, sent []byte, method string) {
	in := bufio.NewReader(bytes.NewReader(sent))
	r, err := http.ReadResponse(in, &http.Request{Method: method})
	if err != nil {
		t.Fatalf("net/http refuses %q: %v", sent, err)
	}
	if _, err := io.ReadAll(r.Body); err != nil {
		t.Errorf("the body ends in %v in %q", err, sent)
	}
	if rest, _ := io.ReadAll(in); len(rest) > 0 {
		t.Errorf("%q follows the answer in %q", rest, sent)
	}
	if r.StatusCode < 200 || len(r.Header["Connection"]) > 1 {
		t.Errorf("answered %q", sent)
	}
}
