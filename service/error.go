package service

import (
	"fmt"
	"strings"
)

// A Code says what went wrong, in terms that hold inside the program. The API
// turns it into a status and the contract's words at its border, nowhere else.
type Code int

const (
	Internal     Code = iota // anything unforeseen; its text never leaves the program
	Invalid                  // the request cannot be right
	Objection                // likewise; Fastly answers the detail as the message itself
	Missing                  // the named record does not exist in a place the caller may see
	Hidden                   // the place itself is unknown to the caller, or not theirs
	Conflict                 // a record of that name exists
	Locked                   // the version takes no more changes
	Unauthorized             // no token, or one that is unknown or expired
	Forbidden                // the token is good but too weak
	Exhausted                // a quota is used up
)

// An Error is a failure that the caller is told about. Detail is written for
// the client; the wrapped cause is for the log only.
type Error struct {
	Code   Code
	Detail string
	More   []string // what else is wrong, where one call finds several things
	cause  error
}

func (e *Error) Error() string {
	if e.cause != nil {
		return e.Detail + ": " + e.cause.Error()
	}
	return e.Detail
}

// Details tells all that is wrong, each thing after a blank line.
func (e *Error) Details() string {
	return strings.Join(append([]string{e.Detail}, e.More...), "\n\n")
}

func (e *Error) Unwrap() error { return e.cause }

// Errorf makes an [Error] whose detail is the formatted text.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Detail: fmt.Sprintf(format, args...)}
}

// Wrap hides cause behind a detail that the client may read.
func Wrap(code Code, cause error, detail string) *Error {
	return &Error{Code: code, Detail: detail, cause: cause}
}
