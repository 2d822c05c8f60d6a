package syntax

import (
	"strings"
	"testing"
)

// fill repeats text up to about the size of the largest file, with some room for
// what stands before it.
func fill(text string) string { return strings.Repeat(text, (MaxSource-1000)/len(text)) }

// TestHostileSources reads what is made to exhaust a parser. The test fails by
// taking for ever, or by the stack; and if more is told than anybody reads.
func TestHostileSources(t *testing.T) {
	sources := map[string]string{
		"pragma without an end":     "pragma " + fill("a "),
		"pragmas without an end":    fill("pragma\n"),
		"mark without an end":       fill("C!"),
		"three million parentheses": strings.Repeat("(", 3_000_000),
		"parentheses":               fill("("),
		"negations":                 fill("!"),
		"calls":                     fill("f("),
		"arguments":                 "f(" + fill("1,"),
		"blocks":                    fill("{"),
		"blocks in a subroutine":    "sub a " + fill("{"),
		"ifs":                       "sub a { " + fill("if(a){"),
		"else ifs":                  "sub a { if(a){}" + fill("else if(a){}"),
		"switches":                  "sub a { " + fill(`switch(a){case"":`),
		"directors":                 "director a b " + fill("{"),
		"probes":                    "backend a " + fill("{.b="),
		"name":                      fill("a"),
		"subfields":                 fill("a.http.b:c"),
		"number":                    fill("1"),
		"span":                      strings.Repeat("9", 255) + "y",
		"fraction":                  "1." + strings.Repeat("9", 253) + "y",
		"delimiter":                 "{" + fill("a"),
		"delimiters":                fill("{a"),
		"long strings without end":  fill(`{"`),
		"short strings without end": fill("\"\n"),
		"comments without an end":   fill("/*"),
		"escapes":                   `"` + fill("%u{"),
		"escapes without an end":    fill(`"%u{"`),
		"comments":                  fill("#\n"),
		"comments in a snippet":     "esi;" + fill("/**/"),
		"macros":                    "sub a {\n" + fill("#FASTLY a\n"),
		"macros astray":             fill("#FASTLY a\n"),
		"comments before blocks":    "sub a {" + strings.Repeat("#\n", 500_000) + strings.Repeat("{", 1000),
		"comments on one line":      "backend a { .b = c; " + fill("/**/"),
		"concatenation":             "log " + fill("a "),
		"disjunction":               "a" + fill("||a"),
		"conjunction":               "a" + fill("&&a"),
		"statements without an end": fill("set\n"),
		"ends":                      fill("}"),
		"semicolons":                fill(";"),
		"subroutines":               fill("sub\n"),
		"open subroutines":          fill("sub a {\n"),
		"strangers":                 fill("$"),
		"labels":                    "sub a { " + fill("a:"),
		"bytes that are not UTF-8":  fill("\xff"),
		"lines":                     fill("\n"),
		"nothing":                   "",
	}
	for name, text := range sources {
		t.Run(name, func(t *testing.T) {
			for how, read := range readings {
				got := read(NewFile(name, text))
				got.problems.Show()
				got.warnings.Show()
				if len(got.problems) > MaxErrors || len(got.warnings) > MaxErrors {
					t.Errorf("%s: %d problems, %d warnings; want %d at most", how, len(got.problems), len(got.warnings), MaxErrors)
				}
			}
		})
	}
}

// TestDepthIsBounded nests as deep as is allowed, and one level deeper.
func TestDepthIsBounded(t *testing.T) {
	nest := func(open, close string, depth int) string {
		return strings.Repeat(open, depth) + "a" + strings.Repeat(close, depth)
	}
	tests := map[string]struct {
		open, close string
		most        int // besides the level of the condition itself
	}{
		"parentheses": {"(", ")", maxDepth - 1},
		"calls":       {"f(", ")", maxDepth - 1},
		"negations":   {"!", "", maxDepth - 1},
		"operands":    {"a && ", "", maxChain - 1},
	}
	for name, test := range tests {
		if _, problems := ParseExpr(NewFile(name, nest(test.open, test.close, test.most))); problems != nil {
			t.Errorf("%s, at the most: %v", name, problems)
		}
		_, problems := ParseExpr(NewFile(name, nest(test.open, test.close, test.most+1)))
		if len(problems) != 1 || !strings.Contains(problems[0].Msg, "more than") {
			t.Errorf("%s, one too many: got %v", name, problems)
		}
	}
}

// BenchmarkParse reads 256 KB of ordinary VCL.
func BenchmarkParse(b *testing.B) {
	text := ordinary(256 << 10)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, problems := ParseUnit(NewFile("main", text)); problems != nil {
			b.Fatal(problems)
		}
	}
}

// BenchmarkPrint writes the same down.
func BenchmarkPrint(b *testing.B) {
	text := ordinary(256 << 10)
	u, _ := ParseUnit(NewFile("main", text))
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		Print(u)
	}
}

// ordinary returns at least n bytes of VCL as people write it.
func ordinary(n int) string {
	const piece = `
# Where to, and what for.
sub route_NNN {
  #FASTLY recv
  if (req.url ~ "^/api/(v[0-9]+)/" && !req.http.X-Beta || req.http.Host == "www.example.com") {
    set req.http.X-Version = re.group.1 "-" std.tolower(req.http.Accept-Language:en);
    set req.backend = F_origin; # the only one
  } else if (table.lookup(redirects, req.url.path, "") != "") {
    error 801 {"https://www.example.com"} table.lookup(redirects, req.url.path);
  }
  unset req.http.X-*;
  set req.max_stale_if_error = 30d;
  return(lookup);
}
`
	return strings.Repeat(piece, n/len(piece)+1)
}
