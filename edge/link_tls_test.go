package edge

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	"os"
	"sync"
	"testing"
	"time"
)

// selfSigned is the certificate of all peers here, which nobody verifies: that
// is package dial's business.
var selfSigned = sync.OnceValue(func() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
})

// shake makes TLS connections, verifying nothing.
func shake(version uint16) func(context.Context, net.Conn) (*tls.Conn, error) {
	return func(ctx context.Context, conn net.Conn) (*tls.Conn, error) {
		c := tls.Client(conn, &tls.Config{InsecureSkipVerify: true, MaxVersion: version})
		if err := c.HandshakeContext(ctx); err != nil {
			conn.Close()
			return nil, err
		}
		return c, nil
	}
}

// tlsPair returns a link after its handshake with a peer.
func tlsPair(t testing.TB, inner link, other net.Conn) (*tlsLink, *tls.Conn) {
	t.Helper()
	server := tls.Server(other, &tls.Config{Certificates: []tls.Certificate{selfSigned()}, SessionTicketsDisabled: true})
	done := make(chan error, 1)
	go func() { done <- server.Handshake() }()
	l := newTLSLink(inner, other.LocalAddr())
	if err := l.handshake(context.Background(), shake(0)); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	return l, server
}

// eachInner runs f for all links that TLS runs over.
func eachInner(t *testing.T, f func(t *testing.T, inner link, other *net.TCPConn)) {
	for name, make := range map[string]func(testing.TB, *net.TCPConn) link{
		"plain": func(_ testing.TB, c *net.TCPConn) link { return newPlainLink(c) },
		"lot":   newLinkOfLot,
	} {
		t.Run(name, func(t *testing.T) {
			tested, other := tcpPair(t)
			inner := make(t, tested)
			if inner == nil {
				t.Skip("only on another system: there are no lots here")
			}
			f(t, inner, other)
		})
	}
}

// Whatever the sizes of messages and records, the bytes arrive as they are, and
// no buffer is held afterwards.
func TestTLSCarriesBytes(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		eachInner(t, func(t *testing.T, inner link, other *net.TCPConn) {
			server := tls.Server(other, &tls.Config{Certificates: []tls.Certificate{selfSigned()}})
			go io.Copy(server, server)
			l := newTLSLink(inner, other.LocalAddr())
			if err := l.handshake(t.Context(), shake(version)); err != nil {
				t.Fatal(err)
			}
			want := make([]byte, 300_000)
			rand.Read(want)
			got := make([]byte, len(want))
			for _, size := range []int{1, 5, 16384, 16385, 100, 65536, 300_000, 1} {
				go l.write(want[:size], 10*time.Second)
				n, err := l.read(got, soon(10*time.Second))
				for err == nil && n < size {
					var more int
					more, err = l.read(got[n:], soon(10*time.Second))
					n += more
				}
				if err != nil || !bytes.Equal(got[:n], want[:size]) {
					t.Fatalf("of %d bytes %d came, %v", size, n, err)
				}
				if l.wire.in != nil {
					t.Fatalf("a buffer is held after %d bytes", size)
				}
			}
		})
	}
}

// One side reads while the other writes: an upload whose answer begins early.
func TestTLSBothWaysAtOnce(t *testing.T) {
	eachLink(t, func(t *testing.T, l link, peer peer) {
		const size = 4 << 20
		var all sync.WaitGroup
		all.Go(func() { io.CopyN(io.Discard, peer, size) })
		all.Go(func() { peer.Write(make([]byte, size)) })
		all.Go(func() {
			if n, err := l.write(make([]byte, size), 10*time.Second); n != size || err != nil {
				t.Errorf("write: %d, %v", n, err)
			}
		})
		b := make([]byte, 64<<10)
		for have := 0; have < size; {
			n, err := l.read(b, soon(10*time.Second))
			if err != nil {
				t.Errorf("read after %d bytes: %v", have, err)
				break
			}
			have += n
		}
		all.Wait()
	})
}

// What comes behind an answer makes the connection unfit, however much of it
// crypto/tls has in its hands.
func TestTLSStale(t *testing.T) {
	const answer, surplus = "the answer", "and more"
	tests := []struct {
		name string
		send func(s *tls.Conn, held *bytes.Buffer) []byte // what the peer sends, in one piece
		want bool
	}{
		{"nothing", func(s *tls.Conn, held *bytes.Buffer) []byte { s.Write([]byte(answer)); return held.Bytes() }, false},
		{"bytes in the answer's record", func(s *tls.Conn, held *bytes.Buffer) []byte {
			s.Write([]byte(answer + surplus))
			return held.Bytes()
		}, true},
		{"a record", func(s *tls.Conn, held *bytes.Buffer) []byte {
			s.Write([]byte(answer))
			s.Write([]byte(surplus))
			return held.Bytes()
		}, true},
		{"half a record", func(s *tls.Conn, held *bytes.Buffer) []byte {
			s.Write([]byte(answer))
			s.Write([]byte(surplus))
			return held.Bytes()[:held.Len()-1]
		}, true},
		{"one byte of a record", func(s *tls.Conn, held *bytes.Buffer) []byte {
			s.Write([]byte(answer))
			whole := held.Len()
			s.Write([]byte(surplus))
			return held.Bytes()[:whole+1]
		}, true},
		{"an end", func(s *tls.Conn, held *bytes.Buffer) []byte {
			s.Write([]byte(answer))
			s.CloseWrite()
			return held.Bytes()
		}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			eachInner(t, func(t *testing.T, inner link, other *net.TCPConn) {
				gate := &gate{Conn: other}
				l, server := tlsPair(t, inner, gate)
				gate.shut = true
				if _, err := other.Write(tt.send(server, &gate.held)); err != nil {
					t.Fatal(err)
				}
				var b [len(answer)]byte
				if n, err := l.read(b[:], soon(10*time.Second)); n != len(b) || err != nil {
					t.Fatalf("read: %q, %v", b[:n], err)
				}
				if got := l.stale(nil); got != tt.want {
					t.Errorf("stale = %t with %s behind the answer, want %t", got, tt.name, tt.want)
				}
			})
		})
	}
}

// A gate holds what is written to it back once it is shut.
type gate struct {
	net.Conn
	shut bool
	held bytes.Buffer
}

func (g *gate) Write(b []byte) (int, error) {
	if g.shut {
		return g.held.Write(b)
	}
	return g.Conn.Write(b)
}

func (g *gate) SetWriteDeadline(time.Time) error { return nil }

// Who speaks no TLS is found out by the first bytes, not by waiting for what
// would be a record.
func TestTLSHandshakeWithOthers(t *testing.T) {
	for _, hello := range []string{"SSH-2.0-OpenSSH\r\n", "HTTP/1.1 400 Bad Request\r\n\r\n", "220 mail\r\n", "\x00\x00\x00\x00\x00", "\x16\x03\x03\xff\xff", "\x15\x03\x01\x00\x02\x02\x28"} {
		eachInner(t, func(t *testing.T, inner link, other *net.TCPConn) {
			other.Write([]byte(hello))
			l := newTLSLink(inner, other.LocalAddr())
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			if err := l.handshake(ctx, shake(0)); err == nil || ctx.Err() != nil {
				t.Errorf("handshake with %q: %v", hello, err)
			}
		})
	}
}

func TestTLSHandshakeEndsWithItsContext(t *testing.T) {
	eachInner(t, func(t *testing.T, inner link, other *net.TCPConn) {
		other.Write([]byte("\x16\x03\x03")) // and no more
		l := newTLSLink(inner, other.LocalAddr())
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(10*time.Millisecond, cancel)
		if err := l.handshake(ctx, shake(0)); !errors.Is(err, context.Canceled) {
			t.Errorf("handshake: %v", err)
		}
		other.SetReadDeadline(soon(10 * time.Second))
		if _, err := io.Copy(io.Discard, other); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error("the connection is left open")
		}
	})
}

// An end within a record is no end of a message.
func TestTLSEnds(t *testing.T) {
	for name, want := range map[string]error{"between records": io.EOF, "within a record": io.ErrUnexpectedEOF} {
		t.Run(name, func(t *testing.T) {
			eachInner(t, func(t *testing.T, inner link, other *net.TCPConn) {
				l, _ := tlsPair(t, inner, other)
				if want == io.ErrUnexpectedEOF {
					other.Write([]byte("\x17\x03\x03\x00\x20half"))
				}
				other.CloseWrite()
				if _, err := l.read(make([]byte, 8), soon(10*time.Second)); err != want {
					t.Errorf("read: %v, want %v", err, want)
				}
			})
		})
	}
}

// A wire gives out what came, in its order, a record at a time at most.
func FuzzWire(f *testing.F) {
	f.Add([]byte("\x17\x03\x03\x00\x02ab\x17\x03\x03\x00\x01c\x15"), uint8(3), uint8(2))
	f.Add([]byte("HTTP/1.1 200 OK"), uint8(1), uint8(5))
	f.Add([]byte("\x16\x03\x01\xff\xffabc"), uint8(9), uint8(9))
	f.Fuzz(func(t *testing.T, in []byte, piece, room uint8) {
		w := &wire{inner: &pieces{left: in, size: int(piece) + 1}, waits: true}
		b := make([]byte, int(room)+1)
		var got []byte
		for {
			n, err := w.Read(b)
			got = append(got, b[:n]...)
			if err != nil {
				break
			}
			if n == 0 {
				t.Fatal("a read of nothing")
			}
		}
		if !bytes.HasPrefix(in, got) {
			t.Fatalf("%q came out of %q", got, in)
		}
		if left := in[len(got):]; len(left) > 0 && (!isRecord(left[0]) || len(left) >= maxRecord) {
			t.Errorf("%q was held back", left)
		}
	})
}

// pieces is a link that has no more than size bytes at a time.
type pieces struct {
	link
	left []byte
	size int
}

func (p *pieces) read(b []byte, _ time.Time) (int, error) {
	n := copy(b[:min(len(b), p.size)], p.left)
	if p.left = p.left[n:]; n == 0 {
		return 0, io.EOF
	}
	return n, nil
}
