package origin

import (
	"time"
)

// A script is what the behaviours that a request names add up to.
type script struct {
	page page // one of the server's own pages, in the place of all else

	status       int
	size         int64 // of the body; -1 for a text that tells the request
	echo         bool  // the body is the request in JSON
	fields       []string
	fill, extra  int64 // a field of that many bytes, and that many fields, to no purpose
	hints        int64
	trailer      []string
	chunked      bool
	unframed     bool
	http10       bool
	last         bool
	delay, pause time.Duration
	piece        int64 // bytes; 0 for one if there is a pause, else as many as come
	end          ending
	at           int64 // how much of the body comes before the end; beforeHead for not even a head
	raw          []byte
	unread       bool
	upgrade      bool
}

// usual is a script that names nothing.
var usual = script{status: 200, size: -1}

// An ending is how an answer ends that does not end well.
type ending uint8

const (
	endWell ending = iota
	endReset
	endCut
	endHang
)

// A page is one that the server has of its own.
type page uint8

const (
	noPage page = iota
	pageHelp
	pageCA
	pageClientCert
	pageClientKey
)

// beforeHead is the place of an ending that takes the place of the whole answer.
const beforeHead = -1

// framed returns how the body is framed: chunked, or by Content-Length, or by
// neither.
func (s *script) framed() (chunked, counted bool) {
	switch {
	case s.unframed:
		return false, false
	case s.chunked || len(s.trailer) > 0:
		return !s.http10, false
	}
	return false, true
}

// bodiless reports whether the answer to method ends with its head.
func (s *script) bodiless(method string) bool {
	return method == "HEAD" || s.status == 204 || s.status == 304
}
