// Package explain is what is asked and answered about a request that nobody has
// sent: what a version would do with it, and why.
//
// A [Request] describes the request and what is pretended of the world: who is
// healthy, what origins answer. An [Explanation] is the whole decision. It is made
// by the edge, which runs the request through the same code as a real one, but for
// the connections; this package has the two shapes, reads the one and writes the
// other, as JSON and as text.
package explain
