package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
)

// agreeing is an origin that agrees to whatever protocol it is asked for, and then
// says nothing.
func agreeing(tb testing.TB) (port int) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				if err := readHead(c); err == nil {
					fmt.Fprint(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: quiet\r\n\r\n")
					io.Copy(io.Discard, c) // to the tunnel's end
				}
			}()
		}
	}()
	return l.Addr().(*net.TCPAddr).Port
}

// readHead reads a head from a peer that sends nothing behind it.
func readHead(c net.Conn) error {
	r := bufio.NewReaderSize(c, 2<<10)
	for {
		line, err := r.ReadString('\n')
		if err != nil || strings.TrimSpace(line) == "" {
			return err
		}
	}
}

// BenchmarkIdleTunnel opens tunnels that carry nothing, and measures what serve holds
// in memory for each of them.
func BenchmarkIdleTunnel(b *testing.B) {
	c := startChild(b, filepath.Join(b.TempDir(), "data"))
	id := c.draftShop(b, agreeing(b))
	c.mustCall(b, "PUT", "/service/"+id+"/version/1/backend/origin", "max_conn=0")
	c.mustCall(b, "PUT", "/service/"+id+"/version/1/activate")
	before := memoryOf(b, c.cmd.Process.Pid, "VmRSS:")
	n := 0
	for b.Loop() {
		n++
		client, err := net.Dial("tcp", c.edge)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { client.Close() })
		fmt.Fprint(client, "GET / HTTP/1.1\r\nHost: shop.test\r\nConnection: upgrade\r\nUpgrade: quiet\r\n\r\n")
		if err := readHead(client); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric((memoryOf(b, c.cmd.Process.Pid, "VmRSS:")-before)*1024/float64(n), "KiB-resident/tunnel")
}
