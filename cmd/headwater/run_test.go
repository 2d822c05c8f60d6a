package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"headwater/service"
	"headwater/store"
)

// testToken is the operator's token wherever a test does not say otherwise.
const testToken = "the-token-of-the-tests"

// patience bounds every wait for an event that should come at once. It is long
// for machines that do much else.
const patience = 30 * time.Second

// timeToConnect is the field of a backend that gives a connection to its origin time on
// a machine that does much else.
const timeToConnect = "connect_timeout=10000"

// childVariable makes the test binary be the program: a test that kills a
// process needs one.
const childVariable = "HEADWATER_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		main()
	}
	os.Exit(m.Run())
}

// An instance is one run of a command inside the test's process.
type instance struct {
	api, edge string // where it listens, once ready

	stdout, stderr *output
	cancel         context.CancelFunc
	ended          chan struct{}
	code           int // once ended
}

// launch starts a command with nothing but env in its environment. Change, if not
// nil, changes the process before it runs.
func launch(env map[string]string, change func(*process), args ...string) *instance {
	ctx, cancel := context.WithCancel(context.Background())
	i := &instance{stdout: newOutput(), stderr: newOutput(), cancel: cancel, ended: make(chan struct{})}
	p := &process{
		args:   args,
		lookup: func(name string) (string, bool) { v, set := env[name]; return v, set },
		stdout: i.stdout,
		stderr: i.stderr,
	}
	if change != nil {
		change(p)
	}
	go func() {
		defer close(i.ended)
		i.code = run(ctx, p)
	}()
	return i
}

var readyLine = regexp.MustCompile(`(?m)^headwater: ready; the API is on http://(\S+), the edge on http://(\S+)$`)

// waitReady waits until the instance is ready, and fails if it ends before.
func (i *instance) waitReady() error {
	ended := false
	for {
		changed, text := i.stdout.watch()
		if at := readyLine.FindStringSubmatch(text); at != nil {
			i.api, i.edge = at[1], at[2]
			return nil
		}
		if ended {
			return fmt.Errorf("ended with code %d before it was ready: %s", i.code, i.stderr)
		}
		select {
		case <-changed:
		case <-i.ended:
			ended = true
		case <-time.After(patience):
			return fmt.Errorf("not ready after %v: %s%s", patience, text, i.stderr)
		}
	}
}

// stop ends the instance as a signal would, and returns its exit code.
func (i *instance) stop() (int, error) {
	i.cancel()
	return i.wait()
}

func (i *instance) wait() (int, error) {
	select {
	case <-i.ended:
		return i.code, nil
	case <-time.After(patience):
		return 0, fmt.Errorf("still runs after %v", patience)
	}
}

// start runs serve on ports of its own until the test ends.
func start(tb testing.TB, change func(*process)) *instance {
	tb.Helper()
	return startOn(tb, filepath.Join(tb.TempDir(), "data"), change)
}

// startOn is start on a data directory that may have something in it, with more flags.
func startOn(tb testing.TB, data string, change func(*process), flags ...string) *instance {
	tb.Helper()
	i := launch(map[string]string{tokenVariable: testToken}, change,
		append([]string{"serve", "-api", "127.0.0.1:0", "-edge", "127.0.0.1:0", "-data", data}, flags...)...)
	tb.Cleanup(func() {
		if code, err := i.stop(); code != exitOK || err != nil {
			tb.Errorf("serve ended with code %d, %v: %s", code, err, i.stderr)
		}
	})
	if err := i.waitReady(); err != nil {
		tb.Fatal(err)
	}
	return i
}

// An output collects what a process writes, and tells who waits for it.
type output struct {
	mu      sync.Mutex
	text    bytes.Buffer
	changed chan struct{}
}

func newOutput() *output { return &output{changed: make(chan struct{})} }

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	close(o.changed)
	o.changed = make(chan struct{})
	return o.text.Write(p)
}

func (o *output) String() string {
	_, text := o.watch()
	return text
}

// watch returns the text so far, and what is closed when there is more.
func (o *output) watch() (changed <-chan struct{}, text string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.changed, o.text.String()
}

// waitFor waits for a text.
func (o *output) waitFor(want string) error {
	end := time.After(patience)
	for {
		changed, text := o.watch()
		if strings.Contains(text, want) {
			return nil
		}
		select {
		case <-changed:
		case <-end:
			return fmt.Errorf("no %q in %q", want, text)
		}
	}
}

// A reply is an answer, read to its end or to where it broke.
type reply struct {
	status int
	header http.Header
	body   string
	cut    error // why the body is not complete
	took   time.Duration
}

// callAPI makes one call. Args are key=value pairs for a form, or one text in
// JSON.
func callAPI(address, token, method, path string, args ...string) (*reply, error) {
	var body io.Reader
	kind := ""
	switch {
	case len(args) == 1 && strings.HasPrefix(args[0], "{"):
		body, kind = strings.NewReader(args[0]), "application/json"
	case len(args) > 0:
		form := url.Values{}
		for _, a := range args {
			key, value, _ := strings.Cut(a, "=")
			form.Add(key, value)
		}
		body, kind = strings.NewReader(form.Encode()), "application/x-www-form-urlencoded"
	}
	r, err := http.NewRequest(method, "http://"+address+path, body)
	if err != nil {
		return nil, err
	}
	if token != "" {
		r.Header.Set("Fastly-Key", token)
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	return exchange(http.DefaultTransport, r)
}

func exchange(t http.RoundTripper, r *http.Request) (*reply, error) {
	began := time.Now()
	w, err := t.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer w.Body.Close()
	text, err := io.ReadAll(w.Body)
	return &reply{w.StatusCode, w.Header, string(text), err, time.Since(began)}, nil
}

// mustCall makes a call that has to succeed.
func (i *instance) mustCall(tb testing.TB, method, path string, args ...string) string {
	tb.Helper()
	r, err := callAPI(i.api, testToken, method, path, args...)
	if err != nil {
		tb.Fatal(err)
	}
	if r.status != http.StatusOK {
		tb.Fatalf("%s %s: %d %s", method, path, r.status, r.body)
	}
	return r.body
}

// addToken makes a token with the given scopes in a data directory that no
// process has open.
func addToken(dir, secret string, scopes ...string) error {
	sealer, err := service.OpenKeeper(filepath.Join(dir, "secrets.key"))
	if err != nil {
		return err
	}
	ctx := context.Background()
	db, err := store.Open(ctx, store.Options{Dir: dir, Sealer: sealer})
	if err != nil {
		return err
	}
	defer db.Close()
	operator, err := db.SetOperatorToken(ctx, testToken)
	if err != nil {
		return err
	}
	_, err = db.CreateToken(ctx, secret, service.Token{
		Customer: operator.Customer, Name: "test", Scopes: slices.Clone(scopes),
	})
	return err
}
