package program

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"headwater/service"
	"headwater/vcl"
	"headwater/vcl/syntax"
)

var update = flag.Bool("update", false, "write what is generated into the pages of testdata")

// A page is one version and what is generated of it. Its file "version" has one
// paragraph for each object: the kind, and a line for each field. A value that
// begins with @ is that file of the page. Its file "generated.vcl" is without what
// is as in plain.txtar.
type page struct {
	path    string
	archive *txtar.Archive
}

func pages(t *testing.T) (all []*page) {
	t.Helper()
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no pages: %v", err)
	}
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, &page{path, archive})
	}
	return all
}

func (p *page) name() string { return strings.TrimSuffix(filepath.Base(p.path), ".txtar") }

func (p *page) file(name string) string {
	for _, f := range p.archive.Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	return ""
}

// replace puts text in the place of a file, or adds or removes the file.
func (p *page) replace(name, text string) {
	for i, f := range p.archive.Files {
		if f.Name == name {
			p.archive.Files = append(p.archive.Files[:i], p.archive.Files[i+1:]...)
			break
		}
	}
	if text != "" {
		p.archive.Files = append(p.archive.Files, txtar.File{Name: name, Data: []byte(text)})
	}
}

// version returns the snapshot of the page. The contents of its dynamic snippets
// are files named as they are.
func (p *page) version(t *testing.T) *service.Snapshot {
	t.Helper()
	s := &service.Snapshot{Service: "sv1", Version: 7, Objects: map[string][]service.Object{}, Contents: map[string]string{}}
	for i, paragraph := range strings.Split(strings.TrimSpace(p.file("version")), "\n\n") {
		lines := strings.Split(paragraph, "\n")
		k := kindOf(t, lines[0])
		in := service.Input{}
		for _, line := range lines[1:] {
			key, value, _ := strings.Cut(strings.TrimSpace(line), ":")
			value = strings.TrimPrefix(value, " ")
			if name, isFile := strings.CutPrefix(value, "@"); isFile {
				value = p.file(name)
			}
			in[key] = service.Value{Text: value}
		}
		o := create(t, k, in, i)
		if snippet, ok := o.(*service.Snippet); ok && snippet.Dynamic != 0 {
			s.Contents[snippet.ID] = p.file(snippet.Name)
		}
		s.Objects[k.Name] = append(s.Objects[k.Name], o)
	}
	s.Sort()
	return s
}

// special returns the declarations of a program that are not those of the plain
// page.
func (p *page) special(t *testing.T, program *Program) (all []syntax.Decl) {
	t.Helper()
	usual := map[string]bool{}
	if p.name() != "plain" {
		archive, err := txtar.ParseFile("testdata/plain.txtar")
		if err != nil {
			t.Fatal(err)
		}
		plain, _ := Build((&page{"testdata/plain.txtar", archive}).version(t))
		for _, d := range plain.Unit.Decls {
			usual[alone(d)] = true
		}
	}
	for _, d := range program.Unit.Decls {
		if !usual[alone(d)] {
			all = append(all, d)
		}
	}
	return all
}

func alone(d syntax.Decl) string { return syntax.Print(&syntax.Unit{Decls: []syntax.Decl{d}}) }

// create makes an object as the API does. A condition may be one that was stored
// when conditions were not looked at yet.
func create(t testing.TB, k *service.Kind, in service.Input, seq int) service.Object {
	t.Helper()
	statement, isCondition := in["statement"]
	if isCondition {
		in["statement"] = service.Value{Text: "true"}
	}
	o, err := k.Create(in)
	if err != nil {
		t.Fatalf("%s %s: %v", k.Name, in["name"].Text, err)
	}
	if isCondition {
		o.(*service.Condition).Statement = statement.Text
	}
	return k.Stamp(o, int64(seq), time.Time{}, time.Time{})
}

func kindOf(t testing.TB, name string) *service.Kind {
	t.Helper()
	for _, k := range service.Kinds() {
		if k.Name == name {
			return k
		}
	}
	t.Fatalf("there is no kind %q", name)
	return nil
}

// TestPages compares what is generated of each page with what the page says.
func TestPages(t *testing.T) {
	for _, p := range pages(t) {
		t.Run(p.name(), func(t *testing.T) {
			got := map[string]string{}
			program, problems := Build(p.version(t))
			if program != nil {
				got["generated.vcl"] = syntax.Print(&syntax.Unit{Decls: p.special(t, program)})
				got["warnings"] = inLines(program.Warnings)
			}
			if len(problems) > 0 {
				got["problems"] = problems.Show() + "\n"
			}
			if *update {
				for _, name := range []string{"generated.vcl", "warnings", "problems"} {
					p.replace(name, got[name])
				}
				if err := os.WriteFile(p.path, txtar.Format(p.archive), 0o666); err != nil {
					t.Fatal(err)
				}
				return
			}
			for _, name := range []string{"generated.vcl", "warnings", "problems"} {
				if diff := cmp.Diff(p.file(name), got[name]); diff != "" {
					t.Errorf("%s (-want +got):\n%s", name, diff)
				}
			}
		})
	}
}

func inLines(all []string) string {
	var text bytes.Buffer
	for _, line := range all {
		fmt.Fprintln(&text, line)
	}
	return text.String()
}

// programs are those of the pages, but for pages on what is wrong with a version.
func programs(t *testing.T) map[string]*Program {
	t.Helper()
	all := map[string]*Program{}
	for _, p := range pages(t) {
		if program, problems := Build(p.version(t)); len(problems) == 0 {
			all[p.name()] = program
		}
	}
	if len(all) == 0 {
		t.Fatal("no page has a program")
	}
	return all
}

// TestGeneratedIsTheProgram reads what is generated and prints it again: nothing
// is lost or added on the way.
func TestGeneratedIsTheProgram(t *testing.T) {
	for name, program := range programs(t) {
		t.Run(name, func(t *testing.T) { mustReadAgain(t, program) })
	}
}

// TestPagesCompile compiles what is generated of each page.
func TestPagesCompile(t *testing.T) {
	for name, program := range programs(t) {
		t.Run(name, func(t *testing.T) {
			if _, problems := vcl.Compile(program.Unit, vcl.Options{}); len(problems) > 0 {
				t.Error(problems.Show())
			}
		})
	}
}

// mustReadAgain reads the text of a program, which has to print as the same text
// and compile, or fail to, alike.
func mustReadAgain(t *testing.T, p *Program) {
	t.Helper()
	text := p.Generated()
	unit, problems := syntax.ParseUnit(syntax.NewFile("generated", text))
	if len(problems) > 0 {
		t.Fatalf("does not parse:\n%s\nin\n%s", problems.Show(), text)
	}
	if diff := cmp.Diff(text, syntax.Print(unit)); diff != "" {
		t.Errorf("printed again (-first +second):\n%s", diff)
	}
	if diff := cmp.Diff(complaints(p.Unit), complaints(unit)); diff != "" {
		t.Errorf("complaints (-of the tree +of its text):\n%s\nin\n%s", diff, text)
	}
}

// complaints are what the compiler says of a program, without the places.
func complaints(unit *syntax.Unit) (all []string) {
	_, problems := vcl.Compile(unit, vcl.Options{})
	for _, p := range problems {
		all = append(all, p.Msg)
	}
	return all
}
