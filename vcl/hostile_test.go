package vcl

import (
	"fmt"
	"strings"
	"testing"
	"time"

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
			x := testCtx("GET /\n")
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
			fields := append(x.Req.Fields[:0:0], x.Req.Fields...)
			got := testing.AllocsPerRun(100, func() {
				x.Req.Fields = append(x.Req.Fields[:0], fields...)
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
