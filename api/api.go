package api

import (
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"headwater/service"
)

// DefaultWriteLimit is how many writes an hour clients are told that a token has
// where there is no limit.
const DefaultWriteLimit = 100_000

// Options is what the API is made of. Store, Edge and Publisher are required;
// zero values of the others choose their defaults.
type Options struct {
	Store     Store
	Edge      Edge
	Publisher Publisher

	// Log gets failures, and a line for each call at debug level; nil discards.
	Log *slog.Logger

	// Ready is what /headwater/readyz answers; nil is always ready.
	Ready func() bool

	// WriteLimit is how many POST, PUT, PATCH and DELETE calls a token has from
	// one full hour to the next; 0 is no limit.
	WriteLimit int

	// Now is the clock of the limits by the hour and minute. Network deadlines
	// follow the real one.
	Now func() time.Time

	Timeouts Timeouts
	Limits   Limits

	// Resolver answers the checks of domains; nil is the system's.
	Resolver Resolver

	// Staging carries staged versions to the staging edge; nil is none, and
	// staging a version then only records that it is.
	Staging Publisher

	// StagingIP is where the staging edge is reached, told with domains to who asks
	// for it; the zero value chooses one of PublicIPs.
	StagingIP netip.Addr

	// Checker tries backends; nil tries none.
	Checker Checker

	// Measure adds what the process counts to a reading of metrics; nil adds nothing.
	Measure Measurer

	// MetricsOpen answers metrics to whoever asks, all of them.
	MetricsOpen bool

	// TraceKey signs the tokens that have requests traced; without one there are
	// none.
	TraceKey []byte

	// PublicIPs are the networks that the edge is reached at; none chooses
	// networks that no host has.
	PublicIPs []netip.Prefix
}

func (o Options) withDefaults() Options {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Ready == nil {
		o.Ready = func() bool { return true }
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Resolver == nil {
		o.Resolver = net.DefaultResolver
	}
	o.Timeouts = o.Timeouts.withDefaults()
	o.Limits = o.Limits.withDefaults()
	return o
}

// New returns the API as a handler. [NewServer] returns it behind a server that
// bounds what a client may send and how slowly.
func New(o Options) http.Handler {
	o = o.withDefaults()
	routes, open := newRoutes(), openPaths()
	if o.MetricsOpen {
		open[metricsPath] = (*call).metrics
	}
	return &handler{
		Options:  o,
		routes:   routes,
		open:     open,
		document: sync.OnceValue(func() []byte { return encode(newOpenAPI(routes)) }),
		page:     sync.OnceValue(func() []byte { return newOpenAPIPage(routes) }),
		writes:   window{period: time.Hour, most: maxTokens},
		guesses:  window{period: time.Minute, most: maxAddresses},
		uploads:  make(chan struct{}, packageSlots),
		checking: newTurns(maxChecks, maxCustomerChecks),
		scraping: newTurns(maxScrapes, maxReaderScrapes),
		overall:  newTurns(maxReaderScrapes, maxReaderScrapes),
	}
}

// A handler answers calls. It is shared by all of them.
type handler struct {
	Options
	routes *node
	open   map[string]action // by path; no token is needed

	// The OpenAPI document and the page that shows it, made when first asked for.
	document, page func() []byte

	purges   atomic.Uint64
	writes   window // writes by token
	guesses  window // refused tokens by network address
	uploads  chan struct{}
	checking *turns
	scraping *turns // by customers
	overall  *turns // scrapes by who sees all

	calls [len(apiClasses)]atomic.Uint64
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{handler: h, w: w, r: r, control: http.NewResponseController(w)}
	defer c.count() // behind what rescue answers
	defer c.rescue()
	c.limitWrite() // the former call's deadline may be over; "100 Continue" would fail on it
	began := time.Now()
	body, err := c.answer()
	c.respond(body, err)
	h.Log.DebugContext(r.Context(), "api call",
		"method", r.Method, "path", c.path(), "status", c.status,
		"token", c.tokenID(), "bytes", c.sent, "took", time.Since(began))
}

// A call is one request on its way through the API.
type call struct {
	*handler
	w       http.ResponseWriter
	r       *http.Request
	control *http.ResponseController

	who *service.Token // nil until authenticated

	// What the path names.
	at       service.Ref
	from, to int    // versions to compare
	id       string // of a token, a user, a customer, an event
	name     string
	altName  string // name with each literal "+" read as a blank; empty if there is none

	// What it does, and the record of it; nil for calls that only read.
	does  string
	event *service.Event

	// How a good answer differs from most.
	success int    // its status; 0 is 200
	media   string // its type; "" is JSON

	status int // answered; 0 until then
	sent   int
}

// answer takes the call through the gates and does what it asks.
func (c *call) answer() ([]byte, error) {
	if c.r.ContentLength != 0 {
		c.limitBody()
	}
	if do := c.open[c.r.URL.EscapedPath()]; do != nil && reads(c.r.Method) {
		return do(c)
	}
	c.adoptBearer()
	if err := c.authenticate(); err != nil {
		return nil, err
	}
	if err := c.authorize(); err != nil {
		return nil, err
	}
	do, err := c.route()
	if err != nil {
		return nil, err
	}
	c.record()
	return do(c)
}

const readyPath = "/headwater/readyz"

// openID answers what Fastly's CLI asks before each command: it wants an object,
// and reads nothing of it unless somebody signs in.
func (c *call) openID() ([]byte, error) {
	return encode(struct {
		Issuer string `json:"issuer"`
	}{c.base() + "/realms/fastly"}), nil
}

// base is the API's own address as the client wrote it.
func (c *call) base() string {
	u := url.URL{Scheme: scheme(c.r), Host: c.r.Host}
	return u.String()
}

// ready needs no token: what asks is a supervisor, and it learns one bit.
func (c *call) ready() ([]byte, error) {
	if !c.Ready() {
		return nil, &fault{status: http.StatusServiceUnavailable, msg: "Not ready"}
	}
	return statusOK()
}

// statusOK is the reply to what has nothing to show: deletes, readiness.
func statusOK() ([]byte, error) { return []byte(`{"status":"ok"}`), nil }

// rescue turns a panic into an answer, so that one call's bug is not the
// connection's.
func (c *call) rescue() {
	p := recover()
	if p == nil {
		return
	}
	if p == http.ErrAbortHandler {
		panic(p)
	}
	c.Log.ErrorContext(c.r.Context(), "api call panicked",
		"method", c.r.Method, "path", c.path(), "panic", p, "stack", string(debug.Stack()))
	if c.status != 0 {
		panic(http.ErrAbortHandler) // what is cut short must not look whole
	}
	c.write(http.StatusInternalServerError, errorBody(msgInternal, detailInternal))
}

// path is what may be logged of a URL: never the query, where people put
// tokens.
func (c *call) path() string {
	const enough = 512
	path := c.r.URL.EscapedPath()
	return path[:min(len(path), enough)]
}

func (c *call) tokenID() string {
	if c.who == nil {
		return ""
	}
	return c.who.ID
}
