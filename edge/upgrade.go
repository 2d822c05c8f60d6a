package edge

import (
	"bytes"
	"errors"
	"iter"

	"headwater/internal/message"
)

var errUpgrade = errors.New("the program has changed the status of a switch of protocols")

// maxProtocols is how many protocols one request may offer.
const maxProtocols = 8

// asksUpgrade reports whether the request asks, as RFC 9110 section 7.8 has it, for a
// protocol that may be tunnelled. One that offers anything else besides does not: it
// is an ordinary request, as is one with a body, behind which nobody could tell where
// the other protocol begins.
func (r *request) asksUpgrade() bool {
	if !r.upgradeOption || r.http10 || r.chunked || r.length > 0 {
		return false
	}
	n := 0
	for p := range upgradesTo(&r.Fields) {
		if n++; n > maxProtocols || !mayTunnel(p) {
			return false
		}
	}
	return n > 0
}

// upgradesTo are the protocols that the Upgrade fields of a message name, in order.
func upgradesTo(fields *message.Fields) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for i := range fields.Len() {
			f := fields.At(i)
			if f.ID != message.Upgrade {
				continue
			}
			for p := range bytes.SplitSeq(f.Value(), []byte(",")) {
				if p = trim(p); len(p) > 0 && !yield(p) {
					return
				}
			}
		}
	}
}

// requesting are the protocols in which further requests would come. In a tunnel
// those would reach the origin past everything that a service does with requests.
var requesting = []string{"http", "h2", "h2c", "h3", "tls"}

// mayTunnel reports whether a protocol is well-formed, and none of those.
func mayTunnel(protocol []byte) bool {
	name, version, versioned := bytes.Cut(protocol, []byte("/"))
	if len(name) == 0 || !all(name, tokenByte) || versioned && (len(version) == 0 || !all(version, tokenByte)) {
		return false
	}
	for _, r := range requesting {
		if message.EqualFold(name, r) {
			return false
		}
	}
	return true
}

// upgrades reports whether the origin is offered what the request asks for. Over
// HTTP/2 there is no such asking (RFC 9113 section 8.6).
func (x *exchange) upgrades() bool { return x.req.upgrade && x.site.upgrades && x.c.stream == nil }

// agrees reports whether the origin's answer, a 101, is one to what it was offered.
func (x *exchange) agrees() bool {
	r := &x.beresp
	if !x.upgrades() || !r.upgradeOption || r.http10 || r.chunked || r.length > 0 {
		return false
	}
	n := 0
	for p := range upgradesTo(&r.Fields) {
		if n++; n > maxProtocols || !x.offers(p) {
			return false
		}
	}
	return n > 0
}

func (x *exchange) offers(protocol []byte) bool {
	for p := range upgradesTo(&x.req.Fields) {
		if foldEqual(p, protocol) {
			return true
		}
	}
	return false
}

// appendUpgrade appends what makes the Upgrade fields of a message count at the next
// hop.
func appendUpgrade(dst []byte, fields *message.Fields) []byte {
	dst = append(dst, "Connection: upgrade\r\nUpgrade: "...)
	from := len(dst)
	for p := range upgradesTo(fields) {
		if len(dst) > from {
			dst = append(dst, ", "...)
		}
		dst = append(dst, p...)
	}
	return append(dst, '\r', '\n')
}

// serveUpgrade answers a request that asks for another protocol, outside the resident
// loop, where a tunnel can wait. What the client has sent behind it is the origin's if
// that agrees, else the next request.
func (x *exchange) serveUpgrade() (keep bool, leftover []byte) {
	x.behind, x.rest = x.rest, nil
	keep = x.serve(nil)
	x.up.whole = x.tunnelled || len(x.behind) == 0 && x.event.failure == failNone
	if keep {
		leftover = bytes.Clone(x.behind)
	}
	return keep, leftover
}
