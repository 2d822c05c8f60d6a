package probe

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"headwater/dial"
)

// originVariable makes the test binary an origin, in a process of its own so that its
// processor time is not counted as a probe's.
const originVariable = "HEADWATER_PROBE_ORIGIN"

// serveBenchmark answers all requests to any address of the loopback network until its
// input ends, and prints its port.
func serveBenchmark() {
	l, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(l.Addr().(*net.TCPAddr).Port)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				c.Read(make([]byte, 4096))
				io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			}()
		}
	}()
	io.Copy(io.Discard, os.Stdin)
}

// startOrigin starts such a process and returns its port.
func startOrigin(b *testing.B) int64 {
	b.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), originVariable+"=1")
	in, err := c.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := c.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		in.Close()
		c.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	port, err := strconv.ParseInt(strings.TrimSpace(line), 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	return port
}

// BenchmarkTry is one try over plain HTTP. Its processor time is what counts: the
// origin's is another process's.
func BenchmarkTry(b *testing.B) {
	network := &dial.Network{}
	o := network.Open(plan(b, "127.0.0.1", startOrigin(b)))
	defer o.Close()
	d := newDefinition(check(b))
	b.ReportAllocs()
	began := cpuTime()
	for b.Loop() {
		if r := d.try(b.Context(), o, loopback); r.Outcome != Passed {
			b.Fatal(r.Reason)
		}
	}
	b.ReportMetric(float64((cpuTime()-began).Microseconds())/float64(b.N), "cpu-us/op")
}

// BenchmarkTenThousand is ten thousand probes, each of an endpoint of its own, at an
// interval of 5 s: one round of them an operation. It tells the part of one processor
// that they take, and their memory.
func BenchmarkTenThousand(b *testing.B) {
	const n = 10_000
	port := startOrigin(b)
	before := heap()
	s := NewSet(Config{Network: &dial.Network{}})
	defer s.Close()
	h := check(b, "check_interval=5000")
	var probes []*Probe
	for i := range n {
		m := member(b, h)
		m.Plan = plan(b, fmt.Sprintf("127.1.%d.%d", i/250, 1+i%250), port)
		probes = append(probes, s.Join(m))
	}
	time.Sleep(2 * firstWithin) // until each has kept some results
	began, at := cpuTime(), time.Now()
	for b.Loop() {
		time.Sleep(interval)
	}
	part := float64(cpuTime()-began) / float64(time.Since(at))
	b.ReportMetric(100*part, "%core")
	b.ReportMetric(float64(heap()-before)/(1<<20), "heap-MiB")
	for _, p := range probes {
		if a := p.Status().Addresses[0]; a.Failed > 0 || a.Tries == 0 {
			b.Fatalf("%s: %d of %d tries failed", a.Addr, a.Failed, a.Tries)
		}
	}
}

const interval = 5 * time.Second

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}
