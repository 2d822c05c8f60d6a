package edgetest

import (
	"crypto/tls"
	"errors"
	"flag"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A Client is a connection to an edge that sends exactly the bytes it is given.
type Client struct {
	TCP *net.TCPConn
	TLS *tls.Conn // nil in clear

	t      testing.TB
	stream stream // what is above TCP
	wire   *wire
}

// An Answer is what a client read of one answer.
type Answer struct {
	Message
	Status  int
	Reason  string
	Interim []*Message // the 1xx answers before it

	// Err is nil when the answer came to the end that its framing names.
	Err error
}

// ClientsTLS has the tests that do not care reach the edge over TLS:
//
//	go test ./edge -args -tls-clients
var ClientsTLS = flag.Bool("tls-clients", false, "clients speak TLS")

// InClear skips a test of what clients without TLS have for themselves while the
// others' clients speak TLS.
func InClear(t testing.TB) {
	if *ClientsTLS {
		t.Skip("is about clients in clear")
	}
}

// Dial opens a connection to addr that ends with t.
func Dial(t testing.TB, addr string) *Client {
	t.Helper()
	if *ClientsTLS {
		return DialTLS(t, addr, &tls.Config{ServerName: Host, InsecureSkipVerify: true})
	}
	return DialClear(t, addr)
}

// DialClear is Dial for a client that never speaks TLS.
func DialClear(t testing.TB, addr string) *Client {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	tcp := conn.(*net.TCPConn)
	return &Client{TCP: tcp, t: t, stream: tcp, wire: newWire(tcp)}
}

// DialTLS is Dial for a client that always speaks TLS, and says so before it
// returns.
func DialTLS(t testing.TB, addr string, config *tls.Config) *Client {
	t.Helper()
	c := DialClear(t, addr)
	c.TLS = tls.Client(c.TCP, config)
	c.TCP.SetDeadline(time.Now().Add(patience))
	if err := c.TLS.Handshake(); err != nil {
		t.Fatal(err)
	}
	c.TCP.SetDeadline(time.Time{})
	c.stream, c.wire = c.TLS, newWire(c.TLS)
	return c
}

// Send writes s as it is, in one write.
func (c *Client) Send(s string) {
	c.t.Helper()
	c.TCP.SetWriteDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(c.stream, s); err != nil {
		c.t.Errorf("send: %v", err)
	}
}

// CloseWrite ends the client's half of the connection.
func (c *Client) CloseWrite() { c.stream.CloseWrite() }

// Buffered returns the reader that answers are read from, for a body that is to be
// taken in pieces.
func (c *Client) Buffered() io.Reader { return c.wire.r }

// Push is Send to a peer that may have had enough.
func (c *Client) Push(s string) error {
	c.TCP.SetWriteDeadline(time.Now().Add(patience))
	_, err := io.WriteString(c.stream, s)
	return err
}

// Answer reads the answer to a request that was not a HEAD. Its Err tells
// whether it was whole; that none came at all fails the test.
func (c *Client) Answer() *Answer { c.t.Helper(); return c.AnswerTo("GET") }

// AnswerTo reads the answer to a request of that method.
func (c *Client) AnswerTo(method string) *Answer {
	c.t.Helper()
	a, err := c.TryAnswerTo(method)
	if err != nil {
		c.t.Fatalf("no answer: %v", err)
	}
	return a
}

// TryAnswerTo is AnswerTo for a test that may get no answer.
func (c *Client) TryAnswerTo(method string) (*Answer, error) {
	c.TCP.SetReadDeadline(time.Now().Add(patience))
	a := new(Answer)
	for {
		m, err := c.wire.head()
		if err != nil {
			return nil, err
		}
		if err := a.parseLine(m.Line); err != nil {
			return nil, err
		}
		if a.Status >= 200 {
			a.Message = *m
			break
		}
		a.Interim = append(a.Interim, m)
	}
	a.Err = c.body(a, method)
	c.wire.take(&a.Message)
	return a, nil
}

func (a *Answer) parseLine(line string) error {
	version, rest, _ := strings.Cut(line, " ")
	code, reason, ok := strings.Cut(rest, " ")
	status, err := strconv.Atoi(code)
	if version != "HTTP/1.1" || !ok || err != nil || len(code) != 3 {
		return errors.New("malformed status line " + strconv.Quote(line))
	}
	a.Status, a.Reason = status, reason
	return nil
}

func (c *Client) body(a *Answer, method string) error {
	chunked, length, err := a.framing()
	switch {
	case err != nil:
		return err
	case method == "HEAD" || a.Status == 204 || a.Status == 304:
		return nil
	case chunked:
		return c.wire.chunked(&a.Message)
	case length >= 0:
		return c.wire.counted(&a.Message, length)
	}
	return c.wire.rest(&a.Message)
}

// Get sends a plain GET on the connection and reads the answer.
func (c *Client) Get(host, target string) *Answer {
	c.t.Helper()
	c.Send("GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n")
	return c.Answer()
}

// Byte waits for one byte of an answer that is to be read in pieces.
func (c *Client) Byte() byte {
	c.t.Helper()
	c.TCP.SetReadDeadline(time.Now().Add(patience))
	b, err := c.wire.r.ReadByte()
	if err != nil {
		c.t.Fatalf("read: %v", err)
	}
	return b
}

// ReadUntil reads up to and including the text.
func (c *Client) ReadUntil(text string) string {
	c.t.Helper()
	var got strings.Builder
	for !strings.HasSuffix(got.String(), text) {
		got.WriteByte(c.Byte())
	}
	return got.String()
}

// Closed waits for the edge to end the connection and returns what else came
// before, and how the end looked: nil for an orderly one.
func (c *Client) Closed() (rest string, err error) {
	c.TCP.SetReadDeadline(time.Now().Add(patience))
	b, err := io.ReadAll(c.wire.r)
	return string(b), err
}

// MustClose fails the test unless the edge ends the connection without another
// byte.
func (c *Client) MustClose() {
	c.t.Helper()
	rest, err := c.Closed()
	var network net.Error
	switch {
	case rest != "":
		c.t.Errorf("the edge sent %q before it closed", rest)
	case errors.As(err, &network) && network.Timeout():
		c.t.Error("the edge did not close the connection")
	}
	c.TCP.Close()
}
