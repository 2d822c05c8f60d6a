package edge

import (
	"io"
	"syscall"
)

// setPipeSize is F_SETPIPE_SZ of fcntl(2), which package syscall has not.
const setPipeSize = 1031

// newPipe returns nil if the system gives none of that size.
func newPipe() *pipe {
	var fds [2]int
	if syscall.Pipe2(fds[:], syscall.O_CLOEXEC|syscall.O_NONBLOCK) != nil {
		return nil
	}
	p := &pipe{r: fds[0], w: fds[1]}
	if _, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(p.w), setPipeSize, pipeSize); errno != 0 {
		p.close()
		return nil
	}
	return p
}

func (p *pipe) close() {
	syscall.Close(p.r)
	syscall.Close(p.w)
}

// pull moves bytes that have come on a socket into the pipe, and does not wait.
// syscall.EAGAIN says that none have, as the pipe is empty. The end of the stream is
// io.EOF.
func (p *pipe) pull(fd int, n int64) (int, error) {
	got, err := spliceFD(fd, p.w, int(min(n, pipeSize)))
	p.held += got
	switch {
	case err == syscall.EINVAL || err == syscall.ENOSYS || err == syscall.EPERM:
		return 0, errNoSplice
	case got == 0 && err == nil:
		return 0, io.EOF
	}
	return got, err
}

// push moves what the pipe holds to a socket as far as that has room, and does not
// wait.
func (p *pipe) push(fd int) (int, error) {
	n, err := spliceFD(p.r, fd, p.held)
	p.held -= n
	return n, err
}

// Flags of splice(2), which package syscall has not: pages may be moved, and neither
// the pipe nor a socket is waited for.
const (
	spliceMove     = 1
	spliceNonblock = 2
)

// spliceFD does not tell the scheduler, as [readFD].
func spliceFD(from, to, n int) (int, error) {
	for {
		moved, _, errno := syscall.RawSyscall6(syscall.SYS_SPLICE, uintptr(from), 0, uintptr(to), 0, uintptr(n), spliceMove|spliceNonblock)
		switch errno {
		case 0:
			return int(moved), nil
		case syscall.EINTR:
		default:
			return 0, errno
		}
	}
}
