package syntax

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write what was found into the pages")

// positionless compares trees as if none had a place.
var positionless = cmp.Options{
	cmp.Exporter(func(reflect.Type) bool { return true }),
	cmpopts.IgnoreTypes(at{}),
	cmpopts.IgnoreFields(Unit{}, "Warnings"),
}

// A reading is one source in one of the three ways to read it.
type reading struct {
	tree     any // *Unit, []Stmt or Expr
	printed  string
	problems Problems
	warnings Problems
}

// readings are by the name that a source has in a page.
var readings = map[string]func(*File) reading{
	"unit.vcl": func(f *File) reading {
		u, problems := ParseUnit(f)
		return reading{u, Print(u), problems, u.Warnings}
	},
	"snippet.vcl": func(f *File) reading {
		list, problems := ParseStmts(f)
		return reading{list, PrintStmts(list), problems, nil}
	},
	"condition": func(f *File) reading {
		x, problems := ParseExpr(f)
		if problems != nil {
			return reading{problems: problems}
		}
		return reading{x, PrintExpr(x) + "\n", nil, nil}
	},
}

// source returns what a page has to read, and how.
func source(t *testing.T, page *txtar.Archive) (file *File, read func(*File) reading) {
	t.Helper()
	first := page.Files[0]
	if read = readings[first.Name]; read == nil {
		t.Fatalf("%s is not a name of a source", first.Name)
	}
	text := string(first.Data)
	if first.Name == "condition" {
		text = strings.TrimSuffix(text, "\n") // a page cannot be without one
	}
	return NewFile(strings.TrimSuffix(first.Name, ".vcl"), text), read
}

// TestPages reads the sources in testdata/pages. Behind a source there is what it
// prints as, or what is wrong with it.
func TestPages(t *testing.T) {
	for name, page := range pages(t) {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			file, read := source(t, page)
			got := read(file)
			want := txtar.Archive{Comment: page.Comment, Files: page.Files[:1:1]}
			add := func(name, text string) {
				if text != "" {
					want.Files = append(want.Files, txtar.File{Name: name, Data: []byte(strings.TrimSuffix(text, "\n") + "\n")})
				}
			}
			if got.problems == nil {
				add("printed", got.printed)
			}
			add("problems", got.problems.Show())
			add("warnings", got.warnings.Show())
			if found := txtar.Format(&want); *update {
				if err := os.WriteFile(name, found, 0o644); err != nil {
					t.Fatal(err)
				}
			} else if diff := cmp.Diff(string(txtar.Format(page)), string(found)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if got.problems == nil {
				checkReadsBack(t, got, read)
			}
		})
	}
}

// checkReadsBack checks that what a tree prints as is a tree like it. The trees
// lose their places.
func checkReadsBack(t *testing.T, first reading, read func(*File) reading) {
	t.Helper()
	second := read(NewFile("printed", strings.TrimSuffix(first.printed, "\n")))
	if second.problems != nil {
		t.Fatalf("does not read back:\n%s\nprinted as\n%s", second.problems.Show(), first.printed)
	}
	forgetPlaces(first.tree)
	forgetPlaces(second.tree)
	if !reflect.DeepEqual(first.tree, second.tree) {
		diff := cmp.Diff(first.tree, second.tree, positionless)
		t.Fatalf("reads back as another tree (-first +second)\n%s\nprinted as\n%s", diff, first.printed)
	}
	if first.printed != second.printed {
		t.Fatalf("prints as\n%s\nand then as\n%s", first.printed, second.printed)
	}
}

func forgetPlaces(tree any) {
	all := map[Node]int{}
	everyNode(reflect.ValueOf(tree), all)
	for n := range all {
		if u, ok := n.(*Unit); ok {
			u.Warnings = nil
			continue
		}
		reflect.ValueOf(n).Elem().FieldByName("Pos").SetZero()
	}
}

// everyNode counts the nodes in what x refers to.
func everyNode(x reflect.Value, all map[Node]int) {
	switch x.Kind() {
	case reflect.Interface:
		everyNode(x.Elem(), all)
	case reflect.Pointer:
		n, ok := x.Interface().(Node)
		if !ok || x.IsNil() {
			return
		}
		all[n]++
		for i := range x.Elem().NumField() {
			if f := x.Elem().Field(i); x.Elem().Type().Field(i).IsExported() {
				everyNode(f, all)
			}
		}
	case reflect.Struct:
		if part, ok := x.Interface().(Part); ok {
			everyNode(reflect.ValueOf(part.X), all)
		}
	case reflect.Slice:
		for i := range x.Len() {
			everyNode(x.Index(i), all)
		}
	}
}

func pages(t testing.TB) map[string]*txtar.Archive {
	t.Helper()
	names, err := filepath.Glob("testdata/pages/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatal("no pages", err)
	}
	all := map[string]*txtar.Archive{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		page := txtar.Parse(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")))
		if len(page.Files) == 0 {
			t.Fatalf("%s has no source", name)
		}
		all[name] = page
	}
	return all
}
