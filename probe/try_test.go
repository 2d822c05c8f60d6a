package probe

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"headwater/dial"
	"headwater/dial/dialtest"
	"headwater/service"
)

// patience is how long a test waits for what must come. Only one that fails waits
// that long.
const patience = 30 * time.Second

// origin serves connections with serve, one after the other, for as long as t runs,
// and returns its port.
func origin(t testing.TB, serve func(net.Conn)) int64 {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			serve(c)
			c.Close()
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-done
	})
	return int64(l.Addr().(*net.TCPAddr).Port)
}

// reading is a script that first reads a request's head.
func reading(then func(c net.Conn)) func(net.Conn) {
	return func(c net.Conn) {
		r := bufio.NewReader(c)
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			if line == "\r\n" {
				break
			}
		}
		then(c)
	}
}

func saying(text string) func(net.Conn) {
	return reading(func(c net.Conn) { io.WriteString(c, text) })
}

// over is a script behind a TLS handshake.
func over(config *tls.Config, serve func(net.Conn)) func(net.Conn) {
	return func(c net.Conn) {
		secured := tls.Server(c, config)
		if secured.Handshake() == nil {
			serve(secured)
		} else {
			io.Copy(io.Discard, c) // so that the alert is not lost in a reset
		}
		secured.Close()
	}
}

// untilGone keeps on with what f does until the peer has had enough.
func untilGone(f func(c net.Conn) error) func(net.Conn) {
	return reading(func(c net.Conn) {
		for f(c) == nil {
		}
	})
}

// refused is a port that refuses connections: a client's end of one.
func refused(t testing.TB) int64 {
	t.Helper()
	hold := make(chan struct{})
	port := origin(t, func(net.Conn) { <-hold })
	c, err := net.Dial("tcp", netip.AddrPortFrom(loopback, uint16(port)).String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Close()
		close(hold)
	})
	return int64(c.LocalAddr().(*net.TCPAddr).Port)
}

var loopback = netip.MustParseAddr("127.0.0.1")

// Each origin, what a try of it ends in.
func TestTry(t *testing.T) {
	root := dialtest.NewAuthority(t, "root")
	leaf := root.Issue([]string{"origin.test"})
	good := &tls.Config{Certificates: []tls.Certificate{leaf}}
	asking := &tls.Config{Certificates: good.Certificates, ClientAuth: tls.RequireAnyClientCert}
	secure := func(b *service.Backend) {
		b.UseSSL, b.SSLCertHostname, b.SSLCACert = true, new("origin.test"), new(root.PEM())
	}
	misnamed := func(b *service.Backend) { secure(b); b.SSLCertHostname = new("other.test") }
	for name, tt := range map[string]struct {
		origin  func(net.Conn)
		backend func(*service.Backend)
		check   string
		outcome Outcome
		status  int
		reason  string
	}{
		"passed":           {origin: saying("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), status: 200},
		"another status":   {origin: saying("HTTP/1.1 500 Oops\r\n\r\n"), outcome: WrongStatus, status: 500, reason: "status 500, not 200"},
		"as is expected":   {origin: saying("HTTP/1.1 204 No Content\r\n\r\n"), check: "expected_response=204", status: 204},
		"a redirect":       {origin: saying("HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n"), outcome: WrongStatus, status: 302, reason: "status 302, not 200"},
		"one asked for":    {origin: saying("HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n"), check: "expected_response=302", status: 302},
		"an endless body":  {origin: reading(endless("HTTP/1.1 200 OK\r\n\r\n", "xxxxxxxx")), status: 200},
		"an endless head":  {origin: reading(endless("HTTP/1.1 200 OK\r\n", "A: b\r\n")), outcome: Malformed, reason: errTooLong.Error()},
		"garbage":          {origin: saying("\x15\x03\x01\x00\x02\x02\x50"), outcome: Malformed, reason: errNoHTTP.Error()},
		"endless garbage":  {origin: reading(endless("", "garbage ")), outcome: Malformed, reason: errNoHTTP.Error()},
		"half an answer":   {origin: saying("HTTP/1.1 200 OK\r\n"), outcome: Broken, reason: errCutOff.Error()},
		"no answer":        {origin: reading(func(net.Conn) {}), outcome: Broken, reason: errCutOff.Error()},
		"reset":            {origin: reading(func(c net.Conn) { c.(*net.TCPConn).SetLinger(0) }), outcome: Broken, reason: errCutOff.Error()},
		"silent":           {origin: untilGone(readByte), check: "timeout=1000", outcome: Late, reason: "no answer within the timeout"},
		"a slow drip":      {origin: untilGone(drip("A: b\r\n")), check: "timeout=1000", outcome: Late, reason: "no answer within the timeout"},
		"refused":          {outcome: Unreached, reason: "Connection refused"},
		"TLS":              {origin: over(good, saying("HTTP/1.1 200 OK\r\n\r\n")), backend: secure, status: 200},
		"TLS, 500":         {origin: over(good, saying("HTTP/1.1 500 Oops\r\n\r\n")), backend: secure, outcome: WrongStatus, status: 500, reason: "status 500, not 200"},
		"TLS, cut off":     {origin: over(good, saying("HTTP/1.1 200 OK\r\n")), backend: secure, outcome: Broken, reason: errCutOff.Error()},
		"TLS, silent":      {origin: over(good, untilGone(readByte)), backend: secure, check: "timeout=1000", outcome: Late, reason: "no answer within the timeout"},
		"another's":        {origin: over(good, saying("")), backend: misnamed, outcome: Insecure, reason: "hostname doesn't match against certificate"},
		"wants ours":       {origin: over(asking, saying("")), backend: secure, outcome: Insecure, reason: "SSL handshake error"},
		"no TLS there":     {origin: func(c net.Conn) { io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n"); readByte(c) }, backend: secure, outcome: Insecure, reason: "SSL handshake error"},
		"a silent TLS":     {origin: func(c net.Conn) { io.Copy(io.Discard, c) }, backend: secure, check: "timeout=1000", outcome: Late, reason: "no TLS handshake within the timeout"},
		"interim, then OK": {origin: saying("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"), status: 200},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			port := int64(0)
			if tt.origin == nil {
				port = refused(t)
			} else {
				port = origin(t, tt.origin)
			}
			if tt.check == "" {
				tt.check = "timeout=20000"
			}
			r := once(t, plan(t, "127.0.0.1", port, func(b *service.Backend) {
				if tt.backend != nil {
					tt.backend(b)
				}
			}), check(t, tt.check))
			if r.At.IsZero() || r.Took <= 0 {
				t.Errorf("it began at %v and took %v", r.At, r.Took)
			}
			r.At, r.Took = time.Time{}, 0
			if d := cmp.Diff(Result{Outcome: tt.outcome, Status: tt.status, Reason: tt.reason}, r); d != "" {
				t.Errorf("result (-want +got):\n%s", d)
			}
		})
	}
}

func once(t testing.TB, p *dial.Plan, h *service.Healthcheck) Result {
	t.Helper()
	network := &dial.Network{}
	o := network.Open(p)
	defer o.Close()
	return Once(t.Context(), o, h, loopback)
}

func endless(first, again string) func(net.Conn) {
	return func(c net.Conn) {
		io.WriteString(c, first)
		for err := error(nil); err == nil; {
			_, err = io.WriteString(c, strings.Repeat(again, 1000))
		}
	}
}

func readByte(c net.Conn) error {
	_, err := c.Read(make([]byte, 1))
	return err
}

// drip writes a status line and, every now and then, another field.
func drip(line string) func(net.Conn) error {
	first := "HTTP/1.1 200 OK\r\n"
	return func(c net.Conn) error {
		_, err := io.WriteString(c, first+line)
		first = ""
		c.SetReadDeadline(time.Now().Add(5 * time.Millisecond))
		if e := readByte(c); err == nil && !errors.Is(e, os.ErrDeadlineExceeded) {
			err = e
		}
		return err
	}
}

// What is sent is what the health check says, and nothing else.
func TestRequest(t *testing.T) {
	for name, tt := range map[string]struct {
		fields []string
		want   string
	}{
		"as little as can be": {nil, "HEAD /ping HTTP/1.1\r\nHost: ping.example\r\nConnection: close\r\n" +
			"User-Agent: Varnish/fastly (healthcheck)\r\n\r\n"},
		"all": {[]string{"method=GET", "http_version=1.0", "path=/a?b=c", `headers=["X-A: 1","Cookie:b"]`}, "GET /a?b=c HTTP/1.0\r\nHost: ping.example\r\n" +
			"Connection: close\r\nUser-Agent: Varnish/fastly (healthcheck)\r\nCookie: b\r\nX-A: 1\r\n\r\n"},
		"in the place of its own": {[]string{`headers=["user-agent: me","HOST: you"]`}, "HEAD /ping HTTP/1.1\r\nConnection: close\r\nHOST: you\r\nuser-agent: me\r\n\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			got := make(chan string, 1)
			port := origin(t, func(c net.Conn) {
				buf := make([]byte, 4096)
				n, _ := io.ReadAtLeast(c, buf, len(tt.want))
				got <- string(buf[:n])
				io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
			})
			if r := once(t, plan(t, "127.0.0.1", port), check(t, tt.fields...)); r.Outcome != Passed {
				t.Errorf("%v: %s", r.Outcome, r.Reason)
			}
			if d := cmp.Diff(tt.want, <-got); d != "" {
				t.Errorf("request (-want +got):\n%s", d)
			}
		})
	}
}

// Whoever asks once can give up, and an operator can forbid.
func TestTryThatIsNotMade(t *testing.T) {
	p := plan(t, "127.0.0.1", origin(t, func(net.Conn) {}))
	network := &dial.Network{Permit: func(netip.AddrPort) bool { return false }}
	o := network.Open(p)
	defer o.Close()
	if r := Once(t.Context(), o, check(t), loopback); r.Outcome != Unreached {
		t.Errorf("forbidden: %v, %s", r.Outcome, r.Reason)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if r := Once(gone, o, check(t), loopback); r.Outcome == Passed || r.Took > patience {
		t.Errorf("given up: %v, %s", r.Outcome, r.Reason)
	}
}
