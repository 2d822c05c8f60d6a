package edge

import (
	"io"
	"net"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A peer is the other end of a link.
type peer interface {
	net.Conn
	CloseWrite() error
}

// kinds are the ways to make a link over a connection and what its peer has to
// do, where there are such links.
var kinds = map[string]func(testing.TB, *net.TCPConn, *net.TCPConn) (link, peer){
	"plain":          func(_ testing.TB, c, p *net.TCPConn) (link, peer) { return newPlainLink(c), p },
	"TLS over plain": func(t testing.TB, c, p *net.TCPConn) (link, peer) { return tlsPair(t, newPlainLink(c), p) },
	"lot":            func(t testing.TB, c, p *net.TCPConn) (link, peer) { return newLinkOfLot(t, c), p },
	"TLS over lot":   func(t testing.TB, c, p *net.TCPConn) (link, peer) { return tlsPair(t, newLinkOfLot(t, c), p) },
}

// eachLink runs f for all kinds of link.
func eachLink(t *testing.T, f func(t *testing.T, l link, peer peer)) {
	for name, pair := range kinds {
		t.Run(name, func(t *testing.T) {
			tested, other := tcpPair(t)
			if strings.HasSuffix(name, "lot") && runtime.GOOS != "linux" {
				t.Skip("only on another system: there are no lots here")
			}
			l, peer := pair(t, tested, other)
			f(t, l, peer)
		})
	}
}

// tcpPair returns two ends of a TCP connection, as an edge has them: the one that
// is tested and its peer.
func tcpPair(t testing.TB) (tested, peer *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	a, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		a.Close()
		c.Close()
	})
	return a.(*net.TCPConn), c.(*net.TCPConn)
}

func soon(d time.Duration) time.Time { return time.Now().Add(d) }

func TestLinkReadDeadlines(t *testing.T) {
	eachLink(t, func(t *testing.T, l link, peer peer) {
		var b [8]byte
		// An early deadline, a late one, an early one again, and none.
		for _, wait := range []time.Duration{20 * time.Millisecond, 60 * time.Millisecond, 10 * time.Millisecond} {
			began := time.Now()
			if _, err := l.read(b[:], soon(wait)); err != errTimeout {
				t.Fatalf("read: %v, want a time-out", err)
			}
			if took := time.Since(began); took < wait || took > wait+10*time.Second {
				t.Errorf("timed out after %v, want %v", took, wait)
			}
		}
		for _, due := range []time.Time{{}, soon(10 * time.Second)} {
			go func() {
				time.Sleep(30 * time.Millisecond)
				peer.Write([]byte("x"))
			}()
			if n, err := l.read(b[:], due); n != 1 || err != nil {
				t.Errorf("read after time-outs: %d, %v", n, err)
			}
		}
		peer.Write([]byte("y"))
		time.Sleep(2 * time.Millisecond)
		if n, err := l.read(b[:], soon(10*time.Second)); n != 1 || err != nil {
			t.Errorf("read: %d, %v", n, err)
		}
		peer.CloseWrite()
		if _, err := l.read(b[:], soon(10*time.Second)); err != io.EOF {
			t.Errorf("read: %v, want the end", err)
		}
	})
}

// A pending deadline that has passed between two reads must not end the second.
func TestLinkDeadlineLeftBehind(t *testing.T) {
	eachLink(t, func(t *testing.T, l link, peer peer) {
		var b [8]byte
		peer.Write([]byte("a"))
		if _, err := l.read(b[:], soon(500*time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(600 * time.Millisecond)
		go func() {
			time.Sleep(40 * time.Millisecond)
			peer.Write([]byte("b"))
		}()
		if n, err := l.read(b[:], soon(10*time.Second)); n != 1 || err != nil {
			t.Errorf("read: %d, %v", n, err)
		}
		time.Sleep(40 * time.Millisecond)
		go func() {
			io.ReadFull(peer, make([]byte, 1))
			peer.Write([]byte("c"))
		}()
		if _, err := l.write([]byte("?"), 10*time.Second); err != nil {
			t.Fatal(err)
		}
		if n, err := l.read(b[:], soon(10*time.Second)); n != 1 || err != nil {
			t.Errorf("the answer: %d, %v", n, err)
		}
	})
}

func TestLinkInterrupt(t *testing.T) {
	eachLink(t, func(t *testing.T, l link, peer peer) {
		var b [8]byte
		for _, due := range []time.Time{{}, soon(10 * time.Second)} {
			go func() {
				time.Sleep(10 * time.Millisecond)
				l.interrupt()
			}()
			if _, err := l.read(b[:], due); err != errInterrupted {
				t.Fatalf("read: %v, want the interrupt", err)
			}
			l.interrupt()
			if _, err := l.read(b[:], due); err != errInterrupted {
				t.Fatalf("read after an interrupt: %v", err)
			}
			l.interrupt()
			if !l.interrupted() || l.interrupted() {
				t.Error("an interrupt is not taken back once")
			}
			for range 2 {
				peer.Write([]byte("x"))
				if n, err := l.read(b[:], due); n != 1 || err != nil {
					t.Errorf("read afterwards: %d, %v", n, err)
				}
			}
		}
	})
}

func TestLinkWriteStalls(t *testing.T) {
	eachLink(t, func(t *testing.T, l link, peer peer) {
		began := time.Now()
		n, err := l.write(make([]byte, 64<<20), 50*time.Millisecond)
		if err != errTimeout || n == 64<<20 {
			t.Errorf("write: %d, %v", n, err)
		}
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("stalled for %v", took)
		}
		if _, torn := l.(*tlsLink); torn {
			return // part of a record went out: no other can follow
		}
		go io.Copy(io.Discard, peer)
		time.Sleep(60 * time.Millisecond)
		for _, stall := range []time.Duration{10 * time.Second, 0} {
			if n, err := l.write(make([]byte, 1<<20), stall); err != nil || n != 1<<20 {
				t.Errorf("write once there is room: %d, %v", n, err)
			}
		}
	})
}

func TestLinkStale(t *testing.T) {
	eachLink(t, func(t *testing.T, l link, peer peer) {
		if l.stale(nil) {
			t.Error("a quiet connection is stale")
		}
		peer.Write([]byte("x"))
		for due := soon(10 * time.Second); !l.stale(nil); time.Sleep(time.Millisecond) {
			if time.Now().After(due) {
				t.Fatal("a connection with bytes is not stale")
			}
		}
		var b [8]byte
		if n, err := l.read(b[:], soon(10*time.Second)); n != 1 || err != nil {
			t.Errorf("the look took the bytes: %d, %v", n, err)
		}
		peer.Close()
		for due := soon(10 * time.Second); !l.stale(nil); time.Sleep(time.Millisecond) {
			if time.Now().After(due) {
				t.Fatal("a connection that has ended is not stale")
			}
		}
	})
}

// An interruptedResident is interrupted while it takes what has come.
type interruptedResident struct{ link link }

func (r interruptedResident) waiting() time.Time { return time.Time{} }
func (r interruptedResident) due() time.Time     { return time.Time{} }

func (r interruptedResident) turn(read func([]byte) (int, error)) (bool, error) {
	var b [8]byte
	n, err := read(b[:])
	if n > 0 {
		r.link.interrupt()
	}
	return err == nil || err == syscall.EAGAIN, err
}

// An interrupt that finds a resident at work is not lost when that waits again.
func TestLinkInterruptAtWork(t *testing.T) {
	eachLink(t, func(t *testing.T, l link, peer peer) {
		peer.Write([]byte("x"))
		ended := make(chan error, 1)
		go func() { ended <- l.reside(interruptedResident{l}) }()
		select {
		case err := <-ended:
			if err != errInterrupted {
				t.Errorf("ended with %v, want the interrupt", err)
			}
		case <-time.After(30 * time.Second):
			t.Error("it waits for ever")
		}
	})
}
