package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"

	"headwater/api"
	"headwater/check"
	"headwater/dial"
	"headwater/edge"
	"headwater/feed"
	"headwater/internal/durable"
	"headwater/metric"
	"headwater/service"
	"headwater/store"
)

// How long requests under way have to finish after a signal. The API's part is
// short: its calls are, and until it ends the edge still takes new requests.
const (
	defaultDrainTime = 30 * time.Second
	apiDrainTime     = 5 * time.Second
)

// ballast is memory that nobody touches, so that the system gives none for it, but which counts for the garbage
// collector: that comes when as much again is in use. A process with few services has 2 MiB, for which it would
// come several times a second where clients connect for each request (docs/performance.md).
const ballast = 8 << 20

// serve runs the API and the edge until ctx ends, and drains.
func serve(ctx context.Context, p *process, args []string) error {
	f, err := parseServe(p, args)
	if err != nil {
		return err
	}
	if f.demo && !f.dataGiven {
		if f.data, err = os.MkdirTemp("", "headwater-demo-"); err != nil {
			return err
		}
		defer os.RemoveAll(f.data)
	}
	log := openLog(p.stderr)
	defer log.close()
	s := &server{process: p, flags: f, log: log}
	defer s.close()
	if err := s.open(ctx); err != nil {
		return err
	}
	defer runtime.KeepAlive(make([]byte, ballast))
	return s.run(ctx)
}

// A server is the process of serve. What close finds nil was not opened.
type server struct {
	*process
	flags *serveFlags
	log   *processLog

	apiListener, edgeListener net.Listener

	tls *tlsListener // nil if there is none

	accessLog     *edge.AccessLog // of all edges
	accessLogFile *os.File        // nil for standard output
	db            *store.DB
	resolver      *dial.Resolver // of both edges
	network       *dial.Network  // of both edges
	edge          *edge.Edge
	health        *healthRecorder // of edge
	traceKey      []byte          // of requests that are to be traced
	feed          *feed.Local
	staging       *staging // nil if there is none
	pops          pops
	fleet         []edge.POP
	api           *http.Server
	ready         atomic.Bool

	secret string // of the operator's token; "" if not known
	said   string // about it
}

// open does all that can fail before anything is served. The listeners come
// first: a wrong address should leave no data directory behind.
func (s *server) open(ctx context.Context) error {
	if token, set := s.lookup(tokenVariable); set {
		if err := service.CheckSecret(token); err != nil {
			return fmt.Errorf("%s: %w", tokenVariable, err)
		}
	}
	var err error
	if s.apiListener, err = listen("API", s.flags.api, systemKeepAlive); err != nil {
		return err
	}
	if s.edgeListener, err = listen("edge", s.flags.edge, noKeepAlive); err != nil {
		return err
	}
	if err := s.listenTLS(); err != nil {
		return err
	}
	if err := s.listenStaging(); err != nil {
		return err
	}
	if err := s.listenPOPs(); err != nil {
		return err
	}
	if err := s.planFleet(); err != nil {
		return err
	}
	if err := s.openAccessLog(); err != nil {
		return err
	}
	sealer, err := s.openStore(ctx)
	if err != nil {
		return err
	}
	if err := s.openCertificates(sealer); err != nil {
		return err
	}
	s.resolver = dial.NewResolver(dial.ResolverConfig{Server: s.flags.server, Log: s.log.Logger})
	s.network = s.newNetwork()
	s.health = newHealthRecorder(s.db.Record, s.log.Logger)
	if err := s.openPOPs(sealer.Derive("fleet")); err != nil {
		return err
	}
	if err := s.openFeed(ctx, sealer); err != nil {
		return err
	}
	if err := s.openStaging(ctx); err != nil {
		return err
	}
	f := s.flags
	s.api = api.NewServer(api.Options{
		Store:     s.db,
		Edge:      s.edge,
		Publisher: s.feed,
		Log:       s.log.Logger,
		Ready:     s.ready.Load,
		TraceKey:  s.traceKey,
		Measure:   s.measure,
		Checker:   &check.Checker{Network: s.network, Rules: s.rules()},
		Timeouts:  api.Timeouts{Header: f.header, Body: f.body, Write: f.write, Idle: f.idle},
		Limits: api.Limits{
			Body: f.maxBody, Fields: f.maxFields, Depth: f.maxDepth,
			Field: f.maxField, PEM: f.maxPEM, Package: f.maxPackage, WrongTokens: f.maxWrongTokens,
		},

		MetricsOpen: f.metricsOpen,

		WriteLimit: f.maxWrites,
		Staging:    s.staging.publisher(),
		StagingIP:  s.staging.address(),
		PublicIPs:  f.networks,
	})
	return nil
}

// TCP keep-alive probes of accepted connections. The edge needs none: each wait
// of its own is bounded, and they would cost every connection four system calls.
const (
	systemKeepAlive time.Duration = 0
	noKeepAlive     time.Duration = -1
)

func listen(what, address string, keepAlive time.Duration) (net.Listener, error) {
	config := net.ListenConfig{KeepAlive: keepAlive}
	l, err := config.Listen(context.Background(), "tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s address %s is in use", what, address)
	}
	if err != nil {
		return nil, fmt.Errorf("%s address %s: %w", what, address, cause(err))
	}
	return l, nil
}

// cause takes from a network error what its text says twice.
func cause(err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op.Err
	}
	return err
}

// logDelay is how long lines of the access log wait for others, and lastTime how long the
// end of the process waits for those who take what it writes.
const (
	logDelay = 100 * time.Millisecond
	lastTime = 2 * time.Second
)

// openAccessLog opens none if none is wanted.
func (s *server) openAccessLog() error {
	var to io.Writer
	switch s.flags.accessLog {
	case "":
		return nil
	case "-":
		to = s.stdout
	default:
		f, err := os.OpenFile(s.flags.accessLog, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
		if err != nil {
			return fmt.Errorf("access log: %w", err)
		}
		s.accessLogFile, to = f, f
	}
	s.accessLog = edge.NewAccessLog(to, logDelay, func(err error) { s.log.Error("access log", "error", err) })
	return nil
}

// closeAccessLog writes what waits, if there is a log.
func (s *server) closeAccessLog() {
	if s.accessLog == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), lastTime)
	defer cancel()
	if s.accessLog.Close(ctx) != nil {
		s.log.Error("access log", "error", "nobody takes its last lines, which are lost")
	}
	if s.accessLogFile != nil {
		s.accessLogFile.Close()
	}
}

// atLast does what may wait for who reads what the process writes, and does not wait for
// more than lastTime. The goroutine of one that is stuck ends with the process.
func atLast(say func()) {
	said := make(chan struct{})
	go func() {
		defer close(said)
		say()
	}()
	select {
	case <-said:
	case <-time.After(lastTime):
	}
}

func (s *server) openStore(ctx context.Context) (*service.Keeper, error) {
	dir := s.dir()
	sealer, err := openSealer(dir, s.flags.secretsKey)
	if err != nil {
		return nil, err
	}
	s.traceKey = sealer.Derive("trace")
	s.db, err = store.Open(ctx, store.Options{
		Dir: dir, Sealer: sealer,
		MaxServices: s.flags.maxServices, MaxVersions: s.flags.maxVersions,
		MaxObjects: s.flags.maxObjects, MaxItems: s.flags.maxItems,
		MaxVersionSize: s.flags.maxVersionSize, MaxEventAge: s.flags.maxEventAge,
	})
	if errors.Is(err, store.ErrInUse) {
		return nil, fmt.Errorf("another process uses the data directory %s", dir)
	}
	if err != nil {
		return nil, err
	}
	if dir != "" {
		// It is this process's own by now. Another whose first start is at the same time may
		// lose its key's temporary file, and fails with that instead of with ErrInUse.
		durable.Sweep(s.log.Logger, dir)
	}
	s.secret, s.said, err = setToken(ctx, s.process, s.db, dir)
	return sealer, err
}

// openSealer opens the key that secrets in dir are sealed with: the file, or dir's own
// if file is "". Beside a new directory it makes it. With no directory secrets are
// not kept, and a key that is made up does.
func openSealer(dir, file string) (*service.Keeper, error) {
	switch {
	case file == "" && dir == "":
		return service.NewKeeper()
	case file == "":
		file = filepath.Join(dir, "secrets.key")
	}
	_, err := os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) && dir != "" && store.Exists(dir) {
		// A new key would only stand in the way of the right one.
		return nil, fmt.Errorf("the key file %s is missing: the database in %s opens with no other key", file, dir)
	}
	return service.OpenKeeper(file)
}

// newNetwork returns the way to origins that the flags leave.
func (s *server) newNetwork() *dial.Network {
	n := &dial.Network{Resolver: s.resolver, Log: s.log.Logger}
	if !s.flags.policy.Open() {
		n.Permit = s.flags.policy.Permit
	}
	return n
}

// rules are what the flags say of connections to origins.
func (s *server) rules() dial.Rules { return dial.Rules{NameFromAddress: s.flags.nameFromAddress} }

// measure adds what this process counts, at all of its edges.
func (s *server) measure(p *metric.Reading) {
	s.edge.Measure(p, s.flags.pops.main().code)
	for _, one := range s.pops {
		one.edge.Measure(p, one.code)
	}
	s.staging.measure(p)
	s.accessLog.Measure(p)
	s.log.measure(p)
	s.tls.measure(p)
	metric.Process(p)
}

// dir is the data directory, "" when all is kept in memory.
func (s *server) dir() string {
	if s.flags.data == inMemory {
		return ""
	}
	return s.flags.data
}

// openFeed gives the edge what is active.
func (s *server) openFeed(ctx context.Context, sealer service.Sealer) (err error) {
	var kept *feed.Dir
	if dir := s.dir(); dir != "" {
		if kept, err = feed.OpenDir(filepath.Join(dir, "snapshots"), sealer); err != nil {
			return err
		}
	}
	active, unread, err := s.db.ActiveSnapshots(ctx)
	if err != nil {
		return err
	}
	s.feed = feed.NewLocal(s.edges(), s.db, kept, s.log.Logger)
	s.feed.Start(ctx, active, unread)
	return nil
}

// run serves until ctx ends or a listener fails.
func (s *server) run(ctx context.Context) error {
	failed := make(chan error, 4+len(s.pops))
	go func() { failed <- s.edge.Serve(s.edgeListener) }()
	go s.tls.serve(s.edge, failed)
	s.tls.issue()
	go func() { failed <- s.api.Serve(s.apiListener) }()
	go s.staging.serve(failed)
	s.pops.serve(failed)
	if s.said != "" {
		fmt.Fprintf(s.stdout, "headwater: %s\n", s.said)
	}
	if s.flags.demo {
		end, err := s.startDemo(ctx)
		if err != nil {
			return fmt.Errorf("demo: %w", err)
		}
		defer end()
	}
	s.ready.Store(true)
	s.tls.say(s.process)
	s.staging.say(s.process)
	s.pops.say(s.process)
	fmt.Fprintf(s.stdout, "headwater: ready; the API is on http://%s, the edge on http://%s\n",
		s.apiListener.Addr(), s.edgeListener.Addr())
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	atLast(func() {
		fmt.Fprintln(s.stdout, "headwater: finishing requests under way; a second signal ends at once")
	})
	s.drain()
	return err
}

// drain ends the parts in the order that loses nothing: no change is accepted
// that the edge would not serve, and the store outlives both.
func (s *server) drain() {
	s.ready.Store(false)
	s.tls.endIssue()
	most := cmp.Or(s.drainTime, defaultDrainTime)
	ctx, cancel := context.WithTimeout(context.Background(), most)
	defer cancel()
	apiCtx, apiCancel := context.WithTimeout(ctx, apiDrainTime)
	defer apiCancel()
	if s.api.Shutdown(apiCtx) != nil {
		s.api.Close()
	}
	others := make(chan error, 2)
	go func() { others <- s.staging.shutdown(ctx) }()
	go func() { others <- s.pops.shutdown(ctx) }()
	if errors.Join(s.edge.Shutdown(ctx), <-others, <-others) != nil {
		s.log.Warn("requests cut off", "after", most)
	}
}

// close releases what is open. After a drain only the store and the log are.
func (s *server) close() {
	now, cancel := context.WithCancel(context.Background())
	cancel()
	if s.api != nil {
		s.api.Close()
	}
	if s.edge != nil {
		s.edge.Shutdown(now)
	}
	s.staging.shutdown(now)
	s.health.close()
	s.tls.close()
	s.pops.shutdown(now)
	if s.resolver != nil {
		s.resolver.Close()
	}
	for _, l := range []net.Listener{s.apiListener, s.edgeListener} {
		if l != nil {
			l.Close()
		}
	}
	if s.feed != nil {
		s.feed.Close()
	}
	if s.db != nil {
		if err := s.db.Close(); err != nil {
			s.log.Error("close the store", "error", err)
		}
	}
	s.closeAccessLog()
}
