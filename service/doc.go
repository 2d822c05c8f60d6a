// Package service holds what is configured: services, their numbered versions,
// and the objects of a version, one file a kind.
//
// A [Kind] is the engine's view of one sort of object. It declares the fields
// once, as a table; decoding, partial update, rendering, storage, the API's
// routes and the error texts all grow from that table, so that a new kind costs
// one file. A [Snapshot] is one whole version in memory: what is validated,
// compiled, and carried to every edge.
//
// Objects are values. Whoever holds an [Object] may read it for ever and never
// writes to it; a change makes a new one ([Kind.Update]).
package service
