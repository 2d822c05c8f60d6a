//go:build linux

package edge

import (
	"context"
	"io"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"
)

// Shutdown waits for no client that is let in at the same time: not for one that
// nobody watches yet, nor for one that comes too late.
func TestShutdownWhileAClientIsLetIn(t *testing.T) {
	e := New(Config{})
	tested, early := tcpPair(t)
	l := newLotLink(e.lots.some(), raw(t, tested), parked)
	l.owner = newClientConn(e, l, netip.AddrPort{}, netip.AddrPort{}, nil)
	if !e.remember(l.owner) {
		t.Fatal("no client may come")
	}
	ended := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		ended <- e.Shutdown(ctx)
	}()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("Shutdown: %v", err)
		}
	case <-time.After(time.Minute):
		t.Fatal("Shutdown does not end")
	}
	l.watch(soon(time.Minute))
	tested, late := tcpPair(t)
	d := &lotDoor{edge: e, local: netip.MustParseAddrPort("127.0.0.1:80")}
	d.start(raw(t, tested), new(syscall.RawSockaddrAny))
	for name, peer := range map[string]*net.TCPConn{"early": early, "late": late} {
		peer.SetDeadline(soon(30 * time.Second))
		if n, err := peer.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("%s: %d, %v; want the end", name, n, err)
		}
	}
	if n := e.Panics(); n != 0 {
		t.Errorf("%d panics", n)
	}
}
