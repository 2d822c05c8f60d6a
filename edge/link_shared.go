//go:build linux

package edge

import (
	"errors"
	"sync"
	"syscall"
	"time"
)

// A backlog is what a link that is shared was given to write and had no room for. Whoever
// leads a lot, which must not wait, may write to it, and so may who reads it, where crypto/tls
// has something to say. Nobody waits with the lock held.
type backlog struct {
	mu   sync.Mutex
	text []byte
}

// maxBacklog bounds it: more than one write of HTTP/2 has, and what crypto/tls adds to it.
const maxBacklog = 256 << 10

var errBacklog = errors.New("too much to write that is not taken")

func (l *lotLink) share() (able bool) {
	l.backlog = new(backlog)
	return true
}

func (l *lotLink) offer(b []byte) (all bool, err error) {
	k := l.backlog
	k.mu.Lock()
	defer k.mu.Unlock()
	behind := len(k.text) > 0
	if behind {
		if len(k.text)+len(b) > maxBacklog {
			return false, errBacklog
		}
		k.text = append(k.text, b...)
		b = k.text
	}
	n := 0
	if len(b) > 0 {
		n, err = l.put(b)
	}
	switch b = b[n:]; {
	case err != nil && err != syscall.EAGAIN:
		return false, err
	case behind:
		k.text = b
	default:
		k.text = append(k.text, b...)
	}
	if len(b) == 0 {
		k.text = nil
	}
	return len(b) == 0, nil
}

// writeShared waits for room where there is none.
func (l *lotLink) writeShared(b []byte, stall time.Duration) (wrote int, err error) {
	all := false
	for more := true; more; more = wrote < len(b) {
		piece := b[wrote:min(len(b), wrote+maxPlain)]
		all, err = l.offer(piece)
		for late := false; !all && err == nil; {
			if late, err = l.madeWay(syscall.EAGAIN, late, stall); err == nil {
				all, err = l.offer(nil)
			}
		}
		if err != nil {
			return wrote, err
		}
		wrote += len(piece)
	}
	return wrote, nil
}
