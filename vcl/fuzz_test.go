package vcl

import (
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"headwater/vcl/syntax"
)

// FuzzProgram compiles whatever is a program and runs it on a request: nothing of
// it may panic, or take for ever. What the printer makes of it has to do the same.
func FuzzProgram(f *testing.F) {
	pages, err := filepath.Glob("testdata/conformance/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, page := range pages {
		a, err := txtar.ParseFile(page)
		if err != nil {
			f.Fatal(err)
		}
		request := "GET / HTTP/1.1\n"
		for _, part := range a.Files {
			if part.Name == "request" {
				request = string(part.Data)
			}
		}
		f.Add(string(a.Files[0].Data), request)
	}
	f.Fuzz(func(t *testing.T, program, request string) {
		if len(request) == 0 || len(program) > 16<<10 || len(request) > 4<<10 || !runnable(request) {
			return
		}
		u, problems := syntax.ParseUnit(syntax.NewFile("fuzz", program))
		if len(problems) > 0 {
			return
		}
		p, problems := Compile(u, Options{})
		if len(problems) > 0 {
			_ = problems.Show()
			return
		}
		got := outcome(t, p, request)
		printed := syntax.Print(u)
		again, problems := compileText("printed", printed)
		if len(problems) > 0 {
			t.Fatalf("what was printed does not compile: %s\n%s", problems.Show(), printed)
		}
		if want := outcome(t, again, request); !random(u) && got != want {
			t.Errorf("as written:\n%s\nas printed:\n%s\n%s", got, want, printed)
		}
	})
}

// runnable reports whether a text can be read as a request.
func runnable(request string) bool {
	for i := range len(request) {
		if request[i] <= ' ' {
			return i > 0 && request[i] == ' '
		}
	}
	return false
}

func outcome(t *testing.T, p *Program, request string) string {
	l := &life{response: "HTTP/1.1 200 OK\n"}
	l.request = request
	out := l.run(p)
	if l.ctx.Fault != nil && l.ctx.Fault != ErrSteps && l.ctx.Fault != ErrWorkspace {
		t.Fatal(l.ctx.Fault)
	}
	return out
}

// random reports whether a program does not do the same twice.
func random(u *syntax.Unit) (yes bool) {
	for _, d := range u.Decls {
		syntax.Walk(d, func(n syntax.Node) bool {
			if call, ok := n.(*syntax.Call); ok {
				switch call.Fun.Text {
				case "randombool", "randomint", "randomstr", "uuid.version4", "uuid.version7":
					yes = true
				}
			}
			return true
		})
	}
	return yes
}
