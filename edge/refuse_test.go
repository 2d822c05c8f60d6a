package edge_test

import (
	"fmt"
	"strings"
	"testing"

	"headwater/edge"
	"headwater/edge/edgetest"
)

// A refusal is a request that must reach no origin, and the status it gets.
type refusal struct {
	name, request string
	status        int

	// begun tells that the head is in order, so that an origin may see the
	// request begin. It must never see it end.
	begun bool
}

func refusals() []refusal {
	const host = "Host: " + edgetest.Host + "\r\n"
	var all []refusal
	add := func(status int, name, request string) {
		all = append(all, refusal{name: name, request: request, status: status})
	}
	field := func(status int, name, fields string) {
		add(status, name, "POST /bad HTTP/1.1\r\n"+host+fields+"\r\n\r\nGET /smuggled HTTP/1.1\r\n"+host+"\r\n")
	}
	line := func(status int, name, line string) { add(status, name, line+"\r\n"+host+"\r\n") }
	body := func(name, body string) {
		all = append(all, refusal{name, chunkedPost("/bad") + body, 400, true})
	}

	field(400, "length and coding", "Content-Length: 5\r\nTransfer-Encoding: chunked")
	field(400, "coding and length", "Transfer-Encoding: chunked\r\nContent-Length: 5")
	field(400, "length 0 and coding", "Content-Length: 0\r\nTransfer-Encoding: chunked")
	field(400, "two lengths", "Content-Length: 5\r\nContent-Length: 6")
	field(400, "two equal lengths", "Content-Length: 5\r\nContent-Length: 5")
	field(400, "a list of lengths", "Content-Length: 5, 6")
	field(400, "a list of equal lengths", "Content-Length: 5, 5")
	field(400, "lengths in two cases", "Content-Length: 5\r\ncontent-length: 0")
	field(400, "empty length", "Content-Length:")
	field(400, "blank length", "Content-Length:  \t")
	field(400, "length +5", "Content-Length: +5")
	field(400, "length -5", "Content-Length: -5")
	field(400, "length -0", "Content-Length: -0")
	field(400, "length 0x5", "Content-Length: 0x5")
	field(400, "length 5a", "Content-Length: 5a")
	field(400, "length 1e1", "Content-Length: 1e1")
	field(400, "length 5.0", "Content-Length: 5.0")
	field(400, "length 5_0", "Content-Length: 5_0")
	field(400, "length 5 5", "Content-Length: 5 5")
	field(400, "quoted length", "Content-Length: \"5\"")
	field(400, "length over 64 bits", "Content-Length: 18446744073709551621")
	field(400, "length over 63 bits", "Content-Length: 9223372036854775813")
	field(400, "length of 19 digits", "Content-Length: 0000000000000000005")
	field(400, "length in Arabic digits", "Content-Length: \xd9\xa5")
	field(400, "blank before the colon of a length", "Content-Length : 5")
	field(400, "tab before the colon of a coding", "Transfer-Encoding\t: chunked")
	field(400, "blank before a field name", " Content-Length: 5")
	field(400, "vertical tab before a coding", "Transfer-Encoding:\x0bchunked")
	field(400, "vertical tab after a coding", "Transfer-Encoding: chunked\x0b")
	field(400, "form feed after a length", "Content-Length: 5\x0c")
	field(400, "coding twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked")
	field(400, "coding listed twice", "Transfer-Encoding: chunked, chunked")
	field(400, "chunked, then identity", "Transfer-Encoding: chunked, identity")
	field(400, "gzip, then chunked", "Transfer-Encoding: gzip, chunked")
	field(400, "empty coding", "Transfer-Encoding:")
	field(400, "a coding of a comma", "Transfer-Encoding: ,chunked")
	field(400, "quoted coding", "Transfer-Encoding: \"chunked\"")
	field(400, "chunked with a parameter", "Transfer-Encoding: chunked;x=y")
	field(501, "identity", "Transfer-Encoding: identity")
	field(501, "unknown coding", "Transfer-Encoding: xchunked")
	field(501, "gzip", "Transfer-Encoding: gzip")
	field(400, "identity, then chunked as a field", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity")
	add(400, "coding in HTTP/1.0", "POST /bad HTTP/1.0\r\n"+host+"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
	add(400, "coding and length in HTTP/1.0", "POST /bad HTTP/1.0\r\n"+host+"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n")

	field(400, "folded field", "A: b\r\n c")
	field(400, "field folded with a tab", "A: b\r\n\tc")
	field(400, "folded coding", "Transfer-Encoding:\r\n chunked")
	field(400, "NUL in a value", "A: b\x00c")
	field(400, "NUL in a name", "A\x00: b")
	field(400, "CR in a value", "A: b\rc")
	field(400, "CR that begins a field", "A: b\rContent-Length: 3")
	field(400, "LF that ends a line", "A: b\nC: d")
	field(400, "LF that hides a coding", "A: b\nTransfer-Encoding: chunked")
	field(400, "CR CR LF", "A: b\r\r\nC: d")
	field(400, "DEL in a value", "A: \x7f")
	field(400, "ESC in a value", "A: \x1b[0m")
	field(400, "no colon", "Abc")
	field(400, "no name", ": b")
	field(400, "blank in a name", "A b: c")
	field(400, "slash in a name", "A/b: c")
	field(400, "brackets in a name", "A[b]: c")
	field(400, "quote in a name", "A\": c")
	field(400, "a name beyond ASCII", "\xc3\xa9: c")
	field(400, "backslash in a name", "A\\: c")
	field(431, "too many fields", strings.Repeat("A: b\r\n", 100)+"A: b")
	field(431, "a head too large", "A: "+strings.Repeat("x", 64<<10))
	field(431, "a head too large in small fields", strings.Repeat("A: "+strings.Repeat("x", 1020)+"\r\n", 64)+"A: b")
	field(431, "a name too long", strings.Repeat("x", 65<<10)+": a")

	for _, listed := range []string{"Host", "content-length", "Transfer-Encoding", "close, HOST", "x, transfer-encoding ,y"} {
		field(400, "Connection lists "+listed, "Connection: "+listed)
	}
	field(400, "the second Connection lists Host", "Connection: x\r\nConnection: host")
	field(400, "Connection lists too much", "Connection: "+strings.Repeat(",", 33))
	field(417, "an unknown expectation", "Expect: 200-ok\r\nContent-Length: 0")
	field(417, "two expectations in one", "Expect: 100-continue, x\r\nContent-Length: 0")
	field(417, "an empty expectation", "Expect:\r\nContent-Length: 0")
	field(417, "an obfuscated expectation", "Expect: y 100-continue\r\nContent-Length: 0")

	hosts := func(name, fields string) { add(400, name, "GET /bad HTTP/1.1\r\n"+fields+"\r\n") }
	hosts("no Host", "")
	hosts("two Hosts", host+host)
	hosts("two Hosts that differ", host+"Host: b\r\n")
	hosts("two Hosts in two cases", host+"hOST: b\r\n")
	hosts("Host before and after", host+"A: b\r\n"+host)
	for _, bad := range []string{
		"a b", "a/b", "a@b", "user@" + edgetest.Host, "a:b", "a:80:80", "a:-1", "a:+80", "a:123456", ":80", "a?b", "a#b", "a,b", "a\\b",
		"[::1", "::1", "[]", "[x]", "[::1]x", "[::1]:x", "a%00", "<a>", "a\tb", "http://a", "\xc3\xa9.example", strings.Repeat("a", 256), "a;b", "'a'",
	} {
		hosts("Host "+bad, "Host: "+bad+"\r\n")
	}
	add(400, "two Hosts in HTTP/1.0", "GET /bad HTTP/1.0\r\n"+host+host+"\r\n")

	line(405, "CONNECT", "CONNECT "+edgetest.Host+":443 HTTP/1.1")
	line(405, "CONNECT with a path", "CONNECT /bad HTTP/1.1")
	line(405, "connect in lower case", "connect /bad HTTP/1.1")
	line(405, "TRACE", "TRACE /bad HTTP/1.1")
	line(405, "Trace in mixed case", "Trace /bad HTTP/1.1")
	line(400, "no target", "GET HTTP/1.1")
	line(400, "an empty target", "GET  HTTP/1.1")
	line(400, "two blanks", "GET  /bad HTTP/1.1")
	line(400, "two blanks before the version", "GET /bad  HTTP/1.1")
	line(400, "a tab for a blank", "GET\t/bad HTTP/1.1")
	line(400, "a blank in the target", "GET /bad /more HTTP/1.1")
	line(400, "a blank in front", " GET /bad HTTP/1.1")
	line(400, "a blank at the end", "GET /bad HTTP/1.1 ")
	line(400, "no version", "GET /bad")
	line(400, "a method of odd bytes", "GE(T /bad HTTP/1.1")
	line(400, "a method with NUL", "GET\x00 /bad HTTP/1.1")
	line(400, "a method too long", strings.Repeat("X", 65)+" /bad HTTP/1.1")
	line(400, "version HTTP/1.10", "GET /bad HTTP/1.10")
	line(400, "version HTTP/1", "GET /bad HTTP/1")
	line(400, "version http/1.1", "GET /bad http/1.1")
	line(400, "version HTTP/1.x", "GET /bad HTTP/1.x")
	line(400, "version HTTP /1.1", "GET /bad HTTP /1.1")
	line(400, "version XTTP/1.1", "GET /bad XTTP/1.1")
	line(400, "version with a CR", "GET /bad HTTP/1.1\r")
	line(505, "version HTTP/1.2", "GET /bad HTTP/1.2")
	line(505, "version HTTP/2.0", "GET /bad HTTP/2.0")
	line(505, "version HTTP/0.9", "GET /bad HTTP/0.9")
	line(505, "version HTTP/9.9", "GET /bad HTTP/9.9")
	line(414, "a target too long", "GET /"+strings.Repeat("a", 8<<10)+" HTTP/1.1")
	line(414, "a line far too long", "GET /"+strings.Repeat("a", 40<<10)+" HTTP/1.1")
	add(414, "a line without an end", "GET /"+strings.Repeat("a", 20<<10))
	for _, bad := range []string{
		"bad", "*", "*bad", "?a", "/bad#fragment", "/bad\x01", "/bad\x7f", "/%", "/%2", "/%zz", "/a%2/b", "/%%30", "/%u0041",
		"https://" + edgetest.Host + "/bad", "ftp://" + edgetest.Host + "/bad", "http:/bad", "http:///bad", "http://", "http://other.example/bad",
		"http://user@" + edgetest.Host + "/bad", "http://" + edgetest.Host + ":80/bad", "http://" + edgetest.Host + "?bad", "//", edgetest.Host + ":80",
		"http://" + edgetest.Host + "/%zz", "http:\\\\" + edgetest.Host,
	} {
		if bad != "//" { // two slashes are a path like any other
			line(400, "target "+bad, "GET "+bad+" HTTP/1.1")
		}
	}
	line(400, "the target * of a GET", "GET * HTTP/1.1")

	add(400, "LF LF", "GET /bad HTTP/1.1\n"+host+"\n")
	add(400, "LF after the request line", "GET /bad HTTP/1.1\n"+host+"\r\n")
	add(400, "an end of LF alone", "GET /bad HTTP/1.1\r\n"+host+"\n")
	add(400, "LF in front", "\nGET /bad HTTP/1.1\r\n"+host+"\r\n")
	add(400, "two empty lines in front", "\r\n\r\nGET /bad HTTP/1.1\r\n"+host+"\r\n")
	add(400, "a blank line with a blank", "GET /bad HTTP/1.1\r\n"+host+" \r\n\r\n")
	add(400, "TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n")
	add(400, "HTTP/2's preface to a Host of nothing", "PRI * HTTP/1.1\r\n\r\nSM\r\n\r\n")
	add(505, "HTTP/2's preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
	add(400, "the PROXY protocol", "PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\nGET /bad HTTP/1.1\r\n"+host+"\r\n")

	for _, size := range []string{
		"", "x", "g", "-1", "+1", "0x1", " 1", "1 ", "1\t", "1 ;a", "\t1", "1_0", "1,1", "10000000000000000", "ffffffffffffffff", "fffffffffffffffff", "0000000000000001", "1\x00", "1\r", "\xd9\xa5", ";a",
	} {
		body("chunk size "+size, size+"\r\na\r\n0\r\n\r\n")
	}
	body("size line ends in LF", "1\na\r\n0\r\n\r\n")
	body("size line ends in CR", "1\ra\r\n0\r\n\r\n")
	body("chunk ends in LF", "1\r\na\n0\r\n\r\n")
	body("chunk ends in CR", "1\r\na\r0\r\n\r\n")
	body("chunk goes on", "1\r\nab\r\n0\r\n\r\n")
	body("chunk too short", "3\r\na\r\n0\r\n\r\n\r\n")
	body("chunk without an end", "1\r\na0\r\n\r\n")
	body("an extension with LF", "1;a\nb\r\na\r\n0\r\n\r\n")
	body("an extension with NUL", "1;a\x00\r\na\r\n0\r\n\r\n")
	body("an extension with CR", "1;a\rb\r\na\r\n0\r\n\r\n")
	body("a long extension", "1;"+strings.Repeat("a", 5<<10)+"\r\na\r\n0\r\n\r\n")
	body("many extensions", strings.Repeat("1;"+strings.Repeat("a", 100)+"\r\na\r\n", 50)+"0\r\n\r\n")
	body("last chunk ends in LF", "0\n\r\n")
	body("trailer ends in LF", "0\r\n\n")
	body("trailer without a colon", "0\r\nabc\r\n\r\n")
	body("trailer with a blank before its colon", "0\r\nA : b\r\n\r\n")
	body("folded trailer", "0\r\nA: b\r\n c\r\n\r\n")
	body("trailer with NUL", "0\r\nA: \x00\r\n\r\n")
	body("trailer with CR", "0\r\nA: b\rc\r\n\r\n")
	body("trailer line ends in LF", "0\r\nA: b\nC: d\r\n\r\n")
	body("trailer too long", "0\r\nA: "+strings.Repeat("x", 9<<10)+"\r\n\r\n")
	body("trailer with a malformed length", "0\r\nContent-Length: x\r\n\r\n")
	return all
}

// Whatever could mean two things to two parsers is refused, the connection ends,
// and nothing of it reaches an origin.
func TestRefusals(t *testing.T) {
	all := refusals()
	if len(all) < 100 {
		t.Errorf("%d requests, want at least 100", len(all))
	}
	edgetest.Both(t, func(t *testing.T, plain bool) {
		refused := edgetest.NewOrigin(t, edgetest.Reply(ok("smuggled")))
		t.Run("requests", func(t *testing.T) {
			e := edgetest.Start(t, edge.Config{PlainIO: plain}, edgetest.Snapshot(edgetest.Backend(refused)))
			for _, tt := range all {
				c := e.Dial(t)
				c.Push(tt.request)
				a, err := c.TryAnswerTo("GET")
				if err != nil || a.Err != nil {
					t.Errorf("%s: no answer: %+v, %v", tt.name, a, err)
					continue
				}
				if a.Status != tt.status || a.Fields.Get("Connection") != "close" {
					t.Errorf("%s: %d %s, Connection: %q, want %d", tt.name, a.Status, a.Reason, a.Fields.Get("Connection"), tt.status)
				}
				if rest, err := c.Closed(); rest != "" {
					t.Errorf("%s: then %.60q, %v", tt.name, rest, err)
				}
				c.TCP.Close()
			}
		}) // which ends with the edge, and so with its connections to the origin
		begun := 0
		for _, tt := range all {
			if tt.begun {
				begun++
			}
		}
		for _, c := range refused.Conns() {
			c.AwaitClosed()
		}
		if n := refused.Accepted(); n > begun {
			t.Errorf("%d connections to the origin for %d requests whose head is in order", n, begun)
		}
		for len(refused.Served) > 0 {
			r := <-refused.Served
			t.Errorf("the origin got %.200q", r.Raw)
		}
	})
}

// A refused request must not take down the good one before it.
func TestRefusalBehindGoodRequest(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		e, o := startEcho(t, plain)
		for _, good := range []string{get("/1"), post("/1", 1) + "x", chunkedPost("/1") + "1\r\nx\r\n0\r\n\r\n"} {
			c := e.Dial(t)
			c.Send(good + "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" + get("/never"))
			if a := c.Answer(); a.Status != 200 {
				t.Errorf("the good request: %d %s", a.Status, a.Reason)
			}
			if a := c.Answer(); a.Status != 400 {
				t.Errorf("the bad request: %d %s", a.Status, a.Reason)
			}
			c.MustClose()
			if r := o.Next(); r.Target != "/1" {
				t.Errorf("the origin got %q", r.Target)
			}
		}
		if n := len(o.Served); n > 0 {
			t.Errorf("%d requests too many", n)
		}
	})
}

// Limits are met exactly: what is just within them passes.
func TestLimitsAreInclusive(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		e, _ := startEcho(t, plain)
		fill := func(total int) string {
			rest := total - len(get("/", "A: "))
			return get("/", "A: "+strings.Repeat("x", rest))
		}
		for name, request := range map[string]string{
			"head of 64 KiB":   fill(64 << 10),
			"100 fields":       get("/", strings.Split(strings.Repeat("A: b,", 99)[:99*5-1], ",")...),
			"target of 8 KiB":  get("/" + strings.Repeat("a", 8<<10-1)),
			"method of 64":     strings.Repeat("X", 64) + " / HTTP/1.1\r\nHost: " + edgetest.Host + "\r\n\r\n",
			"length of 18 dig": fmt.Sprintf("POST / HTTP/1.1\r\nHost: %s\r\nContent-Length: 000000000000000003\r\n\r\nabc", edgetest.Host),
			"chunk of 15 dig":  chunkedPost("/") + "000000000000003\r\nabc\r\n0\r\n\r\n",
			"trailer":          chunkedPost("/") + "0\r\nA: " + strings.Repeat("x", 8<<10-7) + "\r\n\r\n",
		} {
			c := e.Dial(t)
			c.Send(request)
			if a := c.Answer(); a.Status != 200 {
				t.Errorf("%s: %d %s", name, a.Status, a.Reason)
			}
		}
	})
}
