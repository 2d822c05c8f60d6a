package edge

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"sync/atomic"
	"time"
)

// A tlsLink is a link whose bytes crypto/tls puts in records, which another link,
// of either kind, carries.
//
// Once there has been a handshake crypto/tls never waits to read: it is given
// records that have come whole, and errStarved when there are none. All waiting
// is the tlsLink's, on the inner link, so that deadlines, interrupts and looks
// are what they are there.
type tlsLink struct {
	inner link
	tls   *tls.Conn
	wire  wire
	full  bool    // crypto/tls may have more to give: the last read filled its buffer, or came to an end
	look  [1]byte // stale reads into it

	// Of reside.
	resident resident
	openFn   func([]byte) (int, error)
	ended    error // what the records ended with
}

// newTLSLink returns a link that has to be given a handshake before anything
// else.
func newTLSLink(inner link, remote net.Addr) *tlsLink {
	return &tlsLink{inner: inner, wire: wire{inner: inner, remote: remote}}
}

// handshake runs shake over the inner link: it makes a TLS connection of what it
// is given, before ctx ends, or closes that.
func (l *tlsLink) handshake(ctx context.Context, shake func(context.Context, net.Conn) (*tls.Conn, error)) error {
	l.wire.waits = true
	conn, err := shake(ctx, &l.wire)
	l.wire.waits = false
	l.wire.rest()
	l.tls = conn
	return err
}

func (l *tlsLink) read(b []byte, due time.Time) (int, error) {
	for {
		for !l.full && !l.wire.ready() {
			if err := l.wire.fill(due); err != nil {
				return 0, err
			}
		}
		n, err := l.tls.Read(b)
		l.wire.rest()
		l.full = n == len(b) || err != nil && err != errStarved
		if n > 0 || l.full {
			return n, err
		}
	}
}

// write sends each record by itself: a reader may have to send one too, when
// the other side asks for new keys, and crypto/tls puts them in order.
func (l *tlsLink) write(b []byte, stall time.Duration) (int, error) {
	if l.wire.shared {
		return l.writeShared(b, stall)
	}
	l.wire.stall.Store(int64(stall))
	return l.tls.Write(b)
}

// writeShared waits for room when a record has been made, and not before that is the inner
// link's: crypto/tls would keep whoever reads waiting too, who may lead a lot.
func (l *tlsLink) writeShared(b []byte, stall time.Duration) (wrote int, err error) {
	for more := true; more && err == nil; more = wrote < len(b) {
		var n int
		n, err = l.tls.Write(b[wrote:min(len(b), wrote+maxPlain)])
		wrote += n
		_, failed := l.inner.write(nil, stall)
		err = cmp.Or(err, failed)
	}
	return wrote, err
}

func (l *tlsLink) share() (able bool) {
	l.wire.shared = l.inner.share()
	return l.wire.shared
}

func (l *tlsLink) keep(b []byte) error {
	_, err := l.tls.Write(b)
	return err
}

func (l *tlsLink) flush() (all bool, err error) { return l.inner.flush() }

// post puts off one record: a second one has the first be sent.
func (l *tlsLink) post(b []byte, stall time.Duration) (int, error) {
	l.wire.stall.Store(^int64(stall))
	n, err := l.tls.Write(b)
	l.wire.stall.Store(int64(stall)) // for records that whoever reads has to send
	return n, err
}

// stale takes in records that carry no data, as the tickets of TLS 1.3, and
// counts the part of a record as bytes.
func (l *tlsLink) stale(leads *lot) bool {
	if l.full || l.wire.in != nil {
		_, err := l.tls.Read(l.look[:])
		l.wire.rest()
		if err != errStarved || l.wire.in != nil {
			return true
		}
		l.full = false
	}
	return l.inner.stale(leads)
}

func (l *tlsLink) move(to *lot) bool { return l.inner.move(to) }

func (l *tlsLink) lend(c *clientConn) { l.inner.lend(c) }

// park does nothing where crypto/tls has something left to give.
func (l *tlsLink) park(due time.Time) bool { return !l.full && l.wire.in == nil && l.inner.park(due) }

func (l *tlsLink) interrupt()        { l.inner.interrupt() }
func (l *tlsLink) interrupted() bool { return l.inner.interrupted() }

func (l *tlsLink) closeWrite() {
	l.farewell()
	l.inner.closeWrite()
}

// farewellTime is how long the closing alert may wait for room.
const farewellTime = time.Second

// farewell sends the closing alert: what came before it is whole, and nothing
// follows.
func (l *tlsLink) farewell() {
	l.wire.stall.Store(int64(farewellTime))
	l.tls.CloseWrite()
	if l.wire.shared {
		l.inner.write(nil, farewellTime)
	}
}

func (l *tlsLink) tear(yes bool) { l.inner.tear(yes) }

// close sends no closing alert, which might wait.
func (l *tlsLink) close() { l.inner.close() }

// errStarved is what crypto/tls reads when no whole record is there. It is
// temporary, so that crypto/tls forgets it.
var errStarved error = starved{}

type starved struct{}

func (starved) Error() string   { return "no record has come" }
func (starved) Timeout() bool   { return false }
func (starved) Temporary() bool { return true }

// A wire is what crypto/tls takes for the connection. It gives out records only
// once they are whole, and never bytes of two: what crypto/tls has not been given
// is known to be unread.
type wire struct {
	inner  link
	remote net.Addr
	waits  bool         // Read waits for records: during the handshake
	due    time.Time    // until when
	sent   int          // bytes of ours while it did
	stall  atomic.Int64 // a time.Duration, for Write; the complement of one for post
	shared bool         // Write has inner keep what is written: see [link]
	client *clientTLS   // whose hello it brings; nil on the side of origins

	in       *buffer // holds in.b[from:to], which came and was not given out; nil if there is nothing
	from, to int
	record   int    // bytes of the first record there that may be given out
	last     int    // bytes that the last wait brought
	part     []byte // what of a record came, while no buffer holds it: see park

}

// Sizes of a record (RFC 8446 section 5.1 and, for what crypto/tls accepts at
// most, RFC 5246 section 6.2.3).
const (
	recordHead = 5
	maxPlain   = 16384
	maxRecord  = recordHead + maxPlain + 2048
)

func (w *wire) Read(b []byte) (int, error) {
	for !w.ready() {
		if !w.waits {
			return 0, errStarved
		}
		if err := w.fill(w.due); err != nil {
			return 0, err
		}
	}
	n := copy(b, w.in.b[w.from:w.from+w.record])
	w.from += n
	w.record -= n
	return n, nil
}

// ready reports whether there is something to give out: the rest of a record, a
// whole one, or what cannot become one, of which crypto/tls is to judge.
func (w *wire) ready() bool {
	if w.record > 0 {
		return true
	}
	have := w.to - w.from
	if have > 0 && !isRecord(w.in.b[w.from]) {
		w.record = have
		return true
	}
	if have < recordHead {
		return false
	}
	size := recordHead + int(binary.BigEndian.Uint16(w.in.b[w.from+3:]))
	if size <= maxRecord && have < size {
		return false
	}
	w.record = min(size, have)
	return true
}

// isRecord reports whether a record may begin with that byte, its type.
func isRecord(kind byte) bool { return kind >= 20 && kind <= 23 }

// fill waits for more. The end of the stream within a record is
// io.ErrUnexpectedEOF.
func (w *wire) fill(due time.Time) error {
	w.reserve()
	n, err := w.inner.read(w.in.b[w.to:], due)
	return w.filled(n, err)
}

// reserve makes room for the rest of the largest record.
func (w *wire) reserve() {
	switch {
	case w.in == nil:
		w.in, w.from = getBuffer(max(w.last, len(w.part))), 0
		w.to = copy(w.in.b, w.part)
		w.part = w.part[:0]
	case w.from > 0:
		w.to = copy(w.in.b, w.in.b[w.from:w.to])
		w.from = 0
	}
	if w.to == len(w.in.b) {
		w.in = w.in.grow(w.to)
	}
}

func (w *wire) filled(n int, err error) error {
	w.to += n
	w.last = min(n, smallBuffer)
	w.rest()
	if err == io.EOF && w.in != nil {
		return io.ErrUnexpectedEOF
	}
	return err
}

// rest gives the buffer up while there is nothing in it.
func (w *wire) rest() {
	if w.in != nil && w.from == w.to {
		w.in.free()
		w.in = nil
	}
}

func (w *wire) Write(b []byte) (int, error) {
	if w.waits {
		w.sent += len(b)
	}
	if w.shared {
		return len(b), w.inner.keep(b)
	}
	stall := time.Duration(w.stall.Load())
	if stall < 0 {
		return w.inner.post(b, ^stall)
	}
	return w.inner.write(b, stall)
}

func (w *wire) Close() error {
	w.inner.close()
	return nil
}

func (w *wire) RemoteAddr() net.Addr { return w.remote }
func (w *wire) LocalAddr() net.Addr  { return nil }

// Deadlines are the tlsLink's business.
func (w *wire) SetDeadline(time.Time) error      { return nil }
func (w *wire) SetReadDeadline(time.Time) error  { return nil }
func (w *wire) SetWriteDeadline(time.Time) error { return nil }
