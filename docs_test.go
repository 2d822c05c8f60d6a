package headwater

import (
	"go/ast"
	"os"
	"regexp"
	"strings"
	"testing"

	"headwater/service"
)

// A field of a backend that docs/backend.md tells nothing of, or whose promise no test
// shows, is a field that nobody answers for.
func TestBackendFieldsAreTold(t *testing.T) {
	text, err := os.ReadFile("docs/backend.md")
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]int{}
	for fields, tests := range fieldRows(string(text)) {
		for _, name := range quoted.FindAllStringSubmatch(fields, -1) {
			told[name[1]]++
		}
		if !testName.MatchString(tests) && !strings.HasPrefix(tests, "the same") {
			t.Errorf("%s: no test", fields)
		}
	}
	for _, p := range service.BackendKind.Properties() {
		if n := told[p.Name]; n != 1 {
			t.Errorf("%s has %d rows", p.Name, n)
		}
		delete(told, p.Name)
	}
	for name := range told {
		t.Errorf("%s is no field", name)
	}
}

// What the documents say shows something is there.
func TestToldTestsExist(t *testing.T) {
	there := testsOf(sources(t))
	for _, page := range []string{"docs/backend.md", "docs/health.md", "docs/pops.md"} {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range testName.FindAllStringSubmatch(string(text), -1) {
			dir, test := name[1], name[2]
			if !there[test] || dir != "" && !there[dir+test] {
				t.Errorf("%s: there is no %s%s", page, dir, test)
			}
		}
		for _, name := range pageName.FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(name[1]); err != nil {
				t.Errorf("%s: %v", page, err)
			}
		}
	}
}

var (
	quoted   = regexp.MustCompile("`([a-z0-9_]+)`")
	testName = regexp.MustCompile("`([a-z/]*/)?((?:Test|Fuzz|Benchmark)[A-Z][A-Za-z0-9]*)`")
	pageName = regexp.MustCompile("`([a-z0-9/_]+\\.txtar)`")
)

// fieldRows returns the first and last cells of the tables of fields.
func fieldRows(text string) map[string]string {
	rows, inside := map[string]string{}, false
	for line := range strings.Lines(text) {
		cells := strings.Split(strings.TrimSpace(line), " | ")
		switch {
		case strings.HasPrefix(line, "| field |"):
			inside = true
		case !strings.HasPrefix(line, "|"):
			inside = false
		case inside && !strings.HasPrefix(line, "|---"):
			rows[strings.TrimPrefix(cells[0], "| ")] = strings.TrimSuffix(cells[len(cells)-1], " |")
		}
	}
	return rows
}

// testsOf returns the tests there are, with the directory before each and without.
func testsOf(all []*source) map[string]bool {
	there := map[string]bool{}
	for _, s := range all {
		if !s.test() {
			continue
		}
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil {
				there[f.Name.Name], there[s.dir()+"/"+f.Name.Name] = true, true
			}
		}
	}
	return there
}
