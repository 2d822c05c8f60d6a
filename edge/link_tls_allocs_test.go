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
				if l.stale(nil) {
					t.Fatal("the connection is stale")
				}
				if n, err := l.write(w, time.Minute); n != len(w) || err != nil {
					t.Fatal(n, err)
				}
				if n, err := l.read(b, due); n != len(w) || err != nil && err != io.EOF {
					t.Fatal(n, err)
				}
			}))
		}
		if least > budget {
			t.Errorf("%v allocations a request, budget %v", least, budget)
		}
	})
}

// A request on a warm connection costs the server's side one reader, and nothing
// else: no buffer is held while the connection waits for the next.
func TestTLSResidentAllocs(t *testing.T) {
	const budget = 2.0 // the client's reader is the other
	eachInner(t, func(t *testing.T, inner link, other *net.TCPConn) {
		l, client := tlsServerPair(t, inner, other)
		r := &echoResident{link: l}
		done := make(chan error, 1)
		go func() { done <- l.reside(r) }()
		w, b := make([]byte, 1024), make([]byte, 4096)
		ask := func() {
			client.Write(w)
			if n, err := client.Read(b); n != len(w) || err != nil {
				t.Fatal(n, err)
			}
		}
		least := 1e9
		for range 5 {
			least = min(least, testing.AllocsPerRun(500, ask))
		}
		if least > budget {
			t.Errorf("%v allocations a request, budget %v", least, budget)
		}
		client.Close()
		if err := <-done; err != io.EOF {
			t.Errorf("the end is %v", err)
		}
	})
}
