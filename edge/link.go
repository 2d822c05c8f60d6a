package edge

import (
	"errors"
	"net"
	"os"
	"sync/atomic"
	"time"
)

// errTimeout is what link methods return when due, or the stall limit, passes.
var errTimeout = errors.New("timeout")

// errInterrupted is what read returns after interrupt.
var errInterrupted = errors.New("interrupted")

// errParked is what reside returns of a connection that has no bytes and needs no
// goroutine. Another goroutine may have it already.
var errParked = errors.New("parked")

// An unsent error is why something that was posted could not be sent.
type unsent struct{ error }

func (u unsent) Unwrap() error { return u.error }

// A link is one TCP connection, to a client or to an origin. One goroutine
// reads and one writes at a time; interrupt and close may come from any.
//
// There are two kinds. That of a lot (Linux) drives the socket through system calls
// that the scheduler does not see; the plain one goes through net.Conn. They behave
// alike, and every test of this package runs on both.
type link interface {
	// read waits for bytes until due, a zero due for ever. The end of the
	// stream is io.EOF.
	read(b []byte, due time.Time) (int, error)

	// write writes all of b; stall bounds each wait for room, not the whole.
	// It returns how many bytes the system took.
	write(b []byte, stall time.Duration) (int, error)

	// post is write that may be put off until others have been served. What goes wrong then
	// the next call tells, by an unsent error.
	post(b []byte, stall time.Duration) (int, error)

	// share has others write to the link than who reads it: nobody who leads a lot may wait for
	// room any more. It reports whether the link can keep what they have to write.
	share() (able bool)

	// keep takes b, which goes before what is written next, and flush writes what there is room
	// for of that, and reports whether it was all. They never wait.
	keep(b []byte) error
	flush() (all bool, err error)

	// lend says for which client the link is used from now on, if a lot may have to
	// have that go on; nil for none.
	lend(c *clientConn)

	// park has the lot have that client go on when there is something to be read, or
	// is due: whoever calls it has let go of the client then. It returns false, and
	// has done nothing, where there may be something now, or no lot.
	park(due time.Time) bool

	// stale reports whether an idle connection has bytes, an end or an error
	// to be read, any of which makes it unfit for another request. Nobody else
	// may use or close the link meanwhile. What the system has just told who leads a lot, which
	// may be nil, is not asked for again.
	stale(leads *lot) bool

	// move has another lot watch an idle connection, which nobody else uses or closes meanwhile. It
	// reports false where that cannot be, and then the one watches it that did.
	move(to *lot) bool

	// reside hands r its bytes as they come, by way of its turn, until that
	// asks to leave. It returns turn's error, errTimeout when r's due passes,
	// errInterrupted, or errParked.
	reside(r resident) error

	// interrupt makes the read that is under way, or the next one, return
	// errInterrupted.
	interrupt()

	// interrupted takes back an interrupt that no read has seen, and reports
	// whether there was one.
	interrupted() bool

	// closeWrite ends our half of the stream.
	closeWrite()

	// tear has close reset the connection, or no more. A reset tells the other side that
	// something is missing, whoever or whatever closes, the end of the process too.
	tear(yes bool)

	close()
}

// A resident is whom a link hands bytes as they come: a client connection, or a
// link of another kind above this one.
type resident interface {
	// turn takes what has come by calling read, which may wait or answer
	// syscall.EAGAIN, and deals with it. A read that does not fill its buffer has
	// taken all there was. It returns false to leave.
	turn(read func([]byte) (int, error)) (stay bool, err error)

	// waiting is when the present wait for bytes began, and due when it is over.
	waiting() time.Time
	due() time.Time
}

// An alarm is a read deadline that is moved as seldom as possible. Setting a
// deadline costs a timer operation; leaving one set that is earlier than need be
// costs a spurious wake-up, seconds later and seldom. So a deadline is set only
// when none earlier is pending, and whoever it wakes looks whether its own due
// has come.
type alarm struct {
	tcp *net.TCPConn
	at  time.Time // when the pending deadline fires; zero for none
	cut atomic.Bool
}

// arm makes sure that the read about to start is woken by due, a zero due by
// nothing but interrupt. A pending deadline that has passed meanwhile wakes it
// at once, and ring moves it: no clock need be read to tell.
func (a *alarm) arm(due time.Time) {
	if due.IsZero() {
		if !a.at.IsZero() {
			a.at = time.Time{}
			a.tcp.SetReadDeadline(a.at)
		}
		return
	}
	if a.at.IsZero() || a.at.After(due) {
		a.at = due
		a.tcp.SetReadDeadline(due)
	}
}

// ring sorts out a deadline error: nil means that it was spurious and was moved,
// and the read is to be tried again.
func (a *alarm) ring(due time.Time) error {
	if a.interrupted() {
		return errInterrupted
	}
	now := time.Now()
	if !due.IsZero() && !now.Before(due) {
		a.at = now // spent: the next arm sets it anew
		return errTimeout
	}
	a.at = due
	a.tcp.SetReadDeadline(due)
	return nil
}

// interrupted reports, once, that interrupt was called. It leaves the alarm to
// be set anew.
func (a *alarm) interrupted() bool {
	if !a.cut.CompareAndSwap(true, false) {
		return false
	}
	a.at = time.Unix(0, 0)
	return true
}

// interrupt stores the flag before it moves the deadline: a reader that arms in
// between finds the flag, a later one the deadline.
func (a *alarm) interrupt() {
	a.cut.Store(true)
	a.tcp.SetReadDeadline(time.Unix(1, 0))
}

// A plainLink is a link over net.Conn.
type plainLink struct {
	alarm
	stalled bool // a write deadline is set

	resident resident // of reside
	readFn   func([]byte) (int, error)
}

func newPlainLink(tcp *net.TCPConn) *plainLink {
	l := &plainLink{alarm: alarm{tcp: tcp}}
	l.readFn = func(b []byte) (int, error) { return l.read(b, l.resident.due()) }
	return l
}

func (l *plainLink) read(b []byte, due time.Time) (int, error) {
	l.arm(due)
	for {
		if l.interrupted() {
			return 0, errInterrupted
		}
		n, err := l.tcp.Read(b)
		if n > 0 || err == nil {
			return n, nil
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return 0, err
		}
		if err := l.ring(due); err != nil {
			return 0, err
		}
	}
}

func (l *plainLink) write(b []byte, stall time.Duration) (int, error) {
	wrote := 0
	for wrote < len(b) {
		switch {
		case stall > 0:
			l.stalled = true
			l.tcp.SetWriteDeadline(time.Now().Add(stall))
		case l.stalled:
			l.stalled = false
			l.tcp.SetWriteDeadline(time.Time{})
		}
		n, err := l.tcp.Write(b[wrote:])
		wrote += n
		if err != nil {
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				return wrote, err
			}
			if n == 0 {
				return wrote, errTimeout
			}
		}
	}
	return wrote, nil
}

func (l *plainLink) post(b []byte, stall time.Duration) (int, error) { return l.write(b, stall) }

func (l *plainLink) share() bool          { return false }
func (l *plainLink) keep([]byte) error    { return errStage }
func (l *plainLink) flush() (bool, error) { return false, errStage }

func (l *plainLink) reside(r resident) error {
	l.resident = r
	for {
		if stay, err := r.turn(l.readFn); !stay {
			return err
		}
	}
}

// lend has the client's goroutine not lead a lot, as this link waits on it. An origin's is
// plain beside lots if there was no descriptor to adopt it with.
func (l *plainLink) lend(c *clientConn) { c.stepOut() }

func (l *plainLink) park(time.Time) bool { return false }
func (l *plainLink) stale(*lot) bool     { return peek(l.tcp) }
func (l *plainLink) move(*lot) bool      { return false }

func (l *plainLink) closeWrite() { l.tcp.CloseWrite() }

func (l *plainLink) tear(yes bool) {
	linger := -1 // as the system has it
	if yes {
		linger = 0
	}
	l.tcp.SetLinger(linger)
}

func (l *plainLink) close() { l.tcp.Close() }
