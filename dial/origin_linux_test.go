package dial

import (
	"errors"
	"fmt"
	"net"
	"syscall"
	"testing"
	"time"

	"headwater/dial/dialtest"
	"headwater/service"
)

// What the kernel says of a connection's keepalives is what the backend says.
func TestKeepAlivesOfTheSocket(t *testing.T) {
	e := listen(t, "tcp4", "127.0.0.1:0")
	tests := []struct {
		name                            string
		edit                            func(*service.Backend)
		enable, idle, interval, counted int
	}{
		{"unset", func(*service.Backend) {}, 1, 300, 10, 3},
		{"on", func(b *service.Backend) { b.TCPKeepaliveEnable = new(true) }, 1, 300, 10, 3},
		{"off", func(b *service.Backend) { b.TCPKeepaliveEnable = new(false) }, 0, -1, -1, -1},
		{"time", func(b *service.Backend) { b.TCPKeepaliveTime = new(int64(77)) }, 1, 77, 10, 3},
		{"interval", func(b *service.Backend) { b.TCPKeepaliveInterval = new(int64(7)) }, 1, 300, 7, 3},
		{"probes", func(b *service.Backend) { b.TCPKeepaliveProbes = new(int64(9)) }, 1, 300, 10, 9},
		{"the most", func(b *service.Backend) {
			b.TCPKeepaliveTime, b.TCPKeepaliveInterval, b.TCPKeepaliveProbes = new(int64(32767)), new(int64(32767)), new(int64(127))
		}, 1, 32767, 32767, 127},
	}
	for _, tt := range tests {
		o := open(t, new(Network), func(b *service.Backend) { b.Port = int64(e.Port); tt.edit(b) })
		c, err := dialled(t, o, 10*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		for _, option := range []struct{ level, name, want int }{
			{syscall.SOL_SOCKET, syscall.SO_KEEPALIVE, tt.enable},
			{syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE, tt.idle},
			{syscall.IPPROTO_TCP, syscall.TCP_KEEPINTVL, tt.interval},
			{syscall.IPPROTO_TCP, syscall.TCP_KEEPCNT, tt.counted},
		} {
			if got := sockopt(t, c, option.level, option.name); option.want >= 0 && got != option.want {
				t.Errorf("%s: option %d is %d, want %d", tt.name, option.name, got, option.want)
			}
		}
	}
}

func sockopt(t *testing.T, c *net.TCPConn, level, name int) (value int) {
	t.Helper()
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if e := raw.Control(func(fd uintptr) { value, err = syscall.GetsockoptInt(int(fd), level, name) }); e != nil || err != nil {
		t.Fatal(e, err)
	}
	return value
}

// An address that answers nothing ends in its time, or gives way to another.
func TestDialBlackHole(t *testing.T) {
	o := open(t, new(Network), func(b *service.Backend) { b.Port = int64(dialtest.BlackHole(t)) })
	_, err := dialled(t, o, 100*time.Millisecond)
	var e *Error
	if !errors.As(err, &e) || e.Cause != TimedOut || reasonOf(err) != "Connection timed out" {
		t.Errorf("%v", err)
	}

	port := blackHoleAndOther(t)
	n := newNetwork(t, nil, "127.0.0.1 origin.test", "127.0.0.2 origin.test")
	o = open(t, n, func(b *service.Backend) { b.Address, b.Port = "origin.test", int64(port) })
	for range 2 {
		c, err := dialled(t, o, 30*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.RemoteAddr().(*net.TCPAddr).IP.String(); got != "127.0.0.2" {
			t.Errorf("connected to %s", got)
		}
	}
}

// blackHoleAndOther returns a port where 127.0.0.1 answers nobody and 127.0.0.2
// does.
func blackHoleAndOther(t *testing.T) int {
	t.Helper()
	for range 20 {
		port := dialtest.BlackHole(t)
		l, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.2", fmt.Sprint(port)))
		if err == nil {
			t.Cleanup(func() { l.Close() })
			return port
		}
	}
	t.Fatal("no port is free at 127.0.0.2")
	return 0
}
