package syntax

import (
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestPrintOfTreesMadeByHand prints trees that no text was read for, some of which
// no text could be.
func TestPrintOfTreesMadeByHand(t *testing.T) {
	a, b, c := v("a"), v("b"), v("c")
	tests := map[string]Expr{
		`a && (b || c)`:                    binary(And, a, binary(Or, b, c)),
		`a && b || c`:                      binary(Or, binary(And, a, b), c),
		`a || b || c`:                      binary(Or, binary(Or, a, b), c),
		`a || (b || c)`:                    binary(Or, a, binary(Or, b, c)),
		`!a ~ b && c`:                      binary(And, &Not{X: binary(Match, a, b)}, c),
		`!(a && b)`:                        &Not{X: binary(And, a, b)},
		`!!a`:                              &Not{X: &Not{X: a}},
		`(!a) ~ b`:                         binary(Match, &Not{X: a}, b),
		`(a == b) == (b == c)`:             binary(Equal, binary(Equal, a, b), binary(Equal, b, c)),
		`a "b" + -1 - 2`:                   row(part(0, a), part(0, s("b")), part(0, &Integer{Value: -1}), part('-', &Integer{Value: 2})),
		`a b c`:                            row(part(0, row(part(0, a), part(0, b))), part(0, &Paren{X: c})),
		`0x5 m 0x7 h(a)`:                   row(part(0, &Integer{Value: 5}), part(0, v("m")), part(0, &Integer{Value: 7}), part(0, call("h", a))),
		`1.5 + m`:                          row(part(0, &Float{Value: 1.5}), part(0, v("m"))),
		`f(a || b, "%22%25%0A%7F", {"c"})`: call("f", binary(Or, a, b), s("\"%\n\x7f"), &String{Value: "c", Long: true}),
		`{X""}"X}`:                         &String{Value: `"}`, Long: true},
		`{XXX"a"XX}"}"XXX}`:                &String{Value: `a"XX}"}`, Long: true},
		`"a%00%FF"`:                        &String{Value: "a\x00\xff", Long: true},
		`"é🐋"`:                             s("é🐋"),
		`req.http.A__restart__B_c`:         v("req.http.A; restart; B:c"),
		`_`:                                v(""),
		`_1a`:                              v("1a"),
		`a_b`:                              v("a:b"),
		`2.0`:                              &Float{Value: 2},
		`1e+300`:                           &Float{Value: 1e300},
		`0.1`:                              &Float{Value: 0.1, Text: `0.1; restart`},
		`90s`:                              &RTime{Value: 90 * time.Second},
		`-1500ms`:                          &RTime{Value: -1500 * time.Millisecond},
		`0.000000001s`:                     &RTime{Value: 1},
		`-9223372036.854775808s`:           &RTime{Value: math.MinInt64},
		`1.5m`:                             &RTime{Value: 90 * time.Second, Text: "1.5m"},
		`false`:                            &Bool{},
		`50%`:                              &Percent{Value: 50},
	}
	for want, tree := range tests {
		got := PrintExpr(tree)
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if strings.Contains(got, "%FF") {
			continue // for people only
		}
		if _, problems := ParseExpr(NewFile("printed", got)); problems != nil {
			t.Errorf("%s", problems.Show())
		}
	}
}

// TestPrintOfStatementsMadeByHand prints what could end a construct early, and a
// macro with what stands for it.
func TestPrintOfStatementsMadeByHand(t *testing.T) {
	set := &Set{Target: v("req.http.A"), Op: Assign, Value: s("a")}
	set.Comments = []string{"one\ntwo", "#FASTLY recv", "/* a */ b */", "// c\nrestart;", "/**/", "#"}
	got := Print(&Unit{
		Decls: []Decl{
			&Pragma{Text: "a; b"},
			&Include{Name: "a\"; b"},
			&Sub{Name: v("vcl_recv {"), Body: &Block{Stmts: []Stmt{
				set,
				&Macro{Sub: "recv", Body: []Stmt{&Unset{Target: v("req.http.X-*")}, &Return{State: v("pass")}}},
				&Macro{Sub: "recv\nrestart"},
				&If{Cond: v("a"), Else: &Block{Stmts: []Stmt{&ESI{}}}},
				&Goto{},
			}}},
		},
		Comments: []string{"end"},
	})
	want := `pragma a;
include "a%22; b";

sub vcl_recv__ {
  # one
  # two
  # FASTLY recv
  # /* a  b 
  // c
  # restart;
  /**/
  #
  set req.http.A = "a";
  #--FASTLY RECV BEGIN
  unset req.http.X-*;
  return(pass);
  #--FASTLY RECV END
  #FASTLY recv_restart
  if (a) {
  } else {
    esi;
  }
  goto _;
}

# end
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if _, problems := ParseUnit(NewFile("printed", got)); problems != nil {
		t.Error(problems.Show())
	}
}

// TestWalkVisitsAll compares what Walk visits with all that there is in a tree.
func TestWalkVisitsAll(t *testing.T) {
	for name, page := range pages(t) {
		file, read := source(t, page)
		var root Node
		switch tree := read(file).tree.(type) {
		case *Unit:
			root = tree
		case []Stmt:
			root = &Block{Stmts: tree}
		case Expr:
			root = tree
		default:
			continue
		}
		got, want := map[Node]int{}, map[Node]int{}
		Walk(root, func(n Node) bool { got[n]++; return true })
		everyNode(reflect.ValueOf(root), want)
		if len(got) != len(want) {
			t.Errorf("%s: %d nodes visited, there are %d", name, len(got), len(want))
		}
		for n, times := range got {
			if times != 1 {
				t.Errorf("%s: %T visited %d times", name, n, times)
			}
		}
	}
}
