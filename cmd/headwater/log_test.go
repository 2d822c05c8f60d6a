package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
)

// A pipe that nobody reads stops nobody who logs. When it is read again it has the lines
// that there was room for, in order, and how many there are not.
func TestNobodyReadsTheProcessLog(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	l := openLog(w)
	text, logged := strings.Repeat("x", 1<<10), 0
	for ; l.lines.Lost() == 0; logged++ {
		l.Info(text, "n", logged)
	}
	in := bufio.NewScanner(r)
	for n := range logged - 1 {
		if want := fmt.Sprintf(" n=%d", n); !in.Scan() || !strings.HasSuffix(in.Text(), want) {
			t.Fatalf("%q, %v; want one that ends in %q", in.Text(), in.Err(), want)
		}
	}
	if !in.Scan() || !strings.Contains(in.Text(), "level=ERROR msg=log error=\"1 lines were dropped") {
		t.Errorf("%q, %v; want that a line was dropped", in.Text(), in.Err())
	}
	l.close()
	w.Close()
	if in.Scan() || in.Err() != nil {
		t.Errorf("%q, %v; want the end", in.Text(), in.Err())
	}
}

// What was logged before the end is written, and what comes after it stops nobody.
func TestEndOfTheProcessLog(t *testing.T) {
	var out strings.Builder
	l := openLog(&out)
	for n := range 100 {
		l.Info("line", "n", n)
	}
	l.close()
	l.Info("late")
	if text := out.String(); strings.Count(text, "\n") != 100 || !strings.HasSuffix(text, " n=99\n") {
		t.Errorf("%s", text)
	}
}

// Lines that cannot be written are counted, and lead to no others.
func TestProcessLogFails(t *testing.T) {
	r, w := io.Pipe()
	r.Close()
	l := openLog(w)
	l.Info("line")
	l.close()
	if n := l.lines.Lost(); n != 1 {
		t.Errorf("%d lines are lost", n)
	}
}
