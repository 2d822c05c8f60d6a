package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"headwater/api"
	"headwater/explain"
	"headwater/report"
	"headwater/service"
	"headwater/store"
)

// Tokens of two customers, and what each may do.
const (
	ownerToken   = "owner-of-everything-A"
	otherToken   = "owner-of-everything-B"
	readerToken  = "reader-of-everything-A"
	purgeToken   = "purger-of-everything-A"
	limitedToken = "sees-one-service-of-A"
	expiredToken = "expired-long-since-A"
)

// A fixture is the API over a real store, behind a real listener.
type fixture struct {
	*httptest.Server
	closed    chan string // remote addresses of connections that the server has closed
	db        *store.DB
	edge      *fakeEdge
	publisher *fakePublisher
	log       *logBuffer
	now       *clock
	ready     atomic.Bool
}

// fakeEdge stands in for the data plane, which package api may not import. It
// finds what an edge would only warn of, and fails when told to.
type fakeEdge struct {
	mu   sync.Mutex
	fail error
}

func (e *fakeEdge) set(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.fail = err
}

func (e *fakeEdge) Check(s *service.Snapshot) (warnings []string, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.fail != nil {
		return nil, e.fail
	}
	if len(s.Domains()) == 0 {
		warnings = append(warnings, "Version has no associated domains")
	}
	if len(s.Backends()) == 0 {
		warnings = append(warnings, "Version has no associated backends")
	}
	return warnings, nil
}

// Lint finds the VCL "wrong" wrong.
func (e *fakeEdge) Lint(s *service.Snapshot) (warnings []string, err error) {
	for _, v := range service.All[*service.VCL](s, service.VCLKind) {
		if v.Content == "wrong" {
			refusal := service.Errorf(service.Invalid, "first\nat: (%s Line 1 Pos 1)", v.Name)
			refusal.More = []string{"second"}
			return nil, refusal
		}
	}
	return []string{fmt.Sprintf("%d backends", len(s.Backends()))}, nil
}

// Explain says what it was asked, and of which holders it was told.
func (e *fakeEdge) Explain(s *service.Snapshot, holdings []*service.Holding, r *explain.Request) (*explain.Explanation, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	told := &explain.Explanation{Service: explain.Service{ID: s.Service, Version: s.Version}}
	told.Request = explain.Message{Method: r.Method, URL: r.URL}
	for _, h := range holdings {
		told.Log = append(told.Log, fmt.Sprint(h.Kind.Name, " of ", len(h.Items)))
	}
	return told, e.fail
}

// Traces has one, of the service that it is asked for.
func (e *fakeEdge) Traces(service string) []explain.Traced {
	return []explain.Traced{{ID: "1", Method: "GET", URL: "http://" + service + "/", Status: 200}}
}

func (e *fakeEdge) Trace(service, id string) *explain.Explanation {
	if id != "1" {
		return nil
	}
	return &explain.Explanation{Service: explain.Service{ID: service, State: "served"}}
}

// Backends has one, unless it is told to fail.
func (e *fakeEdge) Backends(id string) *report.Backends {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.fail != nil {
		return nil
	}
	return &report.Backends{Service: id, Version: 1, Backends: []report.Backend{{Name: "origin"}}}
}

// Program lists all VCL.
func (e *fakeEdge) Program(s *service.Snapshot) (text string, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, v := range service.All[*service.VCL](s, service.VCLKind) {
		text += "# <" + v.Name + ">\n" + v.Content
	}
	return text, e.fail
}

// fakePublisher stands in for the feed. It keeps what it was given.
type fakePublisher struct {
	mu        sync.Mutex
	fail      error
	published []*service.Snapshot
	items     []*service.Holding
	forgotten []string
}

func (p *fakePublisher) Forget(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.forgotten = append(p.forgotten, id)
}

func (p *fakePublisher) set(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fail = err
}

func (p *fakePublisher) Publish(ctx context.Context, s *service.Snapshot) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fail != nil {
		return p.fail
	}
	p.published = append(p.published, s)
	return ctx.Err()
}

func (p *fakePublisher) PublishItems(ctx context.Context, h *service.Holding) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fail != nil {
		return p.fail
	}
	p.items = append(p.items, h)
	return ctx.Err()
}

func (p *fakePublisher) last() *service.Snapshot {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.published) == 0 {
		return nil
	}
	return p.published[len(p.published)-1]
}

// A slowPublisher takes its time.
type slowPublisher struct {
	api.Publisher
	takes time.Duration
}

func (p slowPublisher) Publish(ctx context.Context, s *service.Snapshot) error {
	time.Sleep(p.takes)
	return p.Publisher.Publish(ctx, s)
}

// A clock moves when told.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// A logBuffer keeps log lines.
type logBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *logBuffer) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(line)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// openStore returns a store in a directory of its own, with two customers and
// their tokens.
func openStore(tb testing.TB, now *clock) *store.DB {
	tb.Helper()
	return openStoreIn(tb, tb.TempDir(), now)
}

func openStoreIn(tb testing.TB, dir string, now *clock) *store.DB {
	tb.Helper()
	sealer, err := service.NewKeeper()
	if err != nil {
		tb.Fatal(err)
	}
	ctx := tb.Context()
	db, err := store.Open(ctx, store.Options{Dir: dir, Sealer: sealer, Now: now.Now})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := db.Close(); err != nil {
			tb.Error(err)
		}
	})
	owner, err := db.SetOperatorToken(ctx, ownerToken)
	if err != nil {
		tb.Fatal(err)
	}
	other, err := db.CreateCustomer(ctx, "other")
	if err != nil {
		tb.Fatal(err)
	}
	for secret, token := range map[string]service.Token{
		otherToken:   {Customer: other, Scopes: []string{"global"}},
		readerToken:  {Customer: owner.Customer, Scopes: []string{"global:read"}},
		purgeToken:   {Customer: owner.Customer, Scopes: []string{"purge_all", "purge_select"}},
		limitedToken: {Customer: owner.Customer, Scopes: []string{"global"}, Services: []string{"0123456789012345678901"}},
		expiredToken: {Customer: owner.Customer, Scopes: []string{"global"}, Expires: time.Date(2019, 5, 1, 9, 0, 0, 0, time.UTC)},
	} {
		if _, err := db.CreateToken(ctx, secret, token); err != nil {
			tb.Fatal(err)
		}
	}
	return db
}

// start serves the API. Each change is applied to its options.
func start(tb testing.TB, changes ...func(*api.Options)) *fixture {
	tb.Helper()
	f := &fixture{
		closed:    make(chan string, 1024),
		edge:      &fakeEdge{},
		publisher: &fakePublisher{},
		log:       &logBuffer{},
		now:       &clock{at: time.Date(2026, 11, 22, 10, 30, 0, 0, time.UTC)},
	}
	f.ready.Store(true)
	f.db = openStore(tb, f.now)
	o := api.Options{
		Store:     f.db,
		Edge:      f.edge,
		Publisher: f.publisher,
		Log:       slog.New(slog.NewTextHandler(f.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Ready:     f.ready.Load,
		Now:       f.now.Now,
	}
	for _, change := range changes {
		change(&o)
	}
	f.Server = httptest.NewUnstartedServer(nil)
	f.Config = api.NewServer(o)
	f.Config.ConnState = func(c net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			select {
			case f.closed <- c.RemoteAddr().String():
			default: // nobody waits for it
			}
		}
	}
	f.Start()
	tb.Cleanup(f.Close)
	return f
}

// A reply is an answer, read to its end.
type reply struct {
	status int
	header http.Header
	body   string
}

// object decodes the body as a JSON object.
func (r reply) object(tb testing.TB) map[string]any {
	tb.Helper()
	var object map[string]any
	if err := json.Unmarshal([]byte(r.body), &object); err != nil {
		tb.Fatalf("%d %s: %v", r.status, r.body, err)
	}
	return object
}

// list decodes the body as a JSON list of objects.
func (r reply) list(tb testing.TB) []map[string]any {
	tb.Helper()
	var list []map[string]any
	if err := json.Unmarshal([]byte(r.body), &list); err != nil {
		tb.Fatalf("%d %s: %v", r.status, r.body, err)
	}
	return list
}

// send makes one call. Fields are "Name: value" lines.
func (f *fixture) send(tb testing.TB, method, path, token string, body io.Reader, fields ...string) reply {
	tb.Helper()
	r, err := http.NewRequest(method, f.URL+path, body)
	if err != nil {
		tb.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Fastly-Key", token)
	}
	for _, field := range fields {
		name, value, _ := strings.Cut(field, ": ")
		r.Header.Add(name, value)
	}
	w, err := f.Client().Do(r)
	if err != nil {
		tb.Fatal(err)
	}
	defer w.Body.Close()
	text, err := io.ReadAll(w.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return reply{w.StatusCode, w.Header, string(text)}
}

// as makes a call with a form, given as pairs of keys and values.
func (f *fixture) as(tb testing.TB, token, method, path string, form ...string) reply {
	tb.Helper()
	if len(form) == 0 {
		return f.send(tb, method, path, token, nil)
	}
	values := url.Values{}
	for i := 0; i < len(form); i += 2 {
		values.Set(form[i], form[i+1])
	}
	return f.send(tb, method, path, token, strings.NewReader(values.Encode()), "Content-Type: application/x-www-form-urlencoded")
}

// do is as for the owner.
func (f *fixture) do(tb testing.TB, method, path string, form ...string) reply {
	tb.Helper()
	return f.as(tb, ownerToken, method, path, form...)
}

// must is do for calls that have to succeed.
func (f *fixture) must(tb testing.TB, method, path string, form ...string) map[string]any {
	tb.Helper()
	r := f.do(tb, method, path, form...)
	if r.status != http.StatusOK {
		tb.Fatalf("%s %s: %d %s", method, path, r.status, r.body)
	}
	return r.object(tb)
}

// draft makes a service, and returns the path of its version 1.
func (f *fixture) draft(tb testing.TB, name string) (version string) {
	tb.Helper()
	id := f.must(tb, "POST", "/service", "name", name)["id"].(string)
	return "/service/" + id + "/version/1"
}

// want checks a status and, where it is not empty, a whole body.
func (r reply) want(tb testing.TB, status int, body string) {
	tb.Helper()
	if r.status != status || body != "" && r.body != body {
		tb.Errorf("got %d %s; want %d %s", r.status, r.body, status, body)
	}
}

var errBroken = errors.New("the secret cause")

func jsonError(msg, detail string) string {
	return fmt.Sprintf(`{"msg":%q,"detail":%q}`, msg, detail)
}
