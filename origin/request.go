package origin

import (
	"bufio"
	"errors"
	"io"
	"net/http/httputil"
	"strconv"
	"strings"
)

// Bounds of what a client may send.
const (
	maxRequestHead = 64 << 10
	maxTrailer     = 64 << 10
)

// errHead is a request head that is none, or too large.
var errHead = errors.New("malformed request")

// A field is one header field, as it came.
type field struct{ name, value string }

// A request is one request head.
type request struct {
	method, target, proto string
	fields                []field
	length                int64 // Content-Length; 0 if there is none
	chunked               bool
}

// get returns the values of a field, joined as a list.
func (r *request) get(name string) string {
	var all []string
	for _, f := range r.fields {
		if strings.EqualFold(f.name, name) {
			all = append(all, f.value)
		}
	}
	return strings.Join(all, ", ")
}

// lists reports whether a field has the word among its list.
func (r *request) lists(name, word string) bool {
	for item := range strings.SplitSeq(r.get(name), ",") {
		if strings.EqualFold(strings.TrimSpace(item), word) {
			return true
		}
	}
	return false
}

// persistent reports whether another request may follow on the connection.
func (r *request) persistent() bool {
	if r.proto == "HTTP/1.0" {
		return r.lists("Connection", "keep-alive")
	}
	return !r.lists("Connection", "close")
}

// readRequest reads a head. The error is errHead for what is none, and the
// connection's otherwise.
func readRequest(in *bufio.Reader) (*request, error) {
	room := maxRequestHead
	text, err := readLine(in, &room)
	if err != nil {
		return nil, err
	}
	words := strings.Split(text, " ")
	if len(words) != 3 || !isToken(words[0]) || words[1] == "" || !isText(words[1]) || words[2] != "HTTP/1.1" && words[2] != "HTTP/1.0" {
		return nil, errHead
	}
	r := &request{method: words[0], target: words[1], proto: words[2]}
	if r.fields, err = readFields(in, room); err != nil {
		return nil, err
	}
	return r, r.frame()
}

// readFields reads field lines up to a blank one, of no more than room bytes.
func readFields(in *bufio.Reader, room int) (all []field, err error) {
	for {
		text, err := readLine(in, &room)
		if err != nil || text == "" {
			return all, err
		}
		name, value, ok := strings.Cut(text, ":")
		if !ok || !isToken(name) || !isText(value) {
			return nil, errHead
		}
		all = append(all, field{name, strings.Trim(value, " \t")})
	}
}

// frame reads how the body is framed.
func (r *request) frame() error {
	coding, length := r.get("Transfer-Encoding"), r.get("Content-Length")
	switch {
	case coding != "" && length != "":
		return errHead
	case coding != "":
		r.chunked = strings.EqualFold(coding, "chunked")
		if !r.chunked {
			return errHead
		}
	case length != "":
		n, err := strconv.ParseUint(length, 10, 63)
		if err != nil {
			return errHead
		}
		r.length = int64(n)
	}
	return nil
}

// readLine reads a line without its end, which takes its bytes from room.
func readLine(in *bufio.Reader, room *int) (string, error) {
	var text []byte
	for {
		piece, err := in.ReadSlice('\n')
		if *room -= len(piece); *room < 0 {
			return "", errHead
		}
		text = append(text, piece...)
		if err == bufio.ErrBufferFull {
			continue
		}
		if err != nil {
			return "", err
		}
		line, ok := strings.CutSuffix(string(text), "\r\n")
		if !ok {
			return "", errHead
		}
		return line, nil
	}
}

// A sent is what a client sent behind a head.
type sent struct {
	size    int64
	trailer []field
}

// readBody reads the body of r to its end.
func (r *request) readBody(in *bufio.Reader) (b sent, err error) {
	if !r.chunked {
		b.size, err = io.CopyN(io.Discard, in, r.length)
		return b, err
	}
	if b.size, err = io.Copy(io.Discard, httputil.NewChunkedReader(in)); err != nil {
		return b, err
	}
	b.trailer, err = readFields(in, maxTrailer)
	return b, err
}
