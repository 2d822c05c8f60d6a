package edge

import (
	"bytes"
	"io"
	"syscall"
	"testing"
	"time"
)

// eachPiper runs f for all kinds of link that are pipers.
func eachPiper(t *testing.T, f func(t *testing.T, l piper, peer peer, p *pipe)) {
	ran := 0
	defer func() {
		if ran == 0 {
			t.Error("no link is a piper")
		}
	}()
	eachLink(t, func(t *testing.T, l link, peer peer) {
		piper, is := l.(piper)
		if !is {
			return // what comes has to be looked at
		}
		ran++
		var all pipes
		t.Cleanup(all.close)
		p := all.get()
		t.Cleanup(func() { all.put(p) })
		f(t, piper, peer, p)
	})
}

// What comes on one link goes out on another, whatever their kinds.
func TestConduitCarries(t *testing.T) {
	body := make([]byte, 9<<20)
	for i := range body {
		body[i] = byte(i * i >> 7)
	}
	eachPiper(t, func(t *testing.T, l piper, sender peer, _ *pipe) {
		from := l.(link)
		eachPiper(t, func(t *testing.T, to piper, receiver peer, _ *pipe) {
			var all pipes
			c := all.conduit(from, to.(link), int64(len(body)))
			defer all.close()
			defer c.end()
			go sender.Write(body)
			came := make(chan []byte)
			go func() {
				b := make([]byte, len(body))
				receiver.SetReadDeadline(soon(30 * time.Second))
				n, _ := io.ReadFull(receiver, b)
				came <- b[:n]
			}()
			for left := len(body); left > 0; {
				n, err := c.fill(int64(left), soon(30*time.Second), func() bool { return false })
				if err != nil {
					t.Fatal("fill: ", err)
				}
				if wrote, err := c.to.empty(c.pipe, 30*time.Second); wrote != n || err != nil {
					t.Fatalf("empty: %d of %d, %v", wrote, n, err)
				}
				left -= n
			}
			if !bytes.Equal(<-came, body) {
				t.Error("the body arrived changed")
			}
			from.interrupt()
			if _, err := from.read(make([]byte, 1), soon(30*time.Second)); err != errInterrupted {
				t.Errorf("read afterwards: %v", err)
			}
		})
	})
}

func TestFillWaits(t *testing.T) {
	eachPiper(t, func(t *testing.T, l piper, peer peer, p *pipe) {
		if _, err := l.fill(p, 10, soon(10*time.Millisecond)); err != errTimeout {
			t.Errorf("nothing came: %v", err)
		}
		for _, due := range []time.Time{soon(30 * time.Second), {}} {
			time.AfterFunc(10*time.Millisecond, l.(link).interrupt)
			if _, err := l.fill(p, 10, due); err != errInterrupted {
				t.Errorf("an interrupt: %v", err)
			}
			time.AfterFunc(10*time.Millisecond, func() { peer.Write([]byte("more than ten")) })
			if n, err := l.fill(p, 10, due); n != 10 || err != nil {
				t.Errorf("as much as may come: %d, %v", n, err)
			}
			if n, err := l.fill(p, 10, due); n != 3 || err != nil {
				t.Errorf("the rest: %d, %v", n, err)
			}
		}
		if p.held != 26 {
			t.Errorf("the pipe holds %d bytes", p.held)
		}
		peer.CloseWrite()
		if _, err := l.fill(p, 10, soon(30*time.Second)); err != io.EOF {
			t.Errorf("the end: %v", err)
		}
	})
}

func TestEmptyStalls(t *testing.T) {
	eachPiper(t, func(t *testing.T, l piper, peer peer, p *pipe) {
		source, sink := tcpPair(t)
		go io.Copy(source, endless{})
		from := newLinkOfLot(t, sink).(piper)
		var err error
		for err == nil {
			if _, err := from.fill(p, pipeSize, soon(30*time.Second)); err != nil {
				t.Fatal(err)
			}
			_, err = l.empty(p, 50*time.Millisecond)
		}
		if err != errTimeout || p.held == 0 {
			t.Errorf("nobody reads: %v, and the pipe holds %d bytes", err, p.held)
		}
		go io.Copy(io.Discard, peer)
		for _, stall := range []time.Duration{30 * time.Second, 0} {
			if _, err := l.empty(p, stall); err != nil || p.held != 0 {
				t.Errorf("once somebody does: %v, and the pipe holds %d bytes", err, p.held)
			}
			if _, err := from.fill(p, pipeSize, soon(30*time.Second)); err != nil {
				t.Fatal(err)
			}
		}
		l.(link).close()
		if _, err := l.empty(p, time.Second); err == nil {
			t.Error("emptied into what is closed")
		}
		if _, err := l.fill(p, 1, time.Time{}); err == nil {
			t.Error("filled from what is closed")
		}
	})
}

// An endless reader has zeros.
type endless struct{}

func (endless) Read(b []byte) (int, error) { return len(b), nil }

// Where nothing can be spliced, the first to find that out has no body fail, and
// nobody tries again.
func TestNoSplice(t *testing.T) {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC) // which cannot be spliced
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	var all pipes
	c := &conduit{from: unspliced(fd), pipe: all.get(), home: &all}
	if n, err := c.fill(1<<20, time.Time{}, nil); n != 0 || err != errNoSplice {
		t.Errorf("%d, %v", n, err)
	}
	c.end()
	if all.get() != nil || all.open != 0 {
		t.Errorf("there are pipes still: %d", all.open)
	}
}

// unspliced is a link whose descriptor is of the wrong kind.
type unspliced int

func (fd unspliced) fill(p *pipe, n int64, _ time.Time) (int, error) { return p.pull(int(fd), n) }
func (fd unspliced) pull(p *pipe, n int64) (int, error)              { return p.pull(int(fd), n) }
func (fd unspliced) push(*pipe) (int, error)                         { return 0, io.EOF }
func (fd unspliced) empty(*pipe, time.Duration) (int, error)         { return 0, io.EOF }
