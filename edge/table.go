package edge

import (
	"bytes"
	"sync/atomic"
	"unsafe"

	"headwater/dial"
	"headwater/edge/program"
	"headwater/internal/message"
	"headwater/service"
	"headwater/vcl"
)

// A table routes hosts to the compiled active version of every service. It is
// immutable: a change makes a new one, and a request keeps the one it began
// with.
type table struct {
	exact names // by host name, lower case
	wild  names // by what follows the "*" of *.example.com
}

// find returns the site that answers for a Host field, or nil: the exact name
// first, then the longest wildcard. Case, a port and one trailing dot do not
// matter.
func (t *table) find(host []byte) *site {
	var room [256]byte
	name := hostName(room[:0], host)
	if s := t.exact.find(name); s != nil {
		return s
	}
	if t.wild.n == 0 {
		return nil
	}
	for {
		dot := bytes.IndexByte(name, '.')
		if dot < 0 {
			return nil
		}
		if s := t.wild.find(name[dot:]); s != nil && dot > 0 {
			return s
		}
		name = name[dot+1:]
	}
}

// tableOf is the table of one site alone.
func tableOf(s *site) *table {
	d := draftTable(&table{})
	d.add(s)
	return d.table()
}

// A tableDraft is a table in the making.
type tableDraft struct{ exact, wild *draft }

func draftTable(old *table) *tableDraft {
	return &tableDraft{draftOf(&old.exact), draftOf(&old.wild)}
}

func (d *tableDraft) table() *table { return &table{*d.exact.names, *d.wild.names} }

func (d *tableDraft) add(s *site) {
	for _, name := range s.exact {
		d.exact.add(name, s)
	}
	for _, name := range s.wild {
		d.wild.add(name, s)
	}
}

// remove takes out a site's names, but for those that another service has
// taken over meanwhile.
func (d *tableDraft) remove(s *site) {
	if s == nil {
		return
	}
	for _, name := range s.exact {
		d.exact.remove(name, s)
	}
	for _, name := range s.wild {
		d.wild.remove(name, s)
	}
}

// hostName returns the name in a Host field, lower case, without its port: a part of
// host if that is so already, and else what it has appended to dst.
func hostName(dst, host []byte) []byte {
	if len(host) > 0 && host[0] != '[' {
		if colon := bytes.IndexByte(host, ':'); colon >= 0 {
			host = host[:colon]
		}
	}
	if n := len(host); n > 0 && host[n-1] == '.' {
		host = host[:n-1]
	}
	if !hasUpper(host) {
		return host
	}
	for _, c := range host {
		dst = append(dst, message.Lower(c))
	}
	return dst
}

func hasUpper(b []byte) bool {
	for _, c := range b {
		if c >= 'A' && c <= 'Z' {
			return true
		}
	}
	return false
}

// A site is one compiled version of a service. What every request reads of it comes
// first, in one line of the caches: with thousands of services none of it is there.
type site struct {
	program *vcl.Program          // what it does, compiled; other sites may have it too
	traffic *traffic              // of an edge that serves it
	first   atomic.Pointer[tally] // of the first backend; nil until that had one, and a request came
	logs    bool                  // the program has something to do in vcl_log

	// What the version asks for beside its program.
	strict   bool // a body that between_bytes_timeout cuts short looks so
	upgrades bool // clients may change the protocol

	// What req.backend can be, by the program's numbers: backends, and behind those
	// what has some of them below it.
	backends  []backend
	directors []destination // and shields

	about vcl.Service // what the program can know of the version

	service string
	version int

	nodes []*backend // of the shields

	marks markCache // of hops to edges

	// domains are the names it answers for, as the table's keys have them.
	exact, wild []string

	source *service.Snapshot // of one that serves
	tree   *program.Program  // what it does, as it is written; nil of one that serves

	asWritten atomic.Pointer[site] // the same with its tree; nil until a request is told of

	_ [32]byte // so that the runtime has each begin with a line (see TestLines)
}

// touch has the caches get what a request will read and write of a site and of its first backend. It needs no more
// than the site's first line to know where all of that is, and waits for none of it.
func (s *site) touch() {
	if s.traffic == nil || len(s.backends) == 0 {
		return
	}
	b := &s.backends[0]
	prefetch(unsafe.Pointer(s.traffic), unsafe.Pointer(b), unsafe.Pointer(&b.node))
	if t := s.first.Load(); t != nil {
		prefetch(unsafe.Pointer(t), unsafe.Pointer(&t.window.firstByte.near[eighths]), unsafe.Pointer(&t.first))
	} else {
		s.first.Store(b.tally.Load())
	}
}

// reached returns all that the site has connections to.
func (s *site) reached() (all []*backend) {
	for i := range s.backends {
		all = append(all, &s.backends[i])
	}
	return append(all, s.nodes...)
}

// known is what the program has of a backend.
func (s *site) known(b *backend) *vcl.Backend { return s.program.Backends[b.slot] }

// destination is what b stands for, nil for none and for what is another program's:
// whatever a program's memory held must not lead to an origin of another site.
func (s *site) destination(b *vcl.Backend) destination {
	if b == nil || b.Index >= len(s.program.Backends) || s.program.Backends[b.Index] != b {
		return nil
	}
	return s.numbered(b.Index)
}

// numbered is the destination of a number of the program's.
func (s *site) numbered(i int) destination {
	if i < len(s.backends) {
		return &s.backends[i]
	}
	return s.directors[i-len(s.backends)]
}

// Healthy makes a site the [vcl.World] of its program, to which a backend without
// room for another connection is not healthy.
func (s *site) Healthy(b *vcl.Backend) bool {
	d := s.destination(b)
	return d != nil && d.usable(nil)
}

// follow makes the site's directors keep what they have counted as healthy until
// the epoch changes.
func (s *site) follow(epoch *atomic.Uint64) {
	for _, to := range s.directors {
		if d, is := to.(*director); is {
			d.epoch = epoch
		}
	}
}

// Connections makes a site the [vcl.World] of its program.
func (s *site) Connections(b *vcl.Backend) (open, used int) {
	if b, ok := s.destination(b).(*backend); ok {
		return b.pool.count()
	}
	return 0, 0
}

// A backend is one compiled backend: where to, how long to wait, and the pool
// that it shares with all of the service's backends to the same endpoint. What every
// fetch reads of it comes first.
type backend struct {
	// Of an edge that serves it.
	tally atomic.Pointer[tally] // the gauge's, so that no request asks for that; nil until one did
	pool  *pool

	limits       vcl.Timeouts
	maxConn      int64 // connections at a time; 0 is no limit
	checkup      *checkup
	node         *node // of one that is an edge of a POP, else nil
	index        int32 // among its site's backends, and the nodes behind those
	slot         int32 // its number, or its shield's, in the program
	overrideHost []byte
	sick         bool // of an explanation, which pretends so

	gauge   *gauge // of an edge that serves it, else nil
	name    string
	plan    *dial.Plan
	terms   terms
	address []byte // as configured
}
