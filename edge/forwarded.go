package edge

import (
	"bytes"
	"strconv"
	"time"

	"headwater/internal/message"
)

// Marks that we leave on messages. The first is Fastly's and what clients look
// for; the second is ours (RFC 8586): two products must not take each other's
// hops for their own.
const (
	viaMark  = "1.1 varnish"
	loopMark = "Headwater"
)

// loops counts how often the request has passed an edge like this one.
func (r *request) loops() int {
	n := 0
	if !r.Fields.May(message.SetOf(message.CDNLoop)) {
		return n
	}
	for i := range r.Fields.Len() {
		f := r.Fields.At(i)
		if f.ID != message.CDNLoop {
			continue
		}
		for list := f.Value(); len(list) > 0; {
			var id []byte
			id, list, _ = bytes.Cut(list, []byte(","))
			id, _, _ = bytes.Cut(id, []byte(";"))
			if bytes.EqualFold(trim(id), []byte(loopMark)) {
				n++
			}
		}
	}
	return n
}

// The fields of a request that we make.
var (
	hostKey            = message.NewKey("Host")
	clientIPKey        = message.NewKey("Fastly-Client-IP")
	clientTLSKey       = message.NewKey("Fastly-SSL")
	forwardedForKey    = message.NewKey("X-Forwarded-For")
	forwardedHostKey   = message.NewKey("X-Forwarded-Host")
	forwardedServerKey = message.NewKey("X-Forwarded-Server")
)

// enterHost brings the host to lower case, in which programs see it, and gives a
// request a Host field whose target had the host alone.
func (x *exchange) enterHost() {
	r := &x.req
	host := message.Text(r.host)
	x.vcl.HostHeader = host
	if hasUpper(r.host) {
		from := len(x.scratch)
		for _, c := range r.host {
			x.scratch = append(x.scratch, message.Lower(c))
		}
		host = message.Text(x.scratch[from:])
	}
	if now, _ := r.Fields.Get(hostKey); now != host {
		r.Fields.Set(hostKey, host)
	}
}

// enterForwarded adds what a service tells its programs and origins of the client.
// Of one that came over TLS that is more, and only then; a plain client's own fields
// pass untouched.
func (x *exchange) enterForwarded() {
	fields := &x.req.Fields
	if !fields.Has(clientIPKey) {
		fields.Add(clientIPKey, x.c.remote)
	}
	if !x.secure() {
		return
	}
	fields.Set(forwardedForKey, x.list(fields, message.XForwardedFor, x.c.remote))
	fields.Set(forwardedHostKey, x.list(fields, message.XForwardedHost, message.Text(x.req.host)))
	fields.Set(forwardedServerKey, x.list(fields, message.XForwardedServer, x.c.edge.cfg.Identity))
	if !fields.Has(clientTLSKey) {
		fields.Add(clientTLSKey, "1")
	}
}

// makeBereq makes the request to the origin out of the client's.
func (x *exchange) makeBereq() {
	r := &x.bereq
	r.Method, r.Target = x.req.Method, x.req.Target
	r.Fields.Copy(&x.req.Fields)
}

// made are the fields of a request to an origin that do not come out of bereq as they
// are.
var made = message.SetOf(message.Host, message.ContentLength, message.TransferEncoding, message.Expect,
	message.CDNLoop, message.FastlyFF, message.Via, message.XTimer)

// hopMarks are the fields of a request that list what it has passed.
var hopMarks = message.SetOf(message.Via, message.CDNLoop)

// appendRequest appends the head that goes to the origin: the end-to-end fields of
// bereq in their order, and ours (Fastly's rules for each are in
// reference/http/http-headers). How the body is framed is the client's say alone.
func (x *exchange) appendRequest(dst []byte) []byte {
	r := &x.bereq
	dst = append(dst, r.Method...)
	dst = append(dst, ' ')
	if t := string(r.Target); len(t) == 0 || t[0] != '/' && !(t == "*" && string(r.Method) == "OPTIONS") {
		dst = append(dst, '/') // a program has set it
	}
	dst = append(dst, r.Target...)
	dst = append(dst, " HTTP/1.1\r\nHost: "...)
	dst = append(dst, x.originHost()...)
	dst = append(dst, '\r', '\n')
	but := made
	if !x.req.chunked {
		but.Add(message.Trailer)
	}
	dst = r.Fields.AppendTo(dst, but)
	if r.Fields.May(hopMarks) {
		dst = appendList(dst, &r.Fields, message.Via, "Via", viaMark)
		dst = appendList(dst, &r.Fields, message.CDNLoop, "CDN-Loop", loopMark)
	} else {
		dst = append(dst, "Via: "+viaMark+"\r\nCDN-Loop: "+loopMark+"\r\n"...)
	}
	dst = x.appendFF(dst)
	dst = append(dst, "X-Timer: "...)
	dst = appendTimer(dst, x.started)
	dst = append(dst, '\r', '\n')
	if x.up.withheld {
		dst = append(dst, "Expect: 100-continue\r\n"...)
	}
	switch {
	case x.upgrades():
		dst = appendUpgrade(dst, &x.req.Fields)
	case x.req.chunked:
		dst = append(dst, "Transfer-Encoding: chunked\r\n"...)
	case x.req.length >= 0:
		dst = appendLength(dst, x.req.length)
	}
	return append(dst, '\r', '\n')
}

// originHost is the Host that the origin is sent: the backend's override, else
// what the program has left of the client's, else the backend's own. One that can be
// no Host counts as the client's.
func (x *exchange) originHost() []byte {
	if len(x.backend.overrideHost) > 0 {
		return x.backend.overrideHost
	}
	said, _ := x.bereq.Fields.Get(hostKey)
	host := message.Bytes(said)
	if x.backend.node != nil {
		return x.hopHost(host)
	}
	if said != x.vcl.HostHeader && !validAuthority(host) { // which is known of the client's own
		host = message.Bytes(x.vcl.HostHeader)
	}
	if len(host) > 0 {
		return host
	}
	return x.backend.address
}

// list is the value of a list field: every value that the message has already, then
// ours. It is made in scratch, unless it is ours alone.
func (x *exchange) list(fields *message.Fields, id message.ID, own string) string {
	from := len(x.scratch)
	for i := range fields.Len() {
		if f := fields.At(i); f.ID == id && len(f.Value()) > 0 {
			x.scratch = append(x.scratch, f.Value()...)
			x.scratch = append(x.scratch, ',', ' ')
		}
	}
	if len(x.scratch) == from {
		return own
	}
	x.scratch = append(x.scratch, own...)
	return message.Text(x.scratch[from:])
}

// appendList appends a list field: every value that the message has already,
// then ours.
func appendList(dst []byte, fields *message.Fields, id message.ID, name, own string) []byte {
	dst = append(dst, name...)
	dst = append(dst, ':', ' ')
	for i := range fields.Len() {
		if f := fields.At(i); f.ID == id && len(f.Value()) > 0 {
			dst = append(dst, f.Value()...)
			dst = append(dst, ',', ' ')
		}
	}
	dst = append(dst, own...)
	return append(dst, '\r', '\n')
}

func appendText(dst []byte, name, value string) []byte {
	dst = append(dst, name...)
	dst = append(dst, ':', ' ')
	dst = append(dst, value...)
	return append(dst, '\r', '\n')
}

func appendLength(dst []byte, n int64) []byte {
	dst = append(dst, "Content-Length: "...)
	dst = strconv.AppendInt(dst, n, 10)
	return append(dst, '\r', '\n')
}

// appendTimer appends the value of X-Timer up to what is known when a request comes in: when
// that was, in microseconds.
func appendTimer(dst []byte, at time.Time) []byte {
	dst = append(dst, 'S')
	dst = strconv.AppendInt(dst, at.Unix(), 10)
	dst = append(dst, '.')
	dst = addDigits(append(dst, "000000"...), uint32(at.Nanosecond())/1e3)
	return append(dst, ",VS0"...)
}
