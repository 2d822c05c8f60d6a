package vcl

import (
	"net/netip"
	"strconv"
)

// Variables of the connection, of this edge, of the service, and of the run.

var _ = vars(
	readIP("client.ip", everywhere, func(x *Ctx) netip.Addr { return x.Client.IP }),
	readInteger("client.port", everywhere, func(x *Ctx) int64 { return int64(x.Client.Port) }),
	readInteger("client.requests", everywhere, func(x *Ctx) int64 { return int64(x.Client.Requests) }),
	readBool("client.identified", everywhere, no),
	&variable{name: "client.identity", typ: String, read: everywhere, write: everywhere, get: ofString(identity),
		set: func(v value) func(*Ctx) {
			get := v.str
			return func(x *Ctx) { x.Identity, x.HasIdentity = get(x) }
		}},

	readString("server.identity", everywhere, func(x *Ctx) string { return x.Server.Identity }),
	readString("server.hostname", everywhere, func(x *Ctx) string { return x.Server.Hostname }),
	readString("server.datacenter", everywhere, func(x *Ctx) string { return x.Server.Datacenter }),
	readString("server.pop", everywhere, func(x *Ctx) string { return x.Server.POP }),
	readString("server.region", everywhere, func(x *Ctx) string { return x.Server.Region }),
	readString("server.billing_region", everywhere, func(x *Ctx) string { return x.Server.BillingRegion }),
	readIP("server.ip", everywhere, func(x *Ctx) netip.Addr { return x.Client.LocalIP }),
	readInteger("server.port", everywhere, func(x *Ctx) int64 { return int64(x.Client.Local) }),

	readString("req.service_id", everywhere, func(x *Ctx) string { return x.Service.ID }),
	readString("req.customer_id", everywhere, func(x *Ctx) string { return x.Service.Customer }),
	readInteger("req.vcl.version", everywhere, func(x *Ctx) int64 { return int64(x.Service.Version) }),
	readInteger("req.vcl.generation", everywhere, func(x *Ctx) int64 { return x.Service.Generation }),
	readString("req.vcl.md5", everywhere, func(x *Ctx) string { return x.Service.Digest }),
	readString("req.vcl", everywhere, func(x *Ctx) string {
		return x.arena.join([]string{x.Service.ID, ".", x.digits(int64(x.Service.Version)), "_", x.digits(x.Service.Generation), "-", x.Service.Digest})
	}),

	&variable{name: "fastly.error", typ: String, read: everywhere, unset: everywhere,
		get:   ofString(func(x *Ctx) (string, bool) { return x.Failure, x.Failure != "" }),
		clear: func(x *Ctx) { x.Failure = "" }},
	readInteger("fastly.ff.visits_this_service", everywhere, func(x *Ctx) int64 { return int64(x.Visits) }),
	readInteger("fastly.ff.visits_this_pop", everywhere, func(x *Ctx) int64 { return int64(x.VisitsPOP) }),
	readInteger("fastly.ff.visits_this_pop_this_service", in(Miss), func(x *Ctx) int64 { return int64(x.VisitsPOP) }),
	readBool("fastly.is_staging", everywhere, func(x *Ctx) bool { return x.Server.Staging }),
	readBool("fastly.ddos_detected", in(Recv, Hash, Deliver, Log), no),
	readBool("fastly_info.edge.is_tls", everywhere, func(x *Ctx) bool { return x.EdgeTLS }),
	readString("fastly_info.host_header", everywhere, func(x *Ctx) string { return x.HostHeader }),
	readBool("fastly_info.is_h2", everywhere, func(x *Ctx) bool { return x.Client.Proto == "HTTP/2" }),
	readBool("fastly_info.is_h3", everywhere, func(x *Ctx) bool { return x.Client.Proto == "HTTP/3" }),
	readBool("fastly_info.h2.is_push", in(Recv, Hash, Deliver, Log), no),
	readInteger("fastly_info.h2.stream_id", in(Recv, Hash, Deliver, Log), func(x *Ctx) int64 { return int64(x.Client.Stream) }),
	readString("fastly_info.state", everywhere, func(x *Ctx) string { return x.State }),
	readString("transport.type", in(Recv, Hash, Deliver, Log), func(x *Ctx) string { return either(x.Client.Proto == "HTTP/3", "quic", "tcp") }),

	readText("tls.client.protocol", in(Recv, Hash, Deliver, Log), func(x *Ctx) (string, bool) { return x.Client.TLSProtocol, x.Client.TLSProtocol != "" }),
	readText("tls.client.cipher", in(Recv, Hash, Deliver, Log), func(x *Ctx) (string, bool) { return x.Client.TLSCipher, x.Client.TLSCipher != "" }),
	readText("tls.client.servername", in(Recv, Hash, Deliver, Log), func(x *Ctx) (string, bool) { return x.Client.ServerName, x.Client.ServerName != "" }),

	readInteger("workspace.bytes_total", everywhere, func(*Ctx) int64 { return maxWorkspace }),
	readInteger("workspace.bytes_free", everywhere, func(x *Ctx) int64 { return int64(max(0, maxWorkspace-x.arena.used)) }),
	readBool("workspace.overflowed", everywhere, func(x *Ctx) bool { return x.arena.over }),
)

// identity is what a director of type client goes by: what the program said, else
// the address.
func identity(x *Ctx) (string, bool) {
	if x.HasIdentity {
		return x.Identity, true
	}
	var space [64]byte
	return x.arena.keep(x.Client.IP.AppendTo(space[:0])), x.Client.IP.IsValid()
}

// digits is a number as a text.
func (x *Ctx) digits(n int64) string {
	var space [24]byte
	return x.arena.keep(strconv.AppendInt(space[:0], n, 10))
}
