package edge_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"headwater/edge"
	"headwater/edge/edgetest"
	"headwater/service"
)

// A flapper is an origin that ends its connections while it is down, at once or
// instead of an answer. It keeps which requests it was sent.
type flapper struct {
	*edgetest.Origin
	down  atomic.Bool
	asked sync.Map // number of times by id
}

func newFlapper(t *testing.T) *flapper {
	f := &flapper{}
	f.Origin = edgetest.NewOrigin(t, func(c *edgetest.Conn) {
		if f.down.Load() {
			return
		}
		edgetest.Handle(func(c *edgetest.Conn, r *edgetest.Request) {
			n, _ := f.asked.LoadOrStore(r.Fields.Get("X-Id"), new(atomic.Int32))
			n.(*atomic.Int32).Add(1)
			if f.down.Load() {
				c.Reset()
				return
			}
			c.Write(ok(r.Fields.Get("X-Id")))
		})(c)
	})
	return f
}

// times is how often the origin was sent a request.
func (f *flapper) times(id string) int {
	n, known := f.asked.Load(id)
	if !known {
		return 0
	}
	return int(n.(*atomic.Int32).Load())
}

// While a member of a pool goes down and comes back, no GET is lost, no POST is sent
// twice, and every answer is that to its request.
func TestMemberFlapsUnderLoad(t *testing.T) {
	const clients, each = 8, 150
	edgetest.Both(t, func(t *testing.T, plain bool) {
		flaps, stays := newFlapper(t), newFlapper(t)
		pooled := func(name string) edgetest.Set {
			return func(b *service.Backend) { b.Name, b.AutoLoadbalance, b.ConnectTimeout = name, true, 10_000 }
		}
		e := edgetest.Start(t, edge.Config{PlainIO: plain},
			edgetest.Snapshot(edgetest.Backend(flaps.Origin, pooled("a")), edgetest.Backend(stays.Origin, pooled("b"))))
		var done, lost atomic.Int64
		var load sync.WaitGroup
		for k := range clients {
			load.Go(func() {
				c := e.Dial(t)
				for i := range each {
					if done.Add(1)%40 == 0 {
						flaps.down.Store(!flaps.down.Load())
					}
					id := fmt.Sprintf("%d-%d", k, i)
					request := get("/", "X-Id: "+id)
					if i%3 == 0 {
						request = post("/", 4, "X-Id: "+id) + "body"
					}
					c.Send(request)
					a, err := c.TryAnswerTo("GET")
					if err != nil {
						t.Errorf("%s: %v", id, err)
						return
					}
					switch {
					case a.Status == 200 && string(a.Body) == id:
					case a.Status == 503 && i%3 == 0 && flaps.times(id) <= 1:
						lost.Add(1)
						c = e.Dial(t)
					default:
						t.Errorf("%s: %d %s %q", id, a.Status, a.Reason, a.Body)
						return
					}
					if n := flaps.times(id) + stays.times(id); i%3 == 0 && n > 1 {
						t.Errorf("POST %s was sent %d times", id, n)
					}
				}
			})
		}
		load.Wait()
		t.Logf("%d of %d POSTs were lost", lost.Load(), clients*each/3)
	})
}
