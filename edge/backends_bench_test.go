package edge_test

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"headwater/dial/dialtest"
	"headwater/edge"
	"headwater/edge/edgetest"
	"headwater/service"
)

// BenchmarkBackends has 64 clients ask for 1 KiB each, of a weighted pool of one or of
// a thousand backends that have their connections apart. Clients and origin are in
// this process: cpu-µs/op counts theirs too, and their TLS.
func BenchmarkBackends(b *testing.B) {
	for name, secure := range map[string]bool{"clear": false, "tls": true} {
		for _, n := range []int{1, 1000} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				e, origin := startBackends(b, n, secure)
				clients := make([]*asker, 64)
				for i := range clients {
					clients[i] = &asker{tcp: e.Dial(b).TCP, answer: make([]byte, 8<<10)}
				}
				askAll(b, clients, 20*n) // all backends have connections then
				b.Run("get", func(b *testing.B) {
					began, accepted := edge.CPUTime(), origin.Accepted()
					b.ResetTimer()
					askAll(b, clients, b.N)
					b.ReportMetric(float64((edge.CPUTime()-began).Microseconds())/float64(b.N), "cpu-µs/op")
					b.ReportMetric(float64(origin.Accepted()-accepted)/float64(b.N), "dials/op")
				})
			})
		}
	}
}

// askAll sends so many requests, as fast as they are answered.
func askAll(b *testing.B, clients []*asker, requests int) {
	var left atomic.Int64
	left.Store(int64(requests))
	var asking sync.WaitGroup
	for _, c := range clients {
		asking.Go(func() {
			for left.Add(-1) >= 0 {
				if err := c.ask(); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	asking.Wait()
}

// startBackends starts an edge with n backends in its pool, and the one origin of all of
// them: their max_use keeps their connections apart.
func startBackends(b *testing.B, n int, secure bool) (*edgetest.Edge, *edgetest.Origin) {
	answer := ok(string(bytes.Repeat([]byte("x"), 1<<10)))
	var config *tls.Config
	if secure {
		config = &tls.Config{Certificates: []tls.Certificate{dialtest.SelfSigned(b, []string{edgetest.Host})}}
	}
	o := edgetest.NewTLSOrigin(b, config, func(c *edgetest.Conn) {
		in := make([]byte, 4<<10)
		for have := 0; ; {
			got, err := c.Read(in[have:])
			if err != nil {
				return
			}
			if have += got; bytes.HasSuffix(in[:have], []byte("\r\n\r\n")) {
				have = 0
				c.Write(answer)
			}
		}
	})
	var all []*service.Backend
	for i := range n {
		all = append(all, edgetest.Backend(o, func(b *service.Backend) {
			use := int64(1_000_000_000 + i)
			b.Name, b.AutoLoadbalance, b.MaxUse = fmt.Sprint("b", i), true, &use
		}))
	}
	return edgetest.Start(b, edge.Config{}, edgetest.Snapshot(all...)), o
}

// An asker is a client that does not allocate.
type asker struct {
	tcp    *net.TCPConn
	answer []byte
}

var benchRequest = []byte(get("/bench/1k?x=y", "User-Agent: bench/1.0", "Accept: */*", "Accept-Encoding: gzip, deflate", "Cookie: a=b; c=d", "X-Request-Id: 0123456789"))

// ask sends a request and reads the answer to its end.
func (a *asker) ask() error {
	if _, err := a.tcp.Write(benchRequest); err != nil {
		return err
	}
	for have, want := 0, -1; have != want; {
		n, err := a.tcp.Read(a.answer[have:])
		if err != nil {
			return err
		}
		have += n
		if end := bytes.Index(a.answer[:have], []byte("\r\n\r\n")); want < 0 && end > 0 {
			want = end + 4 + 1<<10
			if !bytes.HasPrefix(a.answer, []byte("HTTP/1.1 200")) {
				return io.ErrUnexpectedEOF
			}
		}
	}
	return nil
}
