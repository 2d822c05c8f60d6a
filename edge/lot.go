//go:build linux && !race

package edge

import (
	"math"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

// A lot is where client connections wait without a goroutine: an epoll set of the
// edge's own, whose descriptor waits in the runtime's poller like any other. Its one
// goroutine takes what has come and has each connection go on: a parked one on a
// goroutine of the crew, one that somebody waits for on that goroutine.
//
// What it tells is a hint to look. Events of a connection that has ended may reach
// the next one with its descriptor, which then looks in vain.
type lot struct {
	epoll  *os.File
	fd     int
	resume func(*clientConn)            // has a parked connection go on
	caught func(panicked any)           // is told of bugs, within recover
	ended  chan struct{}                // closed when the goroutine has
	events [lotBatch]syscall.EpollEvent // the goroutine's
	found  [lotBatch]*lotLink           // by them, likewise

	born time.Time    // what times of links count from
	next atomic.Int64 // when the timer looks at all of them; [never] if nobody waits

	mu    sync.Mutex
	links []*lotLink // by descriptor
	timer *time.Timer
	rest  int64 // the timer fires no sooner
	over  bool
}

// lotBatch is how many events are taken at once.
const lotBatch = 128

const never = math.MaxInt64

// newLot makes a lot whose goroutine close ends.
func newLot(resume func(*clientConn), caught func(any)) (*lot, error) {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	syscall.SetNonblock(fd, true) // which has os.NewFile register it with the poller
	l := &lot{epoll: os.NewFile(uintptr(fd), "epoll"), fd: fd, resume: resume, caught: caught, ended: make(chan struct{}), born: time.Now()}
	rc, err := l.epoll.SyscallConn()
	if err == nil {
		err = l.epoll.SetReadDeadline(time.Time{}) // fails where it could not be registered
	}
	if err != nil {
		l.epoll.Close()
		return nil, err
	}
	l.next.Store(never)
	l.timer = time.AfterFunc(time.Hour, l.sweep)
	go func() {
		defer close(l.ended)
		rc.Read(l.drain)
	}()
	return l, nil
}

// close ends the lot, in which nobody is any more.
func (l *lot) close() {
	l.mu.Lock()
	l.over = true
	l.timer.Stop()
	l.mu.Unlock()
	l.epoll.Close()
	<-l.ended
}

// drain takes the events that there are. It returns false to wait for more.
func (l *lot) drain(uintptr) bool {
	for {
		n := epollWait(l.fd, l.events[:])
		l.deliver(l.events[:n])
		if n < len(l.events) {
			return false
		}
	}
}

func (l *lot) deliver(events []syscall.EpollEvent) {
	defer l.contain()
	l.mu.Lock()
	for i := range events {
		l.found[i] = nil
		if fd := int(events[i].Fd); fd < len(l.links) {
			l.found[i] = l.links[fd]
		}
	}
	l.mu.Unlock()
	for i := range events {
		if c := l.found[i]; c != nil {
			c.come(events[i].Events)
			l.found[i] = nil
		}
	}
}

func (l *lot) contain() {
	if p := recover(); p != nil {
		l.caught(p)
	}
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

// since is a time as links keep it.
func (l *lot) since(t time.Time) int64 { return int64(t.Sub(l.born)) }

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

// sweepShare is one in how many parts of a processor's time looking for overdue
// connections takes at most: with many of them it looks less often.
const sweepShare = 50

// sweep wakes the connections that have waited too long.
func (l *lot) sweep() {
	defer l.contain()
	for _, c := range l.overdue() {
		c.rang.Store(true)
		c.in.tell(c)
	}
}

// overdue returns them, and sets the timer for the next.
func (l *lot) overdue() (late []*lotLink) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.next.Store(never) // whom this misses finds that in expect, and waits for the lock
	now, first := l.since(time.Now()), int64(never)
	for _, c := range l.links {
		if c == nil {
			continue
		}
		switch due := c.due.Load(); {
		case due > now:
			first = min(first, due)
		case c.due.CompareAndSwap(due, never): // else it waits anew
			late = append(late, c)
		}
	}
	ended := l.since(time.Now())
	l.rest = ended + sweepShare*(ended-now)
	if first < never {
		l.setTimer(first)
	}
	return late
}

func epollWait(fd int, events []syscall.EpollEvent) int {
	n, _, errno := syscall.RawSyscall6(syscall.SYS_EPOLL_PWAIT, uintptr(fd),
		uintptr(unsafe.Pointer(unsafe.SliceData(events))), uintptr(len(events)), 0, 0, 0)
	if errno != 0 {
		return 0
	}
	return int(n)
}
