package edgetest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// A Field is one header or trailer field as it stood on the wire.
type Field struct{ Name, Value string }

// Fields are the fields of one section, in order.
type Fields []Field

// Get returns the value of the first field of that name, whatever its case.
func (f Fields) Get(name string) string {
	if all := f.All(name); len(all) > 0 {
		return all[0]
	}
	return ""
}

// All returns the values of all fields of that name.
func (f Fields) All(name string) []string {
	var all []string
	for _, field := range f {
		if strings.EqualFold(field.Name, name) {
			all = append(all, field.Value)
		}
	}
	return all
}

// A Message is a request or an answer, read to its end.
type Message struct {
	Line    string
	Fields  Fields
	Body    []byte
	Trailer Fields
	Raw     []byte // every byte of it
}

// A wire reads messages strictly: what the edge sends must be as plain as can
// be, so a reader that forgives nothing is the right judge of it.
type wire struct {
	r   *bufio.Reader
	raw bytes.Buffer
}

func newWire(r io.Reader) *wire { return &wire{r: bufio.NewReaderSize(r, 64<<10)} }

func (w *wire) line() (string, error) {
	s, err := w.r.ReadString('\n')
	w.raw.WriteString(s)
	if err != nil {
		if err == io.EOF && s != "" {
			err = io.ErrUnexpectedEOF
		}
		return s, err
	}
	text, ok := strings.CutSuffix(s, "\r\n")
	if !ok || strings.ContainsAny(text, "\r\x00") {
		return s, fmt.Errorf("line %q does not end in CR LF", s)
	}
	return text, nil
}

func (w *wire) fields() (Fields, error) {
	var fields Fields
	for {
		text, err := w.line()
		if err != nil {
			return fields, unexpected(err)
		}
		if text == "" {
			return fields, nil
		}
		name, value, ok := strings.Cut(text, ":")
		if !ok || name == "" || strings.ContainsAny(name, " \t") {
			return fields, fmt.Errorf("malformed field line %q", text)
		}
		fields = append(fields, Field{name, strings.Trim(value, " \t")})
	}
}

// head reads a start line and fields. It returns io.EOF only if not a byte came.
func (w *wire) head() (*Message, error) {
	w.raw.Reset()
	line, err := w.line()
	if err != nil {
		return nil, err
	}
	fields, err := w.fields()
	return &Message{Line: line, Fields: fields}, err
}

// chunked reads a chunked body. What came before an error stays in m.
func (w *wire) chunked(m *Message) error {
	for {
		text, err := w.line()
		if err != nil {
			return unexpected(err)
		}
		n, err := strconv.ParseUint(text, 16, 40)
		if err != nil {
			return fmt.Errorf("malformed chunk size %q", text)
		}
		if n == 0 {
			m.Trailer, err = w.fields()
			return err
		}
		if err := w.counted(m, int64(n)); err != nil {
			return err
		}
		if text, err = w.line(); err != nil {
			return unexpected(err)
		} else if text != "" {
			return fmt.Errorf("chunk goes on with %q", text)
		}
	}
}

func (w *wire) counted(m *Message, n int64) error {
	had := len(m.Body)
	body := bytes.NewBuffer(m.Body)
	_, err := io.CopyN(body, w.r, n)
	m.Body = body.Bytes()
	w.raw.Write(m.Body[had:])
	return unexpected(err)
}

func (w *wire) rest(m *Message) error {
	body, err := io.ReadAll(w.r)
	m.Body = append(m.Body, body...)
	w.raw.Write(body)
	return err
}

// framing returns how a message says its body is framed, and refuses one that
// says it in more than one way.
func (m *Message) framing() (chunked bool, length int64, err error) {
	codings, lengths := m.Fields.All("Transfer-Encoding"), m.Fields.All("Content-Length")
	switch {
	case len(codings)+len(lengths) > 1:
		return false, 0, errors.New("framed in more than one way")
	case len(codings) == 1:
		if codings[0] != "chunked" {
			return false, 0, fmt.Errorf("transfer coding %q", codings[0])
		}
		return true, -1, nil
	case len(lengths) == 1:
		n, err := strconv.ParseUint(lengths[0], 10, 62)
		return false, int64(n), err
	}
	return false, -1, nil
}

func (w *wire) take(m *Message) { m.Raw = bytes.Clone(w.raw.Bytes()) }

func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
