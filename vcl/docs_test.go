package vcl

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// marker is the line of docs/vcl.md from which on it is made from the library.
const marker = "## Variables\n"

// TestDocs holds docs/vcl.md to the library. With -update it writes the part that
// is made from it.
func TestDocs(t *testing.T) {
	const file = "../docs/vcl.md"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	prose, _, found := strings.Cut(string(text), marker)
	if !found {
		t.Fatalf("%s has no line %q", file, marker)
	}
	want := prose + marker + libraryDocs()
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Errorf("%s is not what the library says; go test ./vcl -update writes it (-want +got):\n%s", file, diff)
	}
}

func libraryDocs() string {
	var b strings.Builder
	b.WriteString("\nWhere a name may be read, set and unset, by the subroutines without `vcl_`.\n\n" +
		"| name | type | read | set | unset |\n|---|---|---|---|---|\n")
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		if v := variables[name]; v.reason == "" {
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", name, v.typ, scopesDoc(v.read), scopesDoc(v.write), scopesDoc(v.unset))
		}
	}
	b.WriteString("\n## Functions\n\n| call | returns |\n|---|---|\n")
	for _, name := range slices.Sorted(maps.Keys(functions)) {
		if f := functions[name]; f.reason == "" {
			fmt.Fprintf(&b, "| `%s(%s)` | %s |\n", name, paramsDoc(f), f.result)
		}
	}
	b.WriteString("\n## Not implemented\n\nA program that names one of these is refused, with the reason.\n\n| reason | names |\n|---|---|\n")
	reasons := map[string][]string{}
	for name, v := range variables {
		reasons[v.reason] = append(reasons[v.reason], "`"+name+"`")
	}
	for name, f := range functions {
		reasons[f.reason] = append(reasons[f.reason], "`"+name+"()`")
	}
	delete(reasons, "")
	for _, reason := range slices.Sorted(maps.Keys(reasons)) {
		slices.Sort(reasons[reason])
		fmt.Fprintf(&b, "| %s | %s |\n", reason, strings.Join(reasons[reason], ", "))
	}
	return b.String()
}

func scopesDoc(s Scopes) string {
	if s == 0 {
		return "-"
	}
	return s.String()
}

// paramsDoc shows parameters that may be left out in brackets.
func paramsDoc(f *function) string {
	var all []string
	for i, p := range f.params {
		text := p.typ.String()
		if i >= f.least {
			text = "[" + text + "]"
		}
		all = append(all, text)
	}
	if f.more {
		all = append(all, "...")
	}
	return strings.Join(all, ", ")
}
