package edge

import (
	"bytes"
	"io"
	"net"
	"runtime"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// sharedLink returns a link that is shared, and the other end of its connection.
func sharedLink(t *testing.T) (*lotLink, *net.TCPConn) {
	t.Helper()
	tested, peer := tcpPair(t)
	l := startLot(t, func(*clientConn) {}).adopt(tested)
	if l == nil {
		t.Fatal("the lot takes no connection")
	}
	t.Cleanup(l.close)
	l.share()
	return l, peer
}

// stuff keeps numbered pieces until the system has no room for more of them, and returns all.
func stuff(t *testing.T, l *lotLink) (all []byte) {
	t.Helper()
	for i := byte(0); ; i++ {
		piece := bytes.Repeat([]byte{i}, 30<<10)
		if err := l.keep(piece); err != nil {
			t.Fatal(err)
		}
		all = append(all, piece...)
		if gone, err := l.flush(); err != nil {
			t.Fatal(err)
		} else if !gone {
			return all
		}
	}
}

// What a shared link has no room for is kept: it goes before what is written next, and
// whoever keeps it does not wait.
func TestSharedLinkKeepsOrder(t *testing.T) {
	l, peer := sharedLink(t)
	want := stuff(t, l)
	if err := l.keep([]byte("kept")); err != nil {
		t.Fatal(err)
	}
	want = append(append(want, "kept"...), "written"...)
	wrote := make(chan error, 1)
	go func() {
		_, err := l.write([]byte("written"), time.Minute)
		wrote <- err
	}()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(peer, got); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("what came is not what was written, in order")
	}
	if err := <-wrote; err != nil {
		t.Error(err)
	}
	if all, err := l.flush(); !all || err != nil || l.backlog.home != nil {
		t.Errorf("afterwards: all %v, %v, with memory %v", all, err, l.backlog.home != nil)
	}
}

// Nothing is kept without bound, and whoever waits for room does so for a time.
func TestSharedLinkStalls(t *testing.T) {
	l, _ := sharedLink(t)
	for err := error(nil); err != errTimeout; _, err = l.write(nil, time.Millisecond) {
		if err != nil {
			t.Fatal(err)
		}
		stuff(t, l) // for which the system may make more room, but not for ever
	}
	for kept := 0; ; kept += 16 << 10 {
		if err := l.keep(make([]byte, 16<<10)); err == errBacklog {
			break
		} else if err != nil || kept > maxBacklog {
			t.Fatalf("%d bytes are kept: %v", kept, err)
		}
	}
	l.close()
	if _, err := l.flush(); err != net.ErrClosed {
		t.Errorf("closed: %v", err)
	}
}

// Who reads slowly is served to the end, however long that takes, if there is room whenever a wait for it is over.
func TestSharedLinkOfSlowReader(t *testing.T) {
	lot, err := newLot(func(*clientConn) {}, func(p any) { t.Errorf("panic: %v", p) })
	if err != nil {
		t.Fatal(err)
	}
	lot.over = true // so that waits are over when the test says so
	t.Cleanup(func() {
		close(lot.ended) // which nobody leads
		lot.close()
	})
	tested, peer := tcpPair(t)
	l := lot.adopt(tested)
	if l == nil {
		t.Fatal("the lot takes no connection")
	}
	t.Cleanup(l.close)
	syscall.SetsockoptInt(int(l.fd), syscall.SOL_SOCKET, syscall.SO_SNDBUF, 1)
	l.share()
	stuff(t, l)
	l.keep(make([]byte, 64<<10)) // more than there is room for at a time

	flushed := make(chan error, 1)
	go func() { flushed <- l.flushAll(time.Nanosecond) }()
	for waits := 0; ; runtime.Gosched() {
		select {
		case err := <-flushed:
			if err != nil || waits < 2 {
				t.Errorf("%v, after %d waits", err, waits)
			}
			return
		default:
		}
		if l.out.state.Load() == awaited {
			waits++
			takeAll(t, l, peer)
			lot.sweep()
		}
	}
}

// takeAll reads until all that was written has come.
func takeAll(t *testing.T, l *lotLink, peer *net.TCPConn) {
	t.Helper()
	b := make([]byte, 16<<10)
	for end := soon(30 * time.Second); ; {
		var left int32
		syscall.Syscall(syscall.SYS_IOCTL, uintptr(l.fd), syscall.TIOCOUTQ, uintptr(unsafe.Pointer(&left)))
		if left == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d bytes have not come", left)
		}
		peer.SetReadDeadline(soon(time.Millisecond))
		peer.Read(b)
	}
}
