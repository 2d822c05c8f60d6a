package vcl

import (
	"net/netip"
	"time"

	"headwater/internal/message"
)

// Variables of the three sorts of answers.

type rtime = time.Duration

var _ = vars(
	statusVar("beresp.status", in(Fetch), func(x *Ctx) *message.Response { return x.Beresp }),
	reasonVar("beresp.response", in(Fetch), func(x *Ctx) *message.Response { return x.Beresp }),
	readString("beresp.proto", in(Fetch), func(*Ctx) string { return "HTTP/1.1" }),
	rtimeVar("beresp.ttl", in(Fetch), in(Fetch), func(x *Ctx) *rtime { return &x.Cache.TTL }),
	rtimeVar("beresp.grace", in(Fetch), in(Fetch), func(x *Ctx) *rtime { return &x.Cache.Grace }),
	rtimeVar("beresp.stale_if_error", in(Fetch), in(Fetch), func(x *Ctx) *rtime { return &x.Cache.StaleIfError }),
	rtimeVar("beresp.stale_while_revalidate", in(Fetch), in(Fetch), func(x *Ctx) *rtime { return &x.Cache.StaleWhileRevalidate }),
	&variable{name: "beresp.saintmode", typ: RTime, write: in(Fetch), set: setsRTime(func(x *Ctx) *rtime { return &x.Cache.Saintmode })},
	boolVar("beresp.cacheable", in(Fetch), in(Fetch), func(x *Ctx) *bool { return &x.Cache.Cacheable }),
	boolVar("beresp.do_stream", in(Fetch), in(Fetch), func(x *Ctx) *bool { return &x.Cache.Stream }),
	boolVar("beresp.do_esi", in(Fetch), in(Fetch), func(x *Ctx) *bool { return &x.Cache.ESI }),
	boolVar("beresp.gzip", in(Fetch), in(Fetch), func(x *Ctx) *bool { return &x.Cache.Gzip }),
	boolVar("beresp.brotli", in(Fetch), in(Fetch), func(x *Ctx) *bool { return &x.Cache.Brotli }),
	boolVar("beresp.pci", in(Fetch), in(Fetch), func(x *Ctx) *bool { return &x.Cache.PCI }),
	boolVar("beresp.hipaa", in(Fetch), in(Fetch), func(x *Ctx) *bool { return &x.Cache.HIPAA }),

	readText("beresp.backend.name", in(Fetch, Deliver, Log, Failure), fetchedName),
	readIP("beresp.backend.ip", in(Fetch, Deliver, Log, Failure), func(x *Ctx) netip.Addr { return x.Fetched.IP }),
	readInteger("beresp.backend.port", in(Fetch), func(x *Ctx) int64 { return int64(x.Fetched.Port) }),
	readInteger("beresp.backend.requests", in(Fetch), func(x *Ctx) int64 { return int64(x.Fetched.Requests) }),
	readIP("beresp.backend.src_ip", everywhere, func(x *Ctx) netip.Addr { return x.Fetched.Local.Addr() }),
	readInteger("beresp.backend.src_port", everywhere, func(x *Ctx) int64 { return int64(x.Fetched.Local.Port()) }),
	readBool("beresp.used_alternate_path_to_origin", in(Fetch), no),
	readBool("backend.conn.is_tls", in(Fetch), func(x *Ctx) bool { return x.Fetched.TLS != "" }),
	readText("backend.conn.tls_protocol", in(Fetch), func(x *Ctx) (string, bool) { return x.Fetched.TLS, x.Fetched.TLS != "" }),

	statusVar("obj.status", in(Hit, Failure), func(x *Ctx) *message.Response { return x.Obj }),
	reasonVar("obj.response", in(Hit, Failure), func(x *Ctx) *message.Response { return x.Obj }),
	readString("obj.proto", in(Hit, Failure), func(*Ctx) string { return "HTTP/1.1" }),
	readInteger("obj.hits", in(Hit, Deliver, Log), zero),
	readRTime("obj.age", in(Hit, Deliver, Failure, Log), noTime),
	readRTime("obj.entered", in(Hit, Deliver, Failure, Log), noTime),
	readRTime("obj.lastuse", in(Hit, Deliver, Failure, Log), noTime),
	readBool("obj.is_pci", in(Hit, Deliver, Failure, Log), func(x *Ctx) bool { return x.Cache.PCI }),
	readBool("obj.cacheable", in(Hit), func(x *Ctx) bool { return x.Cache.Cacheable }),
	rtimeVar("obj.ttl", in(Hit, Failure, Log), in(Hit, Failure, Log), func(x *Ctx) *rtime { return &x.Cache.TTL }),
	rtimeVar("obj.grace", in(Hit, Failure, Log), in(Hit, Failure, Log), func(x *Ctx) *rtime { return &x.Cache.Grace }),
	readRTime("obj.stale_if_error", in(Hit, Failure, Log), func(x *Ctx) rtime { return x.Cache.StaleIfError }),
	readRTime("obj.stale_while_revalidate", in(Hit, Failure, Log), func(x *Ctx) rtime { return x.Cache.StaleWhileRevalidate }),

	statusVar("resp.status", in(Deliver, Log), func(x *Ctx) *message.Response { return x.Resp }),
	reasonVar("resp.response", in(Deliver, Log), func(x *Ctx) *message.Response { return x.Resp }),
	readString("resp.proto", in(Deliver, Log), func(x *Ctx) string { return x.Client.Proto }),
	readInteger("resp.header_bytes_written", in(Log), func(x *Ctx) int64 { return x.Written.Head }),
	readInteger("resp.body_bytes_written", in(Log), func(x *Ctx) int64 { return x.Written.Body }),
	readInteger("resp.bytes_written", in(Log), func(x *Ctx) int64 { return x.Written.Head + x.Written.Body }),
	readBool("resp.completed", in(Log), func(x *Ctx) bool { return x.Written.Completed }),
	readBool("resp.is_locally_generated", in(Deliver, Log), func(x *Ctx) bool { return x.Beresp == nil }),
	readBool("resp.stale", everywhere, no),
	readBool("resp.stale.is_error", everywhere, no),
	readBool("resp.stale.is_revalidating", everywhere, no),
	readText("stale.exists", everywhere, func(*Ctx) (string, bool) { return "", false }),

	readIP("req.backend.ip", in(Deliver, Log, Failure), func(x *Ctx) netip.Addr { return x.Fetched.IP }),
	readText("req.backend.name", in(Deliver, Log, Failure), fetchedName),
	readInteger("req.backend.port", in(Deliver, Log, Failure), func(x *Ctx) int64 { return int64(x.Fetched.Port) }),
)

var (
	_ = missing("its form is not documented", String, "beresp.headers", "obj.headers", "resp.headers", "beresp.backend.alternate_ips")
	_ = missing("it is not measured", Integer, "beresp.handshake_time_to_origin_ms")
)

func noTime(*Ctx) rtime { return 0 }

func fetchedName(x *Ctx) (string, bool) {
	if b := x.Fetched.Backend; b != nil {
		return b.Name, true
	}
	return "", false
}

func statusVar(name string, scopes Scopes, of func(*Ctx) *message.Response) *variable {
	return &variable{name: name, typ: Integer, read: scopes, write: scopes,
		get: ofInteger(func(x *Ctx) int64 { return int64(of(x).Status) }),
		set: setsInteger(func(x *Ctx, n int64) { of(x).Status = clampStatus(n) })}
}

func reasonVar(name string, scopes Scopes, of func(*Ctx) *message.Response) *variable {
	return &variable{name: name, typ: String, read: scopes, write: scopes,
		get: ofSetString(func(x *Ctx) string { return message.Text(of(x).Reason) }),
		set: setsString(func(x *Ctx, s string) { of(x).Reason = message.Bytes(oneLine(s)) })}
}
