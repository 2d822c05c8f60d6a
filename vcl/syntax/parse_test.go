package syntax

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// v, s and and make trees by hand.
func v(text string) *Name                 { return &Name{Text: text} }
func s(value string) *String              { return &String{Value: value} }
func binary(op Op, x, y Expr) *Binary     { return &Binary{Op: op, X: x, Y: y} }
func row(parts ...Part) *Concat           { return &Concat{Parts: parts} }
func part(sign byte, x Expr) Part         { return Part{sign, x} }
func call(fun string, args ...Expr) *Call { return &Call{Fun: v(fun), Args: args} }

func TestExpressions(t *testing.T) {
	tests := map[string]Expr{
		`req.url ~ "^/api/" && req.http.X-Beta`: binary(And, binary(Match, v("req.url"), s("^/api/")), v("req.http.X-Beta")),
		`a || b && c`:                           binary(Or, v("a"), binary(And, v("b"), v("c"))),
		`a && b && c`:                           binary(And, binary(And, v("a"), v("b")), v("c")),
		`!a ~ "x" && b`:                         binary(And, &Not{X: binary(Match, v("a"), s("x"))}, v("b")),
		`!(a)`:                                  &Not{X: &Paren{X: v("a")}},
		"a\n\"b\" + c":                          row(part(0, v("a")), part(0, s("b")), part('+', v("c"))),
		`a == "b" "c"`:                          binary(Equal, v("a"), row(part(0, s("b")), part(0, s("c")))),
		`now - 5m`:                              row(part(0, v("now")), part('-', &RTime{Value: 300e9, Text: "5m"})),
		`"a" + -1.5 s`:                          row(part(0, s("a")), part('+', &RTime{Value: -1.5e9, Text: "-1.5s"})),
		`if(a, "b", c)`:                         call("if", v("a"), s("b"), v("c")),
		`f()`:                                   call("f"),
		`req.http.A-b_c:d.e-f`:                  v("req.http.A-b_c:d.e-f"),
		`{"a"b%20"}`:                            &String{Value: `a"b%20`, Long: true},
		`{X"a"}"X}`:                             &String{Value: `a"}`, Long: true},
		`"%41%u00e9%u{1F40B}"`:                  s("Aé🐋"),
		`"a%00b"`:                               s("a"),
		`0x1f`:                                  &Integer{Value: 31},
		`-7`:                                    &Integer{Value: -7},
		`1e3`:                                   &Float{Value: 1000, Text: "1e3"},
		`0xA.8p3`:                               &Float{Value: 84, Text: "0xA.8p3"},
		`1000y`:                                 &RTime{Value: 1<<63 - 1, Text: "1000y"},
		`true`:                                  &Bool{Value: true},
	}
	for text, want := range tests {
		got, problems := ParseExpr(NewFile("condition", text))
		if problems != nil {
			t.Errorf("%s\n%s", text, problems.Show())
		} else if diff := cmp.Diff(want, got, positionless); diff != "" {
			t.Errorf("%s (-want +got)\n%s", text, diff)
		}
	}
}

func TestConditionsThatAreNone(t *testing.T) {
	tests := map[string]string{
		``:                           `expected a value`,
		`a = "b"`:                    `to compare, write ==`,
		`a =~ "b"`:                   `to match, write ~`,
		`a and b`:                    `write && or ||`,
		`a & b`:                      `write &&`,
		`a == b == c`:                `do not chain`,
		`req.url) { } if (x`:         `expected the end of the condition`,
		`a;`:                         `expected the end of the condition`,
		`a # b`:                      `cannot hold a comment`,
		`/* a */ b`:                  `cannot hold a comment`,
		`"a" (b)`:                    `a parenthesis in a concatenation`,
		`if(a, b)`:                   `three arguments`,
		`"50% off"`:                  `a percent sign is written %25`,
		`"%ff"`:                      `not UTF-8`,
		"\"a\nb\"":                   `does not end`,
		`{X"a"}`:                     `does not end`,
		`1.5.2`:                      `is not a number`,
		`9223372036854775808`:        `does not fit in 64 bits`,
		`'a'`:                        `a string is written "..."`,
		"a\x00":                      `NUL`,
		"a\xff":                      `not UTF-8`,
		strings.Repeat("(", 3e5):     `levels`,
		strings.Repeat("!", 3e5):     `levels`,
		strings.Repeat("f(", 3e5):    `levels`,
		strings.Repeat("a", 1<<20):   `more than 256 bytes`,
		strings.Repeat("a", 1<<20+1): `bytes in one file`,
		strings.Repeat("a ", 1<<19):  `words in one file`,
	}
	for text, want := range tests {
		x, problems := ParseExpr(NewFile("condition", text))
		if x != nil || len(problems) != 1 || !strings.Contains(problems[0].Error(), want) {
			t.Errorf("%.40q: got %d problems, %v; want %q", text, len(problems), problems, want)
		}
	}
}

func TestStatementsOfSnippets(t *testing.T) {
	tests := map[string]string{
		"":                              "",
		"# nothing\n":                   "",
		"set req.http.A = \"a\";\nesi;": "",
		"set req.http.A = \"a\"\nset req.url = b;": `snippet, line 1, column 21: expected ";", found "set"; is a ; missing?`,
		"esi; } sub evil {":                        `snippet, line 1, column 6: "}" closes nothing`,
		"esi;\nsub evil { }":                       `snippet, line 2, column 1: "sub" cannot stand in a subroutine; is a } missing before it?`,
		"if (a) { esi;":                            `snippet, line 1, column 14: expected "}", found the end; the { in line 1 is not closed`,
		"bar 1;\nfoo;":                             "snippet, line 1, column 1: expected a statement, found \"bar\"\nsnippet, line 2, column 1: expected a statement, found \"foo\"",
	}
	for text, want := range tests {
		_, problems := ParseStmts(NewFile("snippet", text))
		if diff := cmp.Diff(want, problems.Error()); diff != "" {
			t.Errorf("%s (-want +got)\n%s", text, diff)
		}
	}
}
