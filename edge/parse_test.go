package edge

import (
	"bytes"
	"testing"

	"headwater/internal/message"
)

func BenchmarkParseRequest(b *testing.B) {
	head := []byte("GET /bench/1k?x=y HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: bench/1.0\r\nAccept: */*\r\n" +
		"Accept-Encoding: gzip, deflate, br\r\nAccept-Language: en-GB,en;q=0.5\r\nCookie: session=0123456789abcdef; theme=dark\r\n" +
		"Referer: https://www.example.com/\r\nConnection: keep-alive\r\nX-Request-Id: 0123456789\r\n\r\n")
	r := &request{Request: message.Request{Fields: make(message.Fields, 0, maxFields)}}
	b.ReportAllocs()
	b.SetBytes(int64(len(head)))
	for b.Loop() {
		var s headScan
		end, err := s.end(head)
		if err != nil || parseRequest(head[:end], r) != nil {
			b.Fatal("refused")
		}
	}
}

// isValue looks at eight bytes at a time: every byte has to count at every place.
func TestIsValue(t *testing.T) {
	for n := range 20 {
		for at := range n {
			for c := range 256 {
				b := bytes.Repeat([]byte("\tx\x80 "), 5)[:n]
				b[at] = byte(c)
				if got, want := isValue(b), byteClass[c]&valueByte != 0; got != want {
					t.Errorf("isValue(%q) = %v", b, got)
				}
			}
		}
	}
}
