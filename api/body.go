package api

import (
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"unicode/utf8"

	"headwater/service"
)

// input reads and decodes the body. A JSON value that is an object or a list is
// refused for a key that must have a single one, and kept for others: clients
// put back objects as they got them, lists and all.
func (c *call) input(single func(key string) bool) (service.Input, error) {
	return c.inputOr(func([]byte) bool { return false }, single)
}

// inputOr is input, and nothing for bodies that are empty in all but name.
func (c *call) inputOr(empty func(body []byte) bool, single func(key string) bool) (service.Input, error) {
	if encoding := c.r.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return nil, service.Errorf(service.Invalid, "Content-Encoding is not supported")
	}
	body, err := c.readBody()
	if err != nil {
		return nil, err
	}
	if empty(body) {
		return service.Input{}, nil
	}
	if !utf8.Valid(body) {
		return nil, service.Errorf(service.Invalid, "the body is not valid UTF-8")
	}
	switch bodyFormat(c.r.Header.Get("Content-Type"), body) {
	case formatJSON:
		return c.noted(c.Limits.decodeJSON(body, single))
	case formatForm:
		return c.noted(c.Limits.decodeForm(string(body)))
	}
	return nil, service.Errorf(service.Invalid, "multipart bodies are not supported here")
}

// readBody reads the whole body within its bounds of size and time.
func (c *call) readBody() ([]byte, error) {
	if c.r.ContentLength > int64(c.Limits.Body) {
		return nil, errTooLarge
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, int64(c.Limits.Body)))
	if err != nil {
		return nil, bodyFault(err)
	}
	c.unlimitBody()
	return body, nil
}

var errTooLarge = &fault{status: http.StatusRequestEntityTooLarge, msg: "Request entity too large", hangUp: true}

// bodyFault says why a body could not be read.
func bodyFault(err error) *fault {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return errTooLarge
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return &fault{status: http.StatusRequestTimeout, msg: "Request timeout", hangUp: true}
	}
	// Cut short, or not well formed as HTTP: the client's side in each case.
	return &fault{status: http.StatusBadRequest, msg: "Bad request", detail: "the body could not be read", hangUp: true, cause: err}
}

type format int

const (
	formatForm format = iota
	formatJSON
	formatMultipart
)

// bodyFormat tells what a body is written in. Clients are known that send forms
// without a type, and JSON as text: where the type does not say, the first
// character does.
func bodyFormat(contentType string, body []byte) format {
	contentType, _, _ = strings.Cut(contentType, ";")
	contentType = strings.ToLower(strings.TrimSpace(contentType))
	switch {
	case contentType == "application/x-www-form-urlencoded":
		return formatForm
	case contentType == "application/json", contentType == "text/json", strings.HasSuffix(contentType, "+json"):
		return formatJSON
	case strings.HasPrefix(contentType, "multipart/"):
		return formatMultipart
	}
	if strings.HasPrefix(strings.TrimLeft(string(body), " \t\r\n"), "{") {
		return formatJSON
	}
	return formatForm
}
