package edge

import (
	"sync"
	"time"

	"headwater/internal/message"
)

// An exchange is one request and its answer: load the table once, find the site,
// pick the backend, fetch, deliver. It reads straight down; each step that fails
// sets the failure that the client and the log are told of.
//
// Exchanges are pooled. What they point to belongs to the client's buffer (the
// request), to in (the response) or to the table.
type exchange struct {
	c       *clientConn
	req     request
	resp    response
	site    *site
	backend *backend
	started time.Time

	out output  // the message being written: first the request, then the response
	in  *buffer // the origin's bytes

	first []byte // what of the response's body came with its head

	held *buffer // the client's buffer, when the exchange outlives the turn
	rest []byte  // what of the request's body came with its head
	up   upload

	origin *originConn
	chunks chunkReader // of the response

	event event
}

var exchanges = sync.Pool{New: func() any {
	return &exchange{
		req:  request{Request: message.Request{Fields: make(message.Fields, 0, maxFields)}},
		resp: response{Response: message.Response{Fields: make(message.Fields, 0, maxFields)}},
	}
}}

func newExchange(c *clientConn) *exchange {
	x := exchanges.Get().(*exchange)
	x.c, x.started = c, c.started
	return x
}

// free ends the exchange: its event is logged and its memory goes back.
func (x *exchange) free() {
	x.c.edge.log(x)
	if x.out.home != nil {
		x.out.free()
	}
	if x.in != nil {
		x.in.free()
	}
	if x.held != nil {
		x.held.free()
	}
	x.req.reset()
	x.resp.reset()
	x.chunks.reset()
	x.up.reset()
	x.c, x.site, x.backend, x.origin = nil, nil, nil, nil
	x.in, x.held, x.first, x.rest = nil, nil, nil, nil
	x.event = event{}
	exchanges.Put(x)
}

// serve answers a request whose whole body, if any, is at hand. It reports
// whether the client's connection may serve another. It never reads from the
// client, so it may run inside the resident loop.
func (x *exchange) serve(body []byte) bool {
	x.event.requestBody = int64(len(body))
	if f := x.route(); f != failNone {
		return x.fail(f)
	}
	if f := x.fetch(body); f != failNone {
		return x.fail(f)
	}
	return x.deliver()
}

// maxLoops is how often a request may carry our own mark and still go on.
const maxLoops = 3

// route finds the site and the backend.
func (x *exchange) route() failure {
	x.site = x.c.edge.table.Load().find(x.req.host)
	if x.site == nil {
		return failUnknownDomain
	}
	if x.req.loops() > maxLoops {
		return failLoop
	}
	if x.backend = x.site.pick(); x.backend == nil {
		return failNoBackend
	}
	return failNone
}

// persistent reports whether the client's connection outlives this exchange, as
// far as the request and the edge decide.
func (x *exchange) persistent() bool {
	return x.req.persistent() && !x.c.edge.draining.Load()
}

// bodiless reports whether the response has no body whatever its fields say (RFC
// 9112 section 6.3).
func (x *exchange) bodiless() bool {
	return string(x.req.Method) == "HEAD" || x.resp.Status == 204 || x.resp.Status == 304
}

// write sends b to the client.
func (x *exchange) write(b []byte) failure {
	n, err := x.c.link.write(b, x.c.edge.cfg.Client.Write)
	x.event.written += int64(n)
	if err != nil {
		x.event.cause = err
		return failClientWrite
	}
	return failNone
}

// fail answers with the failure's synthetic page, if it has one, and reports
// that the connection is over.
func (x *exchange) fail(f failure) bool {
	x.event.failure = f
	switch d := &failures[f]; {
	case f == failUnknownDomain:
		x.synthesize(d.status, d.reason, true)
	case d.status != 0:
		x.synthesize(d.status, d.reason, false)
	}
	return false
}

// refuse answers a request that has no meaning.
func (x *exchange) refuse(m *malformed) {
	x.event.failure, x.event.cause = failRefused, m
	x.synthesize(m.status, refusals[m.status], false)
}
