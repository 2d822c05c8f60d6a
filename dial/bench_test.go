package dial

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"testing"
	"time"

	"headwater/dial/dialtest"
	"headwater/service"
)

// BenchmarkDial makes TCP connections to a name with one address.
func BenchmarkDial(b *testing.B) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	var origin sync.WaitGroup
	origin.Go(func() {
		for c, err := l.Accept(); err == nil; c, err = l.Accept() {
			c.Close()
		}
	})
	defer origin.Wait()
	defer l.Close()
	port := int64(l.Addr().(*net.TCPAddr).Port)
	o := open(b, newNetwork(b, nil, "127.0.0.1 origin.test"), func(s *service.Backend) { s.Address, s.Port = "origin.test", port })
	b.ReportAllocs()
	for b.Loop() {
		c, err := o.Dial(context.Background())
		if err != nil {
			b.Fatal(err)
		}
		c.SetLinger(0) // leaves no port waiting
		c.Close()
	}
}

// BenchmarkHandshake makes TLS connections, both ends of them, with and without a
// session to resume.
func BenchmarkHandshake(b *testing.B) {
	root := dialtest.NewAuthority(b, "root")
	for _, resumes := range []bool{false, true} {
		b.Run(map[bool]string{false: "full", true: "resumed"}[resumes], func(b *testing.B) {
			server := startTLS(b, &tls.Config{Certificates: []tls.Certificate{root.Issue([]string{"origin.test"})}, SessionTicketsDisabled: !resumes})
			o := server.open(b, func(s *service.Backend) { s.SSLCACert, s.SSLHostname = new(root.PEM()), new("origin.test") })
			b.ReportAllocs()
			for b.Loop() {
				if _, seen, err := server.greet(b, o); err != nil && err != io.EOF {
					b.Fatal(err)
				} else if seen.state.DidResume && !resumes {
					b.Fatal("resumed")
				}
			}
		})
	}
}

// BenchmarkOrder is what spreading over 8 addresses costs a connection.
func BenchmarkOrder(b *testing.B) {
	a := newAddresses(parseHosts([]byte("192.0.2.1 o\n192.0.2.2 o\n192.0.2.3 o\n192.0.2.4 o\n2001:db8::1 o\n2001:db8::2 o\n2001:db8::3 o\n2001:db8::4 o\n"))["o"])
	b.ReportAllocs()
	for turn := uint32(0); b.Loop(); turn++ {
		a.order(false, turn)
	}
}

// BenchmarkNames tells what a name takes that is kept up to date, heap and stacks
// together. An op is to begin with one more.
func BenchmarkNames(b *testing.B) {
	const names = 10_000
	before := memory()
	r := newResolver(func(context.Context, string) (answer, error) {
		return answer{[]netip.Addr{netip.AddrFrom4([4]byte{192, 0, 2, 1})}, time.Hour}, nil
	}, nil)
	defer r.Close()
	begin := func(i int) *Name {
		n := r.Acquire(fmt.Sprintf("origin-%d.test", i))
		if _, err := n.wait(b.Context()); err != nil {
			b.Fatal(err)
		}
		return n
	}
	for i := range names {
		begin(i)
	}
	taken := memory() - before
	for b.Loop() {
		begin(names).Release()
	}
	b.ReportMetric(float64(taken)/names, "B/name")
}

// memory is what the heap and all stacks take now.
func memory() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}
