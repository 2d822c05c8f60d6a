package edge

import (
	"sync"
	"time"

	"headwater/internal/message"
	"headwater/vcl"
)

// An exchange is one request and its answer: load the table once, find the site,
// take the request through the phases of its life.
//
// Exchanges are pooled. What they point to belongs to the client's buffer (the
// request), to in (the origin's answer), to scratch, to the program's memory in
// vcl, or to the table.
type exchange struct {
	c       *clientConn
	site    *site
	vcl     vcl.Ctx // what the site's program sees
	started time.Time

	// The messages in the order of their making. What goes out has fields of its
	// own, but the texts are those of what it was made from.
	req     request          // from the client
	arrival arrival          // what an edge before us has told of it
	bereq   message.Request  // to the origin
	beresp  response         // from the origin
	obj     message.Response // made here in its place
	resp    message.Response // to the client

	out    output  // the message being written: first the request, then the answer
	sealed int     // bytes of what was posted last that are in one record, the last, if the client speaks TLS
	in     *buffer // the origin's bytes

	headBytes int    // of the request, as it came
	head      []byte // that, if it is short and nothing came with it
	rest      []byte // what of the request's body came with its head
	whole     bool   // which is all of it
	behind    []byte // of a request that asks for another protocol: what came behind it
	headOnly  bool   // the client asked for no body
	body      body   // of the origin's answer
	first     []byte // what of it came with its head
	chunks    chunkReader

	held    *buffer   // the client's buffer, when the exchange outlives the turn
	kept    []*buffer // of answers from the origin that texts may point into
	up      upload
	scratch []byte // texts of fields that we make

	// Of the last fetch.
	choice   choice
	backend  *backend
	offered  vcl.Timeouts // those that the program was told
	limits   vcl.Timeouts // those in force
	fetchDue time.Time    // when all of it has to be over, zero for no such limit
	asked    time.Time    // when the request had been sent; zero until then
	answered time.Time    // when the answer's head had come, or the failure; zero until then
	place    *place       // the origin's address, if one was connected to
	origin   *originConn

	// Of a fetch under way.
	to       destination // what it picks from
	left     int         // how many more may be picked
	last     failure     // of the one picked last
	again    bool        // the last one is tried a second time
	rests    bool        // whoever serves it can do without a goroutine that waits for the answer
	asking   bool        // the request was sent, and the answer is not waited for by this goroutine
	answerBy time.Time   // when it has to begin

	switched  bool // the origin has agreed to another protocol
	tunnelled bool // and the client was told so
	connected bool // the last attempt got a connection, so that something may have been sent
	ended     bool // and that ended before any byte of an answer

	event    event
	recorder *recorder // nil unless somebody asked
}

// usualFields are as many as most messages have, ours among them. The lists of an
// exchange begin with room for that, side by side; one that has had to grow stays so.
const usualFields = 24

var exchanges = sync.Pool{New: func() any {
	x := &exchange{scratch: make([]byte, 0, 512), head: make([]byte, 0, 1024)}
	room := make([]message.Field, 5*usualFields)
	for i, fields := range []*message.Fields{&x.req.Fields, &x.bereq.Fields, &x.beresp.Fields, &x.resp.Fields, &x.obj.Fields} {
		at := i * usualFields
		fields.Use(room[at : at : at+usualFields])
	}
	x.vcl.Reset()
	return x
}}

func newExchange(c *clientConn) *exchange {
	x := exchanges.Get().(*exchange)
	x.c, x.started = c, c.started
	c.exchange = x
	x.vcl.XID = c.nextXID()
	return x
}

// free ends the exchange: its event is logged and its memory goes back, unless a
// panic has left it in a state that nobody knows.
func (x *exchange) free() {
	x.c.edge.countRequest(x)
	x.c.edge.log(x)
	if x.c.exchange == x {
		x.c.exchange = nil
	}
	if x.up.panicked {
		return
	}
	if x.out.home != nil {
		x.out.free()
	}
	if x.in != nil {
		x.in.free()
	}
	if x.held != nil {
		x.held.free()
	}
	for _, b := range x.kept {
		b.free()
	}
	x.req.reset()
	x.beresp.reset()
	x.bereq.Reset()
	x.obj.Reset()
	x.resp.Reset()
	x.chunks.reset()
	x.up.reset()
	if x.site != nil {
		x.vcl.Reset()
		x.choice = choice{tried: x.choice.tried[:0]}
	}
	x.c, x.site, x.backend, x.origin, x.place, x.recorder = nil, nil, nil, nil, nil, nil
	x.head, x.to, x.rests = x.head[:0], nil, false
	x.in, x.held, x.first, x.rest, x.kept = nil, nil, nil, nil, x.kept[:0]
	x.behind, x.switched, x.tunnelled = nil, false, false
	x.scratch, x.body, x.event = x.scratch[:0], body{}, event{}
	x.arrival = arrival{}
	exchanges.Put(x)
}

// serve answers a request whose whole body, if any, is at hand. It reports
// whether the client's connection may serve another. It never reads from the
// client, so it may run inside the resident loop.
func (x *exchange) serve(body []byte) bool {
	x.event.requestBody = int64(len(body))
	x.rest, x.whole = body, true
	return x.answer()
}

// serveUpload answers a request whose body is still to come. It reports whether
// the client's connection may serve another, and what came behind the body.
func (x *exchange) serveUpload() (keep bool, leftover []byte) {
	if x.req.upgrade {
		return x.serveUpgrade()
	}
	x.whole = false
	keep = x.answer()
	return keep && x.up.whole, x.up.leftover
}

func (x *exchange) answer() bool {
	if text := x.validation(); text != nil {
		return x.sendValidation(text)
	}
	if f := x.route(); f != failNone {
		return x.fail(f)
	}
	if x.req.traced {
		x.openTrace()
	}
	x.enter()
	if x.recorder != nil {
		x.recorder.entered = headersOf(&x.req.Fields)
	}
	return x.lived(x.live(receiving))
}

// resume goes on with an exchange that was asking.
func (x *exchange) resume() bool { return x.lived(x.live(x.heard())) }

// lived ends an exchange that is over.
func (x *exchange) lived(keep bool) bool {
	if x.asking {
		return false
	}
	x.leave()
	x.closeTrace()
	return keep
}

// maxLoops is how often a request may carry our own mark and still go on.
const maxLoops = 3

// route finds the site. A POP asks for it on connections that are for itself.
func (x *exchange) route() failure {
	x.note()
	x.site = x.c.edge.table.Load().find(x.req.host)
	if x.site != nil {
		x.site.touch()
		x.arrive()
	}
	switch t := x.c.tls; {
	case t != nil && x.arrival.list == "" && !t.covers(x.req.host):
		x.site = nil
		return failMisdirected
	case x.site == nil:
		return failUnknownDomain
	}
	if max(x.req.loops(), x.arrival.loops+x.vcl.Visits) > maxLoops {
		return failLoop
	}
	return failNone
}

// note keeps what the client asked for, whatever the program makes of it.
func (x *exchange) note() {
	x.event.method, x.event.target = x.req.Method, x.req.Target
	x.headOnly = string(x.req.Method) == "HEAD"
}

// persistent reports whether the client's connection outlives this exchange, as
// far as the request and the edge decide.
func (x *exchange) persistent() bool {
	return x.req.persistent() && !x.c.edge.draining.Load()
}

// write sends b to the client.
func (x *exchange) write(b []byte) failure {
	return x.wrote(x.c.link.write(b, x.c.edge.cfg.Client.Write))
}

// post sends the last that the client gets of this exchange, or puts it off: see [clientConn.end].
func (x *exchange) post(b []byte) failure {
	x.sealed = (len(b)-1)%maxPlain + 1
	return x.wrote(x.c.link.post(b, x.c.edge.cfg.Client.Write))
}

// lost notes that the last n bytes of what was put off were not sent. Over TLS these are of a
// record, which a client takes whole or not at all: nothing of what is in it counts then, as with
// one that was not put off. What counts is of the answer in either case.
func (x *exchange) lost(n int, err error) {
	if _, secure := x.c.link.(*tlsLink); secure {
		n = x.sealed
	}
	x.event.failure = x.wrote(-n, err)
	x.event.completed = false
}

func (x *exchange) wrote(n int, err error) failure {
	x.event.written += int64(n)
	if err == nil {
		return failNone
	}
	x.c.short = true
	if x.event.failure == failNone { // else this is the page that tells of another
		x.event.cause = err
	}
	return failClientWrite
}

// fail answers with the failure's synthetic page, if it has one, and reports
// that the connection is over.
func (x *exchange) fail(f failure) bool {
	x.event.failure = f
	switch d := &failures[f]; {
	case f == failUnknownDomain:
		x.synthesizeUnknownDomain()
	case f == failMisdirected:
		x.synthesizeMisdirected()
	case d.status != 0:
		x.synthesize(d.status, f.words(x.event.cause))
	}
	return false
}

// refuse answers a request that has no meaning.
func (x *exchange) refuse(m *malformed) {
	x.event.failure, x.event.cause = failRefused, m
	x.note()
	x.synthesize(m.status, refusals[m.status])
}
