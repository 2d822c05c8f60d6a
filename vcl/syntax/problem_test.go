package syntax

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// TestShow points at the place below its line, of which it shows a part if that is
// long.
func TestShow(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"tabs stay": {
			"esi;\r\n\tset a = ;\r\n",
			"f, line 2, column 10: expected a value, found \";\"\n    \tset a = ;\n    \t        ^",
		},
		"at the end": {
			"esi",
			"f, line 1, column 4: expected \";\", found the end; is a ; missing?\n    esi\n       ^",
		},
		"far to the right": {
			"set a = " + strings.Repeat("é", 500) + ";",
			"f, line 1, column 9: a character that has no meaning here: 'é'\n    set a = " + strings.Repeat("é", 96) + "\n            ^",
		},
		"in the middle": {
			"/* x" + strings.Repeat("é", 300) + " */ esi foo;" + strings.Repeat(" ", 300) + "#" + strings.Repeat("é", 300),
			"f, line 1, column 613: expected \";\", found \"foo\"\n    " + strings.Repeat("é", 46) + " */ esi foo;" + strings.Repeat(" ", 96) + "\n    " +
				strings.Repeat(" ", 46+len(" */ esi ")) + "^",
		},
		"behind a byte order mark": {
			"\ufeffa;",
			"f, line 1, column 4: expected a statement, found \"a\"\n    \ufeffa;\n     ^",
		},
	}
	for name, test := range tests {
		_, problems := ParseStmts(&File{Name: "f", Text: test.text})
		got := problems.Show()
		if !utf8.ValidString(got) {
			t.Errorf("%s: got half a character in %q", name, got)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

// TestPlaceless tells a problem of a node that no text was written for.
func TestPlaceless(t *testing.T) {
	p := &Problem{Pos: (&Name{Text: "a"}).Place(), Msg: "no such thing", Hint: "did you mean b?"}
	if got, want := p.Show(), "no such thing; did you mean b?"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if line, column := p.Pos.Line(); line != 0 || column != 0 || p.Pos.Text() != "" {
		t.Errorf("got line %d, column %d", line, column)
	}
}
