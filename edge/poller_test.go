//go:build linux && !race

package edge

import (
	"io"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestPollerKeepsEdges pins what link_raw.go leans on in internal/poll and the
// runtime's poller, neither of which documents it. Where a case fails, a
// connection would hang until its deadline.
func TestPollerKeepsEdges(t *testing.T) {
	const rounds = 3000
	var one [1]byte
	cases := []struct {
		name string

		// callback is what RawConn.Read runs. It returns whether it is done; send
		// makes the peer write and returns once the bytes are there to be read.
		callback func(fd uintptr, call int, send func()) (done bool, err error)
		before   bool // the peer writes before Read begins
	}{
		{"an edge that comes while the function runs is kept", func(fd uintptr, call int, send func()) (bool, error) {
			_, err := readFD(fd, one[:])
			if call == 0 {
				if err != syscall.EAGAIN {
					return true, err
				}
				send()
				return false, nil
			}
			return err != syscall.EAGAIN, err
		}, false},
		{"one that came before is found by the function's own look", func(fd uintptr, call int, send func()) (bool, error) {
			_, err := readFD(fd, one[:])
			return err != syscall.EAGAIN, err
		}, true},
		{"an answer that comes before swap waits is kept", func(fd uintptr, call int, send func()) (bool, error) {
			if call == 0 {
				send() // swap writes here, and the peer may answer at once
				return false, nil
			}
			_, err := readFD(fd, one[:])
			return err != syscall.EAGAIN, err
		}, false},
		{"after a short read, what comes makes an edge", func(fd uintptr, call int, send func()) (bool, error) {
			var room [64]byte
			n, err := readFD(fd, room[:])
			if call == 0 {
				if err != nil || n == len(room) {
					return true, err
				}
				send()
				return false, nil
			}
			return err != syscall.EAGAIN, err
		}, true},
	}
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tested, peer := tcpPair(t)
			rc, err := tested.SyscallConn()
			if err != nil {
				t.Fatal(err)
			}
			write := func() {
				if _, err := peer.Write([]byte{'x'}); err != nil {
					t.Error(err)
				}
			}
			for round := range rounds {
				if tt.before {
					write()
				}
				tested.SetReadDeadline(time.Now().Add(10 * time.Second))
				call := 0
				var got error
				err := rc.Read(func(fd uintptr) bool {
					done, err := tt.callback(fd, call, write)
					call++
					got = err
					return done
				})
				if err != nil || got != nil {
					t.Fatalf("round %d: %v, %v after %d calls", round, err, got, call)
				}
			}
		})
	}
}

// The same with the links themselves, against a peer that answers as fast as it
// can.
func TestSwapLosesNothing(t *testing.T) {
	var all sync.WaitGroup
	for range 4 {
		tested, peer := tcpPair(t)
		all.Go(func() { io.Copy(peer, peer) })
		all.Go(func() {
			l := newRawLink(tested)
			defer l.close()
			var got [64]byte
			for i := range 10000 {
				want := byte(i)
				wrote, n, err := l.swap([]byte{want}, got[:], time.Now().Add(10*time.Second), time.Second)
				if wrote != 1 || n != 1 || err != nil || got[0] != want {
					t.Errorf("round %d: wrote %d, read %d: %q, %v", i, wrote, n, got[:n], err)
					return
				}
			}
		})
	}
	all.Wait()
}

// A swap that the socket does not take at once goes on as a write.
func TestSwapOfMoreThanTheSocketTakes(t *testing.T) {
	tested, peer := tcpPair(t)
	const size = 16 << 20
	go func() {
		io.CopyN(io.Discard, peer, size)
		peer.Write([]byte("done"))
	}()
	l := newRawLink(tested)
	var got [64]byte
	wrote, n, err := l.swap(make([]byte, size), got[:], time.Now().Add(10*time.Second), 5*time.Second)
	if wrote != size || string(got[:n]) != "done" || err != nil {
		t.Errorf("wrote %d, read %q, %v", wrote, got[:n], err)
	}
}
