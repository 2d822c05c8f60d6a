package edge

import (
	"errors"
	"sync"
	"syscall"
	"time"
)

// A backlog is what a link that is shared has still to write. Whoever leads a lot, which must
// not wait, may add to it, and so may who reads it, where crypto/tls has something to say.
// Nobody waits with the lock held.
type backlog struct {
	mu   sync.Mutex
	home *[]byte // pooled memory of text, nil while that is empty
	text []byte
}

// maxBacklog bounds it: more than what one write of HTTP/2 has, and crypto/tls adds to it.
const maxBacklog = 256 << 10

var errBacklog = errors.New("too much to write that is not taken")

// backlogs have memory for what HTTP/2 writes at a time but for the longest heads; what
// outgrows it is the collector's.
var backlogs = sync.Pool{New: func() any { b := make([]byte, 0, 64<<10); return &b }}

func (l *lotLink) share() (able bool) {
	l.backlog = new(backlog)
	return true
}

func (l *lotLink) keep(b []byte) error {
	k := l.backlog
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.text)+len(b) > maxBacklog {
		return errBacklog
	}
	if k.home == nil {
		k.home = backlogs.Get().(*[]byte)
		k.text = *k.home
	}
	k.text = append(k.text, b...)
	return nil
}

func (l *lotLink) flush() (all bool, err error) {
	_, all, err = l.flushSome()
	return all, err
}

// flushSome is flush that tells how much there was room for.
func (l *lotLink) flushSome() (n int, all bool, err error) {
	k := l.backlog
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.text) == 0 {
		return 0, true, nil
	}
	if n, err = l.put(k.text); err == syscall.EAGAIN {
		err = nil
	}
	if k.text = k.text[n:]; len(k.text) > 0 {
		return n, false, err
	}
	backlogs.Put(k.home)
	k.home, k.text = nil, nil
	return n, true, nil
}

// writeShared waits for room where there is none.
func (l *lotLink) writeShared(b []byte, stall time.Duration) (wrote int, err error) {
	for more := true; more; more = wrote < len(b) {
		piece := b[wrote:min(len(b), wrote+maxPlain)]
		if err := l.keep(piece); err != nil {
			return wrote, err
		}
		if err := l.flushAll(stall); err != nil {
			return wrote, err
		}
		wrote += len(piece)
	}
	return wrote, nil
}

func (l *lotLink) flushAll(stall time.Duration) error {
	for late := false; ; {
		n, all, err := l.flushSome()
		if !all && err == nil {
			late, err = l.madeWay(syscall.EAGAIN, late && n == 0, stall)
		}
		if all || err != nil {
			return err
		}
	}
}
