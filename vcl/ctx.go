package vcl

import (
	"net/netip"
	"time"

	"headwater/internal/message"
	"headwater/vcl/regex"
	"headwater/vcl/syntax"
)

// A Ctx is one request as a program sees it. Its user owns it, fills the exported
// fields before each [Program.Run] and reads them afterwards; a Ctx is used by one
// goroutine at a time and is meant to be kept for many requests.
//
// What a program makes (texts, above all) lies in the Ctx's own memory, and is
// valid until [Ctx.Reset].
type Ctx struct {
	Request

	// Written is what went to the client. It is to be filled before vcl_log runs, which
	// alone reads it.
	Written Written

	memory
}

// A Request is all of a Ctx that is of one request, and begins anew with the next.
type Request struct {
	// The messages, nil where there is none yet. Req is the client's request as
	// the program changes it, Bereq what goes to the backend, Beresp the
	// backend's answer, Obj a synthetic one, Resp what goes to the client.
	Req, Bereq        *message.Request
	Beresp, Obj, Resp *message.Response

	Client  *Client
	Server  *Server
	Service *Service
	World   World // asked for what changes from moment to moment

	Start    time.Time // when the request began to come
	Now      time.Time // of this run: one subroutine sees one moment; zero reads the clock when asked for
	Restarts int
	XID      uint32
	State    string // fastly_info.state

	// HostHeader is the Host that the client sent.
	HostHeader string
	// HeaderBytes is the size of the request's head as it came, BodyBytes of what
	// has come of its body.
	HeaderBytes, BodyBytes int64
	// Body is the request's body, if all of it is at hand.
	Body string
	// Visits is how many nodes of this service the request has passed before, and
	// VisitsPOP how many of those were of this POP.
	Visits, VisitsPOP int
	// Passed are the POPs that the request has passed before, as shields are named.
	Passed []string
	// EdgeTLS is whether the client spoke TLS to the first node.
	EdgeTLS bool

	// Backend is req.backend.
	Backend *Backend
	// Shield is what fastly.try_select_shield has chosen last, and Unshielded what
	// it stands before: where to go if the shield cannot be reached after all.
	Shield, Unshielded *Backend
	// Timeouts are the bereq.*_timeout; the user fills in the backend's own.
	Timeouts Timeouts
	// Fetched is what is known of the fetch, from vcl_fetch on.
	Fetched Fetched
	// Cache is how the answer may be stored, and what the program says of it.
	Cache Cache
	// Body of a synthetic answer, and whether one was given.
	Synthetic    string
	HasSynthetic bool
	// ErrorStatus and ErrorReason are those of an error statement. HasReason is
	// false for one without a reason.
	ErrorStatus int
	ErrorReason string
	HasReason   bool
	// HashKey is what vcl_hash added up.
	HashKey string
	// Flags are settings of the request that are only kept.
	Flags Flags
	// Identity is client.identity if the program set it.
	Identity    string
	HasIdentity bool

	// Failure is fastly.error, "" for none.
	Failure string

	// Fault is why a run ended in DoFail.
	Fault error

	// RegexGaveUp counts matches that took too many steps, and so counted as
	// failed.
	RegexGaveUp int

	// Logged gets what log statements write.
	Logged []string

	// Trace, if not nil, gets every step.
	Trace *Trace

	steps int
}

// A memory is what a Ctx keeps from one request to the next.
type memory struct {
	strs     []text
	bools    []bool
	ints     []int64
	floats   []float64
	rtimes   []time.Duration
	times    []Time
	ips      []netip.Addr
	backends []*Backend
	acls     []*ACL

	program *Program
	arena   arena

	// Of a run, or of a part of one, that begins them anew.
	label    string // where a goto goes
	result   result
	captures captures
	groups   [2 * (maxGroup + 1)]int // of the captures, if they are found
}

// A text is a STRING at run time.
type text struct {
	s   string
	set bool
}

// A result is what the last function of the program's own returned.
type result struct {
	str     text
	boolean bool
	integer int64
	float   float64
	rtime   time.Duration
	time    Time
	ip      netip.Addr
	backend *Backend
	acl     *ACL
}

// captures is the last successful match: its groups are looked for when one is
// read.
type captures struct {
	regex   *regex.Regex
	subject string
	found   bool // the groups are filled
}

// maxGroup is the highest N of re.group.N.
const maxGroup = 10

// A Client is the connection that a request came on.
type Client struct {
	IP       netip.Addr
	Port     int
	LocalIP  netip.Addr
	Local    int // the port it came to
	Requests int // on this connection, this one too
	TLS      bool
	Proto    string // HTTP/1.1
	Stream   int    // of HTTP/2

	TLSProtocol, TLSCipher, ServerName string // "" without TLS

	Hello *Hello // nil without TLS, and where none was said
}

// A Server is the edge that a program runs on.
type Server struct {
	Identity      string // cache-lcy1234-LCY
	Hostname      string
	Datacenter    string // LCY
	POP           string
	Region        string
	BillingRegion string
	Staging       bool
}

// A Service is what a program belongs to.
type Service struct {
	ID, Customer string
	Version      int
	Generation   int64
	Digest       string // of all that shapes the version
}

// Timeouts are those that a program may set for one fetch. 0 is no limit.
type Timeouts struct {
	Connect, FirstByte, BetweenBytes, Fetch time.Duration
}

// Fetched is what is known of the fetch that an answer came from.
type Fetched struct {
	Backend  *Backend // the one that answered, never a director
	IP       netip.Addr
	Port     int
	Local    netip.AddrPort
	Requests int // on that connection
	TLS      string
	Written  int64 // bytes of the request's head that were sent
	BodySent int64
}

// Cache is how an answer may be stored. There is no cache yet, so that it is
// only kept.
type Cache struct {
	TTL, Grace, StaleIfError, StaleWhileRevalidate, Saintmode time.Duration

	Cacheable, Stream, Gzip, Brotli, ESI, PCI, HIPAA bool
}

// Written is what went to the client.
type Written struct {
	Head, Body int64
	Completed  bool
	FirstByte  time.Duration
	End        time.Time
}

// Flags are settings of a request that programs write and read.
type Flags struct {
	AlwaysMiss, IgnoreBusy, ESI, SegmentedCaching, RangeOnPass bool
	Grace, MaxStaleIfError, MaxStaleWhileRevalidate            time.Duration
}

// A World is what only the edge knows. Its methods may be called from any
// goroutine, and do not wait.
type World interface {
	// Healthy reports whether a backend or director can take a request.
	Healthy(*Backend) bool
	// Connections counts the connections to a backend, open and in use.
	Connections(*Backend) (open, used int)
}

// A Backend is a backend or a director that a program declares.
type Backend struct {
	Name     string    // in the language: F_origin
	Index    int       // in Program.Backends
	Director *Director // nil for a backend
	Decl     *syntax.Backend
}
