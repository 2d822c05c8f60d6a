//go:build linux && !race

package edge

import (
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"
	"unsafe"
)

// A lotDoor accepts for a lot. Connections inherit what is set on the socket that
// listens, so that one costs a call to accept and one to watch it.
type lotDoor struct {
	edge  *Edge
	lot   *lot
	offer *offer
	file  *os.File
	rc    syscall.RawConn
	local netip.AddrPort // of all that come; invalid if each has to be asked for its own
}

// newLotDoor returns nil where there cannot be one. Otherwise it takes the place of
// tcp, which it closes.
func (e *Edge) newLotDoor(tcp *net.TCPListener, o *offer) door {
	lot := e.lot.open(e)
	if lot == nil {
		return nil
	}
	file, err := tcp.File()
	if err != nil {
		return nil
	}
	rc, err := file.SyscallConn()
	if err == nil {
		err = rc.Control(func(fd uintptr) {
			syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1)
		})
	}
	if err != nil {
		file.Close()
		return nil
	}
	d := &lotDoor{edge: e, lot: lot, offer: o, file: file, rc: rc}
	if at := addressOf(tcp.Addr()); !at.Addr().IsUnspecified() {
		d.local = at
	}
	tcp.Close()
	return d
}

// lotHolder holds the edge's lot, once there is one.
type lotHolder struct{ lot *lot }

// open returns the lot, or nil if the system has none to give. The edge's lock is
// held.
func (h *lotHolder) open(e *Edge) *lot {
	if h.lot == nil {
		h.lot, _ = newLot(e.engage, e.notePanic)
	}
	return h.lot
}

func (h *lotHolder) close() {
	if h.lot != nil {
		h.lot.close()
	}
}

func (d *lotDoor) Close() error { return d.file.Close() }

// admit starts all clients that come, until accepting fails.
func (d *lotDoor) admit() (failed error) {
	err := d.rc.Read(func(fd uintptr) bool {
		for {
			var from syscall.RawSockaddrAny
			client, err := acceptFD(fd, &from)
			switch err {
			case nil:
				d.start(client, &from)
				if d.edge.draining.Load() {
					return true // however many more there are
				}
			case syscall.EAGAIN:
				return false
			case syscall.ECONNABORTED:
			default:
				failed = os.NewSyscallError("accept4", err)
				return true
			}
		}
	})
	if err != nil {
		return net.ErrClosed
	}
	return failed
}

func (d *lotDoor) start(fd int, from *syscall.RawSockaddrAny) {
	local := d.local
	if !local.IsValid() {
		var at syscall.RawSockaddrAny
		size := uint32(syscall.SizeofSockaddrAny)
		syscall.RawSyscall(syscall.SYS_GETSOCKNAME, uintptr(fd), uintptr(unsafe.Pointer(&at)), uintptr(unsafe.Pointer(&size)))
		local = sockaddr(&at)
	}
	times := &d.edge.cfg.Client
	wait := times.Idle
	if d.offer != nil {
		wait = times.Header // as long as a handshake may take
	}
	l := newLotLink(d.lot, fd, time.Now().Add(wait))
	l.owner = newClientConn(d.edge, l, sockaddr(from), local, d.offer)
	if d.edge.remember(l.owner) { // and from now on Shutdown may have it go on
		l.watch()
	} else {
		l.refuse()
	}
}

func sockaddr(from *syscall.RawSockaddrAny) netip.AddrPort {
	port := func(p *uint16) uint16 {
		b := (*[2]byte)(unsafe.Pointer(p))
		return uint16(b[0])<<8 | uint16(b[1])
	}
	switch from.Addr.Family {
	case syscall.AF_INET:
		at := (*syscall.RawSockaddrInet4)(unsafe.Pointer(from))
		return netip.AddrPortFrom(netip.AddrFrom4(at.Addr), port(&at.Port))
	case syscall.AF_INET6:
		at := (*syscall.RawSockaddrInet6)(unsafe.Pointer(from))
		return netip.AddrPortFrom(netip.AddrFrom16(at.Addr).Unmap(), port(&at.Port))
	}
	return netip.AddrPort{}
}

func acceptFD(fd uintptr, from *syscall.RawSockaddrAny) (int, error) {
	for {
		size := uint32(syscall.SizeofSockaddrAny)
		n, _, errno := syscall.RawSyscall6(syscall.SYS_ACCEPT4, fd, uintptr(unsafe.Pointer(from)), uintptr(unsafe.Pointer(&size)),
			syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0, 0)
		switch errno {
		case 0:
			return int(n), nil
		case syscall.EINTR:
		default:
			return 0, errno
		}
	}
}
