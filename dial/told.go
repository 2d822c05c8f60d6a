package dial

import (
	"errors"
	"net"
	"net/netip"
	"os"
)

// A lookupError says which name a look-up failed for: the host, or what the
// operator's search list makes of it.
type lookupError struct {
	name string
	err  error
}

func (e *lookupError) Error() string { return "look-up of " + e.name + ": " + e.err.Error() }
func (e *lookupError) Unwrap() error { return e.err }

// A serverError is what came of asking one name server.
type serverError struct {
	server netip.AddrPort
	err    error
}

func (e *serverError) Error() string {
	return "name server " + e.server.String() + ": " + e.err.Error()
}
func (e *serverError) Unwrap() error { return e.err }

// LookupText is what the owner of a backend is told of a look-up of its host that
// failed with err. Which name servers there are, and how they are reached, is the
// operator's alone.
func LookupText(host string, err error) string {
	var looked *lookupError
	if errors.As(err, &looked) {
		err = looked.err
	}
	told := "look-up of " + host + ": "
	var asked *serverError
	if errors.As(err, &asked) {
		told, err = told+"name server: ", asked.err
	}
	return told + PublicText(err)
}

// PublicText is what the owner of a backend is told of err: what the system said,
// without the addresses and ports that this machine used.
func PublicText(err error) string {
	var (
		op   *net.OpError
		call *os.SyscallError
	)
	switch {
	case !errors.As(err, &op):
		return err.Error()
	case errors.As(op.Err, &call):
		return call.Error()
	}
	return (&net.OpError{Op: op.Op, Err: op.Err}).Error()
}
