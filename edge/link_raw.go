//go:build linux && !race

package edge

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"time"
	"unsafe"
)

// A rawLink drives a socket with system calls that the Go scheduler does not
// see. The descriptor is non-blocking, so no call can block; telling the
// scheduler of it costs a fifth of a small request (docs/performance.md).
//
// Waiting is the runtime poller's, through RawConn: its Read calls a function,
// and when that returns false waits for the descriptor to become readable and
// calls it again. The poller is edge-triggered and keeps an edge that comes
// while the function runs, but forgets older ones when Read begins. Hence the
// two rules that this file lives by, pinned by TestPollerKeepsEdges:
//
//   - a function that has not looked at the socket since Read began may wait
//     only for what cannot have arrived before (swap: the answer to what it
//     writes itself);
//   - any other waits only after a read that left nothing.
type rawLink struct {
	alarm
	rc syscall.RawConn

	r rawRead
	w rawWrite

	resident resident // of reside
	turned   error
	seen     time.Time // when the wait began that was looked into

	readFn, writeFn, swapFn, turnFn func(fd uintptr) bool

	takeFn func([]byte) (int, error) // what turn is given

	fd uintptr // for stale, and for what RawConn calls, which keeps it open meanwhile
}

// rawRead and rawWrite are the operands of a link's functions, which are made
// once so that a request allocates none. They are apart because one goroutine
// may read while another writes.
type rawRead struct {
	b    []byte
	n    int
	err  error
	sent bool // swap: the request is written, what comes next is the answer
}

type rawWrite struct {
	b       []byte // what is left
	n       int
	err     error
	stall   time.Duration
	stalled bool // a write deadline is set
}

// newRawLink returns nil if the connection has no descriptor to drive.
func newRawLink(tcp *net.TCPConn) link {
	rc, err := tcp.SyscallConn()
	if err != nil {
		return nil
	}
	l := &rawLink{alarm: alarm{tcp: tcp}, rc: rc}
	l.readFn, l.writeFn, l.swapFn, l.turnFn = l.onRead, l.onWrite, l.onSwap, l.onTurn
	l.takeFn = func(b []byte) (int, error) { return readFD(l.fd, b) }
	if rc.Control(func(fd uintptr) { l.fd = fd }) != nil {
		return nil
	}
	return l
}

func (l *rawLink) onRead(fd uintptr) bool {
	l.r.n, l.r.err = readFD(fd, l.r.b)
	return l.r.err != syscall.EAGAIN
}

func (l *rawLink) read(b []byte, due time.Time) (int, error) {
	l.r.sent = true
	return l.await(l.readFn, b, due)
}

// await runs fn, onRead or onSwap, until it has an answer or due passes.
func (l *rawLink) await(fn func(uintptr) bool, b []byte, due time.Time) (int, error) {
	l.arm(due)
	for {
		if l.interrupted() {
			return 0, errInterrupted
		}
		l.r.b, l.r.n, l.r.err = b, 0, nil
		err := l.rc.Read(fn)
		l.r.b = nil
		if err == nil {
			return l.r.n, l.r.err
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return 0, err
		}
		if err := l.ring(due); err != nil {
			return 0, err
		}
		if l.r.sent {
			fn = l.readFn // it may have come meanwhile: look before waiting again
		}
	}
}

// onWrite writes what is left of l.w.b.
func (l *rawLink) onWrite(fd uintptr) bool {
	w := &l.w
	for len(w.b) > 0 {
		n, err := writeFD(fd, w.b)
		w.b, w.n = w.b[n:], w.n+n
		if err == syscall.EAGAIN {
			if w.stall > 0 {
				w.stalled = true
				l.tcp.SetWriteDeadline(time.Now().Add(w.stall))
			}
			return false
		}
		if err != nil {
			w.err = err
			return true
		}
	}
	return true
}

func (l *rawLink) write(b []byte, stall time.Duration) (int, error) {
	l.w = rawWrite{b: b, stall: stall}
	err := l.rc.Write(l.writeFn)
	if l.w.stalled {
		l.tcp.SetWriteDeadline(time.Time{})
	}
	l.w.b = nil
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return l.w.n, errTimeout
	case err != nil:
		return l.w.n, err
	}
	return l.w.n, l.w.err
}

// onSwap writes l.w.b in its first call and waits for the answer's edge without
// a look: nothing was there before the write.
func (l *rawLink) onSwap(fd uintptr) bool {
	if l.r.sent {
		return l.onRead(fd)
	}
	n, err := writeFD(fd, l.w.b)
	l.w.n, l.w.err = n, err
	l.r.sent = err == nil && n == len(l.w.b)
	return !l.r.sent
}

func (l *rawLink) swap(w, b []byte, due time.Time, stall time.Duration) (wrote, n int, err error) {
	l.w, l.r.sent = rawWrite{b: w}, false
	n, err = l.await(l.swapFn, b, due)
	wrote = l.w.n
	l.w.b = nil
	if l.r.sent || err != nil {
		return wrote, n, err
	}
	if l.w.err != nil && l.w.err != syscall.EAGAIN {
		return wrote, 0, l.w.err
	}
	more, err := l.write(w[wrote:], stall)
	if wrote += more; err != nil {
		return wrote, 0, err
	}
	n, err = l.read(b, due)
	return wrote, n, err
}

// reside spends the connection's life between uploads inside one call of
// RawConn.Read, so that a request costs no read that finds nothing.
func (l *rawLink) reside(r resident) error {
	l.resident = r
	for {
		if l.interrupted() {
			return errInterrupted
		}
		err := l.rc.Read(l.turnFn)
		if err == nil {
			return l.turned
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
		if err := l.ring(r.due()); err != nil {
			return err
		}
	}
}

// settleTime is how soon after a wait for the client began we look once, unasked,
// whether it has closed. An end that arrives together with the bytes before it
// makes no edge of its own: without the look it would be found when the wait is
// over.
const settleTime = time.Second

func (l *rawLink) onTurn(uintptr) bool {
	r := l.resident
	stay, err := r.turn(l.takeFn)
	if !stay {
		l.turned = err
		return true
	}
	due, began := r.due(), r.waiting()
	if began != l.seen {
		l.seen = began
		if look := began.Add(settleTime); look.Before(due) {
			due = look
		}
	}
	l.arm(due)
	if l.cut.Load() { // arm may have moved the deadline that was to wake us
		l.interrupted()
		l.turned = errInterrupted
		return true
	}
	return false
}

func (l *rawLink) stale() bool { return peekFD(l.fd) }

func (l *rawLink) closeWrite() { l.tcp.CloseWrite() }

func (l *rawLink) tear() { l.tcp.SetLinger(0) }

func (l *rawLink) close() { l.tcp.Close() }

// peekFD reports whether there is anything to be read, and takes nothing.
func peekFD(fd uintptr) bool {
	var b [1]byte
	_, _, errno := syscall.RawSyscall6(syscall.SYS_RECVFROM, fd, uintptr(unsafe.Pointer(&b[0])), 1,
		syscall.MSG_PEEK|syscall.MSG_DONTWAIT, 0, 0)
	return errno != syscall.EAGAIN
}

func closeFD(fd uintptr) { syscall.RawSyscall(syscall.SYS_CLOSE, fd, 0, 0) }

func readFD(fd uintptr, b []byte) (int, error) {
	for {
		n, _, errno := syscall.RawSyscall(syscall.SYS_READ, fd, uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
		switch {
		case errno == syscall.EINTR:
		case errno == syscall.EAGAIN:
			return 0, syscall.EAGAIN
		case errno != 0:
			return 0, errno
		case n == 0:
			return 0, io.EOF
		default:
			return int(n), nil
		}
	}
}

func writeFD(fd uintptr, b []byte) (int, error) {
	for {
		n, _, errno := syscall.RawSyscall(syscall.SYS_WRITE, fd, uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
		switch {
		case errno == syscall.EINTR:
		case errno == syscall.EAGAIN:
			return 0, syscall.EAGAIN
		case errno != 0:
			return 0, errno
		default:
			return int(n), nil
		}
	}
}
