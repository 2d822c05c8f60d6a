// Package edge answers requests. It holds the active version of every service as
// one immutable table and replaces the whole table when a version is activated.
// A request loads the table once and keeps it to the end, so an activation never
// waits for a request, nor a request for an activation.
//
// # Life of a request
//
//	accept -> clientConn.serve
//	  bytes come      -> turn -> consume -> headScan, parseRequest   (client.go, parse.go)
//	  exchange.serve  -> route: table.find, site.pick                (exchange.go, table.go)
//	                  -> fetch: connect, send, readHead              (origin.go, pool.go)
//	                  -> deliver: appendResponse, body.stream        (deliver.go, body.go)
//	  a failure       -> fail: the table of reasons, the page        (failure.go, synthetic.go)
//	free              -> one log event                               (event.go)
//
// A request whose body is not all there when its head is leaves the fast path:
// an upload carries the body while the exchange waits for the answer (upload.go).
//
// # Ownership
//
// The table owns nothing that must survive it. Pools are keyed by service and by
// what shapes a connection, and counted by the compiled backends that refer to
// them, so that activating a version that changes a comment does not drop ten
// thousand warm connections.
//
// Every connection from a client has one goroutine, which ends when Shutdown
// says so; an upload's goroutine is ended by its exchange; the edge's own sweeper
// ends with the edge.
//
// # Budget
//
// A request on a warm keep-alive connection allocates nothing, waits for no
// change of configuration, and makes five system calls: read and write on
// both sides, and one look at the pooled connection before it is used.
package edge
