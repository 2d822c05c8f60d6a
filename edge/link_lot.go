//go:build linux

package edge

import (
	"net"
	"sync/atomic"
	"syscall"
	"time"
)

// A lotLink is a link whose socket only a [lot] watches, to a client or an origin. It
// drives the socket with system calls that the Go scheduler does not see: the
// descriptor is non-blocking, so no call can block; telling the scheduler of it costs a
// fifth of a small request (docs/performance.md).
//
// Between requests a client's is parked: no goroutine waits for it, and the lot has its
// owner go on when something comes. So is an origin's whose answer is waited for, see
// [clientConn.rest].
type lotLink struct {
	lot   *lot        // which move changes; others read it of a link in use, or that is closed
	home  *lot        // that a client belongs to, also while the head of a convoy has it; nil for an origin's
	owner *clientConn // whoever uses the link does so for it
	fd    int32

	refs   atomic.Int32 // calls under way, and one until it is closed
	closed atomic.Bool

	in, out half
	ended   atomic.Bool // an end or an error may have come, behind what a read took
	cut     atomic.Bool

	backlog *backlog // of a link that is shared

	owed   *owed // of a letter, see [outbox]
	failed error // what writing one did, an unsent error

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
// Its state changes from quiet to another only there, and only one of those
// who find it so changes it back.
type half struct {
	link  *lotLink
	state atomic.Uint32
	due   atomic.Int64  // when the wait is over, in the lot's time
	late  atomic.Bool   // it may be
	ready chan struct{} // takes one for each wait; nil until there was one
}

const (
	quiet   = iota // nothing has happened since the last look
	news           // something has, and nobody waited
	awaited        // a goroutine waits
	parked         // nobody waits, and the owner is to go on
)

// tell has whoever waits look, or who looks next not wait. It returns the state that it has
// found: if that is parked the owner is to go on, which is up to the caller.
func (h *half) tell() uint32 {
	for {
		switch was := h.state.Load(); was {
		case quiet:
			if h.state.CompareAndSwap(quiet, news) {
				return was
			}
		case news:
			return was
		case awaited:
			if h.state.CompareAndSwap(awaited, quiet) {
				h.ready <- struct{}{}
				return was
			}
		case parked:
			if h.state.CompareAndSwap(parked, quiet) {
				return was
			}
		}
	}
}

// wake is tell for whoever cannot have the owner go on, and does so for one that is in use: an idle
// link may be on its way to another lot.
func (h *half) wake() {
	if h.tell() == parked {
		h.link.lot.resume(h.link.owner)
	}
}

// wait returns when there may be something to look for, or reports false when it is
// due; a zero due is never.
func (h *half) wait(due time.Time) bool {
	if h.state.Load() == news {
		h.state.Store(quiet)
		return true
	}
	if h.ready == nil {
		h.ready = make(chan struct{}, 1)
	}
	l := h.link
	if l.backlog == nil { // else nobody who leads a lot waits
		l.owner.stepOut()
	}
	at := l.lot.since(due)
	h.late.Store(false)
	h.due.Store(at)
	if !h.state.CompareAndSwap(quiet, awaited) {
		h.state.Store(quiet)
		return true
	}
	l.lot.expect(at)
	<-h.ready
	return !h.isLate(due)
}

// isLate reports, once, that the time has come which it was last told to wait until.
func (h *half) isLate(due time.Time) bool {
	return h.late.Load() && h.late.Swap(false) && !due.IsZero() && !time.Now().Before(due)
}

// newLotLink makes a link that owns fd, and that no lot watches yet. Its state is quiet,
// or parked if it will be watched for its owner.
func newLotLink(lot *lot, fd int, state uint32) *lotLink {
	l := &lotLink{lot: lot, fd: int32(fd)}
	l.in.link, l.out.link = l, l
	l.in.due.Store(never)
	l.out.due.Store(never)
	l.in.state.Store(state)
	l.refs.Store(1)
	l.takeFn = l.take
	return l
}

// watch has the lot have the owner of a new link, which is parked, go on when something
// comes, or is due.
func (l *lotLink) watch(due time.Time) {
	lot := l.lot // whose leader may move the link as soon as that is in there
	at := lot.since(due)
	l.in.due.Store(at)
	if !l.acquire() {
		return
	}
	defer l.release()
	if lot.add(l) != nil {
		l.close() // which has the owner go on, and find that
		return
	}
	lot.expect(at)
}

// refuse closes a link that is not watched, without its owner.
func (l *lotLink) refuse() {
	l.in.state.Store(quiet)
	l.close()
}

// foresee is told by the lot what come will be. A connection that nobody waits for is known to
// have something as soon as that.
func (l *lotLink) foresee(events uint32) {
	if events&^syscall.EPOLLOUT != 0 && l.in.state.Load() == quiet {
		l.in.state.CompareAndSwap(quiet, news)
	}
}

// come is told by the lot. It returns the owner if that is to go on, and reports whether a
// goroutine that has waited is to.
func (l *lotLink) come(events uint32) (next *clientConn, roused bool) {
	const ends = syscall.EPOLLRDHUP | syscall.EPOLLHUP | syscall.EPOLLERR
	if events&ends != 0 {
		l.ended.Store(true)
	}
	if events&(syscall.EPOLLIN|ends) != 0 {
		switch l.in.tell() {
		case parked:
			l.last = takenSome
			next = l.owner
		case awaited:
			roused = true
		}
	}
	if events&(syscall.EPOLLOUT|syscall.EPOLLHUP|syscall.EPOLLERR) != 0 {
		roused = l.out.tell() == awaited || roused // which is never parked
	}
	return next, roused
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
		l.in.wake()
		l.out.wake()
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

// mayTake reports whether a take may find something, going by what the last one left.
// What has come since is news.
func (l *lotLink) mayTake() bool {
	return l.last == takenSome || l.last == takenShort && l.ended.Load() || l.closed.Load()
}

// read looks once more when it is due: on a busy machine what the lot tells may come
// late.
func (l *lotLink) read(b []byte, due time.Time) (int, error) {
	if l.settle(); l.failed != nil {
		return 0, l.failed
	}
	for late := l.in.isLate(due); ; {
		if l.interrupted() {
			return 0, errInterrupted
		}
		if late || l.mayTake() {
			n, err := l.take(b)
			if err != syscall.EAGAIN {
				return n, err
			}
			if late {
				return 0, errTimeout
			}
		}
		late = !l.in.wait(due)
		l.last = takenSome
	}
}

func (l *lotLink) write(b []byte, stall time.Duration) (int, error) {
	if l.backlog != nil {
		return l.writeShared(b, stall)
	}
	if l.settle(); l.failed != nil {
		return 0, l.failed
	}
	return l.writeAll(b, stall)
}

// writeAll looks once more too.
func (l *lotLink) writeAll(b []byte, stall time.Duration) (wrote int, err error) {
	for late := false; wrote < len(b); {
		n, err := l.put(b[wrote:])
		wrote += n
		if late, err = l.madeWay(err, late, stall); err != nil {
			return wrote, err
		}
	}
	return wrote, nil
}

// madeWay waits for room where a try to write, late or not, has found none: err is
// syscall.EAGAIN then. It reports whether the next try is late, after which none follows.
func (l *lotLink) madeWay(err error, late bool, stall time.Duration) (bool, error) {
	switch {
	case err != syscall.EAGAIN:
		return false, err
	case late:
		return false, errTimeout
	}
	return !l.out.wait(after(time.Now(), stall)), nil
}

// put writes what there is room for, and does not wait.
func (l *lotLink) put(b []byte) (int, error) {
	if !l.acquire() {
		return 0, net.ErrClosed
	}
	defer l.release()
	return writeFD(uintptr(l.fd), b)
}

func (l *lotLink) lend(c *clientConn) { l.owner = c }

// park has the owner go on when something comes, or is due. The goroutine that calls it
// has let go of the owner then, which another may have already. It reports false, and
// nothing of that holds, if something has come, an interrupt too: what that has told is
// forgotten where the state becomes quiet.
func (l *lotLink) park(due time.Time) bool {
	switch m := &l.owner.mail; {
	case m.posted:
		l.owner.worker.lot.outbox.keep(l, due)
		return true
	case m.stuck != nil, l.failed != nil:
		return false
	case m.answer != nil:
		l.owner.tell()
	}
	w := l.owner.worker
	if w != nil {
		l.owner.worker = nil
	}
	at := l.lot.since(due)
	for !l.cut.Load() && (!l.mayTake() || !l.holds()) {
		l.in.late.Store(false)
		l.in.due.Store(at)
		l.lot.expect(at)
		if l.in.state.CompareAndSwap(quiet, parked) {
			return true
		}
		l.in.state.Store(quiet)
		l.last = takenSome
	}
	if w != nil {
		l.owner.worker = w
	}
	return false
}

func (l *lotLink) stale(leads *lot) bool {
	switch l.in.state.Load() {
	case quiet:
		if !l.mayTake() && leads.told(l.lot) {
			return false
		}
	case news:
		l.in.state.Store(quiet)
	}
	return l.holds()
}

// move has the next look ask the system, as what the new lot was told last is older than the
// connection in it. The old one watches until the new one does, so that nothing is missed.
func (l *lotLink) move(to *lot) bool {
	if !l.acquire() {
		return false
	}
	defer l.release()
	if to.add(l) != nil {
		to.remove(l)
		return false
	}
	from := l.lot
	l.lot, l.last = to, takenSome
	syscall.EpollCtl(from.fd, syscall.EPOLL_CTL_DEL, int(l.fd), nil)
	from.remove(l)
	return true
}

// holds reports whether there is anything to be taken.
func (l *lotLink) holds() bool {
	if !l.acquire() {
		return true
	}
	defer l.release()
	if peekFD(uintptr(l.fd)) {
		return true
	}
	l.last = takenNone
	return false
}

// reside returns errParked when nobody but who is told by the lot may touch the
// connection any more.
func (l *lotLink) reside(r resident) error {
	for {
		if l.owner.mail.stuck != nil { // else what was posted waits for the others
			l.owner.settle()
		}
		switch {
		case l.failed != nil:
			return l.failed
		case l.interrupted():
			return errInterrupted
		case l.in.isLate(r.due()):
			return errTimeout
		}
		if l.mayTake() {
			l.settle()
			if stay, err := r.turn(l.takeFn); !stay {
				return err
			}
		}
		if l.park(r.due()) {
			return errParked
		}
	}
}

func (l *lotLink) interrupt() {
	l.cut.Store(true)
	l.in.wake()
}

func (l *lotLink) interrupted() bool { return l.cut.Load() && l.cut.CompareAndSwap(true, false) }

func (l *lotLink) closeWrite() {
	l.settle()
	if l.acquire() {
		syscall.Shutdown(int(l.fd), syscall.SHUT_WR)
		l.release()
	}
}

func (l *lotLink) tear(yes bool) {
	l.settle()
	if l.acquire() {
		var linger syscall.Linger
		if yes {
			linger.Onoff = 1
		}
		syscall.SetsockoptLinger(int(l.fd), syscall.SOL_SOCKET, syscall.SO_LINGER, &linger)
		l.release()
	}
}
