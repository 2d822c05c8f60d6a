package edge

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"syscall"
	"testing"
	"time"
)

// tlsServerPair returns the link of a server after its handshake with a client.
func tlsServerPair(t testing.TB, inner link, other net.Conn) (*tlsLink, *tls.Conn) {
	t.Helper()
	client := tls.Client(other, &tls.Config{InsecureSkipVerify: true})
	done := make(chan error, 1)
	go func() { done <- client.Handshake() }()
	l := newTLSLink(inner, other.LocalAddr())
	config := &tls.Config{Certificates: []tls.Certificate{selfSigned()}, DynamicRecordSizingDisabled: true}
	if err := l.accept(config, soon(10*time.Second)); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	return l, client
}

// An echoResident sends back what comes, in pieces of the size of its buffer.
type echoResident struct {
	link link
	b    [1500]byte
}

func (r *echoResident) waiting() time.Time { return time.Time{} }
func (r *echoResident) due() time.Time     { return soon(10 * time.Second) }

func (r *echoResident) turn(read func([]byte) (int, error)) (bool, error) {
	for {
		n, err := read(r.b[:])
		if err == syscall.EAGAIN {
			return true, nil
		}
		if err != nil {
			return false, err
		}
		if _, err := r.link.write(r.b[:n], 10*time.Second); err != nil {
			return false, err
		}
		if n < len(r.b) {
			return true, nil
		}
	}
}

// A resident behind TLS gets what the client sends, whatever the sizes of messages
// and records, and no buffer is held afterwards.
func TestTLSResident(t *testing.T) {
	eachInner(t, func(t *testing.T, inner link, other *net.TCPConn) {
		l, client := tlsServerPair(t, inner, other)
		done := make(chan error, 1)
		go func() { done <- l.reside(&echoResident{link: l}) }()
		want := bytes.Repeat([]byte("0123456789abcdef"), 10_000)
		for _, size := range []int{1, 5, 1499, 1500, 1501, 3000, 16384, 16385, 65536, 160_000, 1} {
			go client.Write(want[:size])
			got := make([]byte, size)
			if _, err := io.ReadFull(client, got); err != nil || !bytes.Equal(got, want[:size]) {
				t.Fatalf("%d bytes do not come back: %v", size, err)
			}
		}
		client.CloseWrite()
		if err := <-done; err != io.EOF {
			t.Errorf("the end is %v", err)
		}
		if l.wire.in != nil || l.wire.out.home != nil {
			t.Error("a buffer is held")
		}
	})
}

// Part of a record is kept in no more memory than it takes, and the rest may come
// when it likes.
func TestTLSResidentParks(t *testing.T) {
	tested, other := tcpPair(t)
	inner := newRawLink(tested)
	if inner == nil {
		t.Skip("there are no raw links here")
	}
	gate := &gate{Conn: other}
	l, client := tlsServerPair(t, inner, gate)
	gate.shut = true
	client.Write(make([]byte, 1000))
	record := gate.held.Bytes()
	r := &countResident{}
	l.resident, l.openFn = r, l.open
	feed := &pieces{size: 100}
	for len(record) > 0 {
		n := min(len(record), 100)
		feed.left, record = record[:n], record[n:]
		stay, err := l.turn(func(b []byte) (int, error) {
			if len(feed.left) == 0 {
				return 0, syscall.EAGAIN
			}
			return feed.read(b, time.Time{})
		})
		if !stay || err != nil || l.wire.in != nil || len(record) > 0 && cap(l.wire.part) > 2048 {
			t.Fatalf("stay %t, %v, buffer held %t, %d bytes kept", stay, err, l.wire.in != nil, cap(l.wire.part))
		}
	}
	if r.n != 1000 {
		t.Errorf("%d bytes came, want 1000", r.n)
	}
}

// A countResident counts what comes.
type countResident struct {
	n    int
	read []byte
}

func (r *countResident) waiting() time.Time { return time.Time{} }
func (r *countResident) due() time.Time     { return time.Time{} }

func (r *countResident) turn(read func([]byte) (int, error)) (bool, error) {
	var b [700]byte
	for {
		n, err := read(b[:])
		r.n += n
		r.read = append(r.read, b[:n]...)
		if err == syscall.EAGAIN {
			return true, nil
		}
		if err != nil || n < len(b) {
			return err == nil, err
		}
	}
}

// However the records of a client are cut, and whatever else stands between them,
// its resident gets a beginning of what was sent, and all of it if the records are
// whole.
func FuzzTLSResident(f *testing.F) {
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"), uint16(10), uint16(7), uint16(0), byte(0))
	f.Add(bytes.Repeat([]byte("a"), 40_000), uint16(1400), uint16(17_000), uint16(0), byte(0))
	f.Add([]byte("abc"), uint16(1), uint16(3), uint16(8), byte(1))
	pair := func(t *testing.T) (*tlsLink, *tls.Conn, *gate) {
		ours, theirs := net.Pipe()
		gate := &gate{Conn: theirs}
		l, client := tlsServerPair(t, &pipeLink{conn: ours}, gate)
		gate.shut = true
		l.wire.stall.Store(int64(time.Millisecond)) // for the alert at the end, which nobody reads
		return l, client, gate
	}
	f.Fuzz(func(t *testing.T, sent []byte, message, piece, at uint16, flip byte) {
		l, client, gate := pair(t)
		defer client.NetConn().(interface{ Close() error }).Close()
		for left := sent; len(left) > 0; {
			n := min(len(left), int(message)+1)
			client.Write(left[:n])
			left = left[n:]
		}
		records := gate.held.Bytes()
		if flip != 0 && len(records) > 0 {
			records[int(at)%len(records)] ^= flip
		}
		r := &countResident{}
		l.resident, l.openFn = r, l.open
		ended := false
		for len(records) > 0 && !ended {
			n := min(len(records), int(piece)+1)
			feed := &pieces{left: records[:n], size: 1 << 20}
			records = records[n:]
			stay, _ := l.turn(func(b []byte) (int, error) {
				if len(feed.left) == 0 {
					return 0, syscall.EAGAIN
				}
				return feed.read(b, time.Time{})
			})
			ended = !stay
		}
		if !bytes.HasPrefix(sent, r.read) || flip == 0 && len(r.read) != len(sent) {
			t.Errorf("of %d bytes %d came, ended %t", len(sent), r.n, ended)
		}
	})
}

// A pipeLink is what a handshake and its alerts need of a link.
type pipeLink struct {
	link
	conn net.Conn
}

func (p *pipeLink) read(b []byte, _ time.Time) (int, error) { return p.conn.Read(b) }

func (p *pipeLink) write(b []byte, stall time.Duration) (int, error) {
	p.conn.SetWriteDeadline(time.Now().Add(stall))
	return p.conn.Write(b)
}
