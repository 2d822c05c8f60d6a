package probe

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestReadStatus(t *testing.T) {
	for name, tt := range map[string]struct {
		answer string
		status int
		err    error
	}{
		"plain":                       {"HTTP/1.1 200 OK\r\nA: b\r\n\r\n", 200, nil},
		"a body is not waited for":    {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n12", 200, nil},
		"HTTP/1.0":                    {"HTTP/1.0 404 Not Found\r\n\r\n", 404, nil},
		"no reason":                   {"HTTP/1.1 204 \r\n\r\n", 204, nil},
		"no blank before no reason":   {"HTTP/1.1 204\r\n\r\n", 204, nil},
		"bare LF":                     {"HTTP/1.1 503 Busy\nA: b\n\n", 503, nil},
		"a status of no class":        {"HTTP/1.1 999 ?\r\n\r\n", 999, nil},
		"interim answers":             {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", 200, nil},
		"switching is an end":         {"HTTP/1.1 101 Switching Protocols\r\n\r\n\x00\x01", 101, nil},
		"an interim one is expected":  {"HTTP/1.1 102 Processing\r\n\r\n", 102, nil},
		"a redirect is an answer":     {"HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n", 302, nil},
		"nothing":                     {"", 0, errCutOff},
		"half a line":                 {"HTTP/1.1 20", 0, errCutOff},
		"half a head":                 {"HTTP/1.1 200 OK\r\nA: b\r\n", 0, errCutOff},
		"nothing behind an interim":   {"HTTP/1.1 100 Continue\r\n\r\n", 0, errCutOff},
		"blank lines":                 {"\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", 0, errNoHTTP},
		"another protocol":            {"SSH-2.0-OpenSSH_9.2\r\n", 0, errNoHTTP},
		"another protocol, no line":   {"220 smtp", 0, errNoHTTP},
		"HTTP/2":                      {"HTTP/2 200 OK\r\n\r\n", 0, errNoHTTP},
		"HTTP/1":                      {"HTTP/1 200 OK\r\n\r\n", 0, errNoHTTP},
		"HTTP/1.x":                    {"HTTP/1.x 200 OK\r\n\r\n", 0, errNoHTTP},
		"two digits":                  {"HTTP/1.1 20 OK\r\n\r\n", 0, errNoHTTP},
		"four digits":                 {"HTTP/1.1 2000 OK\r\n\r\n", 0, errNoHTTP},
		"a status below all":          {"HTTP/1.1 099 OK\r\n\r\n", 0, errNoHTTP},
		"two blanks":                  {"HTTP/1.1  200 OK\r\n\r\n", 0, errNoHTTP},
		"no status":                   {"HTTP/1.1\r\n\r\n", 0, errNoHTTP},
		"a line without end":          {"HTTP/1.1 200 " + strings.Repeat("x", maxHead), 0, errTooLong},
		"a head without end":          {"HTTP/1.1 200 OK\r\n" + strings.Repeat("A: b\r\n", maxHead/6), 0, errTooLong},
		"interim answers without end": {strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", maxHead/20), 0, errTooLong},
	} {
		for way, r := range map[string]io.Reader{
			"at once":    strings.NewReader(tt.answer),
			"in pieces":  iotest.HalfReader(strings.NewReader(tt.answer)),
			"by bytes":   iotest.OneByteReader(strings.NewReader(tt.answer)),
			"with error": iotest.DataErrReader(strings.NewReader(tt.answer)),
		} {
			status, err := readStatus(r, make([]byte, 512), 102)
			if status != tt.status || err != tt.err {
				t.Errorf("%s, %s: %d, %v, want %d, %v", name, way, status, err, tt.status, tt.err)
			}
		}
	}
}

// No more is read than the bound and what the buffer holds.
func TestReadStatusIsBounded(t *testing.T) {
	read := 0
	endless := readerFunc(func(b []byte) (int, error) {
		n := copy(b, "A: b\r\n")
		if read == 0 {
			n = copy(b, "HTTP/1.1 200 OK\r\n")
		}
		read += n
		return n, nil
	})
	if _, err := readStatus(endless, make([]byte, 4096), 200); err != errTooLong || read > maxHead+4096 {
		t.Errorf("%v after %d bytes", err, read)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

// Whatever comes, and however it is cut into reads, means the same; and an answer
// that is one has its status in its first line or behind interim answers.
func FuzzReadStatus(f *testing.F) {
	f.Add("HTTP/1.1 200 OK\r\n\r\n", 200)
	f.Add("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204\n\n", 200)
	f.Add("HTTP/1.1 200 OK\r\nA: b\r\n", 301)
	f.Add("garbage\x00\r\n\r\n", 0)
	f.Fuzz(func(t *testing.T, answer string, expected int) {
		status, err := readStatus(strings.NewReader(answer), make([]byte, 4096), expected)
		again, errAgain := readStatus(iotest.OneByteReader(strings.NewReader(answer)), make([]byte, 1), expected)
		if status != again || !errors.Is(errAgain, err) {
			t.Fatalf("%d, %v at once; %d, %v by bytes", status, err, again, errAgain)
		}
		if err == nil && (status < 100 || status > 999 || !strings.HasPrefix(answer, "HTTP/1.")) {
			t.Fatalf("%q has status %d", answer, status)
		}
		if (err == nil) != (status != 0) {
			t.Fatalf("status %d with error %v", status, err)
		}
	})
}
