// Package h2 speaks HTTP/2 (RFC 9113) with one client. A [Conn] is fed the bytes
// that a connection brings, hands each request to its owner as a [Stream], and
// writes answers back, in batches and in order of urgency. It knows nothing of
// sockets, of TLS, or of what becomes of a request.
//
// # Ownership
//
// One goroutine calls [Conn.Feed]. Each stream has one that writes to it and at
// most one that reads its body; it is the owner's to start them, and to call
// [Stream.Close] when they are done. Whoever has put off what is written, with
// [Conn.Hold], writes it with [Conn.Release]; else, and where there is more than
// that takes, a writer runs while there is something to write, started by Config.Spawn.
// A connection without streams has no goroutine and no buffer here.
//
// # Bounds
//
// What a client can make a connection hold is bounded, whatever it sends: see
// the constants of this package and docs/http2.md. What it can make us do is
// bounded by its allowance, see allowance.go.
package h2
