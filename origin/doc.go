// Package origin is a test origin: an HTTP/1 server that misbehaves as each request
// asks it to.
//
// A request names behaviours in its path, in its query, or in both, and those that
// it does not name are the server's defaults:
//
//	/status/503/delay/1s
//	/any/path?body=10MiB&reset=100
//
// One table, behaviours, has all of them. Paths, queries, flags and the page at /
// are read off it, so that none can tell another story.
//
// It is written over connections as they are, since what an origin does wrong is
// what a decent HTTP library keeps it from doing. It shares no code with the edge,
// whose tests rely on it. It has bounds for all it is asked, but it is for tests: it
// gives away the key of a client certificate that it trusts.
//
// Each connection has one goroutine, which ends with the connection, or with
// [Server.Shutdown].
package origin
