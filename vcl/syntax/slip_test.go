package syntax

import (
	"strings"
	"testing"
)

// TestSlips leaves out each word of each page, puts each sort of word in its place,
// and ends each page behind it. Whatever comes of it, it is told or it reads back.
func TestSlips(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	words := []string{"", "x", "set", "sub", "case", "m", `"x"`, `{"x"}`, "1", "1.5", "1m", "1%", "#\n", "\n#FASTLY x\n", "$",
		"{", "}", "(", ")", ";", ":", ",", ".", "=", "==", "!", "~", "&&", "+", "-", "*", "/", "%"}
	for name, page := range pages(t) {
		file, read := source(t, page)
		check := func(text string) {
			defer func() {
				if r := recover(); r != nil {
					t.Fatalf("%s: %v, reading\n%s", name, r, text)
				}
			}()
			got := read(NewFile("slip", text))
			if got.problems == nil {
				checkReadsBack(t, got, read)
			}
		}
		l := lexer{src: file.Text}
		for word := l.scan(); word.kind != endOfFile; word = l.scan() {
			before, behind := file.Text[:word.off], file.Text[word.end:]
			check(before)
			check(strings.TrimSuffix(before, "\n"))
			for _, w := range words {
				check(before + w + behind)
			}
		}
	}
}
