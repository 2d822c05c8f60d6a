package regex

import (
	"strings"
	"testing"
)

func TestReplace(t *testing.T) {
	for _, test := range []struct {
		pattern, subject, replacement string
		all                           bool
		want                          string
	}{
		{`\?.*$`, "/a?b=c", "", false, "/a"},
		{"x", "abc", "-", true, "abc"},
		{"a", "aaa", "aa", true, "aaaaaa"},
		{"a", "aaa", "b", false, "baa"},
		{"^a", "aaa", "b", true, "baa"},
		{"^([1-5])..", "404", `\100`, false, "400"},
		{"(a)(b)?", "ac", `[\0|\1|\2|\3]`, false, "[a|a||]c"},
		{"(a)(b)(c)(d)(e)(f)(g)(h)(i)(j)(k)", "abcdefghijk", `\{11}\{1}0\11`, false, "ka0a1"},
		{"b", "abc", `\\1\n\`, false, `a\1n\c`},
		{"b", "abc", `\{}\{1\{123}`, false, "a{}{1{123}c"},
		{"x*", "abc", "-", true, "-abc"},
		{"b*", "abbc", "-", true, "-a-c"},
		{"/*$", "/a//", "!", true, "/a!"},
		{"", "", "x", true, "x"},
		{"$", "a\n", "x", true, "ax\n"},
		{"^", "ab", "x", true, "xab"},
		{`(?m)^`, "a\nb", "x", true, "xa\nb"},
		{`\s*`, " a  b", "", true, "ab"},
		{`\G/`, "//a/", "-", true, "--a/"},
		{"[^/]*$", "/a/b", "c", true, "/a/c"},
		{`\Bb|a`, "ab", "", true, ""},
		{`\+`, "a+b+c", "%20", true, "a%20b%20c"},
		{"abc$", "abcabc\n", "x", true, "abcx\n"},
		{"(?<=a)b", "abab", "-", true, "a-a-"},
		{`\bb`, "ab b", "-", true, "ab -"},
		{`a\Kb`, "abab", "-", true, "a-a-"},
		{"\xff", "a\xffb", "\xfe", true, "a\xfeb"},
	} {
		got, err := mustCompile(t, test.pattern).Replace(test.subject, test.replacement, test.all)
		if err != nil || got != test.want {
			t.Errorf("%q in %q by %q, all %v: got %q, %v, want %q", test.pattern, test.subject, test.replacement, test.all, got, err, test.want)
		}
	}
}

// All the matches of a subject have one budget, and the result has a greatest length.
func TestReplaceGivesUp(t *testing.T) {
	for name, test := range map[string]struct{ pattern, subject, replacement string }{
		"one match":          {`^(?=a)(a+)+\1b`, strings.Repeat("a", 40), "x"},
		"many matches":       {`a(?=b*c|)`, strings.Repeat("a"+strings.Repeat("b", 1000), 1000), "x"},
		"long groups":        {`(?=(.*))x`, strings.Repeat("x", 10000), `\1\1`},
		"a long replacement": {`x`, strings.Repeat("x", 10000), strings.Repeat("y", 10000)},
		"many references":    {`x+`, strings.Repeat("x", 10000), strings.Repeat(`\0`, 10000)},
	} {
		got, err := mustCompile(t, test.pattern).Replace(test.subject, test.replacement, true)
		if got != test.subject || err != ErrBudget {
			t.Errorf("%s: got %d bytes, %v, want the subject and %v", name, len(got), err, ErrBudget)
		}
	}
}

func mustCompile(t testing.TB, pattern string) *Regex {
	t.Helper()
	r, err := Compile(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
