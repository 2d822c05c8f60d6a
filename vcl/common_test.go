package vcl

import (
	"strings"
	"testing"

	"headwater/vcl/syntax"
)

// unitOf parses declarations.
func unitOf(t *testing.T, text string) *syntax.Unit {
	t.Helper()
	u, problems := syntax.ParseUnit(syntax.NewFile("main", text))
	if len(problems) > 0 {
		t.Fatal(problems.Show())
	}
	return u
}

// sharing compiles a program that has the subroutine from somewhere else too.
func sharing(t *testing.T, common *Common, text string) (*Program, syntax.Problems) {
	t.Helper()
	u := unitOf(t, text)
	u.Decls = append(u.Decls, common.Decl())
	return Compile(u, Options{Untraced: true, Commons: map[*syntax.Sub]*Common{common.Decl(): common}})
}

// Two programs have one subroutine, each with variables of its own around it, which
// begin anew in it.
func TestCommon(t *testing.T) {
	common, problems := CompileCommon(unitOf(t, `
		sub vcl_log {
			declare local var.n INTEGER;
			set var.n += 1;
			log "log " var.n;
		}`).Decls[0].(*syntax.Sub))
	if len(problems) > 0 {
		t.Fatal(problems.Show())
	}
	for text, want := range map[string]string{
		`sub vcl_recv { log "recv"; }`: "recv, log 1, log 1",
		`sub vcl_recv { declare local var.a INTEGER; declare local var.b INTEGER; set var.a = 7; set var.b = var.a; log var.b; }`: "7, log 1, log 1",
	} {
		p, problems := sharing(t, common, text)
		if len(problems) > 0 {
			t.Fatal(problems.Show())
		}
		x := testCtx(browser)
		p.Run(x, Recv)
		p.Run(x, Log)
		p.Run(x, Log)
		var got []string
		for _, line := range x.Logged {
			got = append(got, string(line))
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("%s logs %q, and should %q", text, got, want)
		}
	}
}

func TestCommonProblems(t *testing.T) {
	only := func(text string) *syntax.Sub { return unitOf(t, text).Decls[0].(*syntax.Sub) }
	for text, want := range map[string]string{
		`sub own { log "x"; }`:                     "is not called by the edge",
		`sub vcl_hit { set req.backend = F_a; }`:   "there is no variable F_a",
		`sub vcl_deliver { call a; }`:              "there is no subroutine a",
		`sub vcl_log { log re.group.1 req.hash; }`: "cannot be read",
	} {
		if _, problems := CompileCommon(only(text)); !strings.Contains(problems.Show(), want) {
			t.Errorf("%s: %s", text, problems.Show())
		}
	}
	common, problems := CompileCommon(only(`sub vcl_log { log "x"; }`))
	if len(problems) > 0 {
		t.Fatal(problems.Show())
	}
	for text, want := range map[string]string{
		`sub vcl_log { log "y"; }`:       "declared already",
		`sub vcl_recv { call vcl_log; }`: "vcl_log cannot be called",
	} {
		if _, problems := sharing(t, common, text); !strings.Contains(problems.Show(), want) {
			t.Errorf("%s beside it: %s", text, problems.Show())
		}
	}
	if common.scopes != in(Log) {
		t.Errorf("a program has changed what it shares: it runs in %v", common.scopes)
	}
}
