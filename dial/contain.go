package dial

import (
	"errors"
	"log/slog"
	"runtime/debug"
)

// A panic is a bug of ours that what an origin or a name server sent has found. It
// costs one connection or one look-up, which fails with an [Error] whose cause is
// [Faulty], and nobody else anything.

var errFault = errors.New("a fault of the edge's own")

// contain, deferred by whatever reads what others sent, ends a panic: *err tells of
// it, and the log, which may be nil, has where it happened.
func contain(log *slog.Logger, err *error) {
	if p := recover(); p != nil {
		if log != nil {
			log.Error("panicked", "panic", p, "stack", string(debug.Stack()))
		}
		*err = &Error{Cause: Faulty, Err: errFault}
	}
}
