// Package store keeps services, their versions and the objects of these in a
// SQL database. What is written here is durable when the method returns.
//
// All reads and writes are scoped here, by the caller's customer and the
// service limits of its token: what a caller may not see does not exist for it.
//
// # Writes
//
// A write is one transaction, or a savepoint in one: writes that come at the same
// time share a commit, and the sync of the disk with it. Each sees those before it,
// fails alone, and is answered when all of them are on disk. If the commit fails,
// all have failed.
//
// A write first updates the row that it is about (the
// version for an object, the service for a version) and only then reads: the
// row's lock makes writers of one version wait for each other, so that numbers
// are given once and no update is lost. SQLite has one writer at a time anyway;
// a server with many would need nothing more.
//
// The functions that methods take, such as the change of UpdateObject, run
// inside the transaction. They must not call the store.
//
// A write whose context carries an event ([service.WithEvent]) leaves it in the
// same transaction: there is no write without its event, nor the other way round.
//
// # Domains
//
// A domain belongs to the service whose active version holds it. Names compare
// without case; the case in which a name was sent is kept and answered.
// Claims are on exact names: *.example.com and www.example.com may belong to
// two services, and the edge prefers the exact one.
package store
