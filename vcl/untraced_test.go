package vcl

import (
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"weak"

	"github.com/rogpeppe/go-internal/txtar"

	"headwater/vcl/syntax"
)

// TestUntracedKeepsNoTree compiles the programs of the pages, which have all that the
// language has, and looks whether their sources are still there.
func TestUntracedKeepsNoTree(t *testing.T) {
	pages, err := filepath.Glob("testdata/conformance/*.txtar")
	if err != nil || len(pages) == 0 {
		t.Fatal("no pages", err)
	}
	for _, page := range pages {
		a, err := txtar.ParseFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range a.Files {
			if f.Name == "main.vcl" {
				t.Run(strings.TrimSuffix(filepath.Base(page), ".txtar"), func(t *testing.T) { checkKeepsNoTree(t, string(f.Data)) })
			}
		}
	}
}

func checkKeepsNoTree(t *testing.T, text string) {
	t.Helper()
	p, source := untraced(text)
	if p == nil {
		return
	}
	runtime.GC()
	if source.Value() != nil {
		t.Error("its tree is kept")
	}
	runtime.KeepAlive(p)
}

// untraced compiles a program, nil if it has problems, without what may refer to its
// tree.
func untraced(text string) (*Program, weak.Pointer[syntax.File]) {
	f := syntax.NewFile("main", text)
	u, problems := syntax.ParseUnit(f)
	if len(problems) > 0 {
		return nil, weak.Pointer[syntax.File]{}
	}
	p, problems := Compile(u, Options{Untraced: true})
	if len(problems) > 0 {
		return nil, weak.Pointer[syntax.File]{}
	}
	p.Forget()
	return p, weak.Make(f)
}

// A program that cannot be traced says so, and does not tell of what is not there.
func TestUntracedRun(t *testing.T) {
	p, _ := untraced(`sub vcl_recv { if (req.url ~ "^/a") { set req.http.A = "b"; return(pass); } }`)
	x := testCtx(browser)
	if a := p.Run(x, Recv); a != DoPass && a != Default {
		t.Errorf("without a trace it came to %v: %v", a, x.Fault)
	}
	x.Trace = &Trace{}
	if a := p.Run(x, Recv); a != DoFail || x.Fault != ErrUntraced || len(x.Trace.Steps) > 0 {
		t.Errorf("with a trace it came to %v, %v, and told %v", a, x.Fault, x.Trace.Steps)
	}
}
