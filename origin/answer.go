package origin

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// answer does what the request asks for, and reports whether the connection may
// serve another.
func (c *conn) answer(r *request) bool {
	s, text := c.server.scriptOf(r)
	body, ok := c.take(r, s)
	if !ok || !c.wait(s.delay) {
		return false
	}
	if s.upgrade && r.lists("Connection", "upgrade") && r.get("Upgrade") != "" {
		c.upgrade(r)
		return false
	}
	c.hint(r, s)
	switch {
	case s.raw != nil:
		c.out.Write(s.raw)
		if s.end == endWell {
			c.leave()
		} else {
			c.finish(s.end)
		}
		return false
	case s.end != endWell && s.at == beforeHead:
		c.finish(s.end)
		return false
	}
	if text.size < 0 {
		text = c.content(r, s, body)
	}
	return c.send(r, s, text)
}

// scriptOf reads the script of a request. Its text has a size of -1 unless it is
// given: for a page, or because the request asks for what there is not.
func (s *Server) scriptOf(r *request) (*script, content) {
	told := s.defaults
	if err := told.read(r.target); err != nil {
		refused := usual
		refused.status = http.StatusBadRequest
		return &refused, textContent("This origin cannot do that: %v.\nIts page tells what it can: /help\n", err)
	}
	if told.page == noPage && s.plain && (r.target == "/" || r.target == "*") {
		told.page = pageHelp
	}
	if told.page != noPage {
		page := usual
		return &page, textContent("%s", s.text(told.page))
	}
	return &told, content{size: -1}
}

// take reads the request's body, unless that is left alone.
func (c *conn) take(r *request, s *script) (body sent, ok bool) {
	if s.unread {
		return body, true
	}
	if (r.chunked || r.length > 0) && r.lists("Expect", "100-continue") {
		io.WriteString(c.out, "HTTP/1.1 100 Continue\r\n\r\n")
		c.out.Flush()
	}
	body, err := r.readBody(c.in)
	if err != nil && !gone(err) {
		c.refuse()
	}
	return body, err == nil
}

// gone reports whether an error of reading is the connection's.
func gone(err error) bool {
	var network net.Error
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &network)
}

// hint sends the answers before the answer.
func (c *conn) hint(r *request, s *script) {
	if r.proto == "HTTP/1.0" {
		return
	}
	for n := range s.hints {
		fmt.Fprintf(c.out, "HTTP/1.1 103 Early Hints\r\nLink: </hint/%d>; rel=preload\r\n\r\n", n+1)
	}
	if s.hints > 0 {
		c.out.Flush()
	}
}

// send sends the answer.
func (c *conn) send(r *request, s *script, text content) (keep bool) {
	s.http10 = s.http10 || r.proto == "HTTP/1.0"
	chunked, counted := s.framed()
	body := !s.bodiless(r.method)
	last := s.last || s.unread || s.http10 || !r.persistent() || body && !chunked && !counted
	c.writeHead(s, &text, last)
	switch {
	case body && !c.writeBody(s, &text, chunked):
	case s.end != endWell:
		c.finish(s.end)
	case last:
		c.leave()
	default:
		return c.out.Flush() == nil
	}
	return false
}

func (c *conn) writeHead(s *script, text *content, last bool) {
	version, reason := "1.1", http.StatusText(s.status)
	if s.http10 {
		version = "1.0"
	}
	if reason == "" {
		reason = "Unnamed"
	}
	fmt.Fprintf(c.out, "HTTP/%s %d %s\r\nDate: %s\r\n", version, s.status, reason, time.Now().UTC().Format(http.TimeFormat))
	if s.status != 204 && s.status != 304 {
		c.writeFraming(s, text)
	}
	for _, line := range s.fields {
		fmt.Fprintf(c.out, "%s\r\n", line)
	}
	for n := range s.extra {
		fmt.Fprintf(c.out, "X-Extra-%d: %d\r\n", n+1, n+1)
	}
	if s.fill > 0 {
		c.out.WriteString("X-Fill: ")
		io.CopyN(c.out, fill{}, s.fill)
		c.out.WriteString("\r\n")
	}
	if last {
		c.out.WriteString("Connection: close\r\n")
	}
	c.out.WriteString("\r\n")
}

func (c *conn) writeFraming(s *script, text *content) {
	fmt.Fprintf(c.out, "Content-Type: %s\r\n", text.kind)
	chunked, counted := s.framed()
	switch {
	case chunked:
		c.out.WriteString("Transfer-Encoding: chunked\r\n")
		for _, line := range s.trailer {
			name, _, _ := strings.Cut(line, ":")
			fmt.Fprintf(c.out, "Trailer: %s\r\n", name)
		}
	case counted:
		fmt.Fprintf(c.out, "Content-Length: %d\r\n", text.size)
	}
}

// writeBody writes the body, or what comes of it before the answer's end. It reports
// false if there is no use in going on.
func (c *conn) writeBody(s *script, text *content, chunked bool) bool {
	size, piece := text.size, s.piece
	if s.end != endWell {
		size = min(size, s.at)
	}
	switch {
	case piece == 0 && s.pause > 0:
		piece = 1
	case piece == 0:
		piece = pieceRoom
	}
	for offset := int64(0); offset < size; offset += piece {
		if offset > 0 && s.pause > 0 && (c.out.Flush() != nil || !c.wait(s.pause)) {
			return false
		}
		if c.writePiece(text, offset, min(piece, size-offset), chunked) != nil {
			return false
		}
	}
	if chunked && s.end == endWell {
		c.out.WriteString("0\r\n")
		for _, line := range s.trailer {
			fmt.Fprintf(c.out, "%s\r\n", line)
		}
		c.out.WriteString("\r\n")
	}
	return true
}

func (c *conn) writePiece(text *content, offset, n int64, chunked bool) error {
	if !chunked {
		return text.write(c.out, offset, n)
	}
	c.out.WriteString(strconv.FormatInt(n, 16) + "\r\n")
	if err := text.write(c.out, offset, n); err != nil {
		return err
	}
	_, err := c.out.WriteString("\r\n")
	return err
}
