package edge

import "time"

// An event is what is known of one exchange when it ends: one line of the access
// log.
type event struct {
	failure failure
	cause   error // what the system or the parser said; for the log only

	connect   time.Duration // 0 for a warm connection
	firstByte time.Duration // from the request's first byte to the answer's

	requestBody, responseBody int64
	written                   int64 // to the client, heads included
	sent                      int   // to the origin, in the last try
	retries                   int

	method, target []byte // as the client sent them
	protocol       []byte // of a tunnel
	head           int    // bytes of the answer's head
	completed      bool   // the answer went out whole
}
