package origin

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// A content is the body of an answer: a text, or bytes that tell their place.
type content struct {
	kind string
	text []byte
	size int64
}

func textContent(format string, args ...any) content {
	text := fmt.Appendf(nil, format, args...)
	return content{"text/plain; charset=utf-8", text, int64(len(text))}
}

// write writes n bytes of it from offset on.
func (b *content) write(to io.Writer, offset, n int64) error {
	if b.text != nil {
		_, err := to.Write(b.text[offset : offset+n])
		return err
	}
	for n > 0 {
		from := offset % int64(len(lines))
		wrote, err := to.Write(lines[from:min(from+n, int64(len(lines)))])
		if err != nil {
			return err
		}
		offset, n = offset+int64(wrote), n-int64(wrote)
	}
	return nil
}

// lines are what bodies of a size are made of: lines of 64 bytes.
var lines = bytes.Repeat([]byte(strings.Repeat("0123456789abcdef", 4)[:63]+"\n"), pieceRoom/64)

// pieceRoom is how much of a body is written at once, if nothing else is asked for.
const pieceRoom = 32 << 10

func (c *conn) content(r *request, s *script, body sent) content {
	switch {
	case s.echo:
		text := c.echo(r, body)
		return content{"application/json", text, int64(len(text))}
	case s.size >= 0:
		return content{"text/plain", nil, s.size}
	}
	return textContent("%s %s answered by %s\n", r.method, r.target, c.server.name)
}

// An echo is a request as its answer tells it.
type echo struct {
	Method     string   `json:"method"`
	Target     string   `json:"target"`
	Proto      string   `json:"proto"`
	Fields     []string `json:"fields"`
	Body       int64    `json:"body"` // bytes
	Trailer    []string `json:"trailer"`
	Client     string   `json:"client"`     // its address
	Connection int64    `json:"connection"` // 1 for the first since the start
	Request    int      `json:"request"`    // 1 for the first of the connection
	TLS        *echoTLS `json:"tls"`        // null without
}

func (c *conn) echo(r *request, body sent) []byte {
	var text bytes.Buffer
	out := json.NewEncoder(&text)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	out.Encode(echo{ // into memory, and of what can be encoded
		Method: r.method, Target: r.target, Proto: r.proto, Fields: linesOf(r.fields),
		Body: body.size, Trailer: linesOf(body.trailer),
		Client: c.tcp.RemoteAddr().String(), Connection: c.number, Request: c.served + 1, TLS: c.echoTLS(),
	})
	return text.Bytes()
}

func linesOf(fields []field) []string {
	all := make([]string, 0, len(fields))
	for _, f := range fields {
		all = append(all, f.name+": "+f.value)
	}
	return all
}

// A fill is the value of a field without end.
type fill struct{}

func (fill) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 'x'
	}
	return len(b), nil
}
