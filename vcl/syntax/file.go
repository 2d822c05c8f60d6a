package syntax

import (
	"sort"
	"strings"
)

// A File is one piece of source text.
type File struct {
	// Name is how messages call it: `condition "x"`, `snippet "y"`, `vcl "main"`.
	Name string
	Text string

	lines []int // where each line begins; the parser makes it if NewFile did not
}

// NewFile returns a file whose positions can be told.
func NewFile(name, text string) *File {
	f := &File{Name: name, Text: text, lines: []int{0}}
	for i := 0; i < len(text); i++ {
		if text[i] == '\n' {
			f.lines = append(f.lines, i+1)
		}
	}
	return f
}

// A Pos is a place in a file: an offset in bytes. The zero Pos is that of a node
// which no text was written for.
type Pos struct {
	File *File
	Off  int
}

// Known reports whether p is a place in a file.
func (p Pos) Known() bool { return p.File != nil }

// Line returns the number of the line, from 1, and the column in bytes, from 1.
func (p Pos) Line() (line, column int) {
	if p.File == nil {
		return 0, 0
	}
	line = sort.SearchInts(p.File.lines, p.Off+1)
	return line, p.Off - p.File.lines[line-1] + 1
}

// Text returns the whole line that p is in, without its end.
func (p Pos) Text() string {
	line, _ := p.Line()
	if line == 0 {
		return ""
	}
	text := p.File.Text[p.File.lines[line-1]:]
	if end := strings.IndexByte(text, '\n'); end >= 0 {
		text = text[:end]
	}
	return strings.TrimSuffix(text, "\r")
}
