// Package feed carries activations to edges, and keeps on disk what each service
// last served.
//
// [Local] is the feed of a process that holds both the API and the edge: a
// function call, or several where the process has several POPs ([All]). Next to
// it a [Dir] keeps the last snapshot of every active service that an edge
// accepted, so that after a start a service can be served though its
// configuration cannot be read any more, or does not compile in a newer program.
// The other services are served as the database has them. A database that cannot
// be read at all is another matter: then nothing says which services are active,
// and the program does not start.
//
// What holders hold, items of dictionaries and ACLs, lies beside versions and
// travels so: as changes from one revision to the next, or whole when an edge
// lacks it.
//
// Changes may overtake each other on their way here. Each snapshot has a
// generation for that, and each holding a revision: an older one never takes the
// place of a newer one, neither in the edge nor on disk.
package feed
