package edge

import (
	"errors"
	"io"
	"syscall"

	"headwater/dial"
)

// A side is whose doing a failure is.
type side uint8

const (
	sideClient side = iota
	sideOrigin
	sideEdge
)

func (s side) String() string {
	return [...]string{"client", "origin", "edge"}[s]
}

// A failure is one way in which a request can end other than with the origin's
// answer. The table below is the only place that knows what clients are told.
type failure uint8

const (
	failNone failure = iota
	failConnectTimeout
	failConnectRefused
	failUnreachable
	failNoAddress
	failDenied
	failEnded
	failCertificate
	failCertificateName
	failHandshake
	failMaxConn
	failFirstByte
	failRead
	failWrite
	failMalformed
	failHeaderOverflow
	failFetch
	failRestart
	failUnhealthy
	failQuorum
	failNoBackendCHash
	failBetweenBytes
	failTruncated
	failTunnelIdle
	failNoBackend
	failLoop
	failUnknownDomain
	failMisdirected
	failClientRead
	failClientTimeout
	failClientWrite
	failRefused
	failInternal
)

// failAsking is none: a fetch has asked, and goes on in [exchange.refetch].
const failAsking failure = 255

// failures maps each failure to the status and reason of its synthetic answer.
// Reasons are Fastly's, whose case is as uneven as this (guides/vcl/errors, and
// captured pages). A failure after the answer has begun has no page: the client
// sees the body end, and the log tells why.
var failures = [...]struct {
	side   side
	status int
	reason string
}{
	failConnectTimeout:  {sideOrigin, 503, "Connection timed out"},
	failConnectRefused:  {sideOrigin, 503, "Connection refused"},
	failUnreachable:     {sideOrigin, 503, "Network unreachable"},
	failNoAddress:       {sideOrigin, 503, "No healthy IP available for the backend"},
	failDenied:          {sideEdge, 503, "No healthy IP available for the backend"},
	failEnded:           {sideOrigin, 503, "backend read error"},
	failCertificate:     {sideOrigin, 503, "certificate rejected"},
	failCertificateName: {sideOrigin, 503, "hostname doesn't match against certificate"},
	failHandshake:       {sideOrigin, 503, "SSL handshake error"},
	failMaxConn:         {sideEdge, 503, "Backend.max_conn reached"},
	failFirstByte:       {sideOrigin, 503, "first byte timeout"},
	failRead:            {sideOrigin, 503, "backend read error"},
	failWrite:           {sideOrigin, 503, "backend write error"},
	failMalformed:       {sideOrigin, 503, "Service Unavailable"},
	failHeaderOverflow:  {sideOrigin, 503, "Header overflow"},
	failFetch:           {sideOrigin, 503, "fetch timeout"},
	failBetweenBytes:    {sideOrigin, 0, "between bytes timeout"},
	failTruncated:       {sideOrigin, 0, "truncated response"},
	failTunnelIdle:      {sideEdge, 0, "tunnel idle"},
	failRestart:         {sideEdge, 503, "Service Unavailable"},
	failUnhealthy:       {sideEdge, 503, "Backend is unhealthy"},
	failQuorum:          {sideEdge, 503, "Quorum weight not reached"},
	failNoBackendCHash:  {sideEdge, 503, "All backends failed or unhealthy (chash)"},
	failNoBackend:       {sideEdge, 503, "All backends failed or unhealthy"},
	failLoop:            {sideEdge, 503, "Loop detected"},
	failUnknownDomain:   {sideClient, 500, "Domain Not Found"},
	failMisdirected:     {sideClient, 421, "Misdirected Request"},
	failClientRead:      {sideClient, 0, "client read error"},
	failClientTimeout:   {sideClient, 408, "Request Timeout"},
	failClientWrite:     {sideClient, 0, "client write error"},
	failRefused:         {sideClient, 400, "Bad Request"},
	failInternal:        {sideEdge, 503, "Service Unavailable"},
}

// refusals names the statuses that a malformed request ends in.
var refusals = map[int]string{
	400: "Bad Request",
	405: "Not allowed.",
	408: "Request Timeout",
	413: "Payload Too Large",
	414: "Too long request string",
	417: "Expectation Failed",
	431: "Request Header Fields Too Large",
	501: "Not Implemented",
	505: "HTTP Version Not Supported",
}

// unconnected reports whether a failure to connect is one that another backend need
// not have: see [exchange.elsewhere].
func (f failure) unconnected() bool {
	switch f {
	case failConnectTimeout, failConnectRefused, failUnreachable, failNoAddress, failDenied, failEnded,
		failCertificate, failCertificateName, failHandshake, failMaxConn:
		return true
	}
	return false
}

// dialFailures are the failures that package dial's causes become. What ran out
// is ours: descriptors, memory, ports; and so are panics.
var dialFailures = [...]failure{
	dial.Exhausted:    failInternal,
	dial.Faulty:       failInternal,
	dial.Canceled:     failInternal,
	dial.Refused:      failConnectRefused,
	dial.TimedOut:     failConnectTimeout,
	dial.Ended:        failEnded,
	dial.Unreachable:  failUnreachable,
	dial.Denied:       failDenied,
	dial.NoAddress:    failNoAddress,
	dial.Uncertified:  failCertificate,
	dial.Misnamed:     failCertificateName,
	dial.Alerted:      failHandshake,
	dial.Incompatible: failHandshake,
	dial.Broken:       failEnded,
}

// dialFailure classifies what dial reports.
func dialFailure(err error) failure {
	var e *dial.Error
	if errors.As(err, &e) {
		return dialFailures[e.Cause]
	}
	return failInternal
}

// words returns the failure's reason. What is wrong with a certificate its cause
// tells.
func (f failure) words(cause error) string {
	var e *dial.Error
	if f == failCertificate && errors.As(cause, &e) {
		return e.Reason()
	}
	return failures[f].reason
}

// unanswered classifies what ended the wait for an answer's first byte. An alert on a
// new connection is the origin's second thought about the handshake ([dial.IsAlert]),
// which gives the failure its words and no more: the request was sent.
func (x *exchange) unanswered(err error) failure {
	if x.origin.served == 0 && dial.IsAlert(err) {
		return failHandshake
	}
	return failRead
}

// responseFailure classifies what parsing an origin's head reports.
func responseFailure(err error) failure {
	if err == errFieldCount || err == errHeadSize {
		return failHeaderOverflow
	}
	return failMalformed
}

// closed reports whether err says that the peer ended the connection.
func closed(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) ||
		errors.Is(err, syscall.EPIPE)
}
