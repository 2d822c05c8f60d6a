package edge

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"headwater/internal/message"
)

// cut is the end of the n-th of the pieces that seed cuts size bytes into.
func cut(seed uint64, at, size int) int {
	step := int(seed>>(uint(at)%57)&31) + 1
	return min(at+step, size)
}

// endInPieces finds a head's end as headScan does when the bytes come in pieces.
func endInPieces(b []byte, seed uint64) (int, error) {
	var s headScan
	for at := 0; at < len(b); {
		at = cut(seed, at, len(b))
		if end, err := s.end(b[:at]); end > 0 || err != nil {
			return end, err
		}
	}
	return 0, nil
}

func checkSplit(t *testing.T, b []byte, seed uint64) int {
	var s headScan
	end, err := s.end(b)
	end2, err2 := endInPieces(b, seed)
	if end != end2 || err != err2 {
		t.Fatalf("%q: end %d, %v; in pieces %d, %v", b, end, err, end2, err2)
	}
	return end
}

// isWithin reports whether part holds nothing but bytes of whole.
func isWithin(part, whole []byte) bool {
	return len(part) == 0 || bytes.Contains(whole, part)
}

func checkFields(t *testing.T, b []byte, fields *message.Fields, h *head) {
	if fields.Len() > maxFields {
		t.Errorf("%d fields", fields.Len())
	}
	if h.chunked && h.length >= 0 || h.length < -1 {
		t.Errorf("chunked %t with length %d", h.chunked, h.length)
	}
	for _, f := range fields.All() {
		name, value := f.Name(), f.Value()
		if len(name) == 0 || !all(name, tokenByte) || !all(value, valueByte) {
			t.Errorf("field %q: %q", name, value)
		}
		if !isWithin(name, b) || !isWithin(value, b) {
			t.Errorf("field %q: %q is not of the message", name, value)
		}
	}
}

// FuzzParseRequest holds what the edge would send for a head that it accepts to
// what net/http reads of it.
func FuzzParseRequest(f *testing.F) {
	for _, s := range []string{
		"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
		"POST /a%20b?c=%zz HTTP/1.1\r\nHost: a:80\r\nContent-Length: 5\r\nConnection: x, close\r\nX: y\r\n\r\n",
		"PUT http://a/b HTTP/1.1\r\nhOST: A\r\nTransfer-Encoding: chunked\r\nTrailer: x\r\nExpect: 100-continue\r\n\r\n",
		"GET http://a HTTP/1.0\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nCDN-Loop: Headwater;a=b, Fastly\r\nVia: 1.0 x\r\nX-Forwarded-For: 1\r\nFastly-SSL: 1\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nUpgrade: x\r\nKeep-Alive: y\r\nConnection: keep-alive\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket, x/1.0\r\nupgrade: y\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nTrailer: Content-Length\r\nTransfer-Encoding: chunked\r\n\r\n",
		"GET / HTTP/1.1\nHost: a\r\n\r\n", "\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nA : b\r\n c\r\n\r\n",
	} {
		f.Add([]byte(s), uint64(len(s))*0x9e3779b97f4a7c15)
	}
	e := &Edge{cfg: Config{Identity: "cache-tst1-TST"}, marks: marksOf("cache-tst1-TST")}
	f.Fuzz(func(t *testing.T, b []byte, seed uint64) {
		end := checkSplit(t, b, seed)
		if end == 0 {
			return
		}
		x := newExchange(&clientConn{edge: e, remote: "192.0.2.7", secure: seed&1 == 1})
		defer x.free()
		x.site, x.backend = &site{upgrades: seed&2 == 2}, &backend{}
		before := string(b)
		err := parseRequest(b[:end], &x.req)
		if string(b) != before {
			t.Error("the parser wrote to its input")
		}
		if err != nil {
			if m := err.(*malformed); m.status < 400 || m.status > 599 || m.why == "" {
				t.Errorf("refused with %+v", m)
			}
			return
		}
		checkFields(t, b, &x.req.Fields, &x.req.head)
		x.req.loops()
		(&table{}).find(x.req.host)
		x.enter()
		x.makeBereq()
		sent := x.appendRequest(nil)
		r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(sent)))
		if err != nil {
			t.Fatalf("net/http refuses %q: %v", sent, err)
		}
		if r.Method != string(x.req.Method) || r.RequestURI != string(x.req.Target) || r.Host != strings.ToLower(string(x.req.host)) && len(x.req.host) > 0 {
			t.Errorf("net/http reads %s %s for %s in %q", r.Method, r.RequestURI, r.Host, sent)
		}
		chunked := len(r.TransferEncoding) == 1 && r.TransferEncoding[0] == "chunked"
		if chunked != x.req.chunked || !chunked && r.ContentLength != max(x.req.length, 0) {
			t.Errorf("net/http reads framing %v, %d in %q", r.TransferEncoding, r.ContentLength, sent)
		}
		checkUpgrade(t, r, seed&2 == 2)
		for _, name := range []string{"Te", "Keep-Alive", "Expect", "Proxy-Connection", "HTTP2-Settings"} {
			if r.Header.Values(name) != nil {
				t.Errorf("%s went on in %q", name, sent)
			}
		}
	})
}

// checkUpgrade holds a request that went on to what may be asked of an origin: nothing,
// or other protocols than HTTP, without a body behind which they would begin.
func checkUpgrade(t *testing.T, r *http.Request, may bool) {
	asked, option := r.Header.Values("Upgrade"), r.Header.Values("Connection")
	if asked == nil && option == nil {
		return
	}
	if !may || len(asked) != 1 || len(option) != 1 || option[0] != "upgrade" || r.ContentLength != 0 {
		t.Fatalf("Connection: %q, Upgrade: %q, a body of %d went on", option, asked, r.ContentLength)
	}
	for p := range strings.SplitSeq(strings.ToLower(asked[0]), ", ") {
		if p == "" || p == "h2c" || strings.HasPrefix(p, "http") && strings.TrimLeft(p, "htp/0123456789.") == "" || strings.ContainsAny(p, " ,\t") {
			t.Errorf("Upgrade: %q went on", asked[0])
		}
	}
}

func FuzzParseResponse(f *testing.F) {
	for _, s := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "HTTP/1.0 304\r\nETag: x\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\nConnection: close, a\r\nA: b\r\n\r\n",
		"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", "HTTP/1.1 999 \r\nVia: 1.1 a\r\nX-Cache: HIT\r\nX-Timer: S1\r\nDate: x\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Content-Length\r\n\r\n",
		"HTTP/1.1 101 Switching Protocols\r\nConnection: a,Upgrade\r\nUpgrade: A/1\r\nUpgrade: WebSocket\r\n\r\n",
		"HTTP/1.1 200 O\nK\r\n\r\n", "ICY 200 OK\r\n\r\n",
	} {
		f.Add([]byte(s), false, uint64(len(s))*0x9e3779b97f4a7c15)
		f.Add([]byte(s), true, uint64(len(s)))
	}
	e := &Edge{cfg: Config{Identity: "cache-tst1-TST"}, marks: marksOf("cache-tst1-TST")}
	f.Fuzz(func(t *testing.T, b []byte, headOnly bool, seed uint64) {
		end := checkSplit(t, b, seed)
		if end == 0 {
			return
		}
		x := newExchange(&clientConn{edge: e, remote: "192.0.2.7"})
		defer x.free()
		x.bereq.Method = []byte("GET")
		x.headOnly = headOnly
		if headOnly {
			x.bereq.Method = []byte("HEAD")
		}
		err := parseResponse(b[:end], &x.beresp)
		if n, once := takeResponse(b, &headScan{}, &x.beresp); once != err || err == nil && n != end {
			t.Errorf("taken at once: %d bytes of %d, %v; by itself: %v", n, end, once, err)
		}
		if err != nil {
			return
		}
		checkFields(t, b, &x.beresp.Fields, &x.beresp.head)
		if x.beresp.Status < 100 || x.beresp.Status > 999 {
			t.Errorf("status %d", x.beresp.Status)
		}
		x.site, x.req.upgrade = &site{upgrades: true}, true
		x.req.Fields.Put([]byte("Upgrade"), []byte("websocket, a/1"), message.Upgrade)
		if x.agrees() {
			if all := string(appendUpgrade(nil, &x.beresp.Fields)); strings.Trim(strings.ToLower(all[len("Connection: upgrade\r\nUpgrade: "):]), "websockta/1, \r\n") != "" {
				t.Errorf("agreed to %q", all)
			}
		}
		if x.beresp.Status < 200 {
			return
		}
		x.body = body{x: x, in: x.incoming()}
		x.makeResp(&x.beresp.Response, time.Now())
		framing := x.outgoing(x.body.in)
		sent := x.appendHead(nil, framing, x.length(framing), seed&1 == 0)
		r, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(sent)), &http.Request{Method: string(x.bereq.Method)})
		if err != nil {
			t.Fatalf("net/http refuses %q: %v", sent, err)
		}
		if r.StatusCode != x.resp.Status {
			t.Errorf("net/http reads status %d in %q", r.StatusCode, sent)
		}
		if !headOnly && r.StatusCode != 204 && r.StatusCode != 304 {
			chunked := len(r.TransferEncoding) == 1
			if chunked != (framing == framedChunked) || framing == framedLength && r.ContentLength != x.beresp.length {
				t.Errorf("net/http reads framing %v, %d in %q", r.TransferEncoding, r.ContentLength, sent)
			}
		}
	})
}

// A decoded is what a chunkReader made of a body.
type decoded struct {
	data, trailer string
	used          int
	done          bool
	err           error
}

func decodeInPieces(b []byte, seed uint64, whole bool) (d decoded) {
	var c chunkReader
	for at := 0; at < len(b) && !c.done(); {
		end := len(b)
		if !whole {
			end = cut(seed, at, len(b))
		}
		piece := bytes.Clone(b[at:end])
		n, used, err := c.decode(piece)
		d.data += string(piece[:n])
		d.used += used
		if err != nil {
			d.err = err
			return d
		}
		if used < len(piece) && !c.done() {
			panic("bytes left over in the middle of a body")
		}
		at = end
	}
	if d.done = c.done(); d.done {
		d.trailer = string(c.appendTrailer(nil))
	}
	return d
}

func FuzzChunked(f *testing.F) {
	for _, s := range []string{
		"0\r\n\r\n", "5\r\nhello\r\n0\r\n\r\nGET", "a;b=c\r\n0123456789\r\n000\r\nX-Sum: 1\r\nY: 2\r\n\r\nmore",
		"1\r\na\r\nF\r\n0123456789abcde\r\n0\r\nContent-Length: 4\r\n\r\n", "1\na\r\n0\r\n\r\n", "fffffffffffffff\r\nabc", "0\r\n\n", "x", "1\r\nab",
	} {
		f.Add([]byte(s), uint64(0))
		f.Add([]byte(s), uint64(len(s))*0x9e3779b97f4a7c15)
	}
	f.Fuzz(func(t *testing.T, b []byte, seed uint64) {
		one, many := decodeInPieces(b, seed, true), decodeInPieces(b, seed, false)
		if (one.err == nil) != (many.err == nil) || one.err == nil && one != many || !strings.HasPrefix(one.data, many.data) && !strings.HasPrefix(many.data, one.data) {
			t.Fatalf("%q: %+v in one, %+v in pieces", b, one, many)
		}
		if one.err != nil {
			return
		}
		head := "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
		in := bufio.NewReaderSize(io.MultiReader(strings.NewReader(head), bytes.NewReader(b)), 64<<10)
		r, err := http.ReadRequest(in)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r.Body)
		if !one.done {
			if err == nil {
				t.Errorf("%q: net/http sees an end where we see none", b)
			}
			return
		}
		if err != nil {
			if text := err.Error(); strings.Contains(text, "too much non-data") || strings.Contains(text, "too long") {
				return // bounds, and not ours
			}
			t.Fatalf("%q: net/http refuses it: %v", b, err)
		}
		left, _ := io.ReadAll(in)
		if string(body) != one.data || string(left) != string(b[one.used:]) {
			t.Errorf("%q: net/http reads %q and leaves %q, we %q and %q", b, body, left, one.data, b[one.used:])
		}
		// What we make of it, framed anew, is the same body.
		again := append(appendChunk(nil, []byte(one.data)), "0\r\n"+one.trailer+"\r\n"...)
		if got := decodeInPieces(again, seed, true); got.data != one.data || got.trailer != one.trailer || !got.done || got.err != nil {
			t.Errorf("%q: framed anew as %q it reads %+v", b, again, got)
		}
	})
}
