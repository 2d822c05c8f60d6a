package origin

import (
	"bufio"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"time"
)

// How long a client may take.
const (
	headTime  = 30 * time.Second // over a head
	stallTime = time.Minute      // over the next byte, of anything, either way
)

// A conn is the connection of one client. But for idle it belongs to its goroutine.
type conn struct {
	server *Server
	tcp    *net.TCPConn
	stream net.Conn // above it: TLS, or tcp itself
	in     *bufio.Reader
	out    *bufio.Writer
	number int64     // of the server's connections
	served int       // requests
	due    time.Time // when the next read has to be over, if that is not stallTime

	idle bool // guarded by the server's mu: nothing is lost if it closes
}

func newConn(s *Server, tcp *net.TCPConn, config *tls.Config) *conn {
	c := &conn{server: s, tcp: tcp, stream: tcp, idle: true}
	if config != nil {
		c.stream = tls.Server(tcp, config)
	}
	c.in, c.out = bufio.NewReader(c), bufio.NewWriterSize(writer{c}, pieceRoom)
	return c
}

// Read reads from the client, by the time that it has.
func (c *conn) Read(b []byte) (int, error) {
	due := c.due
	if due.IsZero() {
		due = time.Now().Add(stallTime)
	}
	c.stream.SetReadDeadline(due)
	return c.stream.Read(b)
}

// A writer writes to a client.
type writer struct{ *conn }

func (w writer) Write(b []byte) (int, error) {
	w.stream.SetWriteDeadline(time.Now().Add(stallTime))
	return w.stream.Write(b)
}

// serve answers the client's requests until one of the two has had enough.
func (c *conn) serve() {
	defer c.stream.Close()
	if c.handshake() != nil {
		return
	}
	for c.await() {
		c.due = time.Now().Add(headTime)
		r, err := readRequest(c.in)
		c.due = time.Time{}
		if err != nil && !gone(err) {
			c.refuse()
		}
		if err != nil || !c.answer(r) {
			return
		}
		c.served++
	}
}

// await waits for the first byte of a request.
func (c *conn) await() bool {
	if !c.rest(true) {
		return false
	}
	_, err := c.in.Peek(1)
	return err == nil && c.rest(false)
}

// rest makes the connection idle or busy, and reports whether that is still wanted.
func (c *conn) rest(idle bool) bool {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	c.idle = idle
	return !c.server.ending
}

// refuse answers what is no request, and closes so that the answer arrives: not
// before the client has, or has had its time.
func (c *conn) refuse() {
	io.WriteString(c.out, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
	c.leave()
}

// leave ends the connection behind a whole answer, though there may be more to read:
// closing at once would reset it, and the answer be lost.
func (c *conn) leave() {
	if c.out.Flush() != nil {
		return
	}
	if half, ok := c.stream.(interface{ CloseWrite() error }); !ok || half.CloseWrite() != nil {
		return
	}
	if c.rest(true) {
		c.due = time.Now().Add(lingerTime)
		io.CopyN(io.Discard, c.in, lingerRoom)
	}
}

// How much, and for how long, is read of a client that has its answer.
const (
	lingerTime = time.Second
	lingerRoom = 1 << 20
)

// wait waits for d. It reports false if the client goes away, which shows unless it
// has sent its next request already, or the server ends.
func (c *conn) wait(d time.Duration) bool {
	if d == 0 {
		return true
	}
	end := time.Now().Add(d)
	if c.in.Buffered() == 0 {
		c.due = end
		_, err := c.in.Peek(1)
		c.due = time.Time{}
		if err != nil {
			return errors.Is(err, os.ErrDeadlineExceeded)
		}
	}
	timer := time.NewTimer(time.Until(end))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-c.server.over:
		return false
	}
}

// finish ends the connection in the middle of an answer.
func (c *conn) finish(end ending) {
	c.out.Flush()
	switch end {
	case endHang:
		if c.rest(true) {
			c.due = time.Now().Add(maxTime)
			io.Copy(io.Discard, c.in)
		}
	case endReset:
		c.tcp.SetLinger(0)
	}
	c.tcp.Close() // without a word of TLS's
}
