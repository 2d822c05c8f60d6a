//go:build !race

package edge

import (
	"io"
	"net"
	"testing"
	"time"
)

// For each record that it reads crypto/tls allocates a reader, on either side.
// Nothing else is allocated.
func TestTLSAllocs(t *testing.T) {
	const budget = 2.0
	eachInner(t, func(t *testing.T, inner link, other *net.TCPConn) {
		l, server := tlsPair(t, inner, other)
		go func() {
			b := make([]byte, 4096)
			for {
				n, err := server.Read(b)
				if err != nil {
					return
				}
				server.Write(b[:n])
			}
		}()
		w, b := make([]byte, 1024), make([]byte, 4096)
		due := time.Now().Add(time.Minute)
		least := 1e9
		for range 5 { // collections empty pools
			least = min(least, testing.AllocsPerRun(500, func() {
				if l.stale() {
					t.Fatal("the connection is stale")
				}
				if wrote, n, err := l.swap(w, b, due, time.Minute); wrote != len(w) || n != len(w) || err != nil && err != io.EOF {
					t.Fatal(wrote, n, err)
				}
			}))
		}
		if least > budget {
			t.Errorf("%v allocations a request, budget %v", least, budget)
		}
	})
}
