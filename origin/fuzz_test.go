package origin

import (
	"bufio"
	"bytes"
	"strings"
	"testing"
)

// FuzzTarget holds that no target asks for more than there is, or breaks a head.
func FuzzTarget(f *testing.F) {
	for _, s := range []string{"/", "/status/503/delay/1s", "/reset/5/body/10", "/x?status=1&&=&raw=%00", "/field/A:b%0d/", "/help/echo/hang", "/body/99GiB", "*", "http://x/status/1", "/pause/1h?%"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, target string) {
		s := usual
		if s.read(target) != nil {
			return
		}
		if s.status < 200 || s.status > 999 || s.size > maxSize || s.piece > maxPiece || s.at > maxSize ||
			s.fill > maxFill || s.extra > maxExtra || s.hints > maxHints || max(s.delay, s.pause) > maxTime || min(s.delay, s.pause) < 0 || len(s.raw) > maxRaw {
			t.Errorf("%q: %+v", target, s)
		}
		for _, line := range append(s.fields, s.trailer...) {
			if strings.ContainsAny(line, "\r\n\x00") || len(s.fields) > maxLines || len(s.trailer) > maxLines {
				t.Errorf("%q: %q", target, line)
			}
		}
	})
}

// FuzzFrame holds that a frame which is read goes back as it came.
func FuzzFrame(f *testing.F) {
	for _, s := range []string{"\x81\x85\x00\x00\x00\x00hello", "\x82\xfe\x00\x02abcdxy", "\x82\xff\x00\x00\x00\x00\x00\x00\x00\x01abcdz", "\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff", "\x88\x80abcd"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		first, payload, err := readFrame(bufio.NewReader(bytes.NewReader(text)))
		if err != nil {
			return
		}
		if len(payload) > maxFrame || len(payload) > len(text) {
			t.Fatalf("%d bytes of %d", len(payload), len(text))
		}
		var back bytes.Buffer
		out := bufio.NewWriter(&back)
		if err := writeFrame(out, first, payload); err != nil || back.Bytes()[0] != text[0] || !bytes.HasSuffix(back.Bytes(), payload) {
			t.Errorf("%q became %q, %v", text, back.Bytes(), err)
		}
	})
}

// FuzzRequest holds that what is read of a client is bounded, and has a place.
func FuzzRequest(f *testing.F) {
	for _, s := range []string{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nA: b\r\n\r\n", "\n", "GET / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		in := bufio.NewReader(strings.NewReader(text))
		r, err := readRequest(in)
		if err != nil {
			return
		}
		if !isToken(r.method) || strings.ContainsAny(r.target, " \r\n") || r.length < 0 || r.chunked && r.length > 0 {
			t.Errorf("%q: %+v", text, r)
		}
		body, err := r.readBody(in)
		if err == nil && !r.chunked && body.size != r.length {
			t.Errorf("%q: %d bytes of %d", text, body.size, r.length)
		}
	})
}
