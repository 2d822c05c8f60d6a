package edge

import (
	"testing"

	"headwater/internal/message"
)

func BenchmarkParseRequest(b *testing.B) {
	head := []byte("GET /bench/1k?x=y HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: bench/1.0\r\nAccept: */*\r\n" +
		"Accept-Encoding: gzip, deflate, br\r\nAccept-Language: en-GB,en;q=0.5\r\nCookie: session=0123456789abcdef; theme=dark\r\n" +
		"Referer: https://www.example.com/\r\nConnection: keep-alive\r\nX-Request-Id: 0123456789\r\n\r\n")
	r := &request{}
	r.Fields.Use(make([]message.Field, maxFields))
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
