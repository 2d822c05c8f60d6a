//go:build !linux

package edge

// A lot is where connections wait without a goroutine. There is none on this system, and
// so nobody who leads one.
type lot struct {
	ended  chan struct{}
	thread thread
}

func (*clientConn) leads() *lot { return nil }
func (*clientConn) near() *lot  { return nil }

func (*lot) place() int { return 0 }

func (*lot) turn() (c *clientConn, open bool) { return nil, false }

func (*lot) leave() bool { return false }

func (*lot) clear(func(task)) {}
func (*lot) rouse()           {}
func (*lot) hold(*clientConn) {}

func (*lot) prolong() *clientConn { return nil }

// A thread is that of whoever leads a lot.
type thread struct{}

func (*thread) letGo() {}

// mail is what a client has to do with a lot's outbox.
type mail struct{}

func (*mail) behind() bool { return false }

func (*clientConn) settle()   {}
func (*clientConn) conclude() {}

func (*clientConn) putOff(*exchange) bool { return false }
