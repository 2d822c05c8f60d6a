package edge

import "headwater/internal/message"

// A head is what the fields of a message say about framing and the connection.
type head struct {
	length        int64 // Content-Length, or -1
	chunked       bool
	http10        bool
	close         bool // Connection: close
	keepAlive     bool // Connection: keep-alive
	options       int  // that Connection lists
	upgradeOption bool // one of them is upgrade
	traced        bool // there is a Headwater-Trace
}

// persistent reports whether the connection survives this message (RFC 9112
// section 9.3).
func (h *head) persistent() bool {
	return !h.close && (!h.http10 || h.keepAlive)
}

// A request is a parsed request head. Its bytes are those of the buffer that it
// was read into.
type request struct {
	message.Request
	head
	host   []byte // authority as the client wrote it; empty for HTTP/1.0 without Host
	expect bool   // Expect: 100-continue

	upgrade bool // see asksUpgrade
}

func (r *request) reset() {
	r.Request.Reset()
	r.head = head{}
	r.length = -1
	r.host, r.expect, r.upgrade = nil, false, false
}

// A response is a parsed response head, likewise.
type response struct {
	message.Response
	head
}

func (r *response) reset() {
	r.Response.Reset()
	r.head = head{}
	r.length = -1
}
