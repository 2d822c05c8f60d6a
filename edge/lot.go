//go:build linux

package edge

import (
	"cmp"
	"math"
	"net"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

// A lot is where connections wait without a goroutine, those of clients and of origins:
// an epoll set of the edge's own. The bell, a set that has nothing but this one, is in
// the runtime's poller like any socket. One goroutine of the crew leads the lot, which takes
// what has come and has each connection go on: a parked one on that goroutine itself, one
// that somebody waits for where it is waited for.
//
// What it tells is a hint to look. Events of a connection that has ended may reach
// the next one with its descriptor, which then looks in vain.
type lot struct {
	fd     int
	bell   *os.File
	rc     syscall.RawConn    // of bell
	resume func(*clientConn)  // has a parked connection go on elsewhere
	caught func(panicked any) // is told of bugs, within recover
	ended  chan struct{}      // closed when nobody leads it any more

	// Of whoever leads.
	pollFn func(uintptr) bool
	events [lotBatch]syscall.EpollEvent
	found  [lotBatch]*lotLink // by them
	from   *lot               // that they are of: this one, or one that follows it
	taken  int64              // when, in the lot's time
	own    int64              // when the last of this lot were
	known  int                // how many were looked for
	at, n  int                // those from at to n are still to be dealt with
	gone   int                // connections that went on since the last take, and not for their first two requests
	rush   rush               // of the lot, whoever leads it
	thread thread
	escort escort
	outbox outbox
	held   heldClients
	streak int // batches since it last waited, or let others run

	born time.Time    // what times of links count from
	next atomic.Int64 // when the timer looks at all of them; [never] if nobody waits

	mu    sync.Mutex
	links []*lotLink // by descriptor
	timer *time.Timer
	rest  int64 // the timer fires no sooner
	over  bool
}

// lotBatch is how many events are taken at once, and maxStreak after how many batches
// whoever never has to wait lets other goroutines run. To do so more often costs a
// system call each time that there are none; to do so less often, at every 64th, took 2 % less
// processor time, and the slowest hundredth of small requests 9 ms instead of 6.
const (
	lotBatch  = 128
	maxStreak = 16
)

const never = math.MaxInt64

// newLot makes a lot that somebody has to lead until close ends it.
func newLot(resume func(*clientConn), caught func(any)) (*lot, error) {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	l := &lot{fd: fd, resume: resume, caught: caught, ended: make(chan struct{}), born: time.Now()}
	if err := l.enlist(); err != nil {
		syscall.Close(fd)
		return nil, err
	}
	l.pollFn, l.rush.pauseFn = l.poll, l.pause
	l.next.Store(never)
	l.timer = time.AfterFunc(time.Hour, l.sweep)
	return l, nil
}

// enlist has the runtime's poller wait for the lot.
func (l *lot) enlist() error {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return os.NewSyscallError("epoll_create1", err)
	}
	syscall.SetNonblock(fd, true) // which has os.NewFile register it with the poller
	l.bell = os.NewFile(uintptr(fd), "epoll")
	l.rc, err = l.bell.SyscallConn()
	if err == nil {
		err = l.bell.SetReadDeadline(time.Time{}) // fails where it could not be registered
	}
	if err == nil {
		err = l.ring(syscall.EPOLL_CTL_ADD, syscall.EPOLLIN)
	}
	if err != nil {
		l.bell.Close()
	}
	return err
}

// listen has the bell ring for what comes and for what is there already, or not. The lot
// stays in the bell's set all the time: to put it there costs as much as it has connections
// (the system looks for loops). A closed lot has no bell.
func (l *lot) listen(yes bool) {
	if !yes {
		l.ring(syscall.EPOLL_CTL_MOD, 0)
		return
	}
	l.rc.Control(func(fd uintptr) {
		var stale [1]syscall.EpollEvent
		epollWait(int(fd), stale[:], 0) // or it would not ring for what it has rung for
	})
	l.ring(syscall.EPOLL_CTL_MOD, syscall.EPOLLIN)
}

// ring has the lot be in the bell's set for events, as op says (epoll_ctl(2)).
func (l *lot) ring(op int, events uint32) (err error) {
	closed := l.rc.Control(func(bell uintptr) { err = l.join(int(bell), op, events, 0) })
	return cmp.Or(closed, err)
}

// join has the lot be in another set for events, as op says, by a number of its own.
func (l *lot) join(set, op int, events uint32, number int32) error {
	const edges = 1 << 31 // syscall.EPOLLET, which is negative
	return os.NewSyscallError("epoll_ctl", syscall.EpollCtl(set, op, l.fd, &syscall.EpollEvent{Events: events | edges, Fd: number}))
}

// close ends the lot, in which nobody is any more.
func (l *lot) close() {
	l.mu.Lock()
	l.over = true
	l.timer.Stop()
	l.mu.Unlock()
	l.bell.Close()
	<-l.ended
	l.outbox.close()
	syscall.Close(l.fd)
}

// turn waits for the next event, and returns the connection that is to go on for it,
// nil if none is. It reports false once the lot is closed.
func (l *lot) turn() (c *clientConn, open bool) {
	defer l.contain()
	open = true
	if l.at == l.n {
		l.release()
		if c := l.outbox.next(); c != nil {
			return c, true
		}
		if !l.await() {
			return nil, false
		}
	}
	l.outbox.hasten()
	if l.known < l.n {
		l.find()
	}
	i := l.at
	l.at++
	if link := l.found[i]; link != nil {
		l.found[i] = nil
		var roused bool
		c, roused = link.come(l.events[i].Events)
		switch {
		case roused:
			l.rouse()
		case c == nil: // whoever has the link in use finds it
			l.escort.aside++
		case link.lot != link.home || l.escort.vigil.on:
			l.house(link)
		}
	}
	if c != nil && c.requests > 1 {
		l.gone++
	}
	return c, open
}

// await waits until there are events, and takes them. It reports false once the lot is
// closed.
func (l *lot) await() bool {
	for l.rush.on.Load() {
		if l.linger() {
			return true
		}
	}
	if !l.escort.vigil.on || !l.watch() {
		if !l.idle() {
			return false
		}
		l.keepVigil()
	}
	if l.rush.may && l.rush.level > rushFrom {
		l.hurry()
	}
	return true
}

// idle has the runtime wait. It reports false once the lot is closed.
func (l *lot) idle() bool {
	if l.streak == busyStreak {
		l.tire()
	}
	if l.streak == maxStreak {
		l.streak = 0
		runtime.Gosched()
	}
	return l.rc.Read(l.pollFn) == nil
}

// poll takes the events that there are. It returns false to wait for some: those that
// come after the look wake it.
func (l *lot) poll(uintptr) bool {
	if !l.takeRung() && !l.take() && !l.takeRung() {
		l.relax()
		l.streak = 0
		return false
	}
	l.streak++
	return true
}

// take takes the events that there are, and reports whether there are any.
func (l *lot) take() bool {
	l.takeFrom(l)
	return l.n > 0
}

// takeFrom takes those of a lot, which is this one or a follower.
func (l *lot) takeFrom(from *lot) {
	n, _ := epollWait(from.fd, l.events[:], 0)
	l.took(from, n)
}

// took deals with n events that have been taken of a lot.
func (l *lot) took(from *lot, n int) {
	l.at, l.known, l.n = 0, 0, n
	l.escort.came += n
	if l.note(from, n); from == l && l.escort.followed.Load() {
		l.noteRings()
	}
	l.rush.note(l.gone)
	l.gone = 0
}

// find finds the links of the events. After a panic the next call goes on behind the event
// that had it: none of the others would come again.
func (l *lot) find() {
	from := l.from
	from.mu.Lock()
	defer from.mu.Unlock()
	for l.known < l.n {
		i := l.known
		l.known++
		if fd := int(l.events[i].Fd); fd < len(from.links) {
			l.found[i] = from.links[fd]
			if link := l.found[i]; link != nil {
				link.foresee(l.events[i].Events)
			}
		}
	}
}

// fresh is how long what a lot has told says all of its connections: a tenth of the time in which
// an origin answers fast.
const fresh = 100 * time.Microsecond

// note notes that n events of a lot have just been taken, by whoever leads this one.
func (l *lot) note(from *lot, n int) {
	l.from, l.taken = from, -int64(fresh)
	if n < lotBatch { // else there may be more, of which nothing is known
		l.taken = l.since(time.Now())
	}
	if from == l {
		l.own = l.taken
	}
}

// told reports whether whoever leads the lot, nil for nobody, has just been told of all connections of
// another, or this one, what there is. It goes by the leader's own times: by now others may be asking that lot.
func (l *lot) told(of *lot) bool {
	if l == nil || of != l.from && of != l {
		return false
	}
	at := l.own
	if of == l.from {
		at = l.taken
	}
	return l.since(time.Now())-at < int64(fresh)
}

// leads returns the lot that the client's goroutine leads, nil for none.
func (c *clientConn) leads() *lot {
	if c == nil || c.worker == nil {
		return nil
	}
	return c.worker.lot
}

// near returns the lot of which connections to the client's origins are taken first: that of who leads,
// or the client's. They are made in the client's, which has a leader of its own when much goes on.
func (c *clientConn) near() *lot {
	if l := c.leads(); l != nil || c == nil {
		return l
	}
	return c.lot
}

// place is the number that the lot, nil for none, has among those of its edge.
func (l *lot) place() int {
	if l == nil {
		return 0
	}
	return int(l.escort.place)
}

func (l *lot) contain() {
	if p := recover(); p != nil {
		l.caught(p)
	}
}

// adopt makes a link of a connection, which it takes the place of; nil where it cannot.
func (l *lot) adopt(tcp *net.TCPConn) *lotLink {
	fd, err := -1, error(nil)
	if rc, failed := tcp.SyscallConn(); failed == nil {
		rc.Control(func(was uintptr) { fd, err = dupFD(was) })
	}
	if fd < 0 || err != nil {
		return nil
	}
	link := newLotLink(l, fd, quiet)
	if l.add(link) != nil {
		link.close()
		return nil
	}
	tcp.Close()
	return link
}

// add has the lot tell c of what comes, and of what is there already.
func (l *lot) add(c *lotLink) error {
	l.mu.Lock()
	for int(c.fd) >= len(l.links) {
		l.links = append(l.links, nil)
	}
	l.links[c.fd] = c
	l.mu.Unlock()
	const edges = 1 << 31 // syscall.EPOLLET, which is negative
	return syscall.EpollCtl(l.fd, syscall.EPOLL_CTL_ADD, int(c.fd), &syscall.EpollEvent{
		Events: syscall.EPOLLIN | syscall.EPOLLOUT | syscall.EPOLLRDHUP | edges, Fd: c.fd})
}

// remove forgets c, whose descriptor is about to be closed, which takes it out of
// the set.
func (l *lot) remove(c *lotLink) {
	l.mu.Lock()
	if int(c.fd) < len(l.links) && l.links[c.fd] == c {
		l.links[c.fd] = nil
	}
	l.mu.Unlock()
}

// since is a time as links keep it; the zero time is never.
func (l *lot) since(t time.Time) int64 {
	if t.IsZero() {
		return never
	}
	return int64(t.Sub(l.born))
}

// expect has the timer fire by due.
func (l *lot) expect(due int64) {
	if due >= l.next.Load() {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.setTimer(due)
}

func (l *lot) setTimer(due int64) {
	due = max(due, l.rest)
	if due < l.next.Load() && !l.over {
		l.next.Store(due)
		l.timer.Reset(time.Duration(due) - time.Since(l.born))
	}
}

// Looking for overdue connections takes at most one in sweepShare parts of a
// processor's time: with many of them it looks less often. So it does with few that
// are busy, whose times move on before they come.
const (
	sweepShare = 50
	sweepRest  = 2 * time.Millisecond
)

// sweep wakes the connections that have waited too long.
func (l *lot) sweep() {
	defer l.contain()
	for _, h := range l.overdue() {
		h.late.Store(true)
		if h.tell() == parked {
			l.resume(h.link.owner)
		}
	}
}

// overdue returns their halves, and sets the timer for the next.
func (l *lot) overdue() (late []*half) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.next.Store(never) // whom this misses finds that in expect, and waits for the lock
	now, first := l.since(time.Now()), int64(never)
	for _, c := range l.links {
		if c == nil {
			continue
		}
		for _, h := range [...]*half{&c.in, &c.out} {
			switch due := h.due.Load(); {
			case due > now:
				first = min(first, due)
			case h.due.CompareAndSwap(due, never): // else it waits anew
				late = append(late, h)
			}
		}
	}
	ended := l.since(time.Now())
	l.rest = ended + max(sweepShare*(ended-now), int64(sweepRest))
	if first < never {
		l.setTimer(first)
	}
	return late
}

// epollWait returns how many events have come. It waits so long at most that the scheduler
// need not know, and reports syscall.EINTR if that wants the thread for something.
func epollWait(fd int, events []syscall.EpollEvent, wait time.Duration) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall6(syscall.SYS_EPOLL_PWAIT, uintptr(fd),
		uintptr(unsafe.Pointer(unsafe.SliceData(events))), uintptr(len(events)), uintptr(wait.Milliseconds()), 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}

func dupFD(fd uintptr) (int, error) {
	n, _, errno := syscall.Syscall(syscall.SYS_FCNTL, fd, syscall.F_DUPFD_CLOEXEC, 0)
	if errno != 0 {
		return -1, errno
	}
	return int(n), nil
}
