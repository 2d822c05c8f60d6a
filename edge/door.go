package edge

import (
	"errors"
	"io"
	"net"
	"time"
)

// A door is where clients come in.
type door interface {
	io.Closer

	// admit lets in one client or more. It returns an error if none comes any more,
	// which is [net.ErrClosed], or none for now.
	admit() error
}

// openDoor makes a door of a listener.
func (e *Edge) openDoor(l net.Listener, o *offer) door {
	e.mu.Lock()
	defer e.mu.Unlock()
	var d door
	if tcp, ok := l.(*net.TCPListener); ok && !e.cfg.PlainIO && !e.draining.Load() {
		d = e.newLotDoor(tcp, o)
	}
	if d == nil {
		d = &plainDoor{e, l, o}
	}
	e.doors[d] = struct{}{}
	return d
}

// accept lets clients in until draining begins.
func (e *Edge) accept(l net.Listener, o *offer) error {
	d := e.openDoor(l, o)
	defer d.Close()
	var pause time.Duration
	for !e.draining.Load() {
		err := e.admit(d)
		if err == nil {
			pause = 0
			continue
		}
		if errors.Is(err, net.ErrClosed) {
			break
		}
		// Most likely out of descriptors: others' connections end, so wait.
		pause = min(max(2*pause, 5*time.Millisecond), time.Second)
		e.cfg.Log.Error("accept", "error", err, "retry", pause)
		select {
		case <-e.drain:
		case <-time.After(pause):
		}
	}
	return nil
}

// admit is the door's, and makes an error of a bug.
func (e *Edge) admit(d door) (err error) {
	defer func() {
		if p := recover(); p != nil {
			e.notePanic(p)
			err = errPanic
		}
	}()
	return d.admit()
}

// A plainDoor accepts through net.Listener. Each client has a goroutine for as long
// as it is connected.
type plainDoor struct {
	edge     *Edge
	listener net.Listener
	offer    *offer
}

func (d *plainDoor) Close() error { return d.listener.Close() }

func (d *plainDoor) admit() error {
	conn, err := d.listener.Accept()
	if err != nil {
		return err
	}
	tcp := conn.(*net.TCPConn)
	c := newClientConn(d.edge, newPlainLink(tcp), addressOf(tcp.RemoteAddr()), addressOf(tcp.LocalAddr()), d.offer)
	if d.edge.remember(c) {
		d.edge.engage(c)
	} else {
		c.link.close()
	}
	return nil
}
