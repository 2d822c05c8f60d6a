package edge_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"headwater/edge"
	"headwater/edge/edgetest"
	"headwater/explain"
	"headwater/service"
)

// TestExplain runs the pages of testdata/explain. A page is a version and what
// becomes of a request that nobody sends:
//
//	-- objects --  a paragraph for each object: its kind, and its fields
//	-- main.vcl -- the version's own program
//	-- items --    a line for each pair of a dictionary: its name, key, value
//	-- request --  the request, in JSON
//	-- text --     the report
//	-- json --     the same as JSON, on pages that have it
func TestExplain(t *testing.T) {
	paths, err := filepath.Glob("testdata/explain/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatal("no pages", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if changed := explainPage(t, archive); changed && *update {
				if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func explainPage(t *testing.T, archive *txtar.Archive) (changed bool) {
	s := edgetest.Service("1hsKSmdIHKlXeLF7OUQ4VR", 3, []string{"www.shop.test", "*.shop.test"})
	var holdings []*service.Holding
	var told *explain.Explanation
	e := edgetest.Start(t, edge.Config{})
	for i := range archive.Files {
		f := &archive.Files[i]
		got := string(f.Data)
		switch f.Name {
		case "objects":
			for paragraph := range strings.SplitSeq(strings.TrimSpace(string(f.Data)), "\n\n") {
				lines := strings.Split(paragraph, "\n")
				edgetest.With(t, s, kindNamed(t, lines[0]), lines[1:]...)
			}
			for _, k := range service.Kinds() {
				for n, o := range s.Objects[k.Name] {
					o.Meta().Seq = int64(n)
				}
			}
		case "main.vcl":
			edgetest.WithVCL(t, s, string(f.Data))
		case "items":
			holdings = itemsOf(s, string(f.Data))
		case "request":
			told = explained(t, e, s, holdings, string(f.Data))
		case "text":
			got = told.Text()
		case "json":
			var pretty bytes.Buffer
			if err := json.Indent(&pretty, told.JSON(), "", "  "); err != nil {
				t.Fatal(err)
			}
			got = pretty.String() + "\n"
		default:
			t.Fatalf("unknown section %s", f.Name)
		}
		if diff := cmp.Diff(string(f.Data), got); diff != "" {
			changed = true
			f.Data = []byte(got)
			if !*update {
				t.Errorf("%s (-want +got):\n%s", f.Name, diff)
			}
		}
	}
	return changed
}

// explained asks about a request at a fixed moment.
func explained(t *testing.T, e *edgetest.Edge, s *service.Snapshot, holdings []*service.Holding, request string) *explain.Explanation {
	t.Helper()
	request = strings.Replace(request, "{", `{"now":"2026-03-04T05:06:07Z",`, 1)
	r, err := explain.Read([]byte(request))
	if err != nil {
		t.Fatal(err)
	}
	told, err := e.Explain(s, holdings, r)
	if err != nil {
		t.Fatal(err)
	}
	told.Service.Name, told.Service.State = "shop", "draft"
	return told
}

// itemsOf reads lines of "dictionary key value".
func itemsOf(s *service.Snapshot, text string) (all []*service.Holding) {
	for _, d := range service.All[*service.Dictionary](s, service.DictionaryKind) {
		h := &service.Holding{HolderRef: service.HolderRef{Service: s.Service, ID: d.ID}, Kind: service.DictionaryKind, Revision: 1}
		for line := range strings.Lines(text) {
			words := strings.Fields(line)
			if words[0] == d.Name {
				h.Items = append(h.Items, &service.DictionaryItem{Base: service.Base{Name: words[1]}, Value: words[2]})
			}
		}
		all = append(all, h)
	}
	return all
}

// What cannot be explained is told in words, and is nobody's panic.
func TestExplainRefuses(t *testing.T) {
	e := edgetest.Start(t, edge.Config{})
	good := edgetest.Snapshot(edgetest.BackendAt("127.0.0.1", 80))
	for _, tt := range []struct {
		name, request string
		s             *service.Snapshot
		want          string
	}{
		{"a version that does not compile", `{"url":"http://a/"}`, edgetest.WithVCL(t, edgetest.Snapshot(), "sub vcl_recv {"), "at: (vcl \"main\""},
		{"a backend that is not there", `{"url":"http://a/","health":{"b":true}}`, good, "'health': the version has no backend 'b'"},
		{"an origin that is not there", `{"url":"http://a/","origins":{"b":{}}}`, good, "'origins': the version has no backend 'b'"},
		{"no failure of an origin", `{"url":"http://a/","origins":{"*":{"failure":"Loop detected"}}}`, good, "'origins': 'Loop detected' is no failure of an origin"},
		{"a method that is none", `{"url":"http://a/","method":"G T"}`, good, "the edge would refuse the request: "},
		{"a line too many", `{"url":"http://a/","headers":["A: b\r\nC: d"]}`, good, "a header has a line break or a NUL"},
		{"a name that is none", `{"url":"http://a/","headers":["A b: c"]}`, good, "the edge would refuse the request: "},
		{"two hosts", `{"url":"http://a/","headers":["Host: a","Host: b"]}`, good, "the edge would refuse the request: "},
		{"a path that is none", `{"url":"http://a/%zz"}`, good, "'url' must be"},
	} {
		r, err := explain.Read([]byte(tt.request))
		if err == nil {
			_, err = e.Explain(tt.s, nil, r)
		}
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", tt.name, err, tt.want)
		}
	}
}

// Explaining takes nothing from what is served, and leaves nothing behind.
func TestExplainChangesNothing(t *testing.T) {
	o := edgetest.NewOrigin(t, edgetest.Reply(ok("live")))
	s := edgetest.Snapshot(edgetest.Backend(o))
	e := edgetest.Start(t, edge.Config{}, s)
	for n := range 50 {
		told := explained(t, e, edgetest.Service("other", 1, []string{edgetest.Host}), nil, fmt.Sprintf(`{"url":"http://%s/%d"}`, edgetest.Host, n))
		if told.Response.Status != 503 || told.Fetches[0].Backend != nil {
			t.Fatalf("a version without backends: %s", told.Text())
		}
		if a := e.Dial(t).Get(edgetest.Host, "/"); string(a.Body) != "live" {
			t.Fatalf("answered %d %q", a.Status, a.Body)
		}
	}
	if n := o.Accepted(); n == 0 {
		t.Error("nothing came to the origin")
	}
}

// What is explained is what happens: the requests of testdata/pages go to an edge,
// and the same are explained. Where each backend is asked once at most, both come
// to the same backends, the same requests and the same answer.
func TestExplainTellsWhatHappens(t *testing.T) {
	paths, err := filepath.Glob("testdata/pages/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatal("no pages", err)
	}
	compared := 0
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		p := newPage(t, archive, true)
		for _, f := range archive.Files {
			switch f.Name {
			case "a", "b", "c":
				p.answers[f.Name] = append(p.answers[f.Name], string(f.Data))
			case "request":
				if p.compare(path, string(f.Data)) {
					compared++
				}
			}
		}
	}
	if compared < 20 {
		t.Errorf("only %d requests were compared", compared)
	}
}

// compare sends a request and explains it.
func (p *page) compare(path, text string) bool {
	p.t.Helper()
	head, body, _ := strings.Cut(text, "\n\n")
	lines := strings.Split(strings.TrimSuffix(head, "\n"), "\n")
	start := strings.Fields(lines[0])
	r := &explain.Request{Method: start[0], URL: "http://" + edgetest.Host + start[1], HTTP: strings.TrimPrefix(start[len(start)-1], "HTTP/"), Origins: map[string]explain.Origin{}}
	r.Origins["*"] = explain.Origin{Status: 200, Failure: "Connection refused"}
	r.Client.IP = netip.MustParseAddr("127.0.0.1")
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ":")
		r.Headers = append(r.Headers, explain.Header{Name: name, Value: strings.TrimSpace(value)})
	}
	for _, name := range []string{"a", "b", "c"} {
		r.Origins[name] = p.origin(name)
	}
	p.got.Reset()
	p.ask(text)
	live, told := p.got.String(), &explain.Explanation{}
	if body != "" || strings.Contains(live, "# retries") || strings.Contains(live, "# restarts") {
		return false // of what it would take to pretend that, pages have their own
	}
	told, err := p.edge.Explain(p.snapshot, nil, r)
	if err != nil {
		p.t.Errorf("%s: %s: %v", path, lines[0], err)
		return true
	}
	var got strings.Builder
	for _, f := range told.Fetches {
		if f.Backend != nil && f.Backend.Port != 0 && f.Answer.Failure != "Connection refused" {
			fmt.Fprintf(&got, "> %s %s %s\n", f.Backend.Name, f.Request.Method, f.Request.URL)
		}
	}
	fmt.Fprintf(&got, "< %d %s\n", told.Response.Status, told.Response.Reason)
	if want := outline(live); got.String() != want {
		p.t.Errorf("%s: %s: explained as\n%swhat happens is\n%s", path, lines[0], got.String(), want)
	}
	return true
}

// outline is what of a page's result tells which requests were made, and what the
// answer was.
func outline(live string) string {
	var kept strings.Builder
	for line := range strings.Lines(live) {
		words := strings.Fields(line)
		if words[0] == ">" && len(words) == 4 && len(words[1]) == 1 || words[0] == "<" && len(words) > 1 && len(words[1]) == 3 && words[1][0] >= '2' && words[1][0] <= '9' {
			kept.WriteString(line)
		}
	}
	return kept.String()
}

// origin is what a backend answers next.
func (p *page) origin(name string) explain.Origin {
	o := explain.Origin{Status: 200, BodyBytes: 2}
	queue := p.answers[name]
	if len(queue) == 0 {
		return o
	}
	head, body, _ := strings.Cut(queue[0], "\n\n")
	for strings.HasPrefix(head, "HTTP/1.1 1") { // which nobody pretends
		head, body, _ = strings.Cut(body, "\n\n")
	}
	lines := strings.Split(strings.TrimSuffix(head, "\n"), "\n")
	_, status, _ := strings.Cut(lines[0], " ")
	fmt.Sscan(status, &o.Status)
	_, o.Reason, _ = strings.Cut(status, " ")
	o.BodyBytes = int64(len(strings.TrimSuffix(body, "\n")))
	for _, line := range lines[1:] {
		field, value, _ := strings.Cut(line, ":")
		o.Headers = append(o.Headers, explain.Header{Name: field, Value: strings.TrimSpace(value)})
	}
	return o
}

// FuzzExplain asks about whatever reads as a request.
func FuzzExplain(f *testing.F) {
	paths, err := filepath.Glob("testdata/explain/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range archive.Files {
			if file.Name == "request" {
				f.Add(file.Data)
			}
		}
	}
	f.Add([]byte(`{"url":"https://a/\u0001?#","headers":{"Host":["a","b"],"":""},"tls":{},"origins":{"*":{"status":999,"headers":["Content-Length: 1x","Transfer-Encoding: chunked"]}}}`))
	s := edgetest.WithVCL(f, edgetest.Snapshot(edgetest.BackendAt("127.0.0.1", 80)), `
sub vcl_recv {
  #FASTLY recv
  set req.http.X-A = req.http.Cookie:a + req.url.path;
  if (req.http.X-Restart && req.restarts < 5) { restart; }
  return(lookup);
}
sub vcl_fetch { if (beresp.status >= 500) { restart; } if (beresp.http.X-Error) { error 777 beresp.http.X-Error; } return(deliver); }
sub vcl_error { synthetic req.http.X-A; return(deliver); }`)
	e := edge.New(edge.Config{})
	f.Cleanup(func() { e.Shutdown(f.Context()) })
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := explain.Read(body)
		if err != nil {
			return
		}
		told, err := e.Explain(s, nil, r)
		if err != nil {
			if !invalid(err) {
				t.Error(err)
			}
			return
		}
		if told.Text() == "" || !json.Valid(told.JSON()) || told.Response.Status < 200 {
			t.Errorf("explained as %s", told.JSON())
		}
	})
}
