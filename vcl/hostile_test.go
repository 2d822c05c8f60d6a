package vcl

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"headwater/internal/message"
	"headwater/vcl/syntax"
)

// What costs more than it should ends in a problem, or in a request that fails.

func TestHostilePrograms(t *testing.T) {
	many := func(format string, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i, i+1)
		}
		return b.String()
	}
	tests := []struct {
		name, program, want string
	}{
		{"a long chain of calls that comes back", many("sub s%d { call s%d; }\n", 5000) + "sub s5000 { call s0; }", "calls itself"},
		{"names that are not there", "sub vcl_recv {" + many("log req.htpp.X%d.%d;\n", 5000) + "}", "there is no variable"},
		{"a chain of calls that is too long", many("sub s%d { call s%d; }\n", 101) + "sub s101 { log \"x\"; }", "more than 100 calls"},
		{"locals of many blocks", "sub vcl_recv {" + many("declare local var.a%d STRING; { declare block var.b%d STRING; }\n", 4000) + "log var.b1; }", "there is no variable var.b1"},
		{"a label that comes twice", "sub vcl_recv { goto a; a: log \"1\"; goto a; a: log \"2\"; }", "a label a already"},
		{"a member that is nothing", "backend F_a { .host = \"a\"; } director d random { { .weight = 1; } { .backend = F_a; .weight = 1; } }", "a member has a .backend"},
		{"gotos", "sub vcl_recv {" + strings.Repeat("goto end;\n", 5000) + "end: log \"x\"; }", "at most 1000 gotos"},
		{"a pattern that is too big", `sub vcl_recv { if (req.url ~ "((a{100}){100}){100}") { log "x"; } }`, "pattern"},
		{"many patterns that are big", "sub vcl_recv {" + many(`if (req.url ~ "(?:(?:ab){445}c%d_%d){22}") { log "x"; }`, 500) + "}", "more than 64 MiB"},
		{"a pattern without an end", `sub vcl_recv { if (req.url ~ "[a") { log "x"; } }`, "pattern"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, problems := compileText("hostile", tt.program)
			if len(problems) == 0 || len(problems) > syntax.MaxErrors || !strings.Contains(problems.Error(), tt.want) {
				t.Errorf("%d problems: %.500s", len(problems), problems.Error())
			}
		})
	}
}

func TestCompileHasADeadline(t *testing.T) {
	u, problems := syntax.ParseUnit(syntax.NewFile("late", "sub vcl_recv { log \"a\"; }"))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	_, problems = Compile(u, Options{Deadline: time.Unix(1, 0)})
	if len(problems) != 1 || !strings.Contains(problems.Error(), "too long") {
		t.Errorf("problems: %v", problems)
	}
}

func TestHostileRequests(t *testing.T) {
	doubling := "sub s0 { log \"x\"; }\n"
	for i := range 40 {
		doubling += fmt.Sprintf("sub s%d { call s%d; call s%d; }\n", i+1, i, i)
	}
	tests := []struct {
		name, program string
		want          error
	}{
		{"calls that double", doubling + "sub vcl_recv { call s40; }", ErrSteps},
		{"a text that doubles", "sub vcl_recv { declare local var.s STRING; set var.s = \"x\";" +
			strings.Repeat("set var.s = var.s var.s;\n", 40) + "}", ErrWorkspace},
		{"a header that is set again and again", "sub vcl_recv {" + strings.Repeat("add req.http.X = req.http.Big;\n", 300) + "}", ErrWorkspace},
		{"fields without end", "sub vcl_recv {" + strings.Repeat("add req.http.X = \"a\";\n", 300) + "}", ErrWorkspace},
		{"lines of the log", "sub vcl_recv {" + strings.Repeat("log req.http.Big;\n", 300) + "}", ErrWorkspace},
		{"the workspace, in the last statement", "sub vcl_recv { set req.url = \"/safe\"" + strings.Repeat(" req.http.Big", 300) + "; }", ErrWorkspace},
		{"an expression without end", "sub s { if (" + strings.Repeat("req.http.N || ", 999) + "req.http.N) { log \"x\"; } }\n" +
			"sub vcl_recv {" + strings.Repeat("call s;\n", 110) + "}", ErrSteps},
		{"functions on large texts", "sub vcl_recv {" + strings.Repeat("if ("+strings.Repeat("std.strlen(req.http.Big) == 1 || ", 99)+"req.http.No) { log \"x\"; }\n", 120) + "}", ErrSteps},
		{"a text of any length", `sub vcl_recv { log std.strrep("x", 9000000000000000000); log "x"; }`, ErrWorkspace},
		{"a header of many elements", "sub vcl_recv { declare local var.s STRING; set var.s = std.strrep(\"*,\", 30000);" +
			strings.Repeat("log accept.encoding_lookup(\"br\", \"identity\", var.s);\n", 30) + "}", ErrSteps},
		{"a pattern that backtracks", "sub vcl_recv { declare local var.s STRING; set var.s = std.strrep(\"a\", 4000);" +
			strings.Repeat("if (var.s ~ \"^(a|aa|a?)+(?=b)$\") { log \"x\"; }\n", 30) + "}", ErrSteps},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, problems := compileText("hostile", tt.program)
			if len(problems) > 0 {
				t.Fatal(problems.Show())
			}
			x := testCtx("GET /\nBig: " + strings.Repeat("x", 2000) + "\n")
			if a := p.Run(x, Recv); a != DoFail || x.Fault != tt.want {
				t.Errorf("ended in %q, %v", a, x.Fault)
			}
		})
	}
}

func TestNoAllocations(t *testing.T) {
	for name, program := range map[string]string{
		"condition": condition(`req.url ~ "^/api/" && req.http.X-Beta`),
		"bots":      condition(`req.http.User-Agent ~ "(?i)(googlebot|bingbot|slurp)"`),
		"recv":      smallRecv,
	} {
		t.Run(name, func(t *testing.T) {
			p, problems := compileText(name, program)
			if len(problems) > 0 {
				t.Fatal(problems.Show())
			}
			x := testCtx(browser)
			fields := copied(&x.Req.Fields)
			got := testing.AllocsPerRun(100, func() {
				x.Req.Fields.Copy(&fields)
				x.arena.reset()
				x.steps = maxSteps
				p.Run(x, Recv)
			})
			if got != 0 {
				t.Errorf("%v allocations", got)
			}
		})
	}
}

// What a request leaves behind is nothing to the next, of whatever program.
func TestLocalsBeginAnew(t *testing.T) {
	const backends = `backend F_a { .host = "a"; } backend F_b { .host = "b"; }`
	first, problems := compileText("first", backends+`
sub vcl_recv {
  declare local var.s STRING; declare local var.b BACKEND; declare local var.i INTEGER; declare local var.ip IP;
  set var.s = req.http.Secret; set var.b = F_b; set var.i = 42; set var.ip = "192.0.2.9";
}`)
	if len(problems) > 0 {
		t.Fatal(problems.Show())
	}
	second, problems := compileText("second", backends+`
sub vcl_recv {
  if (req.http.Never) {
    declare local var.s STRING; declare local var.b BACKEND; declare local var.i INTEGER; declare local var.ip IP;
  }
  log var.s "|" var.b "|" var.i "|" var.ip;
  set var.s = "of the former run";
}`)
	if len(problems) > 0 {
		t.Fatal(problems.Show())
	}
	x := testCtx("GET /\nSecret: s3cret\n")
	first.Run(x, Recv)
	const want = "(null)|(null)|0|(null)"
	for range 2 {
		if a := second.Run(x, Recv); a != Default || x.Logged[len(x.Logged)-1] != want {
			t.Errorf("%q, %q; want %q", a, x.Logged, want)
		}
	}
}

// A line of the log is read when the message that it was taken from may be gone.
func TestLoggedTextIsItsOwn(t *testing.T) {
	p, problems := compileText("log", `sub vcl_recv { log req.http.X; }`)
	if len(problems) > 0 {
		t.Fatal(problems.Show())
	}
	x := testCtx("GET /\n")
	value := []byte("value")
	x.Req.Fields.Put([]byte("X"), value, message.Other)
	p.Run(x, Recv)
	copy(value, "other")
	if x.Logged[0] != "value" {
		t.Errorf("logged %q", x.Logged[0])
	}
}
