package regex

import "testing"

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

func TestReplaceGivesUp(t *testing.T) {
	subject := "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	got, err := mustCompile(t, `^(?=a)(a+)+\1b`).Replace(subject, "x", true)
	if got != subject || err != ErrBudget {
		t.Errorf("got %q, %v, want the subject and %v", got, err, ErrBudget)
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
