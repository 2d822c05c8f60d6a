package edge

import (
	"net"
	"runtime"
	"testing"
)

// A pool gives out the connections that are fit, newest first, however many are
// unfit between them and for whatever reason.
func TestPoolGivesOutFitConnections(t *testing.T) {
	for name, kind := range map[string]func(testing.TB, *net.TCPConn) link{
		"plain": func(_ testing.TB, c *net.TCPConn) link { return newPlainLink(c) },
		"lot":   newLinkOfLot,
	} {
		t.Run(name, func(t *testing.T) {
			p := new(pool)
			var fit []*originConn
			for i := range 100 {
				tested, peer := tcpPair(t)
				l := kind(t, tested)
				if l == nil {
					return // there is no such kind here
				}
				c := &originConn{link: l, pool: p}
				switch i % 4 {
				case 1:
					peer.Close()
				case 2:
					peer.Write([]byte("x"))
				case 3:
					peer.CloseWrite()
				default:
					fit = append(fit, c)
				}
				for i%4 != 0 && !l.stale(nil) {
					runtime.Gosched() // until what the peer did has arrived
				}
				p.put(c)
			}
			for i := len(fit) - 1; i >= 0; i-- {
				if got := p.get(nil, nil); got != fit[i] {
					t.Fatalf("connection %d of the fit ones was not given out in its turn", i)
				}
			}
			if p.get(nil, nil) != nil {
				t.Error("a connection that is not fit was given out")
			}
		})
	}
}

// A look holds for one use.
func TestPoolLooksAgain(t *testing.T) {
	tested, peer := tcpPair(t)
	p := new(pool)
	l := newLinkOfLot(t, tested)
	if l == nil {
		l = newPlainLink(tested)
	}
	c := &originConn{link: l, pool: p}
	p.put(c)
	if p.get(nil, nil) != c {
		t.Fatal("a quiet connection is not given out")
	}
	peer.Close()
	for !l.stale(nil) {
		runtime.Gosched()
	}
	p.put(c)
	if p.get(nil, nil) != nil {
		t.Error("a connection that ended while it was in use is given out")
	}
}
