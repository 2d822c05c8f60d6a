//go:build linux && !race

package edge

import (
	"errors"
	"os"
	"syscall"
	"time"
)

// fill keeps to the second of the rules of a rawLink: the pipe is empty, so that
// syscall.EAGAIN tells that the socket is too.
func (l *rawLink) fill(p *pipe, n int64, due time.Time) (int, error) {
	l.r.sent = false // await is to come back to this function
	return l.await(func(fd uintptr) bool {
		l.r.n, l.r.err = p.pull(int(fd), n)
		return l.r.err != syscall.EAGAIN
	}, nil, due)
}

func (l *rawLink) empty(p *pipe, stall time.Duration) (int, error) {
	l.w = rawWrite{stall: stall}
	err := l.rc.Write(func(fd uintptr) bool { return l.onEmpty(int(fd), p) })
	if l.w.stalled {
		l.tcp.SetWriteDeadline(time.Time{})
	}
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return l.w.n, errTimeout
	case err != nil:
		return l.w.n, err
	}
	return l.w.n, l.w.err
}

func (l *rawLink) onEmpty(fd int, p *pipe) bool {
	w := &l.w
	for p.held > 0 {
		n, err := p.push(fd)
		w.n += n
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
