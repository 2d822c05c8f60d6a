//go:build linux

package edge

import (
	"net"
	"runtime"
	"slices"
	"testing"
	"time"
)

// A crowd is what a machine under load does between two turns of one exchange: other
// exchanges have theirs, and whatever else there is takes the caches.
type crowd struct {
	near, far uintptr // a connection
	text      []byte  // that goes over it
	memory    []byte  // of others
	at        int     // how far they are in it
	turn      *crowdClient
}

const (
	crowdSize   = 64       // exchanges at a time
	crowdMemory = 32 << 10 // bytes that others touch between two turns
)

func (c *crowd) elsewhere() {
	writeFD(c.near, c.text)
	readFD(c.far, c.text)
	at := c.at
	c.at = (at + crowdMemory) % len(c.memory)
	for end := at + crowdMemory; at < end; at += 64 {
		c.memory[at]++
	}
}

// A crowdClient is the link to a client in a crowd. It keeps how long the exchange
// itself has run.
type crowdClient struct {
	cannedLink
	crowd *crowd
	began time.Time
	ran   time.Duration
}

func (l *crowdClient) write(b []byte, _ time.Duration) (int, error) {
	l.ran += time.Since(l.began)
	l.crowd.elsewhere()
	l.began = time.Now()
	return len(b), nil
}

// A crowdOrigin is the link to an origin that makes whoever asks it wait.
type crowdOrigin struct {
	cannedLink
	crowd *crowd
}

func (l *crowdOrigin) read(b []byte, due time.Time) (int, error) {
	asking := l.crowd.turn
	asking.ran += time.Since(asking.began)
	l.crowd.elsewhere()
	runtime.Gosched()
	l.crowd.turn = asking
	asking.began = time.Now()
	return l.cannedLink.read(b, due)
}

// BenchmarkCrowd is BenchmarkExchange as it is under load: with others in between, and
// without what these take. Half of all requests took ran-ns or less.
func BenchmarkCrowd(b *testing.B) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	c := newCrowd(b)
	e := cannedClient(b, "").edge
	p := e.table.Load().find([]byte("test.example")).backends[0].pool
	p.idle = nil
	answer := []byte(answer1K)
	ran := make([]time.Duration, 0, b.N+crowdSize)
	done := make(chan bool)
	for range crowdSize {
		p.add()
		p.put(&originConn{pool: p, served: 1, link: &crowdOrigin{cannedLink{answer: answer}, c}})
		go func() {
			conn := &clientConn{edge: e, remote: "192.0.2.7"}
			for range b.N/crowdSize + 1 {
				ran = append(ran, c.ask(conn))
			}
			done <- true
		}()
	}
	for range crowdSize {
		<-done
	}
	slices.Sort(ran)
	b.ReportMetric(float64(ran[len(ran)/2]), "ran-ns/op")
}

// ask has a client make one request, and returns how long that ran.
func (c *crowd) ask(conn *clientConn) time.Duration {
	link := &crowdClient{crowd: c, began: time.Now()}
	c.turn, conn.link, conn.started = link, link, link.began
	const text = "GET /bench/1k?x=y HTTP/1.1\r\nHost: test.example\r\n\r\n"
	conn.ask(text, len(text))
	return link.ran + time.Since(link.began)
}

func newCrowd(t testing.TB) *crowd {
	descriptor := func(c *net.TCPConn) (fd uintptr) {
		rc, err := c.SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		rc.Control(func(of uintptr) { fd = of })
		return fd
	}
	near, far := tcpPair(t)
	return &crowd{near: descriptor(near), far: descriptor(far), text: make([]byte, 1200), memory: make([]byte, 64<<20)}
}
