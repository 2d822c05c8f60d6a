package edge_test

import (
	"fmt"
	"slices"
	"strings"

	"headwater/edge/edgetest"
)

// A hostile is a request that two readers might take for different ones, and maybe
// more requests behind it.
type hostile struct {
	name, text string

	// want are the statuses of the answers, where rejected stands for any that the
	// edge itself refuses with; nil is whatever the bytes mean.
	want []int
}

// rejected is an answer of 400 or above, behind which the connection ends.
const rejected = 400

// odd are the bytes that texts are spoiled with: those that have a part in some
// grammar, or of whose kind some are.
const odd = "\x00\x01\x08\t\n\x0b\x0c\r\x1b \x7f\x80\x85\xff\"'(),/:;=@[\\#%+-._x"

const (
	tokenMarks = "!#$%&'*+-.^_`|~x"
	hostMarks  = "-._x:[]"
)

// hostiles are all of them.
func hostiles() []hostile {
	return slices.Concat(framedRequests(), spoiledFields(), spoiledLines(), spoiledEnds(), chunkedRequests(), spoiledTargets(), pipelines(), oddities())
}

// A framing is what fields say of a body, and a body.
type framing struct {
	name    string
	version string
	fields  []string
	body    string
	good    bool // in a request: they say one thing, and the body is that
}

// framings are all combinations of a Content-Length and a Transfer-Encoding, in both
// orders and in both versions.
func framings() (all []framing) {
	lengths := []string{"-", "5", "005", "\t5 ", "0", "+5", "-5", "5,5", "5, 6", "0x5", "5 5", "", "99999999999999999999"}
	codings := []string{"-", "chunked", "CHUNKED", "\tchunked ", "identity", "gzip", "gzip, chunked", "chunked, gzip", "chunked,chunked", "xchunked", "chunked;q=1", "", ",chunked", "chunked,"}
	counted := map[int]string{1: "hello", 2: "hello", 3: "hello"}
	for _, version := range []string{"1.1", "1.0"} {
		for l, length := range lengths {
			for c, coding := range codings {
				f := framing{version: version, body: counted[l], good: l < 5}
				if c > 0 {
					f.body, f.good = "5\r\nhello\r\n0\r\n\r\n", l == 0 && c < 4 && version == "1.1"
				}
				f.fields = slices.DeleteFunc([]string{"Content-Length:" + length, "Transfer-Encoding:" + coding}, func(f string) bool { return strings.HasSuffix(f, ":-") })
				f.name = fmt.Sprintf("HTTP/%s, %q", version, f.fields)
				if all = append(all, f); len(f.fields) == 2 {
					f.fields, f.name = []string{f.fields[1], f.fields[0]}, f.name+", turned"
					all = append(all, f)
				}
			}
		}
	}
	return all
}

func framedRequests() (all []hostile) {
	for _, f := range framings() {
		h := hostile{f.name, "", []int{rejected}}
		h.text = "POST /framed HTTP/" + f.version + "\r\nHost: " + edgetest.Host + "\r\nConnection: keep-alive\r\n" + lines(f.fields) + "\r\n" + f.body
		if f.good {
			h.want = []int{200}
		}
		all = append(all, h)
	}
	return all
}

// spoiledFields are fields that matter, with one byte too many in each place.
func spoiledFields() (all []hostile) {
	for _, f := range []struct{ name, value, body, others string }{
		{"Content-Length", "5", "hello", "Host: " + edgetest.Host + "\r\n"},
		{"Transfer-Encoding", "chunked", "5\r\nhello\r\n0\r\n\r\n", "Host: " + edgetest.Host + "\r\n"},
		{"Host", edgetest.Host, "", ""},
		{"Connection", "close", "", "Host: " + edgetest.Host + "\r\n"},
	} {
		for _, b := range []byte(odd) {
			c := string([]byte{b})
			blank := b == ' ' || b == '\t'
			for place, line := range map[string]string{
				"before the name":  c + f.name + ": " + f.value,
				"in the name":      f.name[:2] + c + f.name[2:] + ": " + f.value,
				"before the colon": f.name + c + ": " + f.value,
				"before the value": f.name + ":" + c + f.value,
				"in the value":     f.name + ": " + f.value[:1] + c + f.value[1:],
				"behind the value": f.name + ": " + f.value + c,
			} {
				h := hostile{name: fmt.Sprintf("%q %s of %s", b, place, f.name)}
				h.text = "POST /spoiled HTTP/1.1\r\n" + line + "\r\n" + f.others + "\r\n" + f.body
				inName := strings.HasSuffix(place, "name") || place == "before the colon"
				switch {
				case b < ' ' && !blank, b == 0x7f, inName && !strings.ContainsRune(tokenMarks+":", rune(b)):
					h.want = []int{rejected}
				case blank && !inName && place != "in the value" && f.name != "Connection":
					h.want = []int{200}
				}
				all = append(all, h)
			}
		}
	}
	return all
}

// spoiledLines are request lines with one byte too many in each place.
func spoiledLines() (all []hostile) {
	for _, b := range []byte(odd) {
		c := string([]byte{b})
		for place, line := range map[string]string{
			"before the method":  c + "GET /line HTTP/1.1",
			"in the method":      "G" + c + "ET /line HTTP/1.1",
			"behind the method":  "GET" + c + " /line HTTP/1.1",
			"before the target":  "GET " + c + "/line HTTP/1.1",
			"in the target":      "GET /li" + c + "ne HTTP/1.1",
			"behind the target":  "GET /line" + c + " HTTP/1.1",
			"before the version": "GET /line " + c + "HTTP/1.1",
			"in the version":     "GET /line HTTP/" + c + "1.1",
			"behind the version": "GET /line HTTP/1.1" + c,
			"for the blanks":     "GET" + c + "/line" + c + "HTTP/1.1",
		} {
			h := hostile{name: fmt.Sprintf("%q %s", b, place), text: line + "\r\nHost: " + edgetest.Host + "\r\n\r\n"}
			if version := strings.HasSuffix(place, "version"); version || b < ' ' || b == 0x7f || b == ' ' && place != "for the blanks" {
				h.want = []int{rejected}
			}
			all = append(all, h)
		}
	}
	return all
}

// spoiledEnds are heads one of whose lines does not end in CR LF alone.
func spoiledEnds() (all []hostile) {
	head := []string{"POST /ends HTTP/1.1", "Host: " + edgetest.Host, "A: b", "Transfer-Encoding: chunked", "C: d", ""}
	for n := range head {
		for _, end := range []string{"\n", "\r", "\r\r\n", "\n\r", "\n\n", "\x00\r\n", "\x00\n", "\x0b\r\n", "\x0c\r\n", "\r\n ", "\r\n\t", "\r\n\r", "\r\n\x00", "\u0085", "\u2028"} {
			if end == "\r\n\r" && n == len(head)-1 || n == 0 && end == "\r\n\r" {
				continue // a head's end, and then another fault
			}
			var text strings.Builder
			for i, line := range head {
				text.WriteString(line)
				if i == n {
					text.WriteString(end)
				} else {
					text.WriteString("\r\n")
				}
			}
			h := hostile{name: fmt.Sprintf("line %d ends in %q", n, end), text: text.String() + "5\r\nhello\r\n0\r\n\r\n"}
			if end != "\u0085" && end != "\u2028" { // which no reader takes for an end
				h.want = []int{rejected}
			}
			all = append(all, h)
		}
	}
	return all
}

// spoiledChunks are chunked bodies with one byte too many in each place.
func spoiledChunks() (all []framing) {
	for _, b := range []byte(odd) {
		c := string([]byte{b})
		text := b >= ' ' && b != 0x7f || b == '\t'
		token := strings.ContainsRune(tokenMarks, rune(b))
		blank := b == ' ' || b == '\t'
		for place, chunks := range map[string]struct {
			body string
			good bool
		}{
			"before the size":          {c + "5\r\nhello\r\n0\r\n\r\n", false},
			"behind the size":          {"5" + c + "\r\nhello\r\n0\r\n\r\n", b == ';'},
			"in the size":              {"0" + c + "5\r\nhello\r\n0\r\n\r\n", false},
			"in the extension":         {"5;" + c + "a=b\r\nhello\r\n0\r\n\r\n", text},
			"behind the extension":     {"5;a=b" + c + "\r\nhello\r\n0\r\n\r\n", text},
			"between CR and LF":        {"5\r" + c + "\nhello\r\n0\r\n\r\n", false},
			"before the data":          {"5\r\n" + c + "hello\r\n0\r\n\r\n", false},
			"behind the data":          {"5\r\nhello" + c + "\r\n0\r\n\r\n", false},
			"behind the data's CR":     {"5\r\nhello\r" + c + "\n0\r\n\r\n", false},
			"behind the last size":     {"5\r\nhello\r\n0" + c + "\r\n\r\n", b == ';'},
			"before the last size":     {"5\r\nhello\r\n" + c + "0\r\n\r\n", false},
			"before a trailer's name":  {"5\r\nhello\r\n0\r\n" + c + "A: b\r\n\r\n", token},
			"behind a trailer's name":  {"5\r\nhello\r\n0\r\nA" + c + ": b\r\n\r\n", token || b == ':'},
			"behind a trailer's value": {"5\r\nhello\r\n0\r\nA: b" + c + "\r\n\r\n", text || blank},
			"in the last line":         {"5\r\nhello\r\n0\r\n" + c + "\r\n\r\n", false},
		} {
			all = append(all, framing{name: fmt.Sprintf("%q %s", b, place), body: chunks.body, good: chunks.good})
		}
	}
	return all
}

func chunkedRequests() (all []hostile) {
	for _, f := range spoiledChunks() {
		h := hostile{"chunks, " + f.name, chunkedPost("/chunks") + f.body, []int{rejected}}
		if f.good {
			h.want = []int{200}
		}
		all = append(all, h)
	}
	return all
}

// spoiledTargets are targets and hosts of all forms.
func spoiledTargets() (all []hostile) {
	for _, authority := range []string{"", edgetest.Host, "TEST.example", edgetest.Host + ":80", edgetest.Host + ".", "other.example", "user@" + edgetest.Host, "[::1"} {
		for _, host := range []string{"-", edgetest.Host, "tEST.example", edgetest.Host + ":80", "other.example", ""} {
			for _, target := range []string{"http://%s/t", "http://%s", "HTTP://%s/t", "http://%s?q", "https://%s/t", "//%s/t", "%s:80"} {
				text := "GET " + fmt.Sprintf(target, authority) + " HTTP/1.1\r\n"
				if host != "-" {
					text += "Host: " + host + "\r\n"
				}
				all = append(all, hostile{name: fmt.Sprintf("%q", text), text: text + "\r\n"})
			}
		}
	}
	return all
}

// pipelines are requests that hide others, or stand before or behind what is none.
func pipelines() []hostile {
	const host = "Host: " + edgetest.Host + "\r\n"
	hidden := "GET /hidden HTTP/1.1\r\n" + host + "\r\n"
	chunk := func(s string) string { return fmt.Sprintf("%x\r\n%s\r\n", len(s), s) }
	return []hostile{
		{"a body that is a request", post("/1", len(hidden)) + hidden, []int{200}},
		{"a chunk that is a request", chunkedPost("/1") + chunk(hidden) + "0\r\n\r\n", []int{200}},
		{"a chunk that ends a body and begins a request", chunkedPost("/1") + chunk("0\r\n\r\n"+hidden) + "0\r\n\r\n", []int{200}},
		{"length for one, coding for another", post("/1", 6, "Transfer-Encoding: chunked") + "0\r\n\r\nG" + hidden, []int{rejected}},
		{"coding that is not quite one", post("/1", 6, "Transfer-Encoding: x, chunked") + "0\r\n\r\nG" + hidden, []int{rejected}},
		{"coding behind a vertical tab", post("/1", 6, "Transfer-Encoding:\x0bchunked") + "0\r\n\r\nG" + hidden, []int{rejected}},
		{"coding in a folded line", post("/1", 6, "A: b\r\n Transfer-Encoding: chunked") + "0\r\n\r\nG" + hidden, []int{rejected}},
		{"coding with a blank in its name", post("/1", 6, "Transfer-Encoding : chunked") + "0\r\n\r\nG" + hidden, []int{rejected}},
		{"coding with an underscore", post("/1", 6, "Transfer_Encoding: chunked") + "0\r\n\r\nG" + hidden, nil},
		{"length with an underscore", "POST /1 HTTP/1.1\r\n" + host + "Content_Length: 5\r\n\r\n" + hidden, []int{200, 200}},
		{"length in the trailer", chunkedPost("/1") + chunk("a") + "0\r\nContent-Length: 40\r\n\r\n" + hidden, []int{200, 200}},
		{"coding in the trailer", chunkedPost("/1") + chunk("a") + "0\r\nTransfer-Encoding: chunked\r\n\r\n" + hidden, []int{200, 200}},
		{"Host in the trailer", chunkedPost("/1") + chunk("a") + "0\r\nHost: other\r\n\r\n" + hidden, []int{200, 200}},
		{"a GET with a body", "GET /1 HTTP/1.1\r\n" + host + "Content-Length: 5\r\n\r\nhello" + hidden, []int{200, 200}},
		{"a GET with chunks", "GET /1 HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n" + chunk("hello") + "0\r\n\r\n" + hidden, []int{200, 200}},
		{"a DELETE with a body", "DELETE /1 HTTP/1.1\r\n" + host + "Content-Length: 5\r\n\r\nhello" + hidden, []int{200, 200}},
		{"a body too short by the next request", post("/1", len(hidden)+3) + "abc" + hidden, []int{200}},
		{"bytes behind a body", post("/1", 5) + "helloX\r\n" + hidden, []int{200, rejected}},
		{"bytes behind chunks", chunkedPost("/1") + "0\r\n\r\nX\r\n" + hidden, []int{200, rejected}},
		{"an empty line between", get("/1") + "\r\n" + hidden, []int{200, 200}},
		{"two empty lines between", get("/1") + "\r\n\r\n" + hidden, []int{200, rejected}},
		{"LF between", get("/1") + "\n" + hidden, []int{200, rejected}},
		{"CR between", get("/1") + "\r" + hidden, []int{200, rejected}},
		{"NUL between", get("/1") + "\x00" + hidden, []int{200, rejected}},
		{"a bad one in the middle", get("/1") + "GET / HTTP/1.1\r\n\r\n" + hidden, []int{200, rejected}},
		{"HTTP/0.9", "GET /1\r\n" + hidden, []int{rejected}},
		{"HTTP/0.9 behind a good one", get("/1") + "GET /1\r\n", []int{200, rejected}},
		{"HTTP/2's preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", []int{rejected}},
		{"HTTP/2's preface behind a good one", get("/1") + "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", []int{200, rejected}},
		{"a request that ends the connection", get("/1", "Connection: close") + hidden, nil},
		{"a refused method with a request as its body", "CONNECT " + edgetest.Host + ":80 HTTP/1.1\r\n" + host + "\r\n" + hidden, []int{rejected}},
		{"TRACE with a body", "TRACE /1 HTTP/1.1\r\n" + host + "Content-Length: 5\r\n\r\nhello", []int{rejected}},
		{"a size that overflows", chunkedPost("/1") + "10000000000000005\r\nhello\r\n0\r\n\r\n" + hidden, []int{rejected}},
		{"a negative size", chunkedPost("/1") + "-5\r\nhello\r\n0\r\n\r\n" + hidden, []int{rejected}},
		{"leading zeros of a size", chunkedPost("/1") + "000000000000005\r\nhello\r\n00000\r\n\r\n" + hidden, []int{200, 200}},
		{"an end in the middle of a size", chunkedPost("/1") + "5;\r\nhello\r\n0;\r\n\r\n" + hidden, []int{200, 200}},
	}
}

// oddities are fields that ask for more than a plain answer.
func oddities() (all []hostile) {
	for _, fields := range [][]string{
		{"Expect: 100-continue"}, {"Expect: 100-Continue"}, {"Expect: 100-continue", "Expect: 100-continue"}, {"Expect: 100-continue, 100-continue"}, {"Expect: 200-ok"}, {"Expect:"},
		{"Connection: Upgrade", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"}, {"Upgrade: websocket"}, {"Connection: upgrade"},
		{"Connection: keep-alive, close"}, {"Connection: close, keep-alive"}, {"Connection: "}, {"Connection: ,"}, {"Connection: ,,,,,,,,"}, {"Connection: Host"},
		{"Connection: Content-Length"}, {"Connection: Transfer-Encoding"}, {"Connection: TE", "TE: trailers, chunked"}, {"TE: chunked"}, {"TE: trailers;q=0"}, {"Keep-Alive: timeout=5"},
		{"Proxy-Connection: close"}, {"Proxy-Authorization: x"}, {"Trailer: "}, {"X-Forwarded-For: \xff\xfe"},
		{"Via: 1.1 a", "Via: 1.1 b"}, {"Max-Forwards: 0"}, {"Range: bytes=0-"}, {"A:"}, {"A: "}, {"A: \t "}, {"A: " + strings.Repeat("x", 32<<10)}, {strings.Repeat("a", 8<<10) + ": x"},
		{"CDN-Loop: x"}, {"CDN-Loop: Headwater, Headwater"}, {"Fastly-FF: x"}, {"Cookie: a=b", "Cookie: c=d"}, {"Content-Encoding: chunked"}, {"Content-Transfer-Encoding: chunked"}, {"X-HTTP-Method-Override: CONNECT"},
	} {
		for _, body := range []struct{ fields, text string }{{"", ""}, {"Content-Length: 5\r\n", "hello"}, {"Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\nX: y\r\n\r\n"}} {
			all = append(all, hostile{
				name: fmt.Sprintf("%.60q, %q", fields, body.fields),
				text: "POST /odd HTTP/1.1\r\nHost: " + edgetest.Host + "\r\n" + lines(fields) + body.fields + "\r\n" + body.text,
			})
		}
	}
	for _, method := range []string{"get", "Get", "OPTIONS", "PATCH", "PURGE", "M-SEARCH", "!", "~#$%&'*+-.^_`|", "CONNECTX", "TRACEX", "PRI", "0"} {
		for _, target := range []string{"/", "*", "/a//b/../c", "/?%zz", "/%00", "/%0d%0aA:b", "/\x80\xff", "/?\"<>\\^`{|}", "/#", "/a;b", "http://" + edgetest.Host} {
			all = append(all, hostile{name: fmt.Sprintf("%s %q", method, target), text: method + " " + target + " HTTP/1.1\r\nHost: " + edgetest.Host + "\r\n\r\n"})
		}
	}
	return all
}
