package edge

import (
	"os"
	"slices"
	"syscall"
	"time"
	"unsafe"
)

// An outbox is what clients that have gone on have to send, to themselves or to origins.
// Where there is more than one of them, and in a rush, but not in a vigil, it goes out with one system call for many
// connections (io_submit(2)). A write by itself wakes its reader, which the system then runs in
// the place of whoever writes: that was a switch of threads for every other request, and readers
// that found one message at a time.
//
// It belongs to whoever leads the lot. A client that has something in it stays that goroutine's:
// it is parked, or handed to another, when that has been sent.
type outbox struct {
	queue  uintptr // the system's (io_setup(2)); 0 until there was a letter
	barred bool    // the system gives none

	text    []byte    // of the letters, one behind the other
	began   time.Time // when the first of them came
	letters []letter
	calls   [outboxLetters]controlBlock
	list    [outboxLetters]*controlBlock // of calls
	results [outboxLetters]ioEvent

	parks []parking // of clients that have letters, or had: those before at have been seen to
	at    int
}

// Bounds of an outbox, which is sent before it goes beyond them, and of a letter.
const (
	outboxLetters = 32
	outboxSize    = 64 << 10
	maxLetter     = 8 << 10
)

// letterAge is how long a letter lies before it is sent at the next occasion: longer than small requests take to fill
// an outbox.
const letterAge = 500 * time.Microsecond

// A letter is bytes that a link is to write.
type letter struct {
	link     *lotLink
	client   *clientConn
	from, to int           // in the outbox's text
	stall    time.Duration // as [link] has it
}

// A parking is what park was called with.
type parking struct {
	link *lotLink
	due  time.Time
}

// owed is the rest of a letter that was sent in part.
type owed struct {
	text  []byte
	stall time.Duration
}

// mail is what a client has to do with the outbox.
type mail struct {
	posted bool       // it has a letter there
	stuck  []*lotLink // its links with which a letter was sent in part
	answer *exchange  // that ends when its answer, the last letter, has been sent
}

// controlBlock and ioEvent are the system's struct iocb and struct io_event (linux/aio_abi.h).
type controlBlock struct {
	data    uint64
	_       [2]uint32 // key and flags
	call    uint16
	_       int16 // priority
	fd      uint32
	at, len uint64
	_       [3]uint64 // offset and more
}

type ioEvent struct {
	data, _ uint64
	result  int64
	_       int64
}

const ioWrite = 1 // IOCB_CMD_PWRITE

// open reports whether letters may be posted.
func (o *outbox) open() bool {
	if o.queue == 0 && !o.barred {
		o.setUp()
	}
	return !o.barred
}

// setUp asks the system for a queue, which it may refuse: then each write goes by itself.
func (o *outbox) setUp() {
	_, _, errno := syscall.Syscall(syscall.SYS_IO_SETUP, outboxLetters, uintptr(unsafe.Pointer(&o.queue)), 0)
	if o.barred = errno != 0 || !o.works(); o.barred {
		return
	}
	o.text = make([]byte, 0, outboxSize)
	o.letters = make([]letter, 0, outboxLetters)
	for i := range o.calls {
		o.list[i] = &o.calls[i]
	}
}

// works reports whether the other two calls are there too, which a filter may forbid.
func (o *outbox) works() bool {
	_, _, submit := syscall.RawSyscall(syscall.SYS_IO_SUBMIT, o.queue, 0, 0)
	_, _, get := syscall.RawSyscall6(syscall.SYS_IO_GETEVENTS, o.queue, 0, 0, 0, 0, 0)
	return submit == 0 && get == 0
}

// close gives the queue back.
func (o *outbox) close() {
	if o.queue != 0 {
		syscall.Syscall(syscall.SYS_IO_DESTROY, o.queue, 0, 0)
	}
}

// empty reports whether all has been sent, and all who wait for that were seen to.
func (o *outbox) empty() bool { return len(o.letters) == 0 && len(o.parks) == 0 }

// add takes a letter, whose link has been acquired.
func (o *outbox) add(l *lotLink, b []byte, stall time.Duration) {
	if len(o.letters) == outboxLetters || len(o.text)+len(b) > outboxSize {
		o.send()
	}
	if len(o.letters) == 0 {
		o.began = time.Now()
	}
	from := len(o.text)
	o.text = append(o.text, b...)
	o.letters = append(o.letters, letter{l, l.owner, from, len(o.text), stall})
	l.owner.mail.posted = true
}

// send sends what there is.
func (o *outbox) send() {
	letters, text := o.letters, o.text
	o.letters, o.text = letters[:0], text[:0] // nothing goes twice, whatever happens
	for i, m := range letters {
		m.client.mail.posted = false
		o.calls[i] = controlBlock{
			data: uint64(i), call: ioWrite, fd: uint32(m.link.fd),
			at: uint64(uintptr(unsafe.Pointer(&text[m.from]))), len: uint64(m.to - m.from),
		}
	}
	taken := o.submit(len(letters))
	for _, r := range o.results[:taken] {
		m, n, errno := letters[r.data], int(max(r.result, 0)), syscall.Errno(max(-r.result, 0))
		if incapable(errno) {
			o.barred = true
			n, errno = m.write(text)
		}
		m.sent(text, n, errno)
	}
	for _, m := range letters[taken:] {
		n, errno := m.write(text)
		m.sent(text, n, errno)
	}
	clear(letters)
}

// incapable reports whether that is what a system says whose queues take no sockets.
func incapable(errno syscall.Errno) bool {
	switch errno {
	case syscall.ESPIPE, syscall.EINVAL, syscall.ENOSYS, syscall.EOPNOTSUPP:
		return true
	}
	return false
}

// write sends a letter by itself; text is the outbox's.
func (m *letter) write(text []byte) (int, syscall.Errno) {
	n, err := writeFD(uintptr(m.link.fd), text[m.from:m.to])
	errno, _ := err.(syscall.Errno)
	return n, errno
}

// submit makes the first n calls, and returns how many of them the system has taken: the results
// of those are there. Descriptors of links do not block, so that none is under way then.
func (o *outbox) submit(n int) int {
	taken, _, errno := syscall.RawSyscall(syscall.SYS_IO_SUBMIT, o.queue, uintptr(n), uintptr(unsafe.Pointer(&o.list[0])))
	if errno != 0 {
		return 0
	}
	for got := uintptr(0); got < taken; {
		more, _, errno := syscall.RawSyscall6(syscall.SYS_IO_GETEVENTS, o.queue, taken-got, taken-got,
			uintptr(unsafe.Pointer(&o.results[got])), 0, 0)
		switch errno {
		case 0:
			got += more
		case syscall.EINTR:
		default:
			panic(os.NewSyscallError("io_getevents", errno)) // which worked
		}
	}
	return int(taken)
}

// sent deals with what became of a letter: so many bytes were written, or errno says why none
// was.
func (m *letter) sent(text []byte, wrote int, errno syscall.Errno) {
	l, rest := m.link, text[m.from+wrote:m.to]
	switch {
	case errno != 0 && errno != syscall.EAGAIN && errno != syscall.EINTR:
		m.client.lose(l, len(rest), errno)
	case len(rest) > 0:
		l.owed = &owed{slices.Clone(rest), m.stall}
		m.client.mail.stuck = append(m.client.mail.stuck, l)
	}
	l.release()
}

// hasten sends what has lain for letterAge, before another client goes on: one with a long program keeps
// those back that are behind it, but not what others have done already.
func (o *outbox) hasten() {
	if len(o.letters) > 0 && time.Since(o.began) > letterAge {
		o.send()
	}
}

// keep has a client parked when its letter has been sent.
func (o *outbox) keep(l *lotLink, due time.Time) { o.parks = append(o.parks, parking{l, due}) }

// next sends what there is, and parks whom that has kept. It returns a client that cannot
// be parked, but has to go on, nil when there is none.
func (o *outbox) next() *clientConn {
	if len(o.letters) > 0 {
		o.send()
	}
	for o.at < len(o.parks) {
		p := o.parks[o.at]
		o.at++
		if c := p.link.owner; !p.link.park(p.due) {
			return c
		}
	}
	clear(o.parks)
	o.parks, o.at = o.parks[:0], 0
	return nil
}

// post is [link].post: it takes b to the outbox of the lot that the goroutine leads, if others
// may have something to send too. What ended already is left to write, which tells.
func (l *lotLink) post(b []byte, stall time.Duration) (int, error) {
	l.settle() // which may step out
	if len(b) > maxLetter || l.ended.Load() || l.failed != nil || !l.owner.mayPost() || !l.acquire() {
		return l.write(b, stall)
	}
	l.owner.worker.lot.outbox.add(l, b, stall)
	return len(b), nil
}

// mayPost reports whether the caller leads a lot in which letters are gathered, and the system has
// a queue for it.
func (c *clientConn) mayPost() bool {
	return c != nil && c.worker != nil && c.worker.lot.gathers() && c.worker.lot.outbox.open()
}

// gathers reports whether others of this batch have something to send, or may have: a letter alone
// takes one call more than a write. In a rush they have. In a vigil each writes: who reads is asleep
// then, and may as well begin.
func (l *lot) gathers() bool {
	if l.escort.vigil.on {
		return false
	}
	return l.at < l.n || len(l.outbox.letters) > 0 || l.rush.on.Load()
}

// behind reports whether a letter was sent in part.
func (m *mail) behind() bool { return m.stuck != nil }

// settle has everything that the client has posted be written.
func (c *clientConn) settle() {
	if c.mail.posted {
		c.worker.lot.outbox.send()
	}
	for _, l := range c.mail.stuck {
		if n, err := l.finish(); err != nil {
			c.lose(l, n, err)
		}
	}
	c.mail.stuck = nil
	if c.mail.answer != nil {
		c.tell()
	}
}

// lose notes that n bytes of a letter could not be sent.
func (c *clientConn) lose(l *lotLink, n int, err error) {
	l.failed = unsent{err}
	if x := c.mail.answer; x != nil {
		x.lost(n, err)
	}
}

// putOff keeps an exchange that is over until its answer has been sent. It reports false where that
// is not in the outbox.
func (c *clientConn) putOff(x *exchange) bool {
	if !c.mail.posted || !x.event.completed {
		return false
	}
	c.exchange, c.mail.answer = nil, x
	if len(x.head) == 0 && x.held == nil {
		c.settle() // the request is in memory that others are about to use
		return true
	}
	x.out.free()
	if len(x.vcl.Logged) == 0 {
		x.in.free()
		x.in = nil
	}
	return true
}

// conclude is settle for an answer, after a panic over what came behind it.
func (c *clientConn) conclude() {
	if c.mail.answer != nil {
		defer c.edge.outlive()
		c.settle()
	}
}

// tell ends the exchange whose answer has been sent, or cannot be. A panic over that leaves the
// next one alone.
func (c *clientConn) tell() {
	defer c.edge.outlive()
	x := c.mail.answer
	c.mail.answer = nil
	x.free()
}

// settle is that of whoever uses the link.
func (l *lotLink) settle() {
	if c := l.owner; c != nil && (c.mail.posted || c.mail.stuck != nil || c.mail.answer != nil) {
		c.settle()
	}
}

// finish writes the rest of a letter, for which it may wait. It returns how much of that is left.
func (l *lotLink) finish() (left int, err error) {
	rest := l.owed
	l.owed = nil
	n, err := l.writeAll(rest.text, rest.stall)
	return len(rest.text) - n, err
}

// clear is called by who leads the lot no more: others are given the clients that cannot be
// parked.
func (l *lot) clear(give func(task)) {
	l.release()
	for {
		c := l.outbox.next()
		if c == nil {
			return
		}
		c.worker = nil
		give(task{client: c})
	}
}
