package edgetest

import (
	"crypto/tls"
	"errors"
	"flag"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"headwater/dial/dialtest"
)

// patience is how long anything here waits for what must come. It is generous:
// only a test that fails ever waits that long.
const patience = 30 * time.Second

// An Origin is a TCP server that does to its peer what a test tells it to.
type Origin struct {
	// Served gets every request once it has been read to its end. It holds some
	// thousands; further ones are dropped until a test takes some.
	Served chan *Request

	t     testing.TB
	l     net.Listener
	tls   *tls.Config // nil for one that speaks in clear
	serve func(*Conn)
	done  sync.WaitGroup

	mu    sync.Mutex
	conns []*Conn
}

// A Request is one that an origin got.
type Request struct {
	Message
	Method, Target string
	Conn           *Conn
	Nth            int // 0 for the first on its connection
}

// NewOrigin starts an origin that runs serve for each connection, in a goroutine
// of its own, and closes the connection when serve returns. It ends with t.
func NewOrigin(t testing.TB, serve func(*Conn)) *Origin {
	t.Helper()
	return NewOriginOn(t, "127.0.0.1", serve)
}

// NewOriginOn is NewOrigin at another address, such as 0.0.0.0 for all that the
// machine has.
func NewOriginOn(t testing.TB, host string, serve func(*Conn)) *Origin {
	t.Helper()
	if !*overTLS {
		return newOrigin(t, host, nil, serve)
	}
	certificate := dialtest.SelfSigned(t, []string{Host})
	return newOrigin(t, host, &tls.Config{Certificates: []tls.Certificate{certificate}}, serve)
}

// overTLS has the tests that do not care reach their origins over TLS:
//
//	go test ./edge -args -tls-origins
var overTLS = flag.Bool("tls-origins", false, "origins speak TLS")

// NewTLSOrigin is NewOrigin with TLS, and never with TLS if config is nil.
// Connections whose handshake fails end without a word of the script's.
func NewTLSOrigin(t testing.TB, config *tls.Config, serve func(*Conn)) *Origin {
	t.Helper()
	return newOrigin(t, "127.0.0.1", config, serve)
}

func newOrigin(t testing.TB, host string, config *tls.Config, serve func(*Conn)) *Origin {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		t.Fatal(err)
	}
	o := &Origin{Served: make(chan *Request, 4096), t: t, l: l, tls: config, serve: serve}
	o.done.Go(o.accept)
	t.Cleanup(o.Close)
	return o
}

// Handle returns a script that calls h for each request, read to its end, until
// the peer closes or h closes the connection.
func Handle(h func(*Conn, *Request)) func(*Conn) {
	return func(c *Conn) {
		for {
			r, err := c.ReadRequest()
			if err != nil {
				return
			}
			h(c, r)
			if c.closed.Load() {
				return
			}
		}
	}
}

// Reply returns a script that answers each request with the same bytes.
func Reply(answer string) func(*Conn) {
	return Handle(func(c *Conn, _ *Request) { c.Write(answer) })
}

// Paths returns a script that picks the handler by a request's target.
func Paths(handlers map[string]func(*Conn, *Request)) func(*Conn) {
	return Handle(func(c *Conn, r *Request) {
		if h := handlers[r.Target]; h != nil {
			h(c, r)
			return
		}
		c.Write("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
	})
}

func (o *Origin) accept() {
	for {
		tcp, err := o.l.Accept()
		if err != nil {
			return
		}
		c := &Conn{o: o, tcp: tcp.(*net.TCPConn), stream: tcp.(*net.TCPConn)}
		if o.tls != nil {
			c.TLS = tls.Server(tcp, o.tls)
			c.stream = c.TLS
		}
		c.wire = newWire(c)
		o.mu.Lock()
		c.Index = len(o.conns)
		o.conns = append(o.conns, c)
		o.mu.Unlock()
		o.done.Go(func() {
			defer c.Close()
			if c.TLS != nil && c.TLS.Handshake() != nil {
				return
			}
			o.serve(c)
		})
	}
}

// Secure reports whether the origin speaks TLS.
func (o *Origin) Secure() bool { return o.tls != nil }

// Port is where the origin listens, on 127.0.0.1.
func (o *Origin) Port() int { return o.l.Addr().(*net.TCPAddr).Port }

// Accepted counts the connections so far.
func (o *Origin) Accepted() int { return len(o.Conns()) }

// Conns returns the connections so far, oldest first.
func (o *Origin) Conns() []*Conn {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]*Conn(nil), o.conns...)
}

// Next waits for the next request that is read to its end.
func (o *Origin) Next() *Request {
	o.t.Helper()
	select {
	case r := <-o.Served:
		return r
	case <-time.After(patience):
		o.t.Fatal("no request reached the origin")
		return nil
	}
}

// Close ends the listener and every connection, and waits for the scripts.
func (o *Origin) Close() {
	o.l.Close()
	for _, c := range o.Conns() {
		c.Close()
	}
	o.done.Wait()
	for _, c := range o.Conns() { // one may have been accepted meanwhile
		c.Close()
	}
}

// A Conn is a connection to an origin.
type Conn struct {
	Index int       // 0 for the origin's first
	TLS   *tls.Conn // nil for one in clear

	o        *Origin
	tcp      *net.TCPConn
	stream   stream // what is above it
	wire     *wire
	requests atomic.Int32
	bytes    atomic.Int64
	closed   atomic.Bool
}

// A stream is a connection, with TLS or without.
type stream interface {
	net.Conn
	CloseWrite() error
}

// Read reads what the edge sent, raw.
func (c *Conn) Read(b []byte) (int, error) {
	n, err := c.stream.Read(b)
	c.bytes.Add(int64(n))
	return n, err
}

// To is the address that the peer connected to.
func (c *Conn) To() netip.Addr { return c.tcp.LocalAddr().(*net.TCPAddr).AddrPort().Addr().Unmap() }

// Requests counts those read to their end.
func (c *Conn) Requests() int { return int(c.requests.Load()) }

// Bytes counts what was read so far.
func (c *Conn) Bytes() int64 { return c.bytes.Load() }

// ReadHead reads one request's head.
func (c *Conn) ReadHead() (*Request, error) {
	m, err := c.wire.head()
	if err != nil {
		c.complain(err)
		return nil, err
	}
	r := &Request{Message: *m, Conn: c, Nth: c.Requests()}
	parts := strings.Split(m.Line, " ")
	if len(parts) != 3 || parts[2] != "HTTP/1.1" {
		c.o.t.Errorf("origin got request line %q", m.Line)
		return nil, errors.New("malformed request line")
	}
	r.Method, r.Target = parts[0], parts[1]
	return r, nil
}

// ReadBody reads the body of r, which it gives leave to send if it waits for that,
// and makes it count as served.
func (c *Conn) ReadBody(r *Request) error {
	chunked, length, err := r.framing()
	if r.Fields.Get("Expect") != "" {
		c.Write("HTTP/1.1 100 Continue\r\n\r\n")
	}
	switch {
	case err != nil:
	case chunked:
		err = c.wire.chunked(&r.Message)
	case length > 0:
		err = c.wire.counted(&r.Message, length)
	}
	if err != nil {
		c.complain(err)
		return err
	}
	c.wire.take(&r.Message)
	c.requests.Add(1)
	select {
	case c.o.Served <- r:
	default: // nobody is interested
	}
	return nil
}

// complain fails the test for bytes that no edge may send. An end in the middle
// of a request is no such thing: clients go away.
func (c *Conn) complain(err error) {
	var network net.Error
	if err != io.EOF && err != io.ErrUnexpectedEOF && !errors.As(err, &network) {
		c.o.t.Errorf("origin got a malformed request: %v", err)
	}
}

// ReadRequest reads one request to its end.
func (c *Conn) ReadRequest() (*Request, error) {
	r, err := c.ReadHead()
	if err != nil {
		return nil, err
	}
	return r, c.ReadBody(r)
}

// Write sends bytes as they are, in one write. That the peer is gone is no error
// of the test's.
func (c *Conn) Write(s string) { c.stream.Write([]byte(s)) }

// AwaitClose waits until the peer ends the connection, and reports whether
// nothing came before.
func (c *Conn) AwaitClose() bool {
	c.tcp.SetReadDeadline(time.Now().Add(patience))
	n, err := io.Copy(io.Discard, c.wire.r)
	var network net.Error
	if errors.As(err, &network) && network.Timeout() {
		c.o.t.Error("the edge did not close its connection to the origin")
	}
	return n == 0
}

// Reset ends the connection with a reset.
func (c *Conn) Reset() {
	c.tcp.SetLinger(0)
	c.Close()
}

// CloseWrite ends the origin's half of the connection.
func (c *Conn) CloseWrite() { c.stream.CloseWrite() }

// Close ends the connection.
func (c *Conn) Close() {
	c.closed.Store(true)
	c.tcp.Close()
}

// RefusedPort returns a port on 127.0.0.1 that refuses connections for as long as
// t runs: it is taken by the client end of a connection, so that nobody else
// listens on it.
func RefusedPort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Close()
		l.Close()
	})
	return c.LocalAddr().(*net.TCPAddr).Port
}

// Buffered returns the reader that ReadHead reads from, for a script that takes a
// body in pieces.
func (c *Conn) Buffered() io.Reader { return c.wire.r }

// Stream returns what Write writes to, for bytes that are too many to be a text.
func (c *Conn) Stream() io.Writer { return c.stream }

// Push is Write that tells whether the peer takes no more.
func (c *Conn) Push(s string) error {
	c.tcp.SetWriteDeadline(time.Now().Add(patience))
	_, err := c.stream.Write([]byte(s))
	return err
}

// AwaitClosed waits until the script has seen the end of the connection.
func (c *Conn) AwaitClosed() {
	for due := time.Now().Add(patience); !c.closed.Load(); time.Sleep(time.Millisecond) {
		if time.Now().After(due) {
			c.o.t.Error("the edge did not close its connection to the origin")
			return
		}
	}
}
