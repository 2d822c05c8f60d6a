package edge_test

import (
	"fmt"
	"testing"
	"time"

	"headwater/dial/dialtest"
	"headwater/edge"
	"headwater/edge/edgetest"
	"headwater/service"
)

// A weighted pool with one bad member loses nothing but what no rule lets it send
// again, and never mixes answers up.
func TestPoolsWithABadMember(t *testing.T) {
	echo := edgetest.Handle(func(c *edgetest.Conn, r *edgetest.Request) { c.Write(ok(r.Method + r.Target)) })
	const short, long = 100, 10_000
	tests := []struct {
		name string

		connect, firstByte int64 // in which the bad one has to

		bad  func(*testing.T) (port int, asked func() int) // and how often it was asked something
		lost map[string]string                             // the reason of each loss, by method
	}{
		{"refused", long, long, func(t *testing.T) (int, func() int) { return edgetest.RefusedPort(t), never }, nil},
		{"black-holed", short, long, func(t *testing.T) (int, func() int) { return dialtest.BlackHole(t), never }, nil},
		{"silent", long, short, scripted(func(*edgetest.Conn, *edgetest.Request) {}),
			map[string]string{"GET": "first byte timeout", "POST": "first byte timeout"}},
		{"ends connections", long, long, scripted(func(c *edgetest.Conn, _ *edgetest.Request) { c.Close() }),
			map[string]string{"POST": "backend read error"}},
		{"resets them", long, long, scripted(func(c *edgetest.Conn, _ *edgetest.Request) { c.Reset() }),
			map[string]string{"POST": "backend read error"}},
		{"flaps", long, long, scripted(func(c *edgetest.Conn, r *edgetest.Request) {
			if c.Index%2 == 0 && r.Nth == 0 {
				c.Write(ok(r.Method + r.Target))
				return
			}
			c.Close()
		}), map[string]string{"POST": "backend read error"}},
	}
	edgetest.Both(t, func(t *testing.T, plain bool) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				port, asked := tt.bad(t)
				pooled := func(name string, connect, firstByte int64) edgetest.Set {
					return func(b *service.Backend) {
						b.Name, b.AutoLoadbalance, b.ConnectTimeout, b.FirstByteTimeout = name, true, connect, firstByte
					}
				}
				e := edgetest.Start(t, edge.Config{PlainIO: plain}, edgetest.Snapshot(
					edgetest.BackendAt("127.0.0.1", port, pooled("bad", tt.connect, tt.firstByte)),
					edgetest.Backend(edgetest.NewOrigin(t, echo), pooled("b", long, long)),
					edgetest.Backend(edgetest.NewOrigin(t, echo), pooled("c", long, long))))
				for i := range 15 {
					for _, method := range []string{"GET", "POST"} {
						before := asked()
						c := e.Dial(t)
						target := fmt.Sprint("/", i)
						if method == "GET" {
							c.Send(get(target))
						} else {
							c.Send(post(target, 1) + "x")
						}
						a := c.Answer()
						switch {
						case a.Status == 200 && string(a.Body) == method+target:
						case a.Status == 503 && a.Reason == tt.lost[method] && happens(func() bool { return asked() > before }):
						default:
							t.Errorf("%s %s: %d %s %q", method, target, a.Status, a.Reason, a.Body)
						}
					}
				}
			})
		}
	})
}

func never() int { return 0 }

// happens waits for something that has to happen: an origin may read what it was asked after
// the edge has given up on it.
func happens(yet func() bool) bool {
	for end := time.Now().Add(30 * time.Second); !yet(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			return false
		}
	}
	return true
}

// scripted is an origin in clear that counts what it is asked.
func scripted(script func(*edgetest.Conn, *edgetest.Request)) func(*testing.T) (int, func() int) {
	return func(t *testing.T) (int, func() int) {
		o := edgetest.NewTLSOrigin(t, nil, edgetest.Handle(script))
		return o.Port(), func() (n int) {
			for _, c := range o.Conns() {
				n += c.Requests()
			}
			return n
		}
	}
}
