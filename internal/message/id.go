package message

import "encoding/binary"

// An ID names a header field that the edge itself looks at or writes, or one that the
// programs of most versions ask for ([ID.Passes]). All others are Other.
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

	// Those of programs alone.
	CacheControl
	Expires
	FastlyOriginalCookie
	FastlyOriginalURL
	FastlyTempXFF
	FastlyVaryString
	SetCookie
	SurrogateControl
	XVarnishClient

	numIDs // how many there are, Other among them
)

// Passes reports whether a field passes the edge unseen, if no program looks at it.
func (id ID) Passes() bool { return id == Other || id >= CacheControl }

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
		case 'e':
			return pick(name, "expires", Expires)
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
		case 's':
			return pick(name, "set-cookie", SetCookie)
		}
		return pick(name, "fastly-ssl", FastlySSL)
	case 11:
		return pick(name, "x-served-by", XServedBy)
	case 12:
		return pick(name, "x-cache-hits", XCacheHits)
	case 13:
		return pick(name, "cache-control", CacheControl)
	case 14:
		return either(name, "content-length", ContentLength, "http2-settings", HTTP2Settings)
	case 15:
		if Lower(name[0]) == 'f' {
			return pick(name, "fastly-temp-xff", FastlyTempXFF)
		}
		return either(name, "x-forwarded-for", XForwardedFor, "headwater-trace", HeadwaterTrace)
	case 16:
		switch Lower(name[0]) {
		case 'f':
			return pick(name, "fastly-client-ip", FastlyClientIP)
		case 'x':
			return either(name, "x-forwarded-host", XForwardedHost, "x-varnish-client", XVarnishClient)
		}
		return pick(name, "proxy-connection", ProxyConnection)
	case 17:
		return either(name, "transfer-encoding", TransferEncoding, "surrogate-control", SurrogateControl)
	case 18:
		switch Lower(name[0]) {
		case 'x':
			return pick(name, "x-forwarded-server", XForwardedServer)
		case 'f':
			return pick(name, "fastly-vary-string", FastlyVaryString)
		}
		return pick(name, "proxy-authenticate", ProxyAuthenticate)
	case 19:
		return either(name, "proxy-authorization", ProxyAuthorization, "fastly-original-url", FastlyOriginalURL)
	case 22:
		return pick(name, "fastly-original-cookie", FastlyOriginalCookie)
	}
	return Other
}

func pick(name []byte, want string, id ID) ID {
	if isName(name, want) {
		return id
	}
	return Other
}

func either(name []byte, a string, ida ID, b string, idb ID) ID {
	if isName(name, a) {
		return ida
	}
	return pick(name, b, idb)
}

// isName is EqualFold for a name of lower-case letters, digits and hyphens. Of these
// only the letters have the bit 0x40, and all of them: the only bit that may differ is
// the one below it, there.
func isName(b []byte, want string) bool {
	if len(b) != len(want) {
		return false
	}
	if len(b) < 8 {
		for i := range b {
			if (b[i]^want[i])&^(want[i]&0x40>>1) != 0 {
				return false
			}
		}
		return true
	}
	w := Bytes(want)
	for at, last := 0, len(b)-8; ; at = min(at+8, last) { // the last eight may overlap those before
		is, as := binary.LittleEndian.Uint64(b[at:]), binary.LittleEndian.Uint64(w[at:])
		if (is^as)&^(as&(0x40*everyByte)>>1) != 0 {
			return false
		}
		if at == last {
			return true
		}
	}
}

// HopByHop reports whether a field ends at every hop.
func (id ID) HopByHop() bool { return hopByHop.Has(id) }

const hopByHop Set = 1<<Connection | 1<<KeepAlive | 1<<ProxyConnection | 1<<TE | 1<<Upgrade | 1<<HTTP2Settings |
	1<<ProxyAuthenticate | 1<<ProxyAuthorization | 1<<HeadwaterTrace

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
func (id ID) Frames() bool { return Framing.Has(id) }

// Framing are the fields that [ID.Frames] is true for.
const Framing Set = 1<<Host | 1<<ContentLength | 1<<TransferEncoding

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
