//go:build linux && !race

package edge

import (
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// A lotLink is a link to a client whose socket only a [lot] watches. It is driven as
// a rawLink is. Between requests it is parked: no goroutine waits for it, and the lot
// has its owner go on when something comes.
type lotLink struct {
	lot   *lot
	owner *clientConn
	fd    int32

	refs   atomic.Int32 // calls under way, and one until it is closed
	closed atomic.Bool

	in, out half
	ended   atomic.Bool // an end or an error may have come, behind what a read took
	cut     atomic.Bool
	rang    atomic.Bool  // it has waited for too long
	due     atomic.Int64 // when it will have, in the lot's time

	last   taken // by whoever reads
	takeFn func([]byte) (int, error)
}

// taken is what a read has left of what was there.
type taken uint8

const (
	takenSome  taken = iota // there may be more
	takenShort              // nothing but an end or an error
	takenNone               // nothing: there was nothing to take
)

// A half is one direction of a link: what is known to have happened, and who waits.
// Its fields change from quiet to another state only there, and only one of those
// who find it so changes it back.
type half struct {
	state atomic.Uint32
	ready chan struct{} // takes one for each wait; nil until there was one
}

const (
	quiet   = iota // nothing has happened since the last look
	news           // something has, and nobody waited
	awaited        // a goroutine waits
	parked         // nobody waits, and the owner is to go on
)

// tell has whoever waits look, or who looks next not wait.
func (s *half) tell(l *lotLink) {
	for {
		switch s.state.Load() {
		case quiet:
			if s.state.CompareAndSwap(quiet, news) {
				return
			}
		case news:
			return
		case awaited:
			if s.state.CompareAndSwap(awaited, quiet) {
				s.ready <- struct{}{}
				return
			}
		case parked:
			if s.state.CompareAndSwap(parked, quiet) {
				l.lot.resume(l.owner)
				return
			}
		}
	}
}

var timers = sync.Pool{New: func() any {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return t
}}

// wait returns when there may be something to look for, or reports false when it is
// due; a zero due is never.
func (s *half) wait(due time.Time) bool {
	if s.ready == nil {
		s.ready = make(chan struct{}, 1)
	}
	if !s.state.CompareAndSwap(quiet, awaited) {
		s.state.Store(quiet)
		return true
	}
	if due.IsZero() {
		<-s.ready
		return true
	}
	t := timers.Get().(*time.Timer)
	defer timers.Put(t)
	t.Reset(time.Until(due))
	select {
	case <-s.ready:
		t.Stop()
		return true
	case <-t.C:
	}
	if !s.state.CompareAndSwap(awaited, quiet) {
		<-s.ready
		return true
	}
	return false
}

// newLotLink makes a link that owns fd, parked until something comes or due.
func newLotLink(lot *lot, fd int, due time.Time) *lotLink {
	l := &lotLink{lot: lot, fd: int32(fd)}
	l.refs.Store(1)
	l.takeFn = l.take
	l.in.state.Store(parked)
	l.due.Store(lot.since(due))
	return l
}

// watch has the lot tell of what comes for the owner.
func (l *lotLink) watch() {
	if !l.acquire() {
		return
	}
	defer l.release()
	if l.lot.add(l) != nil {
		l.close() // which has the owner go on, and find that
		return
	}
	l.lot.expect(l.due.Load())
}

// refuse closes a link that is not watched, without its owner.
func (l *lotLink) refuse() {
	l.in.state.Store(quiet)
	l.close()
}

// come is told by the lot.
func (l *lotLink) come(events uint32) {
	const ends = syscall.EPOLLRDHUP | syscall.EPOLLHUP | syscall.EPOLLERR
	if events&ends != 0 {
		l.ended.Store(true)
	}
	if events&(syscall.EPOLLIN|ends) != 0 {
		l.in.tell(l)
	}
	if events&(syscall.EPOLLOUT|syscall.EPOLLHUP|syscall.EPOLLERR) != 0 {
		l.out.tell(l)
	}
}

// acquire keeps the descriptor open until release. It reports false on a link that
// is closed.
func (l *lotLink) acquire() bool {
	for !l.closed.Load() {
		n := l.refs.Load()
		if n == 0 {
			break
		}
		if l.refs.CompareAndSwap(n, n+1) {
			return true
		}
	}
	return false
}

func (l *lotLink) release() {
	if l.refs.Add(-1) == 0 {
		l.lot.remove(l)
		closeFD(uintptr(l.fd))
	}
}

func (l *lotLink) close() {
	if l.closed.CompareAndSwap(false, true) {
		l.in.tell(l)
		l.out.tell(l)
		l.release()
	}
}

// take reads what there is, and does not wait.
func (l *lotLink) take(b []byte) (int, error) {
	if !l.acquire() {
		return 0, net.ErrClosed
	}
	n, err := readFD(uintptr(l.fd), b)
	l.release()
	switch {
	case err == syscall.EAGAIN:
		l.last = takenNone
	case n < len(b):
		l.last = takenShort
	default:
		l.last = takenSome
	}
	return n, err
}

// read looks once more when it is due: on a busy machine what the lot tells may come
// late.
func (l *lotLink) read(b []byte, due time.Time) (int, error) {
	for late := false; ; l.last = takenSome {
		if l.interrupted() {
			return 0, errInterrupted
		}
		if l.last == takenSome || l.last == takenShort && l.ended.Load() || l.closed.Load() {
			n, err := l.take(b)
			if err != syscall.EAGAIN {
				return n, err
			}
			if late {
				return 0, errTimeout
			}
		}
		late = !l.in.wait(due)
	}
}

// write looks once more too.
func (l *lotLink) write(b []byte, stall time.Duration) (wrote int, err error) {
	for late := false; wrote < len(b); {
		n, err := l.put(b[wrote:])
		wrote += n
		switch {
		case err == nil:
			late = false
		case err != syscall.EAGAIN:
			return wrote, err
		case late:
			return wrote, errTimeout
		default:
			late = !l.out.wait(after(time.Now(), stall))
		}
	}
	return wrote, nil
}

// put writes what there is room for, and does not wait.
func (l *lotLink) put(b []byte) (int, error) {
	if !l.acquire() {
		return 0, net.ErrClosed
	}
	defer l.release()
	return writeFD(uintptr(l.fd), b)
}

func (l *lotLink) swap(w, b []byte, due time.Time, stall time.Duration) (wrote, n int, err error) {
	if wrote, err = l.write(w, stall); err == nil {
		n, err = l.read(b, due)
	}
	return wrote, n, err
}

func (l *lotLink) stale() bool {
	if !l.acquire() {
		return true
	}
	defer l.release()
	return peekFD(uintptr(l.fd))
}

// reside returns errParked when nobody but who is told by the lot may touch the
// connection any more.
func (l *lotLink) reside(r resident) error {
	for {
		switch {
		case l.interrupted():
			return errInterrupted
		case l.rang.Load():
			l.rang.Store(false)
			if !time.Now().Before(r.due()) {
				return errTimeout
			}
		}
		if stay, err := r.turn(l.takeFn); !stay {
			return err
		}
		if l.last == takenShort && l.ended.Load() {
			continue
		}
		due := l.lot.since(r.due())
		l.due.Store(due)
		l.lot.expect(due)
		if l.in.state.CompareAndSwap(quiet, parked) {
			return errParked
		}
		l.in.state.Store(quiet)
	}
}

func (l *lotLink) interrupt() {
	l.cut.Store(true)
	l.in.tell(l)
}

func (l *lotLink) interrupted() bool { return l.cut.Load() && l.cut.CompareAndSwap(true, false) }

func (l *lotLink) closeWrite() {
	if l.acquire() {
		syscall.Shutdown(int(l.fd), syscall.SHUT_WR)
		l.release()
	}
}

func (l *lotLink) tear() {
	if l.acquire() {
		syscall.SetsockoptLinger(int(l.fd), syscall.SOL_SOCKET, syscall.SO_LINGER, &syscall.Linger{Onoff: 1})
		l.release()
	}
}
