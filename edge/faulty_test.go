package edge

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"headwater/edge/h2"
)

// A buggy link can read a few times and no more.
type buggy struct {
	link
	left *int
}

func (l buggy) read(b []byte, due time.Time) (int, error) {
	if *l.left == 0 {
		panic("a bug")
	}
	*l.left--
	return l.link.read(b, due)
}

// Break puts a bug into the idle connections to the site's first backend, which is met after
// that many reads.
func (e *Edge) Break(host string, reads int) {
	p := e.table.Load().exact.find([]byte(host)).backends[0].pool
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.shelves {
		for _, c := range s.idle {
			c.link = buggy{c.link, &reads}
		}
	}
}

// A stuck link is written to in vain until it is closed, and has a bug in reading.
type stuck struct {
	paper
	begun, closed chan struct{}
	once          *sync.Once
}

func newStuck() stuck {
	return stuck{begun: make(chan struct{}, 1), closed: make(chan struct{}), once: new(sync.Once)}
}

func (l stuck) read([]byte, time.Time) (int, error) { panic("a bug") }

func (l stuck) write([]byte, time.Duration) (int, error) {
	l.begun <- struct{}{}
	<-l.closed
	return 0, errInterrupted
}

func (l stuck) close() { l.once.Do(func() { close(l.closed) }) }

// uploading is an exchange with five bytes to carry from a client to an origin.
func uploading(t *testing.T, client, origin link) *exchange {
	e := New(Config{})
	t.Cleanup(func() { e.Shutdown(t.Context()) })
	x := newExchange(&clientConn{edge: e, link: client})
	x.req.length = 5
	x.origin = &originConn{link: origin, pool: &pool{}, tally: newTally()}
	x.c.origin.Store(x.origin)
	x.up.x, x.up.left, x.up.done = x, 5, make(chan struct{})
	return x
}

// A mute link has a bug in writing.
type mute struct{ stuck }

func (mute) write([]byte, time.Duration) (int, error) { panic("a bug") }

// A bug in what HTTP/2 writes ends its connection, and no other.
func TestMuxPanicIsContained(t *testing.T) {
	e := New(Config{})
	t.Cleanup(func() { e.Shutdown(t.Context()) })
	l := mute{newStuck()}
	c := &clientConn{edge: e, link: l}
	c.startMux()
	m := c.mux.Load()
	if _, err := m.Feed([]byte(h2.Preface), time.Now()); err != nil { // which is greeted
		t.Fatal(err)
	}
	<-l.closed
	if n := e.Panics(); n != 1 {
		t.Errorf("%d panics, want 1", n)
	}
	m.Finish(nil)
	m.Join()
}

// A lame link brings what it has, and has a bug in bringing more, once the heads of as
// many answers were written.
type lame struct {
	stuck
	has     []byte
	written chan string
	answers int
}

func (l lame) reside(r resident) error {
	r.turn(func(b []byte) (int, error) { return copy(b, l.has), nil })
	for have := ""; strings.Count(have, ",VE") < l.answers; {
		have += <-l.written
	}
	panic("a bug")
}

func (l lame) write(b []byte, _ time.Duration) (int, error) {
	l.written <- string(b)
	return len(b), nil
}

// A bug in what reads HTTP/2 ends all that the connection has, at once: here two
// answers for which the client never opened a window.
func TestMuxReaderPanicIsContained(t *testing.T) {
	e := New(Config{H2C: true, Client: Timeouts{Write: time.Hour}})
	t.Cleanup(func() { e.Shutdown(t.Context()) })
	var has, block bytes.Buffer
	has.WriteString(h2.Preface)
	f, fields := http2.NewFramer(&has, nil), hpack.NewEncoder(&block)
	f.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize})
	for _, pair := range [][2]string{{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {":authority", "a.test"}} {
		fields.WriteField(hpack.HeaderField{Name: pair[0], Value: pair[1], Sensitive: true}) // which is not indexed
	}
	for id := uint32(1); id <= 3; id += 2 {
		f.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: block.Bytes(), EndStream: true, EndHeaders: true})
	}
	l := lame{newStuck(), has.Bytes(), make(chan string, 100), 2}
	c := &clientConn{edge: e, link: l}
	c.serve()
	<-l.closed
	over := make(chan struct{})
	go func() {
		defer close(over)
		c.mux.Load().Join()
	}()
	select {
	case <-over:
	case <-time.After(time.Minute):
		t.Fatal("an answer still waits for its window")
	}
	if n := e.Panics(); n != 1 {
		t.Errorf("%d panics, want 1", n)
	}
}

// A bug in what carries a body closes both its connections, and nothing of the
// exchange is used again.
func TestUploadPanicIsContained(t *testing.T) {
	client, origin := newStuck(), newStuck()
	x := uploading(t, client, origin)
	x.up.run()
	<-x.up.done
	<-client.closed
	<-origin.closed
	if x.up.failure != failInternal || x.c.edge.Panics() != 1 {
		t.Errorf("failure %q, %d panics", failures[x.up.failure].reason, x.c.edge.Panics())
	}
	if x.free(); x.c == nil {
		t.Error("the exchange went back to the pool")
	}
}

// So does one in what carries a tunnel.
func TestTunnelPanicIsContained(t *testing.T) {
	client, origin := newStuck(), newStuck()
	x := uploading(t, client, origin)
	x.up.done = nil
	tunnel := newTunnel(x)
	tunnel.carryUp()
	<-tunnel.done
	<-client.closed
	<-origin.closed
	tunnel.settle()
	if x.event.failure != failInternal || x.c.edge.Panics() != 1 {
		t.Errorf("failure %q, %d panics", failures[x.event.failure].reason, x.c.edge.Panics())
	}
	if x.free(); x.c == nil {
		t.Error("the exchange went back to the pool")
	}
}
