package syntax

import (
	"strings"
	"testing"
)

// FuzzParseUnit reads any text as declarations and as statements. Whatever can be
// read prints as something that reads back equal, and all nodes are where they
// say they are.
func FuzzParseUnit(f *testing.F) {
	for _, page := range pages(f) {
		f.Add(string(page.Files[0].Data))
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, how := range []string{"unit.vcl", "snippet.vcl"} {
			file := NewFile("fuzz", text)
			got := readings[how](file)
			got.problems.Show()
			got.warnings.Show()
			switch tree := got.tree.(type) {
			case *Unit:
				checkPlaces(t, file, tree)
			case []Stmt:
				checkPlaces(t, file, &Block{Stmts: tree})
			}
			if got.problems == nil {
				checkReadsBack(t, got, readings[how])
			}
		}
	})
}

// FuzzParseExpr does the same for conditions.
func FuzzParseExpr(f *testing.F) {
	for _, page := range pages(f) {
		if page.Files[0].Name == "condition" {
			f.Add(strings.TrimSuffix(string(page.Files[0].Data), "\n"))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		file := NewFile("fuzz", text)
		got := readings["condition"](file)
		got.problems.Show()
		if got.problems == nil {
			checkPlaces(t, file, got.tree.(Expr))
			checkReadsBack(t, got, readings["condition"])
		}
	})
}

// checkPlaces checks that names stand where the tree says, and everything else
// within the file.
func checkPlaces(t *testing.T, file *File, root Node) {
	t.Helper()
	Walk(root, func(n Node) bool {
		pos := n.Place()
		switch {
		case n == root:
		case pos.File != file || pos.Off < 0 || pos.Off >= len(file.Text):
			t.Fatalf("%T is at %+v", n, pos)
		default:
			if name, ok := n.(*Name); ok && !strings.HasPrefix(file.Text[pos.Off:], name.Text) {
				t.Fatalf("%q is not at %d", name.Text, pos.Off)
			}
		}
		return true
	})
}
