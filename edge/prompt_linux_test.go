package edge

import (
	"bytes"
	"io"
	"runtime"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// waitFor waits until n bytes can be read from a socket.
func waitFor(t *testing.T, l *lotLink, n int) {
	t.Helper()
	for end := soon(30 * time.Second); ; runtime.Gosched() {
		var have int32
		syscall.Syscall(syscall.SYS_IOCTL, uintptr(l.fd), syscall.TIOCINQ, uintptr(unsafe.Pointer(&have)))
		if int(have) >= n {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d of %d bytes came", have, n)
		}
	}
}

// A full link has room only for who waits for it.
type full struct{ seat }

func (full) push(*pipe) (int, error) { return 0, syscall.EAGAIN }

// What has come of a body goes on at once if that is all of it and there is room. A goroutine
// carries the rest else, and nothing is lost or sent twice.
func TestGather(t *testing.T) {
	const length, first = 40 << 10, 1000
	body := make([]byte, length)
	for i := range body {
		body[i] = byte(i * i >> 7)
	}
	tests := []struct {
		name      string
		came      int  // of the body, with what came with the head
		full      bool // there is no room to the origin
		all, sent bool
	}{
		{"all is there", length, false, true, true},
		{"all is there, and no room", length, true, true, false},
		{"half is there", length / 2, false, false, false},
		{"nothing is there", first, false, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, sender := tcpPair(t)
			o, receiver := tcpPair(t)
			client, origin := newLinkOfLot(t, c).(seat), newLinkOfLot(t, o).(seat)
			x := uploading(t, client, origin)
			if tt.full {
				x.origin.link = full{origin}
			}
			u := &x.up
			x.req.length, x.rest, u.left, u.done = length, body[:first], length, nil
			sender.Write(body[first:tt.came])
			waitFor(t, client.lotLink, tt.came-first)

			if u.begun = u.gather(); u.begun != tt.all || (u.done != nil) != (tt.came > first) {
				t.Errorf("all is there: %t, some was taken: %t", u.begun, u.done != nil)
			}
			if u.begun {
				u.left, u.taken = 0, first // as sendHead does
				origin.put(body[:first])
				if sent := u.flush(); sent != tt.sent || sent == u.behind() {
					t.Errorf("sent is %t, want %t", sent, tt.sent)
				}
			}
			if !tt.sent {
				x.startUpload()
			}
			sender.Write(body[tt.came:])
			got := make([]byte, length)
			receiver.SetReadDeadline(soon(30 * time.Second))
			if n, err := io.ReadFull(receiver, got); err != nil || !bytes.Equal(got, body) {
				t.Errorf("%d of %d bytes came, %v", n, len(got), err)
			}
			<-u.done
			if u.failure != failNone || !u.whole || u.behind() || u.taken != length || u.sent.Load() != length || u.gathered != nil {
				t.Errorf("failure %d, whole is %t, behind is %t, %d bytes were taken and %d sent", u.failure, u.whole, u.behind(), u.taken, u.sent.Load())
			}
			if pipes := &x.c.edge.pipes; len(pipes.idle) != pipes.open {
				t.Errorf("%d of %d pipes are idle", len(pipes.idle), pipes.open)
			}
		})
	}
}

// What is gathered and never sent gives its pipe back, and the origin's connection is closed.
func TestGatheredInVain(t *testing.T) {
	c, sender := tcpPair(t)
	o, _ := tcpPair(t)
	client, origin := newLinkOfLot(t, c).(seat), newLinkOfLot(t, o).(seat)
	x := uploading(t, client, origin)
	x.up.done = nil
	sender.Write([]byte("hello"))
	waitFor(t, client.lotLink, 5)
	if !x.up.gather() {
		t.Fatal("nothing is gathered")
	}
	if x.elsewhere(failWrite) {
		t.Error("the request goes to another backend, without its body")
	}
	x.endUpload()
	if pipes := &x.c.edge.pipes; len(pipes.idle) != 0 || pipes.open != 0 {
		t.Errorf("%d pipes are open, and %d idle; want none, as it held something", pipes.open, len(pipes.idle))
	}
	if !origin.closed.Load() || x.up.idle() {
		t.Error("the origin's connection may be used again")
	}
}
