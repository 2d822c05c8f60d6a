package edge

// A fieldID names a header field that the edge itself looks at or writes. All
// others are fieldOther and pass through unseen.
type fieldID uint8

const (
	fieldOther fieldID = iota
	fieldCDNLoop
	fieldConnection
	fieldContentLength
	fieldDate
	fieldExpect
	fieldFastlyClientIP
	fieldFastlySSL
	fieldHost
	fieldKeepAlive
	fieldProxyAuthenticate
	fieldProxyAuthorization
	fieldProxyConnection
	fieldTE
	fieldTrailer
	fieldTransferEncoding
	fieldUpgrade
	fieldVia
	fieldXCache
	fieldXCacheHits
	fieldXForwardedFor
	fieldXForwardedHost
	fieldXForwardedServer
	fieldXServedBy
	fieldXTimer
)

// A field is one header field, sliced out of the buffer that its message was
// read into and valid as long as that. A value that is set but empty has length
// zero; a field that is absent is not in the list.
type field struct {
	name, value []byte
	id          fieldID

	// hop marks a field that ends at this hop: the fixed ones of RFC 9110
	// section 7.6.1 and those that Connection lists.
	hop bool
}

// A head is what requests and responses have in common: ordered fields and what
// they say about framing and the connection.
type head struct {
	fields []field

	length    int64 // Content-Length, or -1
	chunked   bool
	http10    bool
	close     bool // Connection: close
	keepAlive bool // Connection: keep-alive
	options   int  // that Connection lists
}

func (h *head) reset() {
	*h = head{fields: h.fields[:0], length: -1}
}

// persistent reports whether the connection survives this message (RFC 9112
// section 9.3).
func (h *head) persistent() bool {
	return !h.close && (!h.http10 || h.keepAlive)
}

// A request is a parsed request head.
type request struct {
	head
	method []byte
	target []byte // origin-form, or "*"
	host   []byte // authority as the client wrote it; empty for HTTP/1.0 without Host
	expect bool   // Expect: 100-continue
}

func (r *request) reset() {
	r.head.reset()
	r.method, r.target, r.host, r.expect = nil, nil, nil, false
}

// A response is a parsed response head.
type response struct {
	head
	status int
	reason []byte
}

// identify finds the id of a field name, whatever its case.
func identify(name []byte) fieldID {
	switch len(name) {
	case 2:
		return pick(name, "te", fieldTE)
	case 3:
		return pick(name, "via", fieldVia)
	case 4:
		return either(name, "host", fieldHost, "date", fieldDate)
	case 6:
		return pick(name, "expect", fieldExpect)
	case 7:
		switch lower(name[0]) {
		case 'u':
			return pick(name, "upgrade", fieldUpgrade)
		case 't':
			return pick(name, "trailer", fieldTrailer)
		}
		return either(name, "x-timer", fieldXTimer, "x-cache", fieldXCache)
	case 8:
		return pick(name, "cdn-loop", fieldCDNLoop)
	case 10:
		switch lower(name[0]) {
		case 'c':
			return pick(name, "connection", fieldConnection)
		case 'k':
			return pick(name, "keep-alive", fieldKeepAlive)
		}
		return pick(name, "fastly-ssl", fieldFastlySSL)
	case 11:
		return pick(name, "x-served-by", fieldXServedBy)
	case 12:
		return pick(name, "x-cache-hits", fieldXCacheHits)
	case 14:
		return pick(name, "content-length", fieldContentLength)
	case 15:
		return pick(name, "x-forwarded-for", fieldXForwardedFor)
	case 16:
		switch lower(name[0]) {
		case 'f':
			return pick(name, "fastly-client-ip", fieldFastlyClientIP)
		case 'x':
			return pick(name, "x-forwarded-host", fieldXForwardedHost)
		}
		return pick(name, "proxy-connection", fieldProxyConnection)
	case 17:
		return pick(name, "transfer-encoding", fieldTransferEncoding)
	case 18:
		if lower(name[0]) == 'x' {
			return pick(name, "x-forwarded-server", fieldXForwardedServer)
		}
		return pick(name, "proxy-authenticate", fieldProxyAuthenticate)
	case 19:
		return pick(name, "proxy-authorization", fieldProxyAuthorization)
	}
	return fieldOther
}

func pick(name []byte, want string, id fieldID) fieldID {
	if equalFold(name, want) {
		return id
	}
	return fieldOther
}

func either(name []byte, a string, ida fieldID, b string, idb fieldID) fieldID {
	if equalFold(name, a) {
		return ida
	}
	return pick(name, b, idb)
}

// hopByHop reports whether a field ends at every hop.
func (id fieldID) hopByHop() bool {
	switch id {
	case fieldConnection, fieldKeepAlive, fieldProxyConnection, fieldTE, fieldUpgrade,
		fieldProxyAuthenticate, fieldProxyAuthorization:
		return true
	}
	return false
}

// pinned reports whether a field stays although Connection lists it: a client
// must not make us forget who it is or how often a request went round.
func (id fieldID) pinned() bool {
	switch id {
	case fieldCDNLoop, fieldVia, fieldFastlyClientIP, fieldFastlySSL,
		fieldXForwardedFor, fieldXForwardedHost, fieldXForwardedServer:
		return true
	}
	return false
}

// frames reports whether a field decides where a message ends or goes. Connection
// may not list it: proxies that drop it and proxies that keep it would see two
// different requests.
func (id fieldID) frames() bool {
	return id == fieldHost || id == fieldContentLength || id == fieldTransferEncoding
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c | 0x20
	}
	return c
}

// equalFold compares b with want, which is lower case already.
func equalFold(b []byte, want string) bool {
	if len(b) != len(want) {
		return false
	}
	for i := range b {
		if lower(b[i]) != want[i] {
			return false
		}
	}
	return true
}
