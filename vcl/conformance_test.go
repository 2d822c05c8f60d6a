package vcl

import (
	"bufio"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"headwater/internal/message"
	"headwater/vcl/syntax"
)

var update = flag.Bool("update", false, "write what came out into the pages")

// TestConformance runs the pages of testdata/conformance. A page is a program, and
// then requests, each with what it has to come to:
//
//	-- main.vcl --      the program
//	-- problems --      what is wrong with it; there are no requests then
//	-- request --       a request line and fields; a blank line, and a body
//	-- response --      optional: the backend's answer, the same way
//	-- want --          a line for each subroutine that ran, with its action, and for
//	                    each line that it logged
func TestConformance(t *testing.T) {
	pages, err := filepath.Glob("testdata/conformance/*.txtar")
	if err != nil || len(pages) == 0 {
		t.Fatal("no pages", err)
	}
	for _, page := range pages {
		t.Run(strings.TrimSuffix(filepath.Base(page), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(page)
			if err != nil {
				t.Fatal(err)
			}
			changed := runPage(t, a)
			if *update && changed {
				if err := os.WriteFile(page, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// runPage holds a page to what it says. It puts what came out into it.
func runPage(t *testing.T, a *txtar.Archive) (changed bool) {
	var p *Program
	var problems syntax.Problems
	l := &life{}
	for i := range a.Files {
		f := &a.Files[i]
		text := string(f.Data)
		got := ""
		switch f.Name {
		case "main.vcl":
			p, problems = compileText("main.vcl", text)
			continue
		case "request":
			l.request, l.response = text, "HTTP/1.1 200 OK\n"
			continue
		case "response":
			l.response = text
			continue
		case "problems":
			got = problems.Show()
			if got != "" {
				got += "\n"
			}
			problems = nil
		case "want":
			if p == nil {
				t.Fatalf("the program does not compile:\n%s", problems.Show())
			}
			l.trace = &Trace{}
			traced := l.run(p) // which does not take statements together
			l.trace = nil
			if got = l.run(p); got != traced {
				t.Errorf("traced, the program is another (-want +got):\n%s", cmp.Diff(got, traced))
			}
		default:
			t.Fatalf("unknown section %s", f.Name)
		}
		if diff := cmp.Diff(text, got); diff != "" {
			changed = true
			f.Data = []byte(got)
			if !*update {
				t.Errorf("%s (-want +got):\n%s", f.Name, diff)
			}
		}
	}
	if len(problems) > 0 {
		t.Errorf("the program does not compile:\n%s", problems.Show())
	}
	return changed
}

func compileText(name, text string) (*Program, syntax.Problems) {
	u, problems := syntax.ParseUnit(syntax.NewFile(name, text))
	if len(problems) > 0 {
		return nil, problems
	}
	return Compile(u, Options{})
}

// A life is that of one request, in the order of the edge's, without an edge.
type life struct {
	request, response string
	out               strings.Builder
	ctx               *Ctx
	program           *Program
	trace             *Trace
}

// aSunday is the moment at which all pages are run.
var aSunday = time.Date(2026, 11, 22, 13, 14, 15, 678_901_000, time.UTC)

func (l *life) run(p *Program) string {
	l.program = p
	l.out.Reset()
	l.ctx = testCtx(l.request)
	l.ctx.Trace = l.trace
	for l.once() {
		if l.ctx.Restarts++; l.ctx.Restarts > 3 {
			fmt.Fprintln(&l.out, "too many restarts")
			break
		}
	}
	return l.out.String()
}

// once takes the request through the subroutines, and reports whether it begins
// anew.
func (l *life) once() (again bool) {
	x := l.ctx
	a := l.sub(Recv)
	if a == Default || a == DoLookup {
		if a = l.sub(Hash); a == Default || a == DoHash {
			a = l.fetch(Miss)
		}
	} else if a == DoPass {
		a = l.fetch(Pass)
	}
	if a == DoError {
		x.Obj = &message.Response{Status: x.ErrorStatus, Reason: message.Bytes(x.ErrorReason)}
		x.Beresp = nil
		if a = l.sub(Failure); x.HasSynthetic {
			fmt.Fprintf(&l.out, "  synthetic %q\n", x.Synthetic)
		}
		x.Resp = x.Obj
	}
	if a == Default || a == DoDeliver {
		a = l.sub(Deliver)
	}
	if a == Default || a == DoDeliver {
		l.sub(Log)
	}
	return a == DoRestart
}

func (l *life) fetch(before Scope) Action {
	x := l.ctx
	x.Bereq = &message.Request{Method: x.Req.Method, Target: x.Req.Target, Fields: copied(&x.Req.Fields)}
	x.Timeouts = Timeouts{Connect: time.Second, FirstByte: 15 * time.Second, BetweenBytes: 10 * time.Second}
	if a := l.sub(before); a != Default && a != DoFetch && a != DoPass {
		return a
	}
	x.Beresp = parseAnswer(l.response)
	a := l.sub(Fetch)
	x.Resp = &message.Response{Status: x.Beresp.Status, Reason: x.Beresp.Reason, Fields: copied(&x.Beresp.Fields)}
	if a == DoPass {
		a = DoDeliver
	}
	return a
}

// sub runs one subroutine and writes down what came of it.
func (l *life) sub(s Scope) Action {
	x := l.ctx
	x.Logged = x.Logged[:0]
	a := l.program.Run(x, s)
	if l.program.subs[s] == nil {
		return a
	}
	fmt.Fprintf(&l.out, "%s:", s)
	if a != Default {
		fmt.Fprintf(&l.out, " %s", a)
	}
	if a == DoError {
		fmt.Fprintf(&l.out, " %d %q", x.ErrorStatus, x.ErrorReason)
	}
	if a == DoFail {
		fmt.Fprintf(&l.out, " %v", x.Fault)
	}
	fmt.Fprintln(&l.out)
	for _, line := range x.Logged {
		fmt.Fprintf(&l.out, "  %s\n", line)
	}
	return a
}

// always is a world in which all is well.
type always struct{}

func (always) Healthy(*Backend) bool                 { return true }
func (always) Connections(*Backend) (open, used int) { return 2, 1 }

func testCtx(request string) *Ctx {
	head, body, _ := strings.Cut(request, "\n\n")
	line, rest, _ := strings.Cut(head, "\n")
	words := strings.Fields(line + " HTTP/1.1")
	x := &Ctx{}
	x.Reset()
	x.Req = &message.Request{Method: []byte(words[0]), Target: []byte(words[1]), Fields: parseFields(rest)}
	x.Client = &Client{IP: netip.MustParseAddr("192.0.2.7"), Port: 40000, LocalIP: netip.MustParseAddr("192.0.2.1"), Local: 80, Requests: 1, Proto: "HTTP/1.1"}
	x.Server = &Server{Identity: "cache-lcy1234-LCY", Hostname: "cache-lcy1234", Datacenter: "LCY", POP: "LCY", Region: "EU-West", BillingRegion: "Europe"}
	x.Service = &Service{ID: "7i6HN3TK9wS159v2gPAZ8A", Customer: "4ivpxu3PTEPIkbTMXzPAJV", Version: 3, Generation: 5, Digest: "c0ffee"}
	x.World = always{}
	x.Start, x.Now = aSunday.Add(-1500*time.Millisecond), aSunday
	x.XID, x.HeaderBytes = 2174292692, int64(len(head))
	x.Body, x.BodyBytes = strings.TrimSuffix(body, "\n"), int64(len(body))
	x.HostHeader, _ = x.Req.Fields.Get(message.NewKey("Host"))
	return x
}

// copied are the fields once more.
func copied(fields *message.Fields) (fs message.Fields) {
	fs.Copy(fields)
	return fs
}

func parseFields(text string) (fs message.Fields) {
	for s := bufio.NewScanner(strings.NewReader(text)); s.Scan(); {
		if name, value, ok := strings.Cut(s.Text(), ":"); ok {
			fs.Add(message.NewKey(name), strings.TrimSpace(value))
		}
	}
	return fs
}

func parseAnswer(text string) *message.Response {
	line, rest, _ := strings.Cut(text, "\n")
	words := strings.SplitN(line, " ", 3)
	status, err := strconv.Atoi(words[1])
	if err != nil {
		panic(err)
	}
	return &message.Response{Status: status, Reason: []byte(words[2]), Fields: parseFields(rest)}
}
