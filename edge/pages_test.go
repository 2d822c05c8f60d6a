package edge_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"headwater/edge"
	"headwater/edge/edgetest"
	"headwater/service"
)

var update = flag.Bool("update", false, "write what came out into the pages")

// TestPages runs the pages of testdata/pages, each on both kinds of link. A page is
// a version with the backends a, b and c, and then requests, each with what it has
// to come to:
//
//	-- main.vcl --    the version's own program
//	-- objects --     a paragraph for each further object: its kind, and its fields
//	-- a --           what a answers to its next request; a plain 200 otherwise
//	-- request --     a request; the next one comes on the same connection if that
//	                  is there still
//	-- want --        what the backends got (>), what the client got (<), and what
//	                  the access log has beside that (#)
//
// What every message has is left out of want: see ordinary.
func TestPages(t *testing.T) {
	paths, err := filepath.Glob("testdata/pages/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatal("no pages", err)
	}
	edgetest.Both(t, func(t *testing.T, plain bool) {
		for _, path := range paths {
			t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
				archive, err := txtar.ParseFile(path)
				if err != nil {
					t.Fatal(err)
				}
				p := newPage(t, archive, plain)
				if p.run(); *update && p.changed && plain {
					if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
						t.Fatal(err)
					}
				}
			})
		}
	})
}

type page struct {
	t       *testing.T
	archive *txtar.Archive
	edge    *edgetest.Edge

	snapshot *service.Snapshot // that it serves

	events  *edgetest.Events
	client  *edgetest.Client
	changed bool

	overMux bool // requests go over HTTP/2, see TestPagesMux
	mux     *edgetest.Mux
	asked   int

	refused string // a port that refuses connections: $refused in pages

	mu      sync.Mutex
	answers map[string][]string // to come, by backend
	got     strings.Builder     // by the backends
}

func newPage(t *testing.T, archive *txtar.Archive, plain bool) *page {
	p := &page{t: t, archive: archive, answers: map[string][]string{}, refused: fmt.Sprint(edgetest.RefusedPort(t))}
	var logger *edge.AccessLog
	p.events, logger = edgetest.NewEvents(t)
	s := edgetest.Snapshot(p.backend("a"), p.backend("b"), p.backend("c"))
	for _, f := range archive.Files {
		switch f.Name {
		case "main.vcl":
			edgetest.WithVCL(t, s, strings.ReplaceAll(string(f.Data), "$refused", p.refused))
		case "objects":
			for paragraph := range strings.SplitSeq(strings.TrimSpace(string(f.Data)), "\n\n") {
				lines := strings.Split(paragraph, "\n")
				edgetest.With(t, s, kindNamed(t, lines[0]), lines[1:]...)
			}
		}
	}
	p.snapshot = s
	p.edge = edgetest.Start(t, edge.Config{PlainIO: plain, H2C: true, AccessLog: logger}, s)
	return p
}

func kindNamed(t *testing.T, name string) *service.Kind {
	i := slices.IndexFunc(service.Kinds(), func(k *service.Kind) bool { return k.Name == name })
	if i < 0 {
		t.Fatalf("there is no kind %q", name)
	}
	return service.Kinds()[i]
}

// backend returns one whose origin answers as the page says, and notes what it got.
func (p *page) backend(name string) *service.Backend {
	o := edgetest.NewOrigin(p.t, edgetest.Handle(func(c *edgetest.Conn, r *edgetest.Request) {
		p.mu.Lock()
		fmt.Fprintf(&p.got, "> %s %s\n", name, strings.TrimSuffix(r.Line, " HTTP/1.1"))
		show(&p.got, "> ", r.Fields, string(r.Body))
		showTrailer(&p.got, "> ", r.Trailer)
		answer := "HTTP/1.1 200 OK\nContent-Length: 2\n\nok"
		if queue := p.answers[name]; len(queue) > 0 {
			answer, p.answers[name] = queue[0], queue[1:]
		}
		p.mu.Unlock()
		c.Write(onWire(answer))
	}))
	b := edgetest.Backend(o, func(b *service.Backend) { b.Name = name })
	return b
}

// onWire gives the lines of a head, and of a chunked body, their ends, and a body
// that no field frames its length.
func onWire(text string) string {
	head, body, _ := strings.Cut(text, "\n\n")
	if strings.HasPrefix(head, "HTTP/1.1 1") { // and another answer follows
		return strings.ReplaceAll(head, "\n", "\r\n") + "\r\n\r\n" + onWire(body)
	}
	if strings.Contains(head, "\nTransfer-Encoding: chunked") {
		return strings.ReplaceAll(text, "\n", "\r\n")
	}
	body = strings.TrimSuffix(body, "\n")
	if body != "" && !strings.Contains(head, "\nContent-Length:") {
		head += fmt.Sprintf("\nContent-Length: %d", len(body))
	}
	return strings.ReplaceAll(strings.TrimSuffix(head, "\n"), "\n", "\r\n") + "\r\n\r\n" + body
}

func (p *page) run() {
	for i := range p.archive.Files {
		f := &p.archive.Files[i]
		switch f.Name {
		case "main.vcl", "objects":
		case "a", "b", "c":
			p.answers[f.Name] = append(p.answers[f.Name], string(f.Data))
		case "request":
			p.got.Reset()
			p.ask(string(f.Data))
		case "want":
			got, want := p.got.String(), string(f.Data)
			if p.overMux {
				got, want = unspoken(got), unspoken(want)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				p.changed = true
				f.Data = []byte(got)
				if !*update {
					p.t.Errorf("(-want +got):\n%s", diff)
				}
			}
		default:
			p.t.Fatalf("unknown section %s", f.Name)
		}
	}
}

// ask sends a request and notes what comes of it.
func (p *page) ask(text string) {
	var a *edgetest.Answer
	if p.overMux {
		a = p.askMux(text)
	} else {
		a = p.askClient(text)
	}
	event := p.events.Next()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range a.Interim {
		fmt.Fprintf(&p.got, "< %s\n", strings.TrimPrefix(m.Line, "HTTP/1.1 "))
		showFields(&p.got, "< ", m.Fields)
	}
	fmt.Fprintf(&p.got, "< %d %s\n", a.Status, a.Reason)
	show(&p.got, "< ", a.Fields, string(a.Body))
	showTrailer(&p.got, "< ", a.Trailer)
	if a.Err != nil {
		fmt.Fprintf(&p.got, "< %v\n", a.Err)
	}
	for _, key := range []string{"reason", "cause", "restarts", "retries", "log"} {
		if v, there := event[key]; there && v.String() != "0" {
			text := strings.ReplaceAll(v.String(), p.refused, "$refused")
			fmt.Fprintf(&p.got, "# %s: %s\n", key, strings.ReplaceAll(text, "\n", "\n#      "))
		}
	}
	if p.client != nil && (a.Err != nil || a.Fields.Get("Connection") == "close") {
		p.client.MustClose()
		p.client = nil
	}
}

func (p *page) askClient(text string) *edgetest.Answer {
	if p.client == nil {
		p.client = p.edge.Dial(p.t)
	}
	p.client.Send(onWire(text))
	method, _, _ := strings.Cut(text, " ")
	return p.client.AnswerTo(method)
}

// ordinary are the fields that every message has: those of requests to a backend,
// and those of answers, with the values that they usually have.
var ordinary = map[string]map[string]string{
	"> ": {"Host": edgetest.Host, "Via": "1.1 varnish", "Cdn-Loop": "Headwater", "X-Timer": "*", "Fastly-Client-Ip": "127.0.0.1"},
	"< ": {"Date": "*", "Via": "1.1 varnish", "X-Served-By": "cache-local1-LOCAL", "X-Cache": "MISS", "X-Cache-Hits": "0", "X-Timer": "*"},
}

// secured are the fields that a request to a backend has besides when its client
// speaks TLS.
var secured = map[string]string{
	"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Host": edgetest.Host, "X-Forwarded-Server": "cache-local1-LOCAL", "Fastly-SSL": "1",
}

// show writes the fields of a message that are not ordinary, those of ordinary that
// are missing, and the body.
func show(to *strings.Builder, mark string, fields edgetest.Fields, body string) {
	page := strings.HasPrefix(body, "\n<?xml") // whose length varies with its number
	missing := []string{}
	for name, usual := range ordinary[mark] {
		if all := fields.All(name); len(all) != 1 || usual != "*" && all[0] != usual {
			missing = append(missing, name)
		}
	}
	for _, f := range fields {
		usual := ""
		for name, value := range ordinary[mark] {
			if strings.EqualFold(name, f.Name) {
				usual = value
			}
		}
		if value := secured[f.Name]; strings.EqualFold(value, f.Value) && mark == "> " && *edgetest.ClientsTLS {
			usual = f.Value
		}
		if (usual == "" || usual != "*" && usual != f.Value) && !(page && f.Name == "Content-Length") {
			fmt.Fprintf(to, "%s%s: %s\n", mark, f.Name, f.Value)
		}
	}
	slices.Sort(missing)
	for _, name := range missing {
		if fields.Get(name) == "" {
			fmt.Fprintf(to, "%swithout %s\n", mark, name)
		}
	}
	switch {
	case page:
		_, title, _ := strings.Cut(body, "<title>")
		title, _, _ = strings.Cut(title, "</title>")
		fmt.Fprintf(to, "%s(page %s)\n", mark, title)
	case body != "":
		fmt.Fprintf(to, "%s%q\n", mark, body)
	}
}

func showTrailer(to *strings.Builder, mark string, fields edgetest.Fields) {
	showFields(to, mark+"then ", fields)
}

func showFields(to *strings.Builder, mark string, fields edgetest.Fields) {
	for _, f := range fields {
		fmt.Fprintf(to, "%s%s: %s\n", mark, f.Name, f.Value)
	}
}
