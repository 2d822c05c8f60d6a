//go:build linux

package edge

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"slices"
	"testing"
	"time"

	"headwater/service"
)

// A crowd is what a machine under load does between two turns of one exchange: other
// exchanges have theirs, and whatever else there is takes the caches.
type crowd struct {
	near, far uintptr // a connection
	text      []byte  // that goes over it
	memory    []byte  // of others
	at        int     // how far they are in it
	turn      *crowdClient

	requests []string // of which one is made at random
	random   *rand.Rand
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

func (l *crowdClient) post(b []byte, stall time.Duration) (int, error) { return l.write(b, stall) }

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
// without what these take; of one service of ten backends, of a thousand that are asked at
// random, and of a realistic one. Half of all requests took ran-ns or less.
func BenchmarkCrowd(b *testing.B) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for _, n := range []int{1, 1000} {
		b.Run(fmt.Sprintf("services=%d", n), func(b *testing.B) { benchmarkCrowd(b, Config{}, manyServices(b, n)...) })
	}
	b.Run("realistic", func(b *testing.B) {
		log := NewAccessLog(io.Discard, time.Second, func(err error) { b.Error(err) })
		b.Cleanup(func() { log.Close(context.Background()) })
		benchmarkCrowd(b, Config{AccessLog: log}, realisticVersion(b))
	})
}

// manyServices are versions of so many services, of a domain and ten backends each.
func manyServices(t testing.TB, n int) (all []*service.Snapshot) {
	for i := range n {
		s, add := versionOf(t, 1)
		s.Service = fmt.Sprintf("service-%d", i)
		add(service.DomainKind, "name", fmt.Sprintf("s%d.test.example", i))
		for j := range 10 {
			add(service.BackendKind, "name", fmt.Sprint("b", j), "address", "127.0.0.1", "max_conn", "0")
		}
		all = append(all, s)
	}
	return all
}

// benchmarkCrowd takes versions whose backends are all at the same address.
func benchmarkCrowd(b *testing.B, cfg Config, versions ...*service.Snapshot) {
	c := newCrowd(b)
	e := cannedClientOf(b, cfg, "", versions...).edge
	for _, s := range versions {
		host := service.All[*service.Domain](s, service.DomainKind)[0].Name
		c.requests = append(c.requests, "GET /bench/1k?x=y HTTP/1.1\r\nHost: "+host+"\r\n\r\n")
	}
	p := e.services[versions[0].Service].site.backends[0].pool
	p.shelves = nil
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
	text := c.requests[c.random.IntN(len(c.requests))]
	link := &crowdClient{crowd: c, began: time.Now()}
	c.turn, conn.link, conn.started = link, link, link.began
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
	return &crowd{near: descriptor(near), far: descriptor(far), text: make([]byte, 1200), memory: make([]byte, 64<<20), random: rand.New(rand.NewPCG(1, 2))}
}
