// Package dial is how an origin is reached: name, address, TCP, TLS. The edge
// uses it for traffic; probes and checks of a draft use it too, so that what a
// check reports is what traffic meets.
//
// A backend is compiled to a [Plan] ([NewPlan]), which says what cannot work and
// has the [Endpoint] that pools are known by. [Network.Open] makes an [Origin] of
// it: one for each pool, with TLS sessions of its own. [Origin.Dial] and, where
// the plan is for TLS, [Origin.Handshake] make connections until a context ends,
// or return an [Error] with its cause.
//
// # Ownership
//
// An Origin holds a [Name] of the [Resolver] until its Close. Names are counted
// across all origins; the resolver has one goroutine for each, which looks it up
// whenever its addresses have served their time and ends with the last holder, or
// with [Resolver.Close]. Dial leaves no goroutine behind. Connections belong to
// whoever asked for them.
package dial
