// Package edge answers requests. It holds the active version of every service as
// one immutable table and replaces the whole table when a version is activated.
// A request loads the table once and keeps it to the end, so an activation never
// waits for a request, nor a request for an activation.
//
// # Life of a request
//
//	door; crew: worker.work, lot.turn -> clientConn.serve            (door.go, lot.go, crew.go)
//	  bytes come      -> turn -> consume -> headScan, parseRequest   (client.go, parse.go)
//	  exchange.serve  -> route: table.find                           (exchange.go, table.go)
//	                  -> live, the phases:                           (phases.go)
//	    receive            vcl_recv, vcl_hash
//	    miss, pass         vcl_miss or vcl_pass on bereq             (forwarded.go)
//	    fetched            fetch: seek, pick, connect, ask           (director.go, elsewhere.go, origin.go, pool.go)
//	      asking           the goroutine lets go: clientConn.rest
//	      heard            refetch: hear, readHead
//	                       vcl_fetch on beresp
//	    failed             vcl_error on obj: a failure or an error   (failure.go, synthetic.go)
//	    delivered          vcl_deliver on resp                       (deliver.go)
//	    reply              appendHead, body.stream                   (deliver.go, body.go)
//	                       or a tunnel                               (upgrade.go, tunnel.go)
//	                  -> leave: vcl_log
//	free              -> one log event                               (event.go)
//
// A client that speaks HTTP/2 is fed to an h2.Conn from consume (mux.go), and each of
// its streams is served as a connection with one request would be, by clientConn.serve, with
// the stream in the place of the link (stream.go). What all of them send while a batch of
// events lasts goes out together (held_linux.go).
//
// A restart leads from any phase back to the first. A request whose body is not all
// there when its head is leaves the fast path, unless it is by the time that a connection
// is found (prompt.go): an upload carries the body while the
// exchange waits for the answer (upload.go), once the origin has given leave if the
// client waits for that (expect.go). One that asks for another protocol leaves it too.
//
// # Ownership
//
// The table owns nothing that must survive it. Pools are keyed by customer and by
// what shapes a connection, and counted by the compiled backends that refer to
// them, so that activating a version that changes a comment does not drop ten
// thousand warm connections. An idle connection belongs to a lot, that of the last
// leader who took it.
//
// A program's texts point into the messages, and into memory of the exchange's own;
// none of it is used again before the exchange ends. So buffers that heads of
// answers were read into are kept over a restart, and for vcl_log.
//
// A client's connection has a goroutine while there is something to do for it. Between
// two requests, and while an origin is asked, it is parked in a lot, whose worker has it
// go on; where there is no lot (see link) it keeps its goroutine. A worker serves many,
// and waits for none: it steps out first, and another leads the lot from there on.
// Shutdown ends them. So it is with streams of HTTP/2. Goroutines of uploads and tunnels are ended by their exchange; the edge's own sweeper and
// lots end with the edge.
//
// # Budget
//
// A request on a warm keep-alive connection allocates nothing, waits for no
// change of configuration, and makes five system calls: read and write on
// both sides, and one look at the pooled connection before it is used. Where several
// are served at a time one call writes for all (outbox_linux.go).
package edge
