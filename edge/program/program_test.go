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
)

var update = flag.Bool("update", false, "write what is generated into the pages of testdata")

// A page is one version and what is generated of it. Its file "version" has one
// paragraph for each object: the kind, and a line for each field. A value that
// begins with @ is that file of the page.
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

// version returns the snapshot of the page, and the contents of its dynamic
// snippets: files named as they are.
func (p *page) version(t *testing.T) (*service.Snapshot, Items) {
	t.Helper()
	s := &service.Snapshot{Service: "sv1", Version: 7, Objects: map[string][]service.Object{}}
	items := Items{}
	for i, paragraph := range strings.Split(strings.TrimSpace(p.file("version")), "\n\n") {
		lines := strings.Split(paragraph, "\n")
		k := kindOf(t, lines[0])
		in := service.Input{}
		for _, line := range lines[1:] {
			key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
			if name, isFile := strings.CutPrefix(value, "@"); isFile {
				value = p.file(name)
			}
			in[key] = service.Value{Text: value}
		}
		o, err := k.Create(in)
		if err != nil {
			t.Fatalf("%s: %s: %v", p.path, lines[0], err)
		}
		o = stamp(k, o, i)
		if snippet, ok := o.(*service.Snippet); ok && snippet.Dynamic != 0 {
			items[snippet.ID] = p.file(snippet.Name)
		}
		s.Objects[k.Name] = append(s.Objects[k.Name], o)
	}
	s.Sort()
	return s, items
}

func stamp(k *service.Kind, o service.Object, seq int) service.Object {
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
			s, items := p.version(t)
			got := map[string]string{}
			program, problems := Build(s, items)
			if program != nil {
				got["warnings"] = inLines(program.Warnings)
			}
			if len(problems) > 0 {
				got["problems"] = problems.Show() + "\n"
			}
			if *update {
				for _, name := range []string{"warnings", "problems"} {
					p.replace(name, got[name])
				}
				if err := os.WriteFile(p.path, txtar.Format(p.archive), 0o666); err != nil {
					t.Fatal(err)
				}
				return
			}
			for _, name := range []string{"warnings", "problems"} {
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

