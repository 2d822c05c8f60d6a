package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScript runs the pages of testdata/script, each against a serve of its own,
// once for each of the two ways in which the edge drives sockets.
func TestScript(t *testing.T) {
	for name, plainIO := range map[string]bool{"lot": false, "plain": true} {
		t.Run(name, func(t *testing.T) {
			testscript.Run(t, testscript.Params{
				Dir: "testdata/script",
				Setup: func(env *testscript.Env) error {
					p := &page{plainIO: plainIO, origins: map[string]*origin{}, token: testToken}
					env.Values[pageKey{}] = p
					env.Setenv(tokenVariable, testToken)
					env.Setenv("data", env.WorkDir+"/data")
					env.Defer(p.end)
					return nil
				},
				Cmds:                words(),
				RequireUniqueNames:  true,
				RequireExplicitExec: true,
			})
		})
	}
}

// A page is the state of one script.
type page struct {
	plainIO bool
	token   string
	origins map[string]*origin
	running *instance
	edge    *http.Transport
	last    *reply
	begun   chan begun
}

type begun struct {
	reply *reply
	err   error
}

type pageKey struct{}

func (p *page) end() {
	for _, o := range p.origins {
		o.close()
	}
	if p.running != nil {
		p.running.stop()
	}
}

// words are the words that pages may use, besides testscript's own.
func words() map[string]func(*testscript.TestScript, bool, []string) {
	all := map[string]func(*testscript.TestScript, bool, []string){}
	for name, do := range map[string]func(*page, *testscript.TestScript, bool, []string){
		"headwater": (*page).headwater,
		"signal":    (*page).signal,
		"ended":     (*page).ended,
		"logged":    (*page).logged,
		"token":     (*page).addToken,
		"origin":    (*page).origin,
		"release":   (*page).release,
		"requests":  (*page).requests,
		"accepted":  (*page).accepted,
		"saw":       (*page).saw,
		"api":       (*page).api,
		"envid":     (*page).envID,
		"draft":     (*page).draft,
		"activate":  (*page).activate,
		"json":      (*page).json,
		"at":        (*page).at,
		"get":       (*page).get,
		"timed":     (*page).timed,
		"spread":    (*page).spread,
		"begin":     (*page).begin,
		"finish":    (*page).finish,
		"status":    (*page).status,
		"body":      (*page).body,
		"cut":       (*page).cut,
		"header":    (*page).header,
		"refused":   (*page).refused,
		"send":      (*page).send,
		"sql":       (*page).sql,
	} {
		all[name] = func(ts *testscript.TestScript, neg bool, args []string) {
			do(ts.Value(pageKey{}).(*page), ts, neg, args)
		}
	}
	return all
}

// headwater [FLAGS] runs serve and waits until it is ready; with "!", until it
// has failed, with exit code $code if that is set. What it printed so far is in
// stdout and stderr; lines of its log may be on their way. The address of a POP is $ and
// its code.
func (p *page) headwater(ts *testscript.TestScript, neg bool, args []string) {
	if p.running != nil && !neg {
		ts.Fatalf("headwater runs already")
	}
	env := map[string]string{}
	for _, name := range []string{tokenVariable, "HEADWATER_API", "HEADWATER_DATA", "HEADWATER_CLIENT_IDLE_TIMEOUT", "HEADWATER_EDGE_TLS"} {
		if value := ts.Getenv(name); value != "" {
			env[name] = value
		}
	}
	command := []string{"serve", "-api", "127.0.0.1:0", "-edge", "127.0.0.1:0"}
	if !slices.Contains(args, "-demo") && env["HEADWATER_DATA"] == "" {
		command = append(command, "-data", ts.Getenv("data"))
	}
	i := launch(env, func(r *process) { r.plainIO = p.plainIO }, append(command, args...)...)
	if neg {
		if _, err := i.wait(); err != nil {
			ts.Fatalf("%v", err)
		}
	} else if err := i.waitReady(); err != nil {
		i.cancel()
		ts.Fatalf("%v", err)
	}
	fmt.Fprint(ts.Stdout(), i.stdout)
	fmt.Fprint(ts.Stderr(), i.stderr)
	if neg {
		if i.code == exitOK {
			ts.Fatalf("headwater ended with code 0")
		}
		if want := ts.Getenv("code"); want != "" && want != strconv.Itoa(i.code) {
			ts.Fatalf("exit code %d", i.code)
		}
		return
	}
	p.running = i
	ts.Setenv("api", i.api)
	ts.Setenv("edge", i.edge)
	_, port, err := net.SplitHostPort(i.edge)
	ts.Check(err)
	ts.Setenv("edge_port", port)
	for _, at := range popLine.FindAllStringSubmatch(i.stdout.String(), -1) {
		ts.Setenv(at[1], at[2])
	}
	p.at(ts, false, []string{i.edge})
}

var popLine = regexp.MustCompile(`(?m)^headwater: the POP (\S+) is on http://(\S+)$`)

// at ADDRESS has all requests that follow go to the edge there, on new connections.
func (p *page) at(ts *testscript.TestScript, neg bool, args []string) {
	if p.edge != nil {
		p.edge.CloseIdleConnections()
	}
	p.edge = &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", args[0])
		},
		DisableCompression: true,
	}
}

// signal tells serve to end, and waits until it has begun to.
func (p *page) signal(ts *testscript.TestScript, neg bool, args []string) {
	p.running.cancel()
	ts.Check(p.running.stdout.waitFor("finishing requests"))
}

// logged TEXT waits until serve has said so on its standard error.
func (p *page) logged(ts *testscript.TestScript, neg bool, args []string) {
	ts.Check(p.running.stderr.waitFor(args[0]))
}

// ended waits until serve has ended, and wants the exit code CODE (0).
func (p *page) ended(ts *testscript.TestScript, neg bool, args []string) {
	want := exitOK
	if len(args) > 0 {
		want = number(ts, args[0])
	}
	code, err := p.running.wait()
	ts.Check(err)
	if code != want {
		ts.Fatalf("exit code %d: %s", code, p.running.stderr)
	}
	fmt.Fprint(ts.Stdout(), p.running.stdout)
	fmt.Fprint(ts.Stderr(), p.running.stderr)
	p.edge.CloseIdleConnections()
	p.running = nil
}

// token SECRET SCOPE... adds a token to the data directory, while nothing runs.
func (p *page) addToken(ts *testscript.TestScript, neg bool, args []string) {
	ts.Check(addToken(ts.Getenv("data"), args[0], args[1:]...))
}

// origin NAME [FLAGS] starts an origin, whose port is $NAME, and whose certificate
// $NAME_pem.
func (p *page) origin(ts *testscript.TestScript, neg bool, args []string) {
	o, err := startOrigin(args[0], args[1:])
	ts.Check(err)
	p.origins[args[0]] = o
	ts.Setenv(args[0], o.port())
	ts.Setenv(args[0]+"_pem", o.pem)
}

// release NAME lets the requests at an origin with -gate go on.
func (p *page) release(ts *testscript.TestScript, neg bool, args []string) {
	close(p.origins[args[0]].gate)
}

// requests NAME N wants N requests to have come to an origin.
func (p *page) requests(ts *testscript.TestScript, neg bool, args []string) {
	got := p.origins[args[0]].requests.Load()
	if (got == int64(number(ts, args[1]))) == neg {
		ts.Fatalf("%s got %d requests", args[0], got)
	}
}

// accepted NAME N wants N connections to have come to an origin.
func (p *page) accepted(ts *testscript.TestScript, neg bool, args []string) {
	got := p.origins[args[0]].accepted.Load()
	if (got == int64(number(ts, args[1]))) == neg {
		ts.Fatalf("%s got %d connections", args[0], got)
	}
}

// saw NAME FIELD VALUE wants the field in the last request to an origin.
func (p *page) saw(ts *testscript.TestScript, neg bool, args []string) {
	o := p.origins[args[0]]
	got, _ := o.lastHost.Load().(string)
	if args[1] != "Host" {
		header, _ := o.lastFields.Load().(http.Header)
		got = strings.Join(header.Values(args[1]), "|")
	}
	if matched, err := regexp.MatchString("^(?:"+args[2]+")$", got); err != nil || matched == neg {
		ts.Fatalf("%s saw %s: %q (%v)", args[0], args[1], got, err)
	}
}

// api [-as TOKEN] METHOD PATH [KEY=VALUE...] makes a call that must succeed; with
// "!", that must not. A VALUE of @FILE is what that file of the page holds. A
// service's id becomes $id, a version's number $version.
func (p *page) api(ts *testscript.TestScript, neg bool, args []string) {
	token := p.token
	if args[0] == "-as" {
		token, args = args[1], args[2:]
	}
	for i, arg := range args[2:] {
		if key, file, ok := strings.Cut(arg, "=@"); ok {
			args[2+i] = key + "=" + ts.ReadFile(file)
		}
	}
	r, err := callAPI(p.running.api, token, args[0], args[1], args[2:]...)
	ts.Check(err)
	p.last = r
	fmt.Fprintln(ts.Stdout(), r.body)
	if (r.status == http.StatusOK) == neg {
		ts.Fatalf("%s %s: %d %s", args[0], args[1], r.status, r.body)
	}
	var told struct {
		ID        string
		ServiceID string `json:"service_id"` // not of a service itself
		Number    int
	}
	if r.status != http.StatusOK || json.Unmarshal([]byte(r.body), &told) != nil {
		return
	}
	if told.ID != "" && told.ServiceID == "" {
		ts.Setenv("id", told.ID)
		ts.Setenv("version", "1")
	}
	if told.Number != 0 {
		ts.Setenv("version", strconv.Itoa(told.Number))
	}
}

// envid NAME [KEY] makes $NAME the id in the last answer, or another member of it.
func (p *page) envID(ts *testscript.TestScript, neg bool, args []string) {
	var told map[string]any
	ts.Check(json.Unmarshal([]byte(p.last.body), &told))
	key := "id"
	if len(args) > 1 {
		key = args[1]
	}
	ts.Setenv(args[0], told[key].(string))
}

// draft SERVICE DOMAIN [ORIGIN [KEY=VALUE...]] makes a service whose version 1
// has the domain and a backend at the origin, which a busy machine has time to reach.
func (p *page) draft(ts *testscript.TestScript, neg bool, args []string) {
	p.api(ts, false, []string{"POST", "/service", "name=" + args[0]})
	at := "/service/" + ts.Getenv("id") + "/version/1"
	p.api(ts, false, []string{"POST", at + "/domain", "name=" + args[1]})
	if len(args) > 2 {
		fields := []string{"name=" + args[2], "address=127.0.0.1", "port=" + p.origins[args[2]].port()}
		if !slices.ContainsFunc(args[3:], func(a string) bool { return strings.HasPrefix(a, "connect_timeout=") }) {
			fields = append(fields, timeToConnect)
		}
		p.api(ts, false, slices.Concat([]string{"POST", at + "/backend"}, fields, args[3:]))
	}
}

// activate [VERSION] activates $version of $id.
func (p *page) activate(ts *testscript.TestScript, neg bool, args []string) {
	version := ts.Getenv("version")
	if len(args) > 0 {
		version = args[0]
	}
	p.api(ts, neg, []string{"PUT", "/service/" + ts.Getenv("id") + "/version/" + version + "/activate"})
}

// json KEY VALUE wants a member of the last answer.
func (p *page) json(ts *testscript.TestScript, neg bool, args []string) {
	var object map[string]any
	ts.Check(json.Unmarshal([]byte(p.last.body), &object))
	got, has := object[args[0]]
	text, isText := got.(string)
	if !isText {
		encoded, err := json.Marshal(got)
		ts.Check(err)
		text = string(encoded)
	}
	if (has && text == args[1]) == neg {
		ts.Fatalf("%s is %s in %s", args[0], text, p.last.body)
	}
}

// request reads [-m METHOD] [-H FIELD] HOST/PATH.
func (p *page) request(ts *testscript.TestScript, args []string) *http.Request {
	r, err := http.NewRequest(http.MethodGet, "http://"+args[len(args)-1], nil)
	ts.Check(err)
	for args = args[:len(args)-1]; len(args) > 1; args = args[2:] {
		switch name, value, _ := strings.Cut(args[1], ": "); args[0] {
		case "-m":
			r.Method = args[1]
		case "-H":
			r.Header.Add(name, value)
		default:
			ts.Fatalf("unknown flag %s", args[0])
		}
	}
	return r
}

// masked are the parts of an error page that differ from one to the next.
var masked = regexp.MustCompile(`\b\d{10} \d+\b`)

// get [-m METHOD] [-H FIELD] HOST/PATH makes a request to the edge. The body is
// in stdout, time and number of an error page as TIME XID.
func (p *page) get(ts *testscript.TestScript, neg bool, args []string) {
	r, err := exchange(p.edge, p.request(ts, args))
	if neg {
		if err == nil {
			ts.Fatalf("answered: %d %s", r.status, r.body)
		}
		return
	}
	ts.Check(err)
	p.last = r
	fmt.Fprint(ts.Stdout(), masked.ReplaceAllString(r.body, "TIME XID"))
}

// timed DURATION HOST/PATH is get, and wants the answer to take that long, 50 ms
// more at the most than a timer of the test's own. A busy machine may be late, but
// not each time.
func (p *page) timed(ts *testscript.TestScript, neg bool, args []string) {
	const slack, tries = 50 * time.Millisecond, 20
	want, err := time.ParseDuration(args[0])
	ts.Check(err)
	for range tries {
		began, timer := time.Now(), make(chan time.Duration, 1)
		time.AfterFunc(want, func() { timer <- time.Since(began) })
		p.get(ts, false, args[1:])
		if p.last.took < want-time.Millisecond {
			ts.Fatalf("took %v, which is too soon", p.last.took)
		}
		if p.last.took <= <-timer+slack {
			return
		}
	}
	ts.Fatalf("took %v each time, the last of %d", p.last.took, tries)
}

// spread N HOST/PATH BODY=MIN-MAX... makes N requests, and wants so many answers
// to have each body.
func (p *page) spread(ts *testscript.TestScript, neg bool, args []string) {
	got := map[string]int{}
	for range number(ts, args[0]) {
		p.get(ts, false, args[1:2])
		got[strings.TrimSpace(p.last.body)]++
	}
	for _, a := range args[2:] {
		body, bounds, _ := strings.Cut(a, "=")
		least, most, _ := strings.Cut(bounds, "-")
		if n := got[body]; n < number(ts, least) || n > number(ts, most) {
			ts.Fatalf("%q came %d times of %s", body, n, args[0])
		}
	}
}

// begin ORIGIN HOST/PATH begins a request, and waits until it is at the origin.
func (p *page) begin(ts *testscript.TestScript, neg bool, args []string) {
	p.begun = make(chan begun, 1)
	r := p.request(ts, args[1:])
	go func() {
		reply, err := exchange(p.edge, r)
		p.begun <- begun{reply, err}
	}()
	select {
	case <-p.origins[args[0]].arrived:
	case <-time.After(patience):
		ts.Fatalf("the request did not arrive")
	}
}

// finish waits for the answer to what was begun.
func (p *page) finish(ts *testscript.TestScript, neg bool, args []string) {
	select {
	case b := <-p.begun:
		ts.Check(b.err)
		p.last = b.reply
	case <-time.After(patience):
		ts.Fatalf("no answer")
	}
}

// status N wants the last answer's status.
func (p *page) status(ts *testscript.TestScript, neg bool, args []string) {
	if (p.last.status == number(ts, args[0])) == neg {
		ts.Fatalf("status %d: %s", p.last.status, p.last.body)
	}
}

// body TEXT wants the last answer's whole body.
func (p *page) body(ts *testscript.TestScript, neg bool, args []string) {
	if p.last.cut != nil {
		ts.Fatalf("body cut: %v", p.last.cut)
	}
	if (p.last.body == args[0]) == neg {
		ts.Fatalf("body %q", p.last.body)
	}
}

// cut TEXT wants the last answer's body to have broken off after TEXT.
func (p *page) cut(ts *testscript.TestScript, neg bool, args []string) {
	if (p.last.cut != nil && p.last.body == args[0]) == neg {
		ts.Fatalf("body %q, %v", p.last.body, p.last.cut)
	}
}

// header FIELD PATTERN wants a field of the last answer.
func (p *page) header(ts *testscript.TestScript, neg bool, args []string) {
	got := strings.Join(p.last.header.Values(args[0]), "|")
	if matched, err := regexp.MatchString("^(?:"+args[1]+")$", got); err != nil || matched == neg {
		ts.Fatalf("%s: %q (%v)", args[0], got, err)
	}
}

// refused ADDRESS waits until nothing accepts connections there.
func (p *page) refused(ts *testscript.TestScript, neg bool, args []string) {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		c, err := net.Dial("tcp", args[0])
		if err != nil {
			return
		}
		c.Close()
	}
	ts.Fatalf("%s still accepts connections", args[0])
}

// send ADDRESS TEXT opens a connection, sends TEXT, in which \r and \n are
// escaped, and waits for the other side to close. What came is in stdout.
func (p *page) send(ts *testscript.TestScript, neg bool, args []string) {
	c, err := net.Dial("tcp", args[0])
	ts.Check(err)
	defer c.Close()
	ts.Check(c.SetDeadline(time.Now().Add(patience)))
	_, err = io.WriteString(c, unescape(args[1]))
	ts.Check(err)
	text, err := io.ReadAll(c)
	ts.Check(err)
	fmt.Fprintf(ts.Stdout(), "%s", text)
}

// sql FILE STATEMENT changes a database behind the program's back.
func (p *page) sql(ts *testscript.TestScript, neg bool, args []string) {
	db, err := sql.Open("sqlite", ts.MkAbs(args[0]))
	ts.Check(err)
	defer db.Close()
	_, err = db.Exec(args[1])
	ts.Check(err)
}

func number(ts *testscript.TestScript, text string) int {
	n, err := strconv.Atoi(text)
	ts.Check(err)
	return n
}
