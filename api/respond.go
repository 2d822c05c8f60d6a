package api

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"headwater/service"
)

// The contract's words. Fastly's clients and their users know them by heart;
// they are quoted, not improved.
const (
	msgUnauthorized = "Provided credentials are missing or invalid"
	msgForbidden    = "You are not authorized to perform this action"
	msgExhausted    = "You have exceeded your hourly rate limit. Please contact support@fastly.com if you think this is a mistake."
	msgInternal     = "An error occurred while connecting to the fastly API, please try your request again."
	detailInternal  = "Internal error"
)

var (
	errNoToken   = service.Errorf(service.Unauthorized, "")
	errForbidden = service.Errorf(service.Forbidden, "")
	errNoRoute   = service.Errorf(service.Hidden, "")
)

// A fault is a failure that package service has no code for: of the HTTP
// exchange itself, or of the moment after a change was made durable.
type fault struct {
	status      int
	msg, detail string
	allow       string // the methods that the path has
	hangUp      bool   // the connection cannot be used again
	cause       error  // for the log

	// Where the contract's shape is another than all else has: the whole body,
	// and its type; "" is JSON.
	body  []byte
	media string
}

func (f *fault) Error() string {
	text := f.msg
	if f.detail != "" {
		text += ": " + f.detail
	}
	if f.cause != nil {
		text += ": " + f.cause.Error()
	}
	return text
}

func (f *fault) Unwrap() error { return f.cause }

// isCode reports whether err is a [service.Error] of that code.
func isCode(err error, code service.Code) bool {
	_, is := asCode(err, code)
	return is
}

// asCode returns the [service.Error] of that code that err is, if it is one.
func asCode(err error, code service.Code) (*service.Error, bool) {
	e, ok := errors.AsType[*service.Error](err)
	return e, ok && e.Code == code
}

// respond answers the call with body, or with the shape of err, unless it has
// streamed its answer.
func (c *call) respond(body []byte, err error) {
	if c.status != 0 {
		return
	}
	if err == nil {
		c.write(cmp.Or(c.success, http.StatusOK), body)
		return
	}
	c.media = ""
	if f, ok := errors.AsType[*fault](err); ok && f.body != nil {
		c.media = f.media
		c.write(f.status, f.body)
		return
	}
	status, msg, detail := c.shape(err)
	if status >= http.StatusInternalServerError && status != http.StatusServiceUnavailable {
		c.report(err)
	}
	c.write(status, errorBody(msg, detail))
}

// shape turns an error into a status and the contract's words.
func (c *call) shape(err error) (status int, msg, detail string) {
	if f, ok := errors.AsType[*fault](err); ok {
		if f.allow != "" {
			c.w.Header().Set("Allow", f.allow)
		}
		if f.hangUp {
			c.w.Header().Set("Connection", "close")
		}
		return f.status, f.msg, f.detail
	}
	e, ok := errors.AsType[*service.Error](err)
	if !ok {
		return http.StatusInternalServerError, msgInternal, detailInternal
	}
	switch e.Code {
	case service.Invalid:
		return http.StatusBadRequest, "Bad request", e.Details()
	case service.Objection:
		return http.StatusBadRequest, e.Detail, ""
	case service.Missing:
		return http.StatusNotFound, "Record not found", e.Detail
	case service.Hidden:
		// No detail: it must not tell apart what is missing and what is not
		// the caller's.
		return http.StatusNotFound, "Not found", ""
	case service.Conflict:
		return http.StatusConflict, "Duplicate record", e.Detail
	case service.Locked:
		return http.StatusUnprocessableEntity, "Version locked", e.Detail
	case service.Unauthorized:
		// An expired token is told so, in the message itself.
		if e.Detail != "" {
			return http.StatusUnauthorized, e.Detail, ""
		}
		return http.StatusUnauthorized, msgUnauthorized, ""
	case service.Forbidden:
		return http.StatusForbidden, msgForbidden, ""
	case service.Exhausted:
		return http.StatusTooManyRequests, msgExhausted, e.Detail
	}
	return http.StatusInternalServerError, msgInternal, detailInternal
}

// report logs a failure of ours. A client that hung up is none.
func (c *call) report(err error) {
	ctx := c.r.Context()
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		c.Log.DebugContext(ctx, "api client left", "method", c.r.Method, "path", c.path())
		return
	}
	c.Log.ErrorContext(ctx, "api call failed",
		"method", c.r.Method, "path", c.path(), "token", c.tokenID(), "error", err)
}

func errorBody(msg, detail string) []byte {
	return encode(struct {
		Msg    string `json:"msg"`
		Detail string `json:"detail,omitempty"`
	}{msg, detail})
}

// encode renders a reply that is a struct of ours.
func encode(reply any) []byte {
	body, err := json.Marshal(reply)
	if err != nil {
		panic("api: reply does not encode: " + err.Error()) // replies are texts, numbers and lists of them
	}
	return body
}

// write sends one answer.
func (c *call) write(status int, body []byte) {
	if status != http.StatusNoContent {
		c.w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	c.begin(status)
	const piece = 64 << 10
	for len(body) > 0 {
		n, err := c.Write(body[:min(len(body), piece)])
		if err != nil {
			return // the client is gone, and with it whoever could be told
		}
		body = body[n:]
	}
}

// stream sends the answer that write writes, which need not be in memory.
func (c *call) stream(write func(io.Writer) error) {
	c.begin(http.StatusOK)
	const piece = 64 << 10
	w := bufio.NewWriterSize(c, piece)
	if write(w) == nil {
		_ = w.Flush() // the client is gone
	}
}

// begin sends the head of an answer, with the headers that all of them have.
func (c *call) begin(status int) {
	c.status = status
	header := c.w.Header()
	header.Set("Status", strconv.Itoa(status)+" "+http.StatusText(status))
	if status != http.StatusNoContent {
		// No charset: Fastly's Go client compares the whole value.
		header.Set("Content-Type", cmp.Or(c.media, "application/json"))
	}
	header.Set("Cache-Control", "no-store")
	header.Set("Pragma", "no-cache")
	header.Set("Vary", "Accept-Encoding")
	header.Set("X-Content-Type-Options", "nosniff")
	c.limitWrite()
	c.w.WriteHeader(status)
}

// Write sends a piece of the answer's body. The deadline is each piece's, so that
// it bounds a client that stalls and not one that is slow over a long list.
func (c *call) Write(piece []byte) (n int, err error) {
	if c.r.Method == http.MethodHead {
		return len(piece), nil
	}
	c.limitWrite()
	n, err = c.w.Write(piece)
	c.sent += n
	return n, err
}

func (c *call) limitWrite() {
	_ = c.control.SetWriteDeadline(time.Now().Add(c.Timeouts.Write))
}
