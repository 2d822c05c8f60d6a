package vcl

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"

	"headwater/internal/message"
)

// Variables of the client's request, and of the one to the backend.

var _ = vars(
	&variable{name: "req.method", typ: String, read: everywhere, write: everywhere, get: ofSetString(reqMethod), set: setsString(func(x *Ctx, s string) { setMethod(x.Req, s) })},
	&variable{name: "req.request", typ: String, read: everywhere, write: everywhere, get: ofSetString(reqMethod), set: setsString(func(x *Ctx, s string) { setMethod(x.Req, s) })},
	&variable{name: "req.url", typ: String, read: everywhere, write: everywhere, get: ofSetString(reqURL), set: setsString(func(x *Ctx, s string) { x.setTarget(x.Req, s) })},
	readString("req.url.path", everywhere, func(x *Ctx) string { return urlPath(reqURL(x)) }),
	readString("req.url.qs", everywhere, func(x *Ctx) string { return urlQuery(reqURL(x)) }),
	readString("req.url.basename", everywhere, func(x *Ctx) string { return urlBase(reqURL(x)) }),
	readString("req.url.dirname", everywhere, func(x *Ctx) string { return urlDir(reqURL(x)) }),
	readString("req.url.ext", everywhere, func(x *Ctx) string { return urlExt(reqURL(x)) }),
	readString("req.topurl", everywhere, reqURL),
	readString("req.proto", everywhere, func(x *Ctx) string { return x.Client.Proto }),
	readString("req.protocol", everywhere, func(x *Ctx) string { return either(x.Client.TLS, "https", "http") }),
	readInteger("req.header_bytes_read", everywhere, func(x *Ctx) int64 { return x.HeaderBytes }),
	readInteger("req.body_bytes_read", in(Deliver, Log), func(x *Ctx) int64 { return x.BodyBytes }),
	readInteger("req.bytes_read", in(Deliver, Log), func(x *Ctx) int64 { return x.HeaderBytes + x.BodyBytes }),
	readString("req.body", everywhere, func(x *Ctx) string { return x.Body }),
	readString("req.postbody", everywhere, func(x *Ctx) string { return x.Body }),
	readString("req.body.base64", everywhere, func(x *Ctx) string { return x.encode(x.Body) }),
	readInteger("req.restarts", everywhere, func(x *Ctx) int64 { return int64(x.Restarts) }),
	readString("req.xid", everywhere, func(x *Ctx) string { return x.digits(int64(x.XID)) }),
	readBool("req.is_ssl", everywhere, func(x *Ctx) bool { return x.Client.TLS }),
	readBool("req.is_ipv6", in(Recv, Hash, Deliver, Log), func(x *Ctx) bool { return x.Client.IP.Unmap().Is6() }),
	readBool("req.is_purge", in(Recv, Hash, Deliver, Log), func(x *Ctx) bool { return reqMethod(x) == "FASTLYPURGE" }),
	readBool("req.is_background_fetch", everywhere, no),
	readBool("req.is_clustering", everywhere, no),
	readBool("req.is_esi_subreq", everywhere, no),
	readInteger("req.esi_level", in(Recv, Deliver), zero),
	&variable{name: "req.hash", typ: String, write: in(Hash, Failure), set: setsString(func(x *Ctx, s string) { x.HashKey = x.arena.join([]string{x.HashKey, s}) })},
	readString("req.digest", everywhere, func(x *Ctx) string { return x.digest() }),
	boolVar("req.hash_always_miss", in(Recv), in(Recv), func(x *Ctx) *bool { return &x.Flags.AlwaysMiss }),
	boolVar("req.hash_ignore_busy", in(Recv), in(Recv), func(x *Ctx) *bool { return &x.Flags.IgnoreBusy }),
	boolVar("req.esi", in(Recv, Fetch, Deliver, Failure), in(Recv, Fetch, Deliver, Failure), func(x *Ctx) *bool { return &x.Flags.ESI }),
	boolVar("req.enable_range_on_pass", in(Recv), in(Recv), func(x *Ctx) *bool { return &x.Flags.RangeOnPass }),
	boolVar("req.enable_segmented_caching", in(Recv), in(Recv), func(x *Ctx) *bool { return &x.Flags.SegmentedCaching }),
	rtimeVar("req.grace", everywhere, everywhere, func(x *Ctx) *rtime { return &x.Flags.Grace }),
	rtimeVar("req.max_stale_if_error", everywhere, everywhere, func(x *Ctx) *rtime { return &x.Flags.MaxStaleIfError }),
	rtimeVar("req.max_stale_while_revalidate", everywhere, everywhere, func(x *Ctx) *rtime { return &x.Flags.MaxStaleWhileRevalidate }),

	&variable{name: "bereq.method", typ: String, read: atBackend, write: atBackend, get: ofSetString(bereqMethod), set: setsString(func(x *Ctx, s string) { setMethod(x.Bereq, s) })},
	&variable{name: "bereq.request", typ: String, read: atBackend, write: atBackend, get: ofSetString(bereqMethod), set: setsString(func(x *Ctx, s string) { setMethod(x.Bereq, s) })},
	&variable{name: "bereq.url", typ: String, read: atBackend, write: atBackend, get: ofSetString(bereqURL), set: setsString(func(x *Ctx, s string) { x.setTarget(x.Bereq, s) })},
	readString("bereq.url.path", atBackend, func(x *Ctx) string { return urlPath(bereqURL(x)) }),
	readString("bereq.url.qs", atBackend, func(x *Ctx) string { return urlQuery(bereqURL(x)) }),
	readString("bereq.url.basename", atBackend, func(x *Ctx) string { return urlBase(bereqURL(x)) }),
	readString("bereq.url.dirname", atBackend, func(x *Ctx) string { return urlDir(bereqURL(x)) }),
	readString("bereq.url.ext", atBackend, func(x *Ctx) string { return urlExt(bereqURL(x)) }),
	readString("bereq.proto", atBackend, func(*Ctx) string { return "HTTP/1.1" }),
	readBool("bereq.is_clustering", everywhere, no),
	readInteger("bereq.header_bytes_written", in(Fetch, Deliver, Log), func(x *Ctx) int64 { return x.Fetched.Written }),
	readInteger("bereq.body_bytes_written", in(Fetch, Deliver, Log), func(x *Ctx) int64 { return x.Fetched.BodySent }),
	readInteger("bereq.bytes_written", in(Fetch, Deliver, Log), func(x *Ctx) int64 { return x.Fetched.Written + x.Fetched.BodySent }),
	rtimeVar("bereq.connect_timeout", in(Pass, Miss), in(Pass, Miss), func(x *Ctx) *rtime { return &x.Timeouts.Connect }),
	rtimeVar("bereq.first_byte_timeout", in(Pass, Miss), in(Pass, Miss), func(x *Ctx) *rtime { return &x.Timeouts.FirstByte }),
	rtimeVar("bereq.between_bytes_timeout", in(Pass, Miss), in(Pass, Miss), func(x *Ctx) *rtime { return &x.Timeouts.BetweenBytes }),
	rtimeVar("bereq.fetch_timeout", in(Pass, Miss), in(Pass, Miss), func(x *Ctx) *rtime { return &x.Timeouts.Fetch }),
)

var (
	_ = missing("its form is not documented", String, "req.headers", "bereq.headers")
	_ = missing("its form is not documented", Float, "req.digest.ratio")
)

// atBackend is where there is a request to the backend.
const atBackend = Scopes(1<<Miss | 1<<Pass | 1<<Fetch)

func no(*Ctx) bool    { return false }
func zero(*Ctx) int64 { return 0 }

func reqMethod(x *Ctx) string   { return message.Text(x.Req.Method) }
func reqURL(x *Ctx) string      { return message.Text(x.Req.Target) }
func bereqMethod(x *Ctx) string { return message.Text(x.Bereq.Method) }
func bereqURL(x *Ctx) string    { return message.Text(x.Bereq.Target) }

// setMethod takes what can be a method; anything else would not be one request on
// the wire.
func setMethod(r *message.Request, s string) {
	if token(s) && len(s) <= 64 {
		r.Method = message.Bytes(s)
	}
}

// setTarget sets a URL. Bytes that would end it on the wire are escaped.
func (x *Ctx) setTarget(r *message.Request, s string) {
	if i := strings.IndexAny(s, "\r\n\x00"); i >= 0 {
		s = s[:i]
	}
	n := 0
	for i := range len(s) {
		if s[i] <= ' ' || s[i] == 0x7f {
			n++
		}
	}
	if n > 0 {
		s = x.escapeBlanks(s, n)
	}
	r.Target = message.Bytes(s)
}

func (x *Ctx) escapeBlanks(s string, n int) string {
	const digits = "0123456789ABCDEF"
	out := x.arena.take(len(s) + 2*n)
	if out == nil {
		return ""
	}
	at := 0
	for i := range len(s) {
		if c := s[i]; c > ' ' && c != 0x7f {
			out[at] = c
			at++
		} else {
			at += copy(out[at:], []byte{'%', digits[c>>4], digits[c&15]})
		}
	}
	return message.Text(out)
}

func urlPath(s string) string {
	path, _, _ := strings.Cut(s, "?")
	return path
}

func urlQuery(s string) string {
	_, query, _ := strings.Cut(s, "?")
	return query
}

// urlBase is what follows the last slash of the path.
func urlBase(s string) string {
	path := urlPath(s)
	return path[strings.LastIndexByte(path, '/')+1:]
}

// urlDir is what is before the last slash of the path; the slash alone at the top.
func urlDir(s string) string {
	path := urlPath(s)
	switch i := strings.LastIndexByte(path, '/'); {
	case i > 0:
		return path[:i]
	case i == 0:
		return "/"
	}
	return ""
}

// urlExt is what follows the last dot of the last part of the path.
func urlExt(s string) string {
	base := urlBase(s)
	if i := strings.LastIndexByte(base, '.'); i >= 0 {
		return base[i+1:]
	}
	return ""
}

func (x *Ctx) encode(s string) string {
	out := x.arena.take(base64.StdEncoding.EncodedLen(len(s)))
	if len(out) > 0 {
		base64.StdEncoding.Encode(out, message.Bytes(s))
	}
	return message.Text(out)
}

// digest is the hash that a cache would keep the answer under.
func (x *Ctx) digest() string {
	sum := sha256.Sum256(message.Bytes(x.HashKey))
	var space [2 * sha256.Size]byte
	hex.Encode(space[:], sum[:])
	return x.arena.keep(space[:])
}
