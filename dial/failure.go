package dial

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
)

// Errors that an [Error] is, as errors.Is says.
var (
	ErrTimeout   = errors.New("connect timeout")
	ErrNoAddress = errors.New("name resolves to no address")
)

// A Side is whose doing a failure is.
type Side uint8

// Sides of a failure to reach an origin.
const (
	SideOrigin Side = iota
	SideEdge
)

// A Cause is one way in which an origin is not reached. Nothing of a request has
// been sent in any of them. Where several addresses of an origin fail, the error
// tells of the cause that is first here.
type Cause uint8

const (
	Exhausted    Cause = iota + 1 // descriptors, ports or memory ran out here
	Faulty                        // we panicked; the log has where
	Canceled                      // whoever wanted the connection gave up
	Refused                       // nothing listens there
	TimedOut                      // not within connect_timeout
	Ended                         // the origin ended the connection before it was usable
	Unreachable                   // no way leads there
	Denied                        // the operator does not want connections to go there
	NoAddress                     // the name resolves to nothing
	Uncertified                   // the certificate is not to be trusted
	Misnamed                      // the certificate is another's
	Alerted                       // the origin's TLS refused ours, and said so
	Incompatible                  // the origin speaks no TLS, or none that is wanted
	Broken                        // anything else
)

// causes is what follows from each cause: whose doing it is, whether the request
// may go to another backend, and the reason in Fastly's words, whose case is as
// uneven as this (the sources are in edge/failure.go; "SSL handshake error" is
// recalled, not captured). An untrustworthy certificate's reason is OpenSSL's
// text. What ran out here will not be there for another backend either, and what we
// do wrong is as wrong there.
var causes = [...]struct {
	side      Side
	elsewhere bool
	reason    string
}{
	Exhausted:    {SideEdge, false, "Service Unavailable"},
	Faulty:       {SideEdge, false, "Service Unavailable"},
	Canceled:     {SideEdge, false, "Service Unavailable"},
	Refused:      {SideOrigin, true, "Connection refused"},
	TimedOut:     {SideOrigin, true, "Connection timed out"},
	Ended:        {SideOrigin, true, "backend read error"},
	Unreachable:  {SideOrigin, true, "Network unreachable"},
	Denied:       {SideEdge, true, "No healthy IP available for the backend"},
	NoAddress:    {SideOrigin, true, "No healthy IP available for the backend"},
	Uncertified:  {SideOrigin, true, "certificate rejected"},
	Misnamed:     {SideOrigin, true, "hostname doesn't match against certificate"},
	Alerted:      {SideOrigin, true, "SSL handshake error"},
	Incompatible: {SideOrigin, true, "SSL handshake error"},
	Broken:       {SideOrigin, true, "backend read error"},
}

// An Error says why an origin was not reached. It wraps the system's error or
// that of crypto/tls, if there was one.
type Error struct {
	Cause Cause
	Addr  netip.AddrPort // where to; not valid if it failed before that was known
	Text  string         // of an untrustworthy certificate: OpenSSL's
	Err   error
}

func (e *Error) Error() string {
	text := e.Reason()
	switch {
	case e.Err != nil && e.Text == "":
		text = e.Err.Error()
	case e.Err != nil:
		text += ": " + e.Err.Error()
	}
	if e.Addr.IsValid() && !strings.Contains(text, e.Addr.String()) {
		text = e.Addr.String() + ": " + text
	}
	return text
}

func (e *Error) Unwrap() error { return e.Err }

// Is makes e the sentinel error of its cause.
func (e *Error) Is(target error) bool {
	return target == ErrTimeout && e.Cause == TimedOut ||
		target == ErrNoAddress && e.Cause == NoAddress
}

// Reason returns the words for the error page.
func (e *Error) Reason() string {
	if e.Text != "" {
		return e.Text
	}
	return causes[e.Cause].reason
}

// Side returns whose doing it is.
func (e *Error) Side() Side { return causes[e.Cause].side }

// Elsewhere reports whether the request may be sent to another backend, which
// does no harm, as nothing was sent, and may help.
func (e *Error) Elsewhere() bool { return causes[e.Cause].elsewhere }

// failed makes an error of what the network reports on the way to addr, unless
// it is one already. An end of ctx comes before all else, as it is what made the
// network report.
func failed(ctx context.Context, addr netip.AddrPort, err error) *Error {
	var known *Error
	switch end := ctx.Err(); { // asked once: it may end between two looks
	case errors.As(err, &known):
		return known
	case errors.Is(end, context.DeadlineExceeded):
		return &Error{Cause: TimedOut, Addr: addr, Err: err}
	case end != nil:
		return &Error{Cause: Canceled, Addr: addr, Err: end}
	}
	return &Error{Cause: networkCause(addr.Addr(), err), Addr: addr, Err: err}
}

// networkCause finds the cause in a system error. EADDRNOTAVAIL means that no
// port is left or, for IPv6, that this machine has no address to come from.
func networkCause(addr netip.Addr, err error) Cause {
	var number syscall.Errno
	if errors.As(err, &number) {
		switch number {
		case syscall.ECONNREFUSED:
			return Refused
		case syscall.ENETUNREACH, syscall.EHOSTUNREACH, syscall.ENETDOWN, syscall.EHOSTDOWN,
			syscall.EAFNOSUPPORT, syscall.EACCES, syscall.EPERM, syscall.EINVAL:
			return Unreachable
		case syscall.EADDRNOTAVAIL:
			if addr.Is6() {
				return Unreachable
			}
			return Exhausted
		case syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM:
			return Exhausted
		case syscall.ECONNRESET, syscall.ECONNABORTED, syscall.EPIPE:
			return Ended
		}
	}
	var timeout net.Error
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return TimedOut
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return Ended
	}
	return Broken
}
