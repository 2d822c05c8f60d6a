package probe

import (
	"net"
	"sync/atomic"
	"testing"
	"time"

	"headwater/dial"
)

// A real origin that flaps: well, then ill in another way each time, then well again.
func TestRealOriginFlaps(t *testing.T) {
	t.Parallel()
	well := saying("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	ills := []struct {
		name    string
		serve   func(net.Conn)
		outcome Outcome
	}{
		{"refuses to work", saying("HTTP/1.1 503 Busy\r\n\r\n"), WrongStatus},
		{"keeps silent", untilGone(readByte), Late},
		{"ends connections", reading(func(net.Conn) {}), Broken},
		{"resets them", reading(func(c net.Conn) { c.(*net.TCPConn).SetLinger(0) }), Broken},
		{"says what is no HTTP", saying("I am well, thank you.\r\n\r\n"), Malformed},
		{"never ends", reading(endless("HTTP/1.1 200 OK\r\n", "Very: well\r\n")), Malformed},
	}
	var serve atomic.Pointer[func(net.Conn)]
	serve.Store(&well)
	port := origin(t, func(c net.Conn) { (*serve.Load())(c) })
	changes := make(chan Change, 100)
	s := NewSet(Config{Network: &dial.Network{}, Changed: func(c Change) { changes <- c }})
	defer s.Close()
	h := check(t, "window=1", "threshold=1", "initial=1", "timeout=2000")
	h.CheckInterval = 20
	m := member(t, h)
	m.Plan = plan(t, "127.0.0.1", port)
	p := s.Join(m)
	next := func(healthy bool, what string) {
		t.Helper()
		select {
		case c := <-changes:
			if c.Healthy != healthy || p.Healthy() != healthy {
				t.Fatalf("%s: the change is %+v", what, c)
			}
		case <-time.After(patience):
			t.Fatalf("%s: not healthy: %v", what, healthy)
		}
	}
	for _, ill := range ills {
		serve.Store(&ill.serve)
		next(false, ill.name)
		results := p.Status().Addresses[0].Results
		if last := results[len(results)-1]; last.Outcome != ill.outcome {
			t.Errorf("%s: %v, %s; want %v", ill.name, last.Outcome, last.Reason, ill.outcome)
		}
		serve.Store(&well)
		next(true, ill.name+" no more")
	}
}
