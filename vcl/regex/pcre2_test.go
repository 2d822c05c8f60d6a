package regex

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The pages under testdata/pcre2 are written as PCRE2's own test program reads and
// prints them: a pattern between two delimiters, subjects by four spaces, and below
// each the match and its groups. Given such a page, pcre2test 10.42 prints it again.
func TestPCRE2(t *testing.T) {
	pages, err := filepath.Glob("testdata/pcre2/*.txt")
	if err != nil || len(pages) == 0 {
		t.Fatalf("no pages: %v", err)
	}
	for _, page := range pages {
		t.Run(strings.TrimSuffix(filepath.Base(page), ".txt"), func(t *testing.T) {
			want, err := os.ReadFile(page)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), reprint(t, string(want))); diff != "" {
				t.Errorf("-PCRE2 +regex:\n%s", diff)
			}
		})
	}
}

// reprint reads the patterns and subjects of a page, and prints it with the matches
// that this package finds.
func reprint(t *testing.T, page string) string {
	var out strings.Builder
	var r *Regex
	lines := bufio.NewScanner(strings.NewReader(page))
	for lines.Scan() {
		line := lines.Text()
		subject, indented := strings.CutPrefix(line, "    ")
		switch {
		case line == "", line[0] == '#':
			fmt.Fprintln(&out, line)
		case indented:
			fmt.Fprintln(&out, line)
			printMatch(t, &out, r, subject)
		case line == "No match", len(line) > 2 && line[2] == ':': // printed anew
		default:
			fmt.Fprintln(&out, line)
			r = mustCompile(t, line[1:len(line)-1])
		}
	}
	return out.String()
}

// examples are the patterns of all pages, each with its first subject.
func examples(f *testing.F) (all [][2]string) {
	pages, err := filepath.Glob("testdata/pcre2/*.txt")
	if err != nil || len(pages) == 0 {
		f.Fatalf("no pages: %v", err)
	}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			f.Fatal(err)
		}
		for block := range strings.SplitSeq(string(text), "\n\n") {
			lines := strings.Split(strings.TrimSpace(block), "\n")
			if len(lines) > 1 && lines[0][0] != '#' {
				subject, _ := cutOffset(f, strings.TrimSpace(lines[1]))
				all = append(all, [2]string{lines[0][1 : len(lines[0])-1], unescape(f, subject)})
			}
		}
	}
	return all
}

func printMatch(t *testing.T, out *strings.Builder, r *Regex, line string) {
	line, from := cutOffset(t, line)
	subject := unescape(t, line)
	loc := make([]int, 2*(r.Groups()+1))
	n, err := r.Find(subject, from, loc)
	switch {
	case err != nil:
		t.Errorf("%q in %q: %v", r, subject, err)
	case n == 0:
		fmt.Fprintln(out, "No match")
	}
	for n > 0 && loc[2*n-1] < 0 {
		n-- // PCRE2 leaves out what is unset at the end
	}
	for i := range n {
		text := "<unset>"
		if loc[2*i] >= 0 {
			text = printable(subject[loc[2*i]:loc[2*i+1]])
		}
		fmt.Fprintf(out, "%2d: %s\n", i, text)
	}
}

// cutOffset cuts off what a subject line has after \=.
func cutOffset(t testing.TB, line string) (subject string, from int) {
	subject, option, found := strings.Cut(line, `\=`)
	if offset, ok := strings.CutPrefix(option, "offset="); found && ok {
		from = number(t, offset, 10)
	}
	return subject, from
}

// unescape reads the escapes of subject lines.
func unescape(t testing.TB, line string) string {
	var out []byte
	for i := 0; i < len(line); i++ {
		if line[i] != '\\' {
			out = append(out, line[i])
			continue
		}
		i++
		switch c := line[i]; c {
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'x':
			digits, _, _ := strings.Cut(line[i+2:], "}") // after x and {
			out = append(out, byte(number(t, digits, 16)))
			i += len(digits) + 2
		default:
			out = append(out, c)
		}
	}
	return string(out)
}

func number(t testing.TB, text string, base int) int {
	n, err := strconv.ParseUint(text, base, 16)
	if err != nil {
		t.Fatal(err)
	}
	return int(n)
}

func printable(s string) string {
	var out strings.Builder
	for _, c := range []byte(s) {
		if c < ' ' || c > '~' {
			fmt.Fprintf(&out, `\x%02x`, c)
		} else {
			out.WriteByte(c)
		}
	}
	return out.String()
}
