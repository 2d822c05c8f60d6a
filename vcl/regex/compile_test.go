package regex

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

func TestErrors(t *testing.T) {
	for _, test := range []struct {
		pattern string
		offset  int
		msg     string
	}{
		{`a(b`, 1, "this ( has no )"},
		{`a)b`, 1, "there is no ( for this )"},
		{`a[b`, 1, "this [ has no ]"},
		{`[]`, 0, "this [ has no ]"},
		{`[z-a]`, 1, "this range is out of order"},
		{`[\d-z]`, 1, "a class does not begin a range"},
		{`[a-\d]`, 1, "a class does not end a range"},
		{`[[:foo:]]`, 1, `no class is named "foo"`},
		{`[[.a.]]`, 1, "collating elements are not supported"},
		{`[:alpha:]`, 0, "named classes belong in brackets of their own"},
		{`ab\`, 2, `a \ at the end escapes nothing`},
		{`*a`, 0, "there is nothing to repeat"},
		{`a|+`, 2, "there is nothing to repeat"},
		{`a**`, 2, "there is nothing to repeat"},
		{`a{2}{3}`, 4, "there is nothing to repeat"},
		{`^*`, 1, "there is nothing to repeat"},
		{`\b+`, 2, "there is nothing to repeat"},
		{`(?i)*`, 4, "there is nothing to repeat"},
		{`(*)`, 1, "there is nothing to repeat"},
		{`a{3,2}`, 1, "the numbers of this repeat are out of order"},
		{`a{65536}`, 1, "repeats go to 65535"},
		{`\i`, 0, `\i is not supported`},
		{`\L`, 0, `\L is not supported`},
		{`\N{U+41}`, 0, `\N{...} is not supported`},
		{`\x{100}`, 0, "this is more than a byte"},
		{`\400`, 0, "this is more than a byte"},
		{`\x{4g}`, 4, "not a number in braces"},
		{`\o101`, 0, `\o needs a {`},
		{"\\c\n", 0, `\c needs a printable character`},
		{`\p{Foo}`, 0, `no property is named "Foo"`},
		{`\pQ`, 0, "the name of a property is missing"},
		{`(a)\2`, 3, "there is no group 2"},
		{`\g{-1}`, 3, "there are only 0 groups before this"},
		{`\g0`, 0, "there is no group 0 to refer to"},
		{`\g`, 0, `\g needs the name or number of a group`},
		{`\k<n>`, 0, `no group is named "n"`},
		{`(?1)`, 2, "there is no group 1"},
		{`(?&n)`, 0, `no group is named "n"`},
		{`(?(1)a)`, 3, "there is no group 1"},
		{`(?(0)a)`, 3, "there is no group 0 to ask for"},
		{`(a)(?(1)b|c|d)`, 3, "this condition has more than 2 alternatives"},
		{`(?(DEFINE)a|b)`, 0, "this condition has more than 1 alternatives"},
		{`(?(VERSION>=10)a)`, 3, "this condition is not supported"},
		{`(?<1n>a)`, 3, "the name of a group begins with a digit"},
		{`(?<>a)`, 3, "the name of a group is missing"},
		{`(?<n>a)(?<n>b)`, 7, `two groups are named "n"`},
		{`(?|(?<n>a)|(?<m>b))`, 11, "group 1 has two names"},
		{`(?<=a+)b`, 0, "look-behind needs alternatives of a fixed length"},
		{`(?<=(a|bc))d`, 0, "look-behind needs alternatives of a fixed length"},
		{`(?=a\K)`, 4, `\K is not allowed in look-around`},
		{`(?<n`, 4, "the name of a group ends with >"},
		{`(?<` + strings.Repeat("n", 33) + `>)`, 3, "the name of a group has more than 32 characters"},
		{`(?P=n`, 5, "the name of a group ends with )"},
		{`(?99999999)`, 2, "the number of a group is too big"},
		{`(?-0)`, 2, "a relative number is not 0"},
		{`\g{+}`, 3, "the number of a group is missing"},
		{`(a)\g{1`, 7, "the number of a group ends with }"},
		{`(a)\g<1`, 7, "the number of a group ends with >"},
		{`(?(*FAIL)a)`, 3, "a condition is a group or a look-around"},
		{`(?i`, 0, "this ( has no )"},
		{`[a\`, 2, `a \ at the end escapes nothing`},
		{`[a-`, 0, "this [ has no ]"},
		{`\p{Lu`, 0, "the name of a property ends with }"},
		{`(?<=(a*))b`, 0, "look-behind needs alternatives of a fixed length"},
		{`(?<=(?R))b`, 0, "look-behind needs alternatives of a fixed length"},
		{`(?<=a{65535}b)`, 0, "look-behind needs alternatives of a fixed length"},
		{`(?#a`, 0, "this comment has no )"},
		{`(?y)a`, 2, "(?y is not supported"},
		{`(?J)a`, 2, "(?J is not supported"},
		{`(?C1)a`, 2, "(?C is not supported"},
		{`(?i-s-m)`, 5, "this - does not belong here"},
		{`(?^-i)`, 3, "this - does not belong here"},
		{`(*ACCEPT)`, 0, "(*ACCEPT is not supported"},
		{`a(*COMMIT)b`, 1, "(*COMMIT is not supported"},
		{`a(*SKIP:x)b`, 1, "(*SKIP is not supported"},
		{`(*UTF)é`, 0, "(*UTF is not supported"},
		{strings.Repeat("(", maxDepth), maxDepth, "nested deeper than 100"},
		{strings.Repeat("()", maxGroups+1), 2 * maxGroups, "more than 200 groups"},
		{strings.Repeat("a", maxPattern+1), maxPattern, "a pattern has at most 8192 bytes"},
		{`(?:a{1000}bb){20000}`, 0, "the pattern is too big once its repeats are written out"},
	} {
		_, err := Compile(test.pattern)
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%q: got %v, want %q", test.pattern, err, test.msg)
			continue
		}
		if e.Pattern != test.pattern || e.Offset != test.offset || e.Msg != test.msg {
			t.Errorf("%q: got %q at %d, want %q at %d", test.pattern, e.Msg, e.Offset, test.msg, test.offset)
		}
	}
}

// What a pattern may cost before anybody has asked it anything.
func TestCompileIsBounded(t *testing.T) {
	const most = 8 << 20 // bytes, of which little is kept
	for name, pattern := range map[string]string{
		"empty groups":        `(?:(?:(?:){65535}){65535}){65535}`,
		"optional groups":     `(?:(?:(?:){0,65535}){0,65535}){0,65535}`,
		"nested repeats":      `(((((a{1,100}){1,100}){1,100}){1,100}){1,100}){1,100}`,
		"many states":         `(?:a|b)*a(?:a|b){14}c`,
		"many alternatives":   strings.Repeat("[ab]+|", 1300) + "x",
		"many optional":       strings.Repeat("a?", 4000),
		"many sets":           manySets(),
		"all of the bytes":    `(?:` + everyByte() + `)*\b`,
		"many look-behinds":   strings.Repeat("(?<=a{1000})", 600),
		"nested look-behinds": strings.Repeat("(?<=", 90) + "a" + strings.Repeat(")", 90),
		"calls of calls":      strings.Repeat("((?+1)(?+1)", 90) + "()" + strings.Repeat(")", 90),
		"repeated starts":     strings.Repeat("(?:a*b*", 90) + strings.Repeat(")*", 90),
		"names":               manyNames(),
		"many words":          manyWords(600),
		"properties":          strings.Repeat(`\p{Old_North_Arabian}`, 390),
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := Compile(pattern)
			runtime.ReadMemStats(&after)
			if got := after.TotalAlloc - before.TotalAlloc; got > most {
				t.Errorf("%d bytes were allocated, and the error is %v; want at most %d", got, err, most)
			}
		})
	}
}

func manySets() string {
	var b strings.Builder
	for c := range 255 {
		fmt.Fprintf(&b, `[\x%02x-\xff]*`, c)
	}
	return b.String()
}

func everyByte() string {
	var b strings.Builder
	for c := range 256 {
		fmt.Fprintf(&b, `\x%02x|`, c)
	}
	return b.String()
}

func manyNames() string {
	var b strings.Builder
	for i := range maxGroups {
		fmt.Fprintf(&b, "(?<n%d>)", i)
	}
	return b.String()
}

func TestErrorSaysWhere(t *testing.T) {
	_, err := Compile("a(b")
	if want := `pattern "a(b", at offset 1: this ( has no )`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if got := mustCompile(t, "a(b)").String(); got != "a(b)" {
		t.Errorf("String gives %q", got)
	}
}

func TestLinear(t *testing.T) {
	for pattern, want := range map[string]bool{
		`^/api/`:               true,
		`(a+)+$`:               true,
		`(a*)*b`:               true,
		`\bfoo\b`:              true,
		`(?m)^a.*$`:            true,
		`a\Kb`:                 true,
		manyWords(600):         true,
		`(?:a|b)*a(?:a|b){14}`: false, // has too many states
		`a(?=b)`:               false,
		`(a)\1`:                false,
		`a++b`:                 false,
		`\Ga`:                  false,
	} {
		if got := mustCompile(t, pattern).Linear(); got != want {
			t.Errorf("%q: got %v, want %v", pattern, got, want)
		}
	}
}

// Whoever asks for the prefix alone decides as Match does.
func TestPrefix(t *testing.T) {
	subjects := []string{"", "/api", "/api/", "/api/x\n", "x/api/", "/API/", "/apj", "\n/api/"}
	for pattern, want := range map[string]bool{
		`^/api/`: true, `^`: true, `^/api/?`: true, `^/ap(i)`: true, `\A/api/.*`: true, `^(?:/api)+`: false,
		`/api/`: false, `^/api/$`: false, `(?i)^/api/`: false, `(?m)^/api/`: false, `^/api/|^/x`: false, `^/api/(?=x)`: false,
	} {
		r := mustCompile(t, pattern)
		prefix, got := r.Prefix()
		if got != want {
			t.Errorf("%q: got %v, want %v", pattern, got, want)
		}
		for _, s := range subjects {
			if yes, _ := r.Match(s); got && yes != strings.HasPrefix(s, prefix) {
				t.Errorf("%q matches %q: %v, and not by its prefix %q", pattern, s, yes, prefix)
			}
		}
	}
}

// manyWords is a list as those of robots are.
func manyWords(n int) string {
	var words []string
	for i := range n {
		words = append(words, strconv.FormatInt(int64(i+1)*2654435761, 36)+"bot")
	}
	return "(?i)(" + strings.Join(words, "|") + ")"
}

// What would take a backtracking machine years.
func TestHostileSubjects(t *testing.T) {
	many := strings.Repeat("a", 10000)
	for _, test := range []struct {
		pattern, subject string
		match            bool
		err              error
	}{
		{`^(a+)+$`, strings.Repeat("a", 28) + "!", false, nil},
		{`^(a+)+$`, many + "!", false, nil},
		{`^(a|a)*$`, many + "!", false, nil},
		{`(x+x+)+y`, strings.Repeat("x", 10000), false, nil},
		{`^(a?){30}a{30}$`, strings.Repeat("a", 30), true, nil},
		{`(.*)(.*)(.*)(.*)(.*)[0-9]`, many, false, nil},
		{`(a*)*b`, many, false, nil},
		{`(?:a|b)*a(?:a|b){14}c`, strings.Repeat("ab", 100), false, nil},
		{`b(?=(a+)+$)`, "b" + strings.Repeat("a", 28) + "!", false, ErrBudget},
		{`^(a+)+\1\1$`, strings.Repeat("a", 40) + "!", false, ErrBudget},
		{`(?>(a|a)*b)`, strings.Repeat("a", 40), false, ErrBudget},
		{`(?R)?a`, "b", false, ErrBudget},
		{`(a|(?1))b`, "b", false, ErrBudget},
		{`(?:((?1)|b)c)`, "bc", false, ErrBudget},
		{`(?(DEFINE)` + doublingCalls(60) + `)(?&n0)a`, "b", false, ErrBudget},
		{`(?=(?:a` + strings.Repeat(`(?:\B|x)`, 500) + `)*)a`, many, false, ErrBudget},
	} {
		r := mustCompile(t, test.pattern)
		for range 2 {
			match, err := r.Match(test.subject)
			if match != test.match || err != test.err {
				t.Errorf("%.40q in %.40q: got %v, %v, want %v, %v", test.pattern, test.subject, match, err, test.match, test.err)
			}
		}
	}
}

// Where there is a match after much that is none, a regular pattern finds it.
func TestHostileFind(t *testing.T) {
	for _, test := range []struct{ pattern, subject string }{
		{`(x+x+)+y`, strings.Repeat("x", 5000) + " xxxy"},
		{`(x*)(x*)(x*)y`, strings.Repeat("x", 2000) + " xxxy"},
		{`(?:x|x|x)+(y)`, strings.Repeat("x", 5000) + " xxxy"},
		{`([a-x]|[x-z])+!`, strings.Repeat("x", 5000) + " xxx!"},
	} {
		loc := make([]int, 4)
		n, err := mustCompile(t, test.pattern).Find(test.subject, 0, loc)
		if err != nil || n == 0 || loc[0] != len(test.subject)-4 || loc[1] != len(test.subject) {
			t.Errorf("%q: got %d, %v, %v", test.pattern, n, loc, err)
		}
	}
}

// doublingCalls defines n groups that each call the next one twice, and match nothing.
func doublingCalls(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "(?<n%d>(?&n%d)(?&n%d))", i, i+1, i+1)
	}
	fmt.Fprintf(&b, "(?<n%d>)", n)
	return b.String()
}

// Those who add sizes up rely on them to follow what a pattern takes.
func TestSize(t *testing.T) {
	if got := mustCompile(t, `^/api/`).Size(); got < 100 || got > 1000 {
		t.Errorf("a literal: got %d bytes", got)
	}
	if got := mustCompile(t, `(?:a{1000}b){15}`).Size(); got < 300_000 || got > 1<<20 {
		t.Errorf("a repeat: got %d bytes", got)
	}
	if got := mustCompile(t, manyWords(600)).Size(); got < 300_000 || got > 1<<20 {
		t.Errorf("many words: got %d bytes", got)
	}
}

// A Regex is shared by all cores, and has nothing that changes; the race detector
// would see it.
func TestShared(t *testing.T) {
	for _, bm := range benchmarks {
		r := mustCompile(t, bm.pattern)
		want := resultOf(r, bm.subject)
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				for range 50 {
					if got := resultOf(r, bm.subject); got != want {
						t.Errorf("%s: got %s, want %s", bm.name, got, want)
					}
				}
			})
		}
		all.Wait()
	}
}

// What does not go on one line of a page.
func TestRawBytes(t *testing.T) {
	for _, test := range []struct{ pattern, subject, want string }{
		{"(?x) a # one\n b # two", "xab", "[1 3]"},
		{"(?x) a #\n\n+ b", "aab", "[0 3]"},
		{"a\nb", "a\nb", "[0 3]"},
		{"a\x00b", "a\x00b", "[0 3]"},
		{"[\x80-\xff]+", "a\xc3\xa9b", "[1 3]"},
		{"\\Qa\nb", "a\nb", "[0 3]"},
		{"(?xx)[a\t b]+", "\tab", "[1 3]"},
		{"(?#one\ntwo)a", "a", "[0 1]"},
		{"a\\\nb", "a\nb", "[0 3]"},
	} {
		if got := resultOf(mustCompile(t, test.pattern), test.subject); got != test.want {
			t.Errorf("%q in %q: got %s, want %s", test.pattern, test.subject, got, test.want)
		}
	}
}

// A search that begins further on still sees what is before.
func TestFindFrom(t *testing.T) {
	for _, test := range []struct {
		pattern, subject string
		from             int
		want             []int
	}{
		{`b`, "abab", 2, []int{3, 4}},
		{`^a`, "aa", 1, nil},
		{`a$`, "aa\n", 1, []int{1, 2}},
		{`aa$`, "aa\n", 1, nil},
		{`^aa$`, "aa", 0, []int{0, 2}},
		{`(?<=a)b`, "ab", 1, []int{1, 2}},
		{`\bb`, "ab", 1, nil},
		{`\Gb`, "ab", 1, []int{1, 2}},
		{``, "ab", 2, []int{2, 2}},
		{`$`, "ab", 2, []int{2, 2}},
		{`.`, "ab", 2, nil},
	} {
		loc := make([]int, 2)
		n, err := mustCompile(t, test.pattern).Find(test.subject, test.from, loc)
		if n != len(test.want)/2 || err != nil || n > 0 && !slices.Equal(loc, test.want) {
			t.Errorf("%q in %q from %d: got %v, %v, %v, want %v", test.pattern, test.subject, test.from, n, loc, err, test.want)
		}
	}
}
