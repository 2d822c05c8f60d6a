package program

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"headwater/service"
	"headwater/vcl/syntax"
)

// version makes a snapshot of objects: a kind, and what a client would send.
func version(t testing.TB, objects ...[]string) *service.Snapshot {
	t.Helper()
	s := &service.Snapshot{Service: "sv1", Version: 1, Objects: map[string][]service.Object{}}
	for i, o := range objects {
		k := kindOf(t, o[0])
		in := service.Input{}
		for _, pair := range o[1:] {
			key, value, _ := strings.Cut(pair, "=")
			in[key] = service.Value{Text: value}
		}
		s.Objects[k.Name] = append(s.Objects[k.Name], create(t, k, in, i))
	}
	s.Sort()
	return s
}

// TestIncludesAreBounded includes a file twice that includes another twice, and
// so on: what is asked for doubles with each.
func TestIncludesAreBounded(t *testing.T) {
	objects := [][]string{{"vcl", "name=main", "main=1", `content=sub vcl_recv { include "snippet::s0"; }`}}
	for i := range maxIncludes - 2 {
		text := fmt.Sprintf(`content=%s include "snippet::s%d"; include "snippet::s%d";`, strings.Repeat(" ", 1000), i+1, i+1)
		objects = append(objects, []string{"snippet", fmt.Sprintf("name=s%d", i), "type=none", text})
	}
	objects = append(objects, []string{"snippet", fmt.Sprintf("name=s%d", maxIncludes-2), "type=none", `content=set req.http.A = "1";`})
	_, problems := Build(version(t, objects...))
	if len(problems) != 1 || !strings.Contains(problems.Error(), "longer than") {
		t.Errorf("got %v, want one problem about the length", problems)
	}
}

// TestIncludesAreShallow lets each file include one more than files may.
func TestIncludesAreShallow(t *testing.T) {
	objects := [][]string{{"vcl", "name=main", "main=1", `content=sub vcl_recv { include "snippet::s0"; }`}}
	for i := range maxIncludes {
		objects = append(objects, []string{"snippet", fmt.Sprintf("name=s%d", i), "type=none", fmt.Sprintf(`content=include "snippet::s%d";`, i+1)})
	}
	objects = append(objects, []string{"snippet", fmt.Sprintf("name=s%d", maxIncludes), "type=none", "content="})
	_, problems := Build(version(t, objects...))
	if len(problems) != 1 || !strings.Contains(problems.Error(), "deep") {
		t.Errorf("got %v, want one problem about the depth", problems)
	}
}

// TestNamesStayApart gives many objects names that differ only in what a name in
// VCL cannot hold.
func TestNamesStayApart(t *testing.T) {
	own := []string{"a-b", "a b", "a_b", "a_b_2"}
	for i := range 10_000 {
		own = append(own, strings.Repeat(".", i%100)+"x"+strings.Repeat("/", i/100))
	}
	given := newNamespace().identify("F_", own)
	if given["a_b"] != "F_a_b" || given["a_b_2"] != "F_a_b_2" {
		t.Errorf("what needs no change is called %s and %s", given["a_b"], given["a_b_2"])
	}
	seen := map[string]string{}
	for name, id := range given {
		if other, taken := seen[id]; taken {
			t.Errorf("%q and %q are both %s", name, other, id)
		}
		seen[id] = name
	}
}

// TestProblemsAreFew has more conditions that are wrong than anybody reads of.
func TestProblemsAreFew(t *testing.T) {
	var objects [][]string
	for i := range 2 * syntax.MaxErrors {
		objects = append(objects,
			[]string{"condition", fmt.Sprintf("name=c%d", i), "type=REQUEST", "statement=("},
			[]string{"backend", fmt.Sprintf("name=b%d", i), "address=192.0.2.1", fmt.Sprintf("request_condition=c%d", i)})
	}
	_, problems := Build(version(t, objects...))
	if len(problems) != syntax.MaxErrors {
		t.Errorf("got %d problems, want %d", len(problems), syntax.MaxErrors)
	}
}

// TestResponseObjectsHaveStatuses has one response object more than there are
// statuses for them.
func TestResponseObjectsHaveStatuses(t *testing.T) {
	var objects [][]string
	for i := range mostStatuses + 1 {
		objects = append(objects, []string{"response_object", fmt.Sprintf("name=r%d", i)})
	}
	if _, problems := Build(version(t, objects[:mostStatuses]...)); len(problems) > 0 {
		t.Errorf("%d: %v", mostStatuses, problems)
	}
	if _, problems := Build(version(t, objects...)); len(problems) != 1 {
		t.Errorf("%d: got %v, want one problem", mostStatuses+1, problems)
	}
}

// FuzzBuild builds versions out of anything. What comes out, if it does, is a
// program that can be read again and is the same.
func FuzzBuild(f *testing.F) {
	f.Add("a", "req.url", "set req.http.A = \"1\";", "sub vcl_recv { #FASTLY recv\n }", "http.X", "client.ip", "text")
	f.Add("a\nb", "req.url) { } if (req.url", "}", "include \"snippet::s\"; ", "http.X = 1", "\"}", "\"} {\"")
	f.Add("b", "req.url", "", "sub v { }", "http.X", "client.ip", strings.Repeat("x", 2*syntax.MaxName))
	f.Fuzz(func(t *testing.T, name, condition, snippet, main, dst, src, content string) {
		for _, text := range []string{name, condition, snippet, main, dst, src, content} {
			if !utf8.ValidString(text) || strings.Contains(text, "\x00") {
				return // the API takes no such text
			}
		}
		s := &service.Snapshot{Service: "sv1", Version: 1, Objects: map[string][]service.Object{}}
		base := service.Base{Name: name}
		add := func(k *service.Kind, o service.Object) { s.Objects[k.Name] = append(s.Objects[k.Name], o) }
		add(service.ConditionKind, &service.Condition{Base: base, Statement: condition, Type: "REQUEST"})
		add(service.BackendKind, &service.Backend{Base: base, Address: content, RequestCondition: name, OverrideHost: &src})
		add(service.SnippetKind, &service.Snippet{Base: base, Type: "recv", Content: &snippet})
		add(service.SnippetKind, &service.Snippet{Base: service.Base{Name: "s"}, Type: "init", Content: &main})
		add(service.VCLKind, &service.VCL{Base: base, Main: true, Content: main})
		add(service.HeaderKind, &service.Header{Base: base, Action: "append", Type: "request", Dst: dst, Src: src})
		add(service.HeaderKind, &service.Header{Base: base, Action: "regex", Type: "response", Dst: dst, Src: src, Regex: content, Substitution: snippet})
		add(service.ResponseObjectKind, &service.ResponseObject{Base: base, Status: 200, Response: content, Content: &content, ContentType: &src})
		add(service.DirectorKind, &service.Director{Base: base, Type: 1, Shield: &content, Backends: []string{name}})
		add(service.DictionaryKind, &service.Dictionary{Base: base})
		add(service.ACLKind, &service.ACL{Base: base})
		p, problems := Build(s)
		if len(problems) > 0 {
			return
		}
		mustReadAgain(t, p)
	})
}

// BenchmarkBuildSmall is what most services cost: one backend, and no VCL.
func BenchmarkBuildSmall(b *testing.B) {
	s := version(b, []string{"backend", "name=origin", "address=origin.example"})
	b.ReportAllocs()
	for b.Loop() {
		if _, problems := Build(s); len(problems) > 0 {
			b.Fatal(problems)
		}
	}
}

// BenchmarkBuild is what the program of a large version costs: 10,000 backends,
// each with a condition of its own.
func BenchmarkBuild(b *testing.B) {
	var objects [][]string
	for i := range 10_000 {
		objects = append(objects,
			[]string{"condition", fmt.Sprintf("name=c%d", i), "type=REQUEST", fmt.Sprintf(`statement=req.url ~ "^/part/%d/" && req.http.Host == "shop.test"`, i)},
			[]string{"backend", fmt.Sprintf("name=b%d", i), "address=192.0.2.1", fmt.Sprintf("request_condition=c%d", i)})
	}
	s := version(b, objects...)
	b.ReportAllocs()
	for b.Loop() {
		if _, problems := Build(s); len(problems) > 0 {
			b.Fatal(problems)
		}
	}
}
