package message

// An ID names a header field that the edge itself looks at or writes. All
// others are Other and pass through unseen.
type ID uint8

const (
	Other ID = iota
	CDNLoop
	Connection
	ContentLength
	Date
	Expect
	FastlyClientIP
	FastlyFF
	FastlySSL
	HTTP2Settings
	HeadwaterTrace
	Host
	KeepAlive
	ProxyAuthenticate
	ProxyAuthorization
	ProxyConnection
	TE
	Trailer
	TransferEncoding
	Upgrade
	Via
	XCache
	XCacheHits
	XForwardedFor
	XForwardedHost
	XForwardedServer
	XServedBy
	XTimer
)

// A Set is a set of IDs.
type Set uint64

// Add puts an ID into the set.
func (s *Set) Add(id ID) { *s |= 1 << id }

// Has reports whether the set has an ID.
func (s Set) Has(id ID) bool { return s&(1<<id) != 0 }

// SetOf is the set of these IDs.
func SetOf(ids ...ID) (s Set) {
	for _, id := range ids {
		s.Add(id)
	}
	return s
}

// Identify finds the id of a field name, whatever its case.
func Identify(name []byte) ID {
	switch len(name) {
	case 2:
		return pick(name, "te", TE)
	case 3:
		return pick(name, "via", Via)
	case 4:
		return either(name, "host", Host, "date", Date)
	case 6:
		return pick(name, "expect", Expect)
	case 7:
		switch Lower(name[0]) {
		case 'u':
			return pick(name, "upgrade", Upgrade)
		case 't':
			return pick(name, "trailer", Trailer)
		}
		return either(name, "x-timer", XTimer, "x-cache", XCache)
	case 8:
		return pick(name, "cdn-loop", CDNLoop)
	case 9:
		return pick(name, "fastly-ff", FastlyFF)
	case 10:
		switch Lower(name[0]) {
		case 'c':
			return pick(name, "connection", Connection)
		case 'k':
			return pick(name, "keep-alive", KeepAlive)
		}
		return pick(name, "fastly-ssl", FastlySSL)
	case 11:
		return pick(name, "x-served-by", XServedBy)
	case 12:
		return pick(name, "x-cache-hits", XCacheHits)
	case 14:
		return either(name, "content-length", ContentLength, "http2-settings", HTTP2Settings)
	case 15:
		return either(name, "x-forwarded-for", XForwardedFor, "headwater-trace", HeadwaterTrace)
	case 16:
		switch Lower(name[0]) {
		case 'f':
			return pick(name, "fastly-client-ip", FastlyClientIP)
		case 'x':
			return pick(name, "x-forwarded-host", XForwardedHost)
		}
		return pick(name, "proxy-connection", ProxyConnection)
	case 17:
		return pick(name, "transfer-encoding", TransferEncoding)
	case 18:
		if Lower(name[0]) == 'x' {
			return pick(name, "x-forwarded-server", XForwardedServer)
		}
		return pick(name, "proxy-authenticate", ProxyAuthenticate)
	case 19:
		return pick(name, "proxy-authorization", ProxyAuthorization)
	}
	return Other
}

func pick(name []byte, want string, id ID) ID {
	if EqualFold(name, want) {
		return id
	}
	return Other
}

func either(name []byte, a string, ida ID, b string, idb ID) ID {
	if EqualFold(name, a) {
		return ida
	}
	return pick(name, b, idb)
}

// HopByHop reports whether a field ends at every hop.
func (id ID) HopByHop() bool {
	switch id {
	case Connection, KeepAlive, ProxyConnection, TE, Upgrade, HTTP2Settings,
		ProxyAuthenticate, ProxyAuthorization, HeadwaterTrace:
		return true
	}
	return false
}

// Pinned reports whether a field stays although Connection lists it: a client
// must not make us forget who it is or how often a request went round.
func (id ID) Pinned() bool {
	switch id {
	case CDNLoop, Via, FastlyClientIP, FastlyFF, FastlySSL,
		XForwardedFor, XForwardedHost, XForwardedServer:
		return true
	}
	return false
}

// Frames reports whether a field decides where a message ends or goes. Connection
// may not list it: proxies that drop it and proxies that keep it would see two
// different requests.
func (id ID) Frames() bool {
	return id == Host || id == ContentLength || id == TransferEncoding
}

// Lower returns an ASCII letter in lower case, and any other byte as it is.
func Lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c | 0x20
	}
	return c
}

// EqualFold compares b with want, which is lower case already.
func EqualFold(b []byte, want string) bool {
	if len(b) != len(want) {
		return false
	}
	for i := range b {
		if Lower(b[i]) != want[i] {
			return false
		}
	}
	return true
}
