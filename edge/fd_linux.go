package edge

import (
	"io"
	"syscall"
	"unsafe"
)

// System calls that the Go scheduler does not see, on descriptors that do not block.

// peekFD reports whether there is anything to be read, and takes nothing.
func peekFD(fd uintptr) bool {
	var b [1]byte
	_, _, errno := syscall.RawSyscall6(syscall.SYS_RECVFROM, fd, uintptr(unsafe.Pointer(&b[0])), 1,
		syscall.MSG_PEEK|syscall.MSG_DONTWAIT, 0, 0)
	return errno != syscall.EAGAIN
}

func closeFD(fd uintptr) { syscall.RawSyscall(syscall.SYS_CLOSE, fd, 0, 0) }

func readFD(fd uintptr, b []byte) (int, error) {
	n, err := moveFD(syscall.SYS_RECVFROM, fd, b, syscall.MSG_DONTWAIT)
	if n == 0 && err == nil {
		return 0, io.EOF
	}
	return n, err
}

func writeFD(fd uintptr, b []byte) (int, error) {
	return moveFD(syscall.SYS_SENDTO, fd, b, syscall.MSG_DONTWAIT|syscall.MSG_NOSIGNAL)
}

func moveFD(call, fd uintptr, b []byte, flags uintptr) (int, error) {
	for {
		n, _, errno := syscall.RawSyscall6(call, fd, uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), flags, 0, 0)
		switch errno {
		case 0:
			return int(n), nil
		case syscall.EINTR:
		default:
			return 0, errno
		}
	}
}
