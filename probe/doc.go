// Package probe is how the edge knows which backends are healthy. A [Set] runs the
// probes of one edge; a [Probe] is one health check of one endpoint, for as long as
// some backend has joined it, and keeps a record of each address of that endpoint.
//
// # What a probe is known by
//
// Backends of one customer share a probe, of whatever service and version they are,
// if the definition of their health check, their endpoint and their share_key are
// equal; the share_key is the service's ID unless it is set. What a probe knows
// outlives versions for that reason. Customers never share one.
//
// # State
//
// An address keeps the outcomes of its last tries, as many as the window; at first,
// the newest "initial" of them count as passed, and the others as failed. It is
// healthy while at least "threshold" of them are passed. The backend is healthy if
// one of its addresses is. Requests ask by atomic loads alone ([Probe.Healthy],
// [Probe.Usable]).
//
// # Tries
//
// Each try has a connection and a goroutine of its own, and ends within the timeout;
// an address has one at a time. It is passed if the head of an answer comes whole and
// with the expected status: nothing behind the head is read, and no redirect is
// followed. Tries that could not be made for lack of something of ours, such as
// descriptors, count for nothing.
//
// # Ownership
//
// The timers and goroutines are the Set's, and end with the last backend to leave
// or with [Set.Close].
package probe
