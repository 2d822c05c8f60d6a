package edge

import (
	"crypto/tls"
	"syscall"
	"time"
)

// What a tlsLink does on the side of clients, where the edge is the server of the
// handshake and connections wait in their thousands.

// accept is the server's half of a handshake, which has to be over by due. While
// nothing has come it holds no buffer.
func (l *tlsLink) accept(config *tls.Config, due time.Time) error {
	var first [1]byte
	n, err := l.inner.read(first[:], due)
	if err != nil {
		return err
	}
	l.wire.part = append(l.wire.part, first[:n]...)
	l.wire.waits, l.wire.due = true, due
	l.wire.stall.Store(int64(time.Until(due)))
	l.tls = tls.Server(&l.wire, config)
	err = l.tls.Handshake()
	l.wire.waits = false
	l.wire.rest()
	return err
}

// reside is for r what it is on the inner link, whose own resident the tlsLink is
// meanwhile.
func (l *tlsLink) reside(r resident) error {
	l.resident = r
	if l.openFn == nil {
		l.openFn = l.open
	}
	if l.full || l.wire.in != nil || l.ended != nil { // since the last turn was left
		if stay, err := l.turn(nothing); !stay {
			return err
		}
	}
	return l.inner.reside(l)
}

// nothing is a read of nothing.
func nothing([]byte) (int, error) { return 0, syscall.EAGAIN }

func (l *tlsLink) waiting() time.Time { return l.resident.waiting() }
func (l *tlsLink) due() time.Time     { return l.resident.due() }

// turn takes the records that have come, and has its resident deal with what they
// hold.
func (l *tlsLink) turn(read func([]byte) (int, error)) (stay bool, err error) {
	for all := false; ; {
		for l.full || l.wire.ready() {
			if stay, err := l.resident.turn(l.openFn); !stay {
				return false, err
			}
		}
		if l.ended != nil {
			return false, l.ended
		}
		if all {
			break
		}
		all, err = l.wire.take(read)
		if err == syscall.EAGAIN {
			break
		}
		if err != nil {
			return false, err
		}
	}
	l.wire.park()
	return true, nil
}

// open puts into b what the records hold that have come, all of it if that is
// less than b has room for. It never waits.
func (l *tlsLink) open(b []byte) (n int, err error) {
	for n < len(b) && l.ended == nil && (l.full || l.wire.ready()) {
		m, err := l.tls.Read(b[n:])
		l.full = m == len(b)-n
		n += m
		if err != nil && err != errStarved {
			l.full, l.ended = false, err
		}
	}
	l.wire.rest()
	switch {
	case n > 0:
		return n, nil
	case l.ended != nil:
		return 0, l.ended
	}
	return 0, syscall.EAGAIN
}

// take reads once what there is, as read does, and reports whether that was all.
func (w *wire) take(read func([]byte) (int, error)) (all bool, err error) {
	w.reserve()
	room := len(w.in.b) - w.to
	n, err := read(w.in.b[w.to:])
	return n < room, w.filled(n, err)
}

// park gives the buffer up, and keeps what it holds of a record in no more memory
// than that takes.
func (w *wire) park() {
	if w.in != nil {
		w.part = append(w.part[:0], w.in.b[w.from:w.to]...)
		w.in.free()
		w.in, w.from, w.to = nil, 0, 0
	}
}
