package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// The grammar of Prometheus's text format, as strictly as anybody reads it.
var (
	metaLine   = regexp.MustCompile(`^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$`)
	sampleLine = regexp.MustCompile(`^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$`)
	labelPair  = regexp.MustCompile(`^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)`)
)

// An exposition is a page of metrics, read: values by name and labels as they stand.
type exposition struct {
	types   map[string]string
	samples map[string]float64
}

// readExposition fails on whatever a strict reader would mind: a family in two
// places, without help or type, a series twice, labels that do not parse, counters
// below zero, histograms whose buckets do not add up.
func readExposition(tb testing.TB, text string) *exposition {
	tb.Helper()
	e := &exposition{types: map[string]string{}, samples: map[string]float64{}}
	helped, family := map[string]bool{}, ""
	if text != "" && !strings.HasSuffix(text, "\n") {
		tb.Fatal("the last line does not end")
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if meta := metaLine.FindStringSubmatch(line); meta != nil {
			if err := e.meta(helped, meta[1], meta[2], meta[3]); err != nil {
				tb.Fatalf("%s: %v", line, err)
			}
			family = meta[2]
			continue
		}
		if err := e.sample(family, line); err != nil {
			tb.Fatalf("%s: %v", line, err)
		}
	}
	e.checkHistograms(tb)
	return e
}

func (e *exposition) meta(helped map[string]bool, what, name, value string) error {
	switch {
	case what == "HELP" && helped[name]:
		return fmt.Errorf("a second help")
	case what == "HELP":
		helped[name] = true
	case !helped[name] || e.types[name] != "":
		return fmt.Errorf("a type without help before it, or a second one")
	case value != "counter" && value != "gauge" && value != "histogram":
		return fmt.Errorf("no type that is used here")
	default:
		e.types[name] = value
	}
	return nil
}

func (e *exposition) sample(family, line string) error {
	s := sampleLine.FindStringSubmatch(line)
	if s == nil {
		return fmt.Errorf("no sample")
	}
	name, base := s[1], s[1]
	if e.types[family] == "histogram" {
		for _, suffix := range []string{"_bucket", "_sum", "_count"} {
			base = strings.TrimSuffix(base, suffix)
		}
	}
	if base != family || e.types[family] == "" {
		return fmt.Errorf("not of the family %q", family)
	}
	for rest := s[2]; rest != ""; {
		pair := labelPair.FindStringSubmatch(rest)
		if pair == nil {
			return fmt.Errorf("labels %q", rest)
		}
		rest = rest[len(pair[0]):]
	}
	value, err := strconv.ParseFloat(s[3], 64)
	if err != nil {
		return err
	}
	key := name + "{" + s[2] + "}"
	if _, twice := e.samples[key]; twice {
		return fmt.Errorf("the series is there twice")
	}
	if e.types[family] == "counter" && (value < 0 || !strings.HasSuffix(family, "_total")) {
		return fmt.Errorf("no counter")
	}
	e.samples[key] = value
	return nil
}

var boundLabel = regexp.MustCompile(`,?le="([^"]*)"`)

// checkHistograms looks that the last bucket of each is its count, and none is
// above it.
func (e *exposition) checkHistograms(tb testing.TB) {
	tb.Helper()
	for key, value := range e.samples {
		name, labels, _ := strings.Cut(strings.TrimSuffix(key, "}"), "{")
		base, is := strings.CutSuffix(name, "_bucket")
		if !is {
			continue
		}
		bound := boundLabel.FindStringSubmatch(labels)[1]
		count := e.samples[base+"_count{"+boundLabel.ReplaceAllString(labels, "")+"}"]
		if value > count || bound == "+Inf" && value != count {
			tb.Errorf("%s is %v, of %v", key, value, count)
		}
	}
}
