package edge

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"time"

	"headwater/dial"
	"headwater/internal/message"
	"headwater/vcl"
)

// An originConn is a connection to an origin: idle in its pool, or of one
// exchange.
type originConn struct {
	link          link
	lot           *lot // nil for none
	pool          *pool
	tally         *tally // of the backend that it is, or was last, in use for
	place         *place // of its address, in that
	served        int    // answers read to their end
	born          time.Time
	rested        time.Time // when it came back to the pool, if that has terms of time
	swept         uint32    // how many sweeps the pool had had when it came back
	local, remote netip.AddrPort
	tls           string // the version, in OpenSSL's words; "" without TLS
}

// move has the lot that the caller leads, nil for none, watch an idle connection that another
// watched: as long as two lead, each answer on it would go to and fro between their processors.
func (c *originConn) move(leads *lot) {
	if leads != nil && c.lot != leads && c.link.move(leads) {
		c.lot = leads
	}
}

// connect gives the exchange a connection: a warm one unless fresh is asked for.
// It counts against the backend's max_conn from the moment it is wanted.
func (x *exchange) connect(fresh bool) failure {
	b := x.backend
	t := b.count()
	x.connected = false
	if !t.enter(b.maxConn) {
		return failMaxConn
	}
	var o *originConn
	if !fresh {
		o = b.pool.get(b.checkup, x.c)
	}
	if o == nil {
		x.c.stepOut()
		began := time.Now()
		var err error
		o, err = x.c.edge.open(b, x.limits.Connect, x.c.lot)
		x.event.connect = time.Since(began)
		t.connected(x.event.connect, err)
		if err != nil {
			t.leave()
			x.place = t.placeOf(err)
			x.event.cause = err
			return dialFailure(err)
		}
	}
	if o.tally != t {
		o.tally, o.place = t, t.place(o.remote.Addr())
	}
	x.place = o.place
	x.origin, x.connected = o, true
	f := &x.vcl.Fetched
	f.IP, f.Port, f.Local, f.Requests = o.remote.Addr(), int(o.remote.Port()), o.local, o.served+1
	f.TLS = o.tls
	o.link.lend(x.c)
	x.c.origin.Store(o)
	if x.c.dead.Load() {
		o.link.close() // cut came too early to see it
	}
	return failNone
}

// open makes a new connection for an exchange, with TLS if the origin is for that,
// within limit, and in the lot near if it is not nil. The error is a [*dial.Error].
func (e *Edge) open(b *backend, limit time.Duration, near *lot) (*originConn, error) {
	p := b.pool
	ctx, cancel := context.WithTimeout(e.live, limit)
	defer cancel()
	tcp, err := p.origin.DialAmong(ctx, b.usableAddresses())
	if err != nil {
		return nil, err
	}
	local, remote := tcp.LocalAddr(), tcp.RemoteAddr()
	l, in := e.newLink(tcp, near)
	o := &originConn{link: l, lot: in, pool: p, born: time.Now(), local: addressOf(local), remote: addressOf(remote)}
	if p.origin.Secure() {
		secured := newTLSLink(o.link, remote)
		if err := secured.handshake(ctx, p.origin.Handshake); err != nil {
			return nil, err
		}
		o.link, o.tls = secured, protocols[secured.tls.ConnectionState().Version]
	}
	p.add()
	return o, nil
}

// protocols are the versions of TLS by their numbers (SSL_get_version(3)).
var protocols = map[uint16]string{
	tls.VersionTLS10: "TLSv1",
	tls.VersionTLS11: "TLSv1.1",
	tls.VersionTLS12: "TLSv1.2",
	tls.VersionTLS13: "TLSv1.3",
}

func addressOf(a net.Addr) netip.AddrPort {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	at := tcp.AddrPort()
	return netip.AddrPortFrom(at.Addr().Unmap().WithZone(""), at.Port())
}

// disconnect gives up the connection: back to its pool if it is fit for another
// request, else closed.
func (x *exchange) disconnect(fit bool) {
	o := x.origin
	if o == nil {
		return
	}
	x.origin = nil
	x.c.origin.Store(nil)
	o.tally.leave()
	if fit {
		o.served++
		o.link.lend(nil)
		o.link.interrupted() // an upload's, that came too late to matter
		o.pool.put(o)
	} else {
		o.pool.drop(o)
	}
}

// destination is what a fetch goes to: req.backend, or else the first backend that was
// declared.
func (x *exchange) destination() destination {
	if d := x.site.destination(x.vcl.Backend); d != nil {
		return d
	}
	if len(x.site.backends) > 0 {
		return &x.site.backends[0]
	}
	return nobody
}

// fetch sends the request to a backend and reads the answer's head, and what has
// come of its body, for which it may let go of the exchange: failAsking. A director may
// pick again: see [exchange.elsewhere].
func (x *exchange) fetch() failure {
	if refusedMethod(x.bereq.Method) {
		x.event.cause = errMethod
		return failInternal
	}
	to, c := x.destination(), x.choose()
	for {
		s, ok := to.(*shield)
		if !ok {
			break
		}
		if f, done := x.fetchThrough(s); done {
			return f
		}
		to, c.tried = x.destination(), c.tried[:0]
	}
	x.to, x.left, x.last = to, to.tries(), failNone
	return x.seek()
}

// refetch goes on with a fetch that has asked.
func (x *exchange) refetch() failure {
	f := x.transferred(x.tried(x.hear()))
	if done, f := x.found(f); done {
		return f
	}
	return x.seek()
}

// seek fetches from backends in turn.
func (x *exchange) seek() failure {
	for {
		b, f := x.to.pick(&x.choice)
		switch {
		case f != failNone && x.last != failNone && x.connected:
			return x.last // which tells more
		case f != failNone:
			return x.unpicked(x.to, f)
		case x.last != failNone:
			x.event.retries++
		}
		x.event.cause = nil
		if done, f := x.found(x.fetchFrom(b)); done {
			return f
		}
	}
}

// found decides what follows a fetch from one backend: it was the last one, or there is
// another that may do better.
func (x *exchange) found(f failure) (done bool, _ failure) {
	d, several := x.to.(*director)
	x.last = f
	switch {
	case f == failNone || f == failAsking || !several || !x.elsewhere(f):
		return true, f
	case x.left <= 1 && x.connected:
		return true, f
	case x.left <= 1:
		return true, d.spent()
	}
	x.left--
	x.choice.tried.add(x.backend)
	return false, f
}

// fetchFrom fetches from one backend.
func (x *exchange) fetchFrom(b *backend) failure {
	x.use(b)
	var f failure
	if x.recorder != nil {
		f = x.recorder.fetch(x, b)
	} else {
		f = x.transfer()
	}
	if b.node != nil {
		x.noteNode(b.node, f)
	}
	return f
}

// transfer sends the request to the backend in use, and reads what fetch does.
func (x *exchange) transfer() failure {
	if x.whole {
		return x.transferred(x.fetchWhole())
	}
	return x.transferred(x.fetchUpload())
}

// transferred begins with the answer's body, or gives up what there is of a failure.
func (x *exchange) transferred(f failure) failure {
	if f == failAsking {
		return f
	}
	if f == failNone && !x.switched {
		x.body = body{x: x, in: x.incoming(), left: x.beresp.length}
		f = x.body.begin()
	}
	if f != failNone {
		x.endUpload()
		x.disconnect(false)
	}
	x.count(f)
	return f
}

// use readies a fetch from b. What the program has set is in force, and b's own
// limits where it has set nothing.
func (x *exchange) use(b *backend) {
	x.backend, x.limits, x.fetchDue, x.ended = b, b.limits, time.Time{}, false
	x.asked, x.answered, x.place, x.switched = time.Time{}, time.Time{}, nil, false
	x.chunks.reset()
	x.vcl.Fetched = vcl.Fetched{Backend: x.site.known(b)}
	set := func(limit *time.Duration, said, offered time.Duration) {
		if said != offered {
			*limit = said
		}
	}
	said, offered := &x.vcl.Timeouts, &x.offered
	set(&x.limits.Connect, said.Connect, offered.Connect)
	set(&x.limits.FirstByte, said.FirstByte, offered.FirstByte)
	set(&x.limits.BetweenBytes, said.BetweenBytes, offered.BetweenBytes)
	set(&x.limits.Fetch, said.Fetch, offered.Fetch)
	if x.limits.Connect == 0 {
		x.limits.Connect = defaultConnectTimeout
	}
}

// errBodyLength is a bug of ours: the origin would read on into the next request.
var errBodyLength = errors.New("body of another length than its request says")

// fetchWhole fetches with a body that is at hand.
func (x *exchange) fetchWhole() failure {
	if x.req.chunked || int64(len(x.rest)) != max(x.req.length, 0) {
		x.event.cause = errBodyLength
		return failInternal
	}
	x.again = false
	return x.tried(x.try(false))
}

// tried reads the answer's head on from the first n bytes, or tries once more.
func (x *exchange) tried(n int, f failure) failure {
	if f != failNone && f != failAsking && !x.again && x.retriable() {
		x.event.retries++
		x.event.cause, x.again = nil, true
		n, f = x.try(true)
	}
	switch f {
	case failNone:
		return x.readHead(n)
	case failAsking:
		return f
	}
	x.ended = x.connected && closed(x.event.cause)
	x.disconnect(false)
	return f
}

// try writes the request to a connection, and hears the answer unless it lets go of the
// exchange.
func (x *exchange) try(fresh bool) (int, failure) {
	x.disconnect(false)
	if f := x.connect(fresh); f != failNone {
		return 0, f
	}
	if f := x.ask(); f != failNone {
		return 0, f
	}
	if x.mayRest() {
		return 0, failAsking
	}
	return x.hear()
}

// mayRest reports whether the answer is waited for without a goroutine: not that of a
// traced request or another POP's, whose fetch goes on here, nor on a new connection with
// TLS, where something else comes first, the tickets.
func (x *exchange) mayRest() bool {
	o := x.origin
	return x.rests && x.recorder == nil && x.backend.node == nil && (o.served > 0 || o.tls == "")
}

// ask writes the request.
func (x *exchange) ask() failure {
	if x.out.home == nil {
		x.out = newOutput()
	}
	x.out.b = x.appendRequest(x.out.b[:0])
	x.vcl.Fetched.Written, x.vcl.Fetched.BodySent = int64(len(x.out.b)), int64(len(x.rest))
	x.out.b = append(x.out.b, x.rest...)
	sent, err := x.send(x.out.b)
	x.event.sent = sent
	x.out.free() // the answer may take long
	if err == nil {
		x.answerBy = x.answerDue(x.clock())
		return failNone
	}
	return x.unwritten(err)
}

// unwritten says why the request could not be sent.
func (x *exchange) unwritten(err error) failure {
	x.event.cause = err
	if alert := x.origin.alert(); alert != nil {
		x.event.cause = alert
		return failHandshake
	}
	return failWrite
}

// send puts the request off if nobody waits for the answer, and if it may be sent again whatever
// became of it: of others it has to be known.
func (x *exchange) send(b []byte) (int, error) {
	if x.mayRest() && idempotent(x.bereq.Method) {
		return x.origin.link.post(b, x.limits.BetweenBytes)
	}
	return x.origin.link.write(b, x.limits.BetweenBytes)
}

// hear reads the first bytes of the answer into x.in. A new connection is looked at
// once before waiting: an origin that is too busy may have said so, and nothing will
// announce it again.
func (x *exchange) hear() (int, failure) {
	if x.in == nil {
		x.in = getBuffer(0)
	}
	if x.c.mail.behind() { // with the request, which is sent only now
		x.c.settle()
		x.answerBy = x.answerDue(x.clock())
	}
	n, err := x.readOrigin(x.in.b, x.answerBy)
	if err == nil {
		return n, failNone
	}
	if u, ok := err.(unsent); ok {
		return 0, x.unwritten(u.error)
	}
	x.event.cause = err
	if err == errTimeout {
		return 0, x.late(failFirstByte)
	}
	return 0, x.unanswered(err)
}

// alert returns the alert that a connection ended with to which nothing can be
// written, or nil. With TLS 1.3 that is how an origin says, after the handshake,
// that it wants another client certificate; on one that has served it says something
// else.
func (o *originConn) alert() error {
	if o.served > 0 || !o.pool.origin.Secure() {
		return nil
	}
	var b [1]byte
	_, err := o.link.read(b[:], time.Now().Add(writeGrace))
	if !dial.IsAlert(err) {
		return nil
	}
	return err
}

// retriable decides, for a request whose connection ended before any byte of an
// answer, whether it may go again on a fresh one: only where the connection had
// served before, so that the likely cause is an idle time-out of the origin's
// that crossed our request, and where the request does no harm twice (RFC 9110
// section 9.2.2) or was not sent at all. Nobody else decides this.
func (x *exchange) retriable() bool {
	return x.origin != nil && x.origin.served > 0 && closed(x.event.cause) && x.harmless()
}

// harmless reports whether the request may be sent after the last try.
func (x *exchange) harmless() bool { return x.event.sent == 0 || idempotent(x.bereq.Method) }

func idempotent(method []byte) bool {
	switch string(method) {
	case "GET", "HEAD", "OPTIONS", "PUT", "DELETE":
		return true
	}
	return false
}

// answerDue is when the answer has to begin to a request that was sent just now,
// which is also when the clock of the whole fetch starts.
func (x *exchange) answerDue(now time.Time) time.Time {
	x.asked, x.fetchDue = now, after(now, x.limits.Fetch)
	return x.due(now, x.limits.FirstByte)
}

// due returns the moment d from now, or when the whole fetch has to be over if that
// is earlier.
func (x *exchange) due(now time.Time, d time.Duration) time.Time {
	due := after(now, d)
	if !x.fetchDue.IsZero() && (due.IsZero() || x.fetchDue.Before(due)) {
		return x.fetchDue
	}
	return due
}

// late returns what a wait that took too long has failed of: f, or the limit of
// the whole fetch.
func (x *exchange) late(f failure) failure {
	if !x.fetchDue.IsZero() && !time.Now().Before(x.fetchDue) {
		return failFetch
	}
	return f
}

// after returns the moment d from now, none for a d of 0.
func after(now time.Time, d time.Duration) time.Time {
	if d == 0 {
		return time.Time{}
	}
	return now.Add(d)
}

// maxInterim bounds the 1xx answers before the final one.
const maxInterim = 16

// readHead reads on from the first n bytes of x.in until the final answer's head
// is parsed. What follows the head is left in x.first.
func (x *exchange) readHead(n int) failure {
	var scan headScan
	from, interim := 0, 0
	for {
		end, err := takeResponse(x.in.b[from:n], &scan, &x.beresp)
		if err != nil {
			return x.badResponse(err)
		}
		if end == 0 {
			if from == n { // after an interim answer
				from, n = 0, 0
			}
			more, f := x.awaitMore(n)
			if f != failNone {
				return f
			}
			n += more
			continue
		}
		from += end
		scan = headScan{}
		x.switched = x.beresp.Status == 101 && x.agrees()
		if x.beresp.Status >= 200 || x.switched {
			x.first = x.in.b[from:n]
			return failNone
		}
		if interim++; interim > maxInterim || x.beresp.Status == 101 {
			return x.badResponse(errStatus)
		}
		if f := x.passInterim(); f != failNone {
			x.disconnect(false)
			return f
		}
	}
}

// readMore reads behind the first n bytes of x.in. Between two answers it is the
// first byte that is waited for.
func (x *exchange) readMore(n int, first bool) (int, failure) {
	if n == len(x.in.b) {
		if n == bigBuffer {
			return 0, x.badResponse(errHeadSize)
		}
		x.in = x.in.grow(n)
	}
	limit := x.limits.BetweenBytes
	if first {
		limit = x.limits.FirstByte
	}
	more, err := x.readOrigin(x.in.b[n:], x.due(time.Now(), limit))
	if err == nil {
		return more, failNone
	}
	x.event.cause = err
	x.disconnect(false)
	if first && err == errTimeout {
		return 0, x.late(failFirstByte)
	}
	if err == errTimeout {
		return 0, x.late(failRead)
	}
	return 0, failRead
}

// readOrigin reads from the origin; an upload that ends meanwhile interrupts it,
// which here means nothing.
func (x *exchange) readOrigin(b []byte, due time.Time) (int, error) {
	for {
		n, err := x.origin.link.read(b, due)
		if err != errInterrupted {
			return n, err
		}
	}
}

func (x *exchange) badResponse(err error) failure {
	x.event.cause = err
	x.disconnect(false)
	return responseFailure(err)
}

// passInterim forwards a 1xx answer to a client that can take it. A 100 that nobody
// waits for says nothing.
func (x *exchange) passInterim() failure {
	if x.beresp.Status == 100 && x.up.withheld {
		return x.giveLeave()
	}
	if x.beresp.Status == 100 || x.req.http10 {
		return failNone
	}
	out := newOutput()
	defer out.free()
	if s := x.c.stream; s != nil {
		out.b = s.appendInterim(out.b, &x.beresp.Response)
		return x.write(out.b)
	}
	out.b = appendStatus(out.b, &x.beresp.Response)
	out.b = append(x.beresp.Fields.AppendTo(out.b, message.Framing), '\r', '\n')
	return x.write(out.b)
}
