package edge_test

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"headwater/edge"
	"headwater/edge/edgetest"
)

// badResponses are answers that have no one meaning. What comes with the head
// ends in the page, what comes later in a visible cut.
func badResponses() map[string]string {
	all := map[string]string{}
	add := func(name, answer string) {
		if _, twice := all[name]; twice {
			panic(name)
		}
		all[name] = answer
	}
	line := func(line string) {
		add(fmt.Sprintf("status line %.40q", line), line+"\r\nContent-Length: 0\r\n\r\n")
	}
	field := func(name, fields string) {
		add(name, "HTTP/1.1 200 OK\r\n"+fields+"\r\n\r\nabcde\r\n0\r\n\r\n")
	}
	chunks := func(name, body string) {
		add("chunked, "+name, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"+body)
	}
	for _, l := range []string{
		"", "HTTP/1.1", "HTTP/1.1 ", "HTTP/1.1  200 OK", "HTTP/1.1 20 OK", "HTTP/1.1 2000 OK", "HTTP/1.1 2x0 OK", "HTTP/1.1 +20 OK",
		"HTTP/1.1 -20 OK", "HTTP/1.1 000 OK", "HTTP/1.1 099 OK", "HTTP/1.1 200\tOK", "HTTP/1.1\t200 OK", "HTTP/2.0 200 OK", "HTTP/1.2 200 OK",
		"HTTP/0.9 200 OK", "HTTP/1.10 200 OK", "http/1.1 200 OK", "ICY 200 OK", " HTTP/1.1 200 OK", "200 OK", "HTTP/1.1 200 O\x00K",
		"HTTP/1.1 200 O\rK", "HTTP/1.1 200 \x1b[0m", "<html>", "HTTP/1.1: 200 OK", "HTTP/1.1 101 Switching Protocols", "HTTP/1.1 200OK",
		"SSH-2.0-OpenSSH_9.9", "\x15\x03\x01\x00\x02\x02\x16",
	} {
		line(l)
	}
	field("length and coding", "Content-Length: 5\r\nTransfer-Encoding: chunked")
	field("coding and length", "Transfer-Encoding: chunked\r\nContent-Length: 5")
	field("two lengths", "Content-Length: 5\r\nContent-Length: 6")
	field("two equal lengths", "Content-Length: 5\r\nContent-Length: 5")
	field("a list of lengths", "Content-Length: 5, 5")
	for _, length := range []string{"", "+5", "-5", "0x5", "5a", "5.0", "5 5", "18446744073709551621", "99999999999999999999", "five"} {
		field("length "+length, "Content-Length: "+length)
	}
	field("coding twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked")
	for _, coding := range []string{"", "chunked, chunked", "gzip", "gzip, chunked", "identity", "chunked;a=b", "xchunked", "\x0bchunked", "chunked, identity"} {
		field("coding "+coding, "Transfer-Encoding: "+coding)
	}
	add("coding in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
	field("blank before the colon", "Content-Length : 5")
	field("blank before a name", " Content-Length: 5")
	field("folded field", "A: b\r\n c\r\nContent-Length: 5")
	field("no colon", "Abc\r\nContent-Length: 5")
	field("no name", ": b\r\nContent-Length: 5")
	field("NUL in a value", "A: \x00\r\nContent-Length: 5")
	field("CR in a value", "A: b\rc\r\nContent-Length: 5")
	field("LF that ends a line", "A: b\nContent-Length: 5")
	field("odd name", "A(b): c\r\nContent-Length: 5")
	field("Connection lists the length", "Connection: content-length\r\nContent-Length: 5")
	field("Connection lists the coding", "Connection: transfer-encoding\r\nTransfer-Encoding: chunked")
	field("too many fields", strings.Repeat("A: b\r\n", 101)+"Content-Length: 5")
	field("a head too large", "A: "+strings.Repeat("x", 66<<10)+"\r\nContent-Length: 5")
	add("an end of LF alone", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\nabcde")
	add("LF in front", "\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde")
	add("CR LF in front", "\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde")
	add("nothing but CR LF", "\r\n\r\n")
	add("HTTP/0.9", "hello\r\n\r\n")
	add("a bad interim answer", "HTTP/1.1 103 Early\r\nA b: c\r\n\r\n"+ok(""))
	add("an interim answer with a length and a coding", "HTTP/1.1 103 Early\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"+ok(""))
	for _, size := range []string{"", "x", "-1", "+1", "0x1", " 1", "1 ", "ffffffffffffffffff", "1\x00", "1_0", ";a"} {
		chunks("size "+size, size+"\r\na\r\n0\r\n\r\n")
	}
	chunks("size line ends in LF", "1\na\r\n0\r\n\r\n")
	chunks("chunk ends in LF", "1\r\na\n0\r\n\r\n")
	chunks("chunk goes on", "1\r\nab\r\n0\r\n\r\n")
	chunks("long extension", "1;"+strings.Repeat("a", 5<<10)+"\r\na\r\n0\r\n\r\n")
	chunks("trailer ends in LF", "0\r\nA: b\n\r\n")
	chunks("trailer without a colon", "0\r\nabc\r\n\r\n")
	chunks("trailer with NUL", "0\r\nA: \x00\r\n\r\n")
	chunks("folded trailer", "0\r\nA: b\r\n c\r\n\r\n")
	chunks("trailer too long", "0\r\nA: "+strings.Repeat("x", 9<<10)+"\r\n\r\n")
	return all
}

// answerBadly is an origin that says what bad has for the number that is its target, and ends
// the connection after what is the last. Other targets are answered well. No request may
// come after what is bad.
func answerBadly(t *testing.T, good string, bad func(n int) (name, text string, last bool)) func(*edgetest.Conn) {
	return func(c *edgetest.Conn) {
		for said := ""; ; {
			r, err := c.ReadRequest()
			if err != nil {
				return
			}
			if said != "" {
				t.Errorf("%s: the connection was used again", said)
			}
			n, err := strconv.Atoi(r.Target[1:])
			if err != nil {
				c.Write(ok(good))
				continue
			}
			name, text, last := bad(n)
			said = name
			c.Write(text)
			if last {
				return
			}
		}
	}
}

func TestBadResponses(t *testing.T) {
	all := badResponses()
	names := slices.Sorted(maps.Keys(all))
	if len(names) < 60 {
		t.Errorf("%d answers, want at least 60", len(names))
	}
	edgetest.Both(t, func(t *testing.T, plain bool) {
		o := edgetest.NewOrigin(t, answerBadly(t, "good", func(n int) (name, text string, last bool) {
			return names[n], all[names[n]], false
		}))
		e := edgetest.Start(t, edge.Config{PlainIO: plain}, edgetest.Snapshot(edgetest.Backend(o, betweenBytes(2000))))
		for n, name := range names {
			t.Run(name, func(t *testing.T) {
				c := e.Dial(t)
				a := c.Get(edgetest.Host, fmt.Sprint("/", n))
				want := "Service Unavailable"
				if strings.HasPrefix(name, "too many") || strings.HasPrefix(name, "a head too") {
					want = "Header overflow"
				}
				page := a.Status == 503 && a.Reason == want && a.Err == nil
				cut := a.Status == 200 && a.Err != nil
				if !page && !cut {
					t.Errorf("%d %s %q, %v", a.Status, a.Reason, a.Body, a.Err)
				}
				c.MustClose()
				if a := e.Dial(t).Get(edgetest.Host, "/good"); string(a.Body) != "good" {
					t.Errorf("the next request got %d %q", a.Status, a.Body)
				}
			})
		}
	})
}
