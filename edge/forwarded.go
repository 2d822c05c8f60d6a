package edge

import (
	"bytes"
	"strconv"
	"time"
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
	for i := range r.fields {
		if r.fields[i].id != fieldCDNLoop {
			continue
		}
		for list := r.fields[i].value; len(list) > 0; {
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

// appendRequest appends the head that goes to the origin: the client's
// end-to-end fields in their order, and ours (Fastly's rules for each are in
// reference/http/http-headers).
func (x *exchange) appendRequest(dst []byte) []byte {
	r := &x.req
	dst = append(dst, r.method...)
	dst = append(dst, ' ')
	dst = append(dst, r.target...)
	dst = append(dst, " HTTP/1.1\r\nHost: "...)
	dst = append(dst, x.originHost()...)
	dst = append(dst, '\r', '\n')
	clientIP, clientTLS := false, false
	for i := range r.fields {
		f := &r.fields[i]
		if f.hop {
			continue
		}
		switch f.id {
		case fieldHost, fieldContentLength, fieldTransferEncoding, fieldExpect, fieldCDNLoop, fieldVia, fieldXTimer:
			continue
		case fieldXForwardedFor, fieldXForwardedHost, fieldXForwardedServer:
			if x.c.secure {
				continue
			}
		case fieldTrailer:
			if !r.chunked {
				continue
			}
		case fieldFastlyClientIP:
			clientIP = true
		case fieldFastlySSL:
			clientTLS = true
		}
		dst = appendField(dst, f.name, f.value)
	}
	if !clientIP {
		dst = appendText(dst, "Fastly-Client-IP", x.c.remote)
	}
	if x.c.secure {
		dst = x.appendForwarded(dst, !clientTLS)
	}
	dst = r.appendList(dst, fieldVia, "Via", viaMark)
	dst = r.appendList(dst, fieldCDNLoop, "CDN-Loop", loopMark)
	dst = appendTimer(dst, x.started)
	dst = append(dst, '\r', '\n')
	switch {
	case r.chunked:
		dst = append(dst, "Transfer-Encoding: chunked\r\n"...)
	case r.length >= 0:
		dst = appendLength(dst, r.length)
	}
	return append(dst, '\r', '\n')
}

// originHost is the Host that the origin is sent: the backend's override, else
// the service's default, else the client's own.
func (x *exchange) originHost() []byte {
	switch {
	case len(x.backend.overrideHost) > 0:
		return x.backend.overrideHost
	case len(x.site.defaultHost) > 0:
		return x.site.defaultHost
	}
	return x.req.host
}

// appendForwarded appends what Fastly tells an origin of a client that came over
// TLS, and only then; a plain client's own fields pass untouched.
func (x *exchange) appendForwarded(dst []byte, mark bool) []byte {
	dst = x.req.appendList(dst, fieldXForwardedFor, "X-Forwarded-For", x.c.remote)
	dst = x.req.appendList(dst, fieldXForwardedHost, "X-Forwarded-Host", string(x.req.host))
	dst = x.req.appendList(dst, fieldXForwardedServer, "X-Forwarded-Server", x.c.edge.cfg.Identity)
	if mark {
		dst = appendText(dst, "Fastly-SSL", "1")
	}
	return dst
}

// appendList appends a list field: every value that the message has already,
// then ours.
func (h *head) appendList(dst []byte, id fieldID, name, own string) []byte {
	dst = append(dst, name...)
	dst = append(dst, ':', ' ')
	for i := range h.fields {
		if f := &h.fields[i]; f.id == id && len(f.value) > 0 {
			dst = append(dst, f.value...)
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

// appendTimer appends X-Timer up to what is known when a request comes in: when
// that was, in microseconds.
func appendTimer(dst []byte, at time.Time) []byte {
	micros := at.UnixMicro()
	dst = append(dst, "X-Timer: S"...)
	dst = strconv.AppendInt(dst, micros/1e6, 10)
	dst = append(dst, '.')
	for rest, unit := micros%1e6, int64(1e5); unit > 0; unit /= 10 {
		dst = append(dst, byte('0'+rest/unit%10))
	}
	return append(dst, ",VS0"...)
}
