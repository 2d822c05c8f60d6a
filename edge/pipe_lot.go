//go:build linux

package edge

import (
	"net"
	"syscall"
	"time"
)

// fill looks before it waits: what a pipe takes does not tell what it has left.
func (l *lotLink) fill(p *pipe, n int64, due time.Time) (int, error) {
	l.settle()
	for late := false; ; late = !l.in.wait(due) {
		if l.interrupted() {
			return 0, errInterrupted
		}
		got, err := l.pull(p, n)
		if err != syscall.EAGAIN {
			return got, err
		}
		if late {
			return 0, errTimeout
		}
	}
}

func (l *lotLink) pull(p *pipe, n int64) (int, error) {
	if !l.acquire() {
		return 0, net.ErrClosed
	}
	defer l.release()
	l.last = takenSome
	return p.pull(int(l.fd), n)
}

func (l *lotLink) empty(p *pipe, stall time.Duration) (wrote int, err error) {
	if l.settle(); l.failed != nil {
		return 0, l.failed
	}
	for late := false; p.held > 0; {
		n, err := l.push(p)
		wrote += n
		if late, err = l.madeWay(err, late, stall); err != nil {
			return wrote, err
		}
	}
	return wrote, nil
}

func (l *lotLink) push(p *pipe) (int, error) {
	if !l.acquire() {
		return 0, net.ErrClosed
	}
	defer l.release()
	return p.push(int(l.fd))
}
