package main

import (
	"errors"
	"net"
	"syscall"
	"time"
)

// stopHearing fills the queue of connections that nobody accepts, so that the
// kernel drops what comes after them.
func (o *origin) stopHearing() error {
	raw, err := o.listener.(*net.TCPListener).SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) { failed = syscall.Listen(int(fd), 0) })
	if err = errors.Join(err, failed); err != nil {
		return err
	}
	for {
		c, err := net.DialTimeout("tcp", o.listener.Addr().String(), 100*time.Millisecond)
		if err != nil {
			return nil
		}
		o.held = append(o.held, c)
	}
}
