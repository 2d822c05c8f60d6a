//go:build linux

package edge

import (
	"net"
	"net/netip"
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

// A lotDoor accepts for the lots. Connections inherit what is set on the socket that
// listens, so that one costs a call to accept and one to watch it.
type lotDoor struct {
	edge  *Edge
	offer *offer
	file  *os.File
	rc    syscall.RawConn
	early bool           // those that come may have come before the socket was set
	local netip.AddrPort // of all that come; invalid if each has to be asked for its own
}

// newLotDoor returns nil where there cannot be one. Otherwise it takes the place of
// tcp, which it closes.
func (e *Edge) newLotDoor(tcp *net.TCPListener, o *offer) door {
	if len(e.lots.all) == 0 {
		return nil
	}
	file, err := tcp.File()
	if err != nil {
		return nil
	}
	rc, err := file.SyscallConn()
	if err == nil {
		err = rc.Control(func(fd uintptr) {
			noDelay(int(fd))
		})
	}
	if err != nil {
		file.Close()
		return nil
	}
	d := &lotDoor{edge: e, offer: o, file: file, rc: rc, early: true}
	if at := addressOf(tcp.Addr()); !at.Addr().IsUnspecified() {
		d.local = at
	}
	tcp.Close()
	return d
}

// lots are the edge's, as many as there are processors to lead them.
type lots struct {
	all    []*lot
	convoy *convoy // of all
	next   atomic.Uint32
}

// open makes them, or none if the system has none to give.
func (s *lots) open(e *Edge) {
	for range runtime.GOMAXPROCS(0) {
		l, err := newLot(e.engage, e.notePanic)
		if err != nil {
			break
		}
		s.all = append(s.all, l)
	}
	s.convoy = form(s.all, e.give)
	if e.cfg.Rush {
		s.settle()
	}
	for _, l := range s.all {
		e.give(task{lot: l})
	}
}

// some returns one after another.
func (s *lots) some() *lot { return s.all[s.next.Add(1)%uint32(len(s.all))] }

// adopt makes a link of a connection to an origin, in the lot near if it is not nil; no
// link if there are no lots.
func (s *lots) adopt(tcp *net.TCPConn, near *lot) (link, *lot) {
	if len(s.all) == 0 {
		return nil, nil
	}
	if near == nil {
		near = s.some()
	}
	if l := near.adopt(tcp); l != nil {
		return l, near
	}
	return nil, nil
}

func (s *lots) close() {
	if s.convoy != nil {
		s.convoy.close()
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
				if d.early {
					noDelay(client)
				}
				d.start(client, &from)
				if d.edge.draining.Load() {
					return true // however many more there are
				}
			case syscall.EAGAIN:
				d.early = false
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

func noDelay(fd int) { syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1) }

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
	l := newLotLink(d.edge.lots.some(), fd, parked)
	l.owner = newClientConn(d.edge, l, sockaddr(from), local, d.offer)
	l.owner.lot, l.home = l.lot, l.lot
	if d.edge.remember(l.owner) { // and from now on Shutdown may have it go on
		l.watch(time.Now().Add(wait))
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
