package edge

import (
	"bytes"
	"crypto/tls"
	"io"
	"math/rand/v2"
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
		if l.wire.in != nil {
			t.Error("a buffer is held")
		}
	})
}

// Part of a record is kept in no more memory than it takes, and the rest may come
// when it likes.
func TestTLSResidentParks(t *testing.T) {
	tested, other := tcpPair(t)
	inner := newLinkOfLot(t, tested)
	if inner == nil {
		t.Skip("only on another system: there are no lots here")
	}
	gate := &gate{Conn: other}
	l, client := tlsServerPair(t, inner, gate)
	gate.shut = true
	client.Write(make([]byte, 1000))
	record := gate.held.Bytes()
	r := &countResident{}
	l.resident, l.openFn = r, l.open
	for len(record) > 0 {
		n := min(len(record), 100)
		stay, err := l.turn(feed(record[:n]))
		record = record[n:]
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

// However the records of a client are cut, and whatever becomes of them on the way,
// its resident gets a beginning of what was sent, and all of it if nothing did. No
// fuzz target: what handshakes do differs each time.
func TestTLSResidentOfRecordsCutAnywhere(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 100 {
		sent := make([]byte, random.IntN(1+random.IntN(60_000)))
		for j := range sent {
			sent[j] = byte(random.Uint32())
		}
		ours, theirs := net.Pipe()
		gate := &gate{Conn: theirs}
		l, client := tlsServerPair(t, &pipeLink{conn: ours}, gate)
		gate.shut = true
		l.wire.stall.Store(int64(time.Millisecond)) // for the alert at the end, which nobody reads
		for left := sent; len(left) > 0; {
			n := min(len(left), 1+random.IntN(20_000))
			client.Write(left[:n])
			left = left[n:]
		}
		records := gate.held.Bytes()
		broken := i%2 == 1 && len(records) > 0
		if broken {
			records[random.IntN(len(records))] ^= byte(1 + random.IntN(255))
		}
		r := &countResident{}
		l.resident, l.openFn = r, l.open
		for stay := true; stay && len(records) > 0; {
			n := min(len(records), 1+random.IntN(1+random.IntN(20_000)))
			stay, _ = l.turn(feed(records[:n]))
			records = records[n:]
		}
		if !bytes.HasPrefix(sent, r.read) || !broken && len(r.read) != len(sent) {
			t.Errorf("case %d: of %d bytes %d came", i, len(sent), r.n)
		}
		theirs.Close()
		ours.Close()
	}
}

// feed returns a read that gives out b, and then has nothing.
func feed(b []byte) func([]byte) (int, error) {
	return func(to []byte) (int, error) {
		if len(b) == 0 {
			return 0, syscall.EAGAIN
		}
		n := copy(to, b)
		b = b[n:]
		return n, nil
	}
}

// What comes in pieces, with the buffer given up after each, is given out in order,
// a record at a time at most.
func FuzzWireParks(f *testing.F) {
	f.Add([]byte("\x17\x03\x03\x00\x02ab\x17\x03\x03\x00\x01c\x15"), uint16(3), uint16(2))
	f.Add([]byte("\x16\x03\x01\x40\x00abc"), uint16(1), uint16(600))
	f.Fuzz(func(t *testing.T, in []byte, piece, room uint16) {
		w := &wire{}
		in = in[:min(len(in), 40_000)]
		b := make([]byte, int(room)+1)
		var got []byte
		for left := in; len(left) > 0; {
			n := min(len(left), max(int(piece)+1, len(in)/200))
			read := feed(left[:n])
			left = left[n:]
			for {
				for w.ready() {
					n, err := w.Read(b)
					if n == 0 || err != nil {
						t.Fatalf("ready, and read %d, %v", n, err)
					}
					got = append(got, b[:n]...)
				}
				if _, err := w.take(read); err != nil {
					break
				}
			}
			if w.park(); w.in != nil {
				t.Fatal("a buffer is held")
			}
		}
		if left := in[len(got):]; !bytes.HasPrefix(in, got) || !bytes.Equal(left, w.part[:len(left)]) {
			t.Fatalf("%q came out of %q, %q is kept", got, in, w.part)
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
