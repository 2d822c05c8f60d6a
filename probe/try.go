package probe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"headwater/dial"
	"headwater/service"
)

// An Outcome is how a try ended, in few words.
type Outcome uint8

// The outcomes of a try.
const (
	Passed      Outcome = iota
	Unreached           // no TCP connection
	Insecure            // no TLS connection, or none to be trusted
	Late                // connected, but no whole answer within the timeout
	Broken              // the connection ended before the answer did
	Malformed           // what came is no answer
	WrongStatus         // an answer with another status
	Skipped             // not made, for lack of something of ours; counts for nothing
)

var outcomes = [...]string{"passed", "unreached", "insecure", "late", "broken", "malformed", "status", "skipped"}

// String returns the outcome as metrics and the API name it.
func (o Outcome) String() string { return outcomes[o] }

// A Result is what came of one try.
type Result struct {
	At      time.Time     // when it began
	Took    time.Duration // until its outcome was known
	Outcome Outcome
	Status  int    // of the answer; 0 without one
	Reason  string // of a try that did not pass, for people
}

// Once makes one try of h at one of o's addresses, as a probe would. It ends with
// the health check's timeout or with ctx.
func Once(ctx context.Context, o *dial.Origin, h *service.Healthcheck, addr netip.Addr) Result {
	d := newDefinition(h)
	return d.try(ctx, o, addr)
}

func (d *definition) try(ctx context.Context, o *dial.Origin, addr netip.Addr) Result {
	r := Result{At: time.Now()}
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	var err error
	r.Status, err = d.ask(ctx, o, addr)
	r.Took = time.Since(r.At)
	switch {
	case err != nil:
		r.Outcome, r.Reason = outcomeOf(ctx, err)
	case r.Status != d.expected:
		r.Outcome, r.Reason = WrongStatus, fmt.Sprintf("status %d, not %d", r.Status, d.expected)
	}
	return r
}

// ask sends the request over a new connection, which it closes, and returns the
// answer's status.
func (d *definition) ask(ctx context.Context, o *dial.Origin, addr netip.Addr) (int, error) {
	tcp, err := o.DialTo(ctx, addr)
	if err != nil {
		return 0, err
	}
	defer tcp.Close()
	if !o.Secure() {
		return d.exchange(ctx, tcp)
	}
	secured, err := o.Handshake(ctx, tcp)
	if err != nil {
		return 0, &insecure{err}
	}
	status, err := d.exchange(ctx, secured)
	switch {
	case err == nil:
		secured.CloseWrite() // as TLS wants it; it waits 5 s at most, for a peer that takes nothing
	case dial.IsAlert(err):
		err = &insecure{err}
	}
	return status, err
}

// An insecure error is one that TLS had.
type insecure struct{ error }

func (e *insecure) Unwrap() error { return e.error }

// buffers are what answers are read into.
var buffers = sync.Pool{New: func() any { return new([4 << 10]byte) }}

// longAgo is a deadline that ends what a connection waits for.
var longAgo = time.Unix(1, 0)

// exchange writes the request and reads the answer before ctx ends.
func (d *definition) exchange(ctx context.Context, conn net.Conn) (int, error) {
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(longAgo) })
	defer stop()
	if _, err := conn.Write([]byte(d.request)); err != nil {
		return 0, err
	}
	buf := buffers.Get().(*[4 << 10]byte)
	defer buffers.Put(buf)
	return readStatus(conn, buf[:], d.expected)
}

// outcomeOf tells how a try ended that has no status.
func outcomeOf(ctx context.Context, err error) (Outcome, string) {
	var (
		unreached *dial.Error
		tls       *insecure
	)
	secure := errors.As(err, &tls)
	switch {
	case errors.As(err, &unreached):
		return outcomeOfDial(unreached, secure)
	case ctx.Err() == context.Canceled:
		return Skipped, ctx.Err().Error()
	case secure:
		return Insecure, "SSL handshake error"
	case ctx.Err() != nil:
		return Late, "no answer within the timeout"
	case err == errNoHTTP, err == errTooLong:
		return Malformed, err.Error()
	case err == errCutOff, errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return Broken, errCutOff.Error()
	}
	return Broken, dial.PublicText(err)
}

func outcomeOfDial(e *dial.Error, secure bool) (Outcome, string) {
	switch {
	case e.Cause == dial.Exhausted, e.Cause == dial.Faulty, e.Cause == dial.Canceled:
		return Skipped, e.Error()
	case e.Cause == dial.Denied:
		return Unreached, dial.ErrForbidden.Error()
	case secure && e.Cause == dial.TimedOut:
		return Late, "no TLS handshake within the timeout"
	case secure:
		return Insecure, e.Reason()
	}
	return Unreached, e.Reason()
}
