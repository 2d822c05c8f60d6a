// Package headwater holds the rules that all packages keep, as tests: nobody has
// to look for them in a review.
package headwater

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "headwater"

// A room is what a package may import from this module, and why no more.
type room struct {
	may []string
	why string
}

// rooms are the arrows of ARCHITECTURE.md. Test files may import what they like.
var rooms = map[string]room{
	"cmd/headwater": {[]string{"api", "certificate", "check", "dial", "edge", "feed", "metric", "origin", "probe", "service", "store"}, "wires the rooms together, and nothing else does"},
	"api":           {[]string{"explain", "metric", "report", "service"}, "declares what it needs of store, edge and feed, so that each can be replaced"},
	"feed":          {[]string{"service"}, "carries snapshots; where they come from and go to is the wiring's"},
	"store":         {[]string{"service"}, "knows nothing of HTTP, from clients or to origins"},
	"edge":          {[]string{"dial", "edge/h2", "edge/program", "explain", "metric", "probe", "report", "service", "vcl", "vcl/syntax"}, "runs from a snapshot alone, without a control plane"},
	"edge/h2":       {nil, "speaks HTTP/2, and knows neither sockets nor what becomes of a request"},
	"edge/program":  {[]string{"service", "vcl/syntax"}, "makes a tree of a snapshot; what runs it is the edge's"},
	"metric":        {nil, "is how counts are written; who counts is its callers' business"},
	"report":        {nil, "is what is told of backends, which others find and the API carries"},
	"explain":       {nil, "is a question and an answer, which the edge finds and the API carries"},
	"certificate":   {nil, "is asked by the edge, and knows nothing of it"},
	"check":         {[]string{"dial", "probe", "report", "service"}, "tries what traffic and probes will do, with what they do it with"},
	"probe":         {[]string{"dial", "service"}, "reaches origins as the edge does, and has its own connections"},
	"dial":          {[]string{"service"}, "is below all that reaches an origin"},
	"service":       {[]string{"vcl"}, "is what all others speak of"},
	"origin":        {nil, "shares no code with the edge that it tests"},
	"vcl":           {[]string{"vcl/regex", "vcl/syntax"}, "is a language, and knows no HTTP server"},
	"vcl/regex":     {nil, "is about bytes alone"},
	"vcl/syntax":    {nil, "is the grammar alone"},

	"internal/durable": {nil, "is how files outlive a crash, below all that writes them"},
	"internal/lines":   {nil, "is how lines are written, below all that logs"},
	"internal/message": {nil, "is how messages lie in memory, below all that reads them"},

	// For tests and measuring.
	"bench":                {nil, "measures binaries, its own and others, from outside"},
	"certificate/acmetest": {nil, "is an authority that is not ours"},
	"dial/dialtest":        {nil, "is what origins and name servers are to dial"},
	"edge/edgetest":        {[]string{"dial/dialtest", "edge", "service"}, "starts edges, and origins that share none of their code"},
	"store/storetest":      {[]string{"service", "store"}, "judges every store alike"},
}

// forbidden are imports from elsewhere that a room must do without.
var forbidden = map[string]struct {
	imports []string
	why     string
}{
	"edge":    {[]string{"database/sql", "net/http"}, "traffic must not wait for a database, and HTTP/1 is the edge's own"},
	"feed":    {[]string{"database/sql", "net/http"}, "an edge without a control plane uses it too"},
	"service": {[]string{"database/sql", "net/http", "headwater/store"}, "values have no home and no wire"},
	"vcl":     {[]string{"net/http", "net"}, "is a language, and knows no HTTP server"},
	"dial":    {[]string{"net/http"}, "is below HTTP"},
}

// cold are the files of edge that no request passes through. All others do
// without packages that reflect or allocate for a living.
var (
	cold    = []string{"code.go", "compile.go", "destination.go", "doc.go", "edge.go", "explain.go"}
	tooSlow = []string{"encoding/json", "fmt", "reflect", "regexp"}
)

const (
	maxFileLines     = 600
	maxFunctionLines = 90
)

// A source is one Go file.
type source struct {
	path string // slash-separated, from the module's root
	text []byte
	file *ast.File
	set  *token.FileSet
}

func (s *source) dir() string  { return path.Dir(s.path) }
func (s *source) test() bool   { return strings.HasSuffix(s.path, "_test.go") }
func (s *source) lines() int   { return strings.Count(string(s.text), "\n") }
func (s *source) base() string { return path.Base(s.path) }

func (s *source) at(p token.Pos) string {
	return s.path + ":" + strconv.Itoa(s.set.Position(p).Line)
}

func (s *source) imports() []string {
	var all []string
	for _, i := range s.file.Imports {
		name, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			panic(err) // the parser accepted it
		}
		all = append(all, name)
	}
	return all
}

func sources(t *testing.T) []*source {
	t.Helper()
	var all []*source
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if base := d.Name(); base != "." && (strings.HasPrefix(base, ".") || base == "testdata") {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		s := &source{path: filepath.ToSlash(name), set: token.NewFileSet()}
		if s.text, err = os.ReadFile(name); err != nil {
			return err
		}
		s.file, err = parser.ParseFile(s.set, name, s.text, parser.ParseComments|parser.SkipObjectResolution)
		all = append(all, s)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestArrows(t *testing.T) {
	for _, s := range sources(t) {
		if s.test() {
			continue
		}
		r, known := rooms[s.dir()]
		if !known {
			t.Errorf("%s: package %s is in no room; add it to rooms, and to ARCHITECTURE.md", s.path, s.dir())
			continue
		}
		for _, name := range s.imports() {
			if own, found := strings.CutPrefix(name, module+"/"); found && !slices.Contains(r.may, own) && !strings.HasPrefix(own, "internal/") {
				t.Errorf("%s imports %s, but %s %s", s.path, own, s.dir(), r.why)
			}
			if f := forbidden[s.dir()]; slices.Contains(f.imports, name) {
				t.Errorf("%s imports %s, but in %s %s", s.path, name, s.dir(), f.why)
			}
		}
	}
}

func TestHotFiles(t *testing.T) {
	for _, s := range sources(t) {
		if s.dir() != "edge" || s.test() || slices.Contains(cold, s.base()) {
			continue
		}
		for _, name := range s.imports() {
			if slices.Contains(tooSlow, name) {
				t.Errorf("%s is on the way of a request and imports %s", s.path, name)
			}
		}
	}
}

func TestSizes(t *testing.T) {
	for _, s := range sources(t) {
		if n := s.lines(); n > maxFileLines {
			t.Errorf("%s has %d lines; %d are enough", s.path, n, maxFileLines)
		}
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			n := s.set.Position(f.End()).Line - s.set.Position(f.Pos()).Line + 1
			if n > maxFunctionLines && !s.test() {
				t.Errorf("%s: %s has %d lines; %d are enough", s.at(f.Pos()), f.Name.Name, n, maxFunctionLines)
			}
		}
	}
}

// A todo is owned if somebody answers for it: TODO(name) or TODO(#41).
var (
	todo  = regexp.MustCompile(`\b(TODO|FIXME|XXX)\b`)
	owned = regexp.MustCompile(`\bTODO\((#\d+|[a-z]+)\): `)
)

func TestTodosAreOwned(t *testing.T) {
	for _, s := range sources(t) {
		for _, group := range s.file.Comments {
			for _, c := range group.List {
				if s.path != "rules_test.go" && todo.MatchString(c.Text) && !owned.MatchString(c.Text) {
					t.Errorf("%s: nobody answers for this: %s", s.at(c.Pos()), c.Text)
				}
			}
		}
	}
}

func TestPackagesAreDocumented(t *testing.T) {
	documented := map[string]bool{}
	for _, s := range sources(t) {
		if !s.test() {
			documented[s.dir()] = documented[s.dir()] || s.file.Doc != nil
		}
	}
	for dir, yes := range documented {
		if !yes {
			t.Errorf("package %s has no doc", dir)
		}
	}
}

// understood are methods whose meaning the language or its library has fixed.
var understood = []string{"Error", "String", "Unwrap"}

func TestExportedNamesAreDocumented(t *testing.T) {
	for _, s := range sources(t) {
		if s.test() || s.file.Name.Name == "main" {
			continue
		}
		for _, d := range s.file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Doc == nil && d.Name.IsExported() && ownerExported(d) && !(d.Recv != nil && slices.Contains(understood, d.Name.Name)) {
					t.Errorf("%s: %s has no doc", s.at(d.Pos()), d.Name.Name)
				}
			case *ast.GenDecl:
				for _, name := range undocumented(d) {
					t.Errorf("%s: %s has no doc", s.at(name.Pos()), name.Name)
				}
			}
		}
	}
}

// ownerExported reports whether f is a function, or a method of an exported type.
func ownerExported(f *ast.FuncDecl) bool {
	if f.Recv == nil {
		return true
	}
	owner := f.Recv.List[0].Type
	for {
		switch o := owner.(type) {
		case *ast.StarExpr:
			owner = o.X
		case *ast.IndexExpr:
			owner = o.X
		case *ast.IndexListExpr:
			owner = o.X
		case *ast.Ident:
			return o.IsExported()
		default:
			return true
		}
	}
}

// undocumented returns the exported names of d without a comment. One above a
// group speaks for all of it, and the comment of its type for an enumeration.
func undocumented(d *ast.GenDecl) (names []*ast.Ident) {
	if d.Tok == token.CONST && len(d.Specs) > 0 && d.Specs[0].(*ast.ValueSpec).Type != nil {
		return nil
	}
	for _, spec := range d.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			if d.Doc == nil && spec.Doc == nil && spec.Name.IsExported() {
				names = append(names, spec.Name)
			}
		case *ast.ValueSpec:
			for _, name := range spec.Names {
				if d.Doc == nil && spec.Doc == nil && spec.Comment == nil && name.IsExported() {
					names = append(names, name)
				}
			}
		}
	}
	return names
}

// failureRow is a line of the table in edge/failure.go.
var failureRow = regexp.MustCompile(`\{side\w+, (\d+), "([^"]+)"\}`)

// TestReasonsAreDocumented holds docs/errors.md to the failures that have a page
// of their own or only a reason in the log. The others are statuses of HTTP.
func TestReasonsAreDocumented(t *testing.T) {
	code, err := os.ReadFile("edge/failure.go")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("docs/errors.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := failureRow.FindAllStringSubmatch(string(code), -1)
	if len(rows) == 0 {
		t.Fatal("edge/failure.go has another shape than this test knows")
	}
	for _, row := range rows {
		status, reason := row[1], row[2]
		if (status == "0" || status >= "500") && !strings.Contains(string(text), "`"+reason+"`") {
			t.Errorf("docs/errors.md does not explain %q", reason)
		}
	}
}

// namedTest is a test, fuzz target or benchmark as documents name them: with the
// folder before it, unless the document says where they all are.
var namedTest = regexp.MustCompile("`(?:[a-z/]+/)?((?:Test|Fuzz|Benchmark)[A-Z]\\w*)`")

// TestDocumentedTestsExist holds documents to naming tests that are there.
func TestDocumentedTestsExist(t *testing.T) {
	there := map[string]bool{}
	for _, s := range sources(t) {
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && s.test() {
				there[f.Name.Name] = true
			}
		}
	}
	pages, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, named := range namedTest.FindAllStringSubmatch(string(text), -1) {
			if !there[named[1]] {
				t.Errorf("%s names %s, which is not there", page, named[1])
			}
		}
	}
}
