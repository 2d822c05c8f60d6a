package service

import (
	"cmp"
	"slices"
	"strings"
)

// A Healthcheck says how to find out whether backends are well.
type Healthcheck struct {
	Base
	Comment string

	Method, Host, Path, HTTPVersion string
	Headers                         []string // "Name: value"

	CheckInterval    int64 // ms
	Timeout          int64 // ms
	ExpectedResponse int64

	// Of the last Window checks, Threshold must succeed for a backend to be
	// well. Initial of them count as successes at the start.
	Window, Threshold, Initial int64
}

// HealthcheckKind is the healthcheck's row in the engine.
var HealthcheckKind = register(spec[Healthcheck]{
	Name:  "healthcheck",
	Model: "Healthcheck",
	Wire:  Numbers,
	Fields: []Field[Healthcheck]{
		{Name: "name", At: func(h *Healthcheck) any { return &h.Name }, Required: true, MaxLen: maxName, Check: checkName},
		{Name: "comment", At: func(h *Healthcheck) any { return &h.Comment }, Lines: true},
		{Name: "method", At: func(h *Healthcheck) any { return &h.Method }, Default: "HEAD", MaxLen: 32, Check: checkToken("method")},
		{Name: "host", At: func(h *Healthcheck) any { return &h.Host }, Required: true, Check: checkHostHeader},
		{Name: "path", At: func(h *Healthcheck) any { return &h.Path }, Required: true, Check: checkPath},
		{Name: "http_version", At: func(h *Healthcheck) any { return &h.HTTPVersion }, Default: "1.1", Enum: []string{"1.0", "1.1"}},
		{Name: "headers", At: func(h *Healthcheck) any { return &h.Headers }, Check: checkHeaderLine, Canon: canonHeaderLines},
		{Name: "check_interval", At: func(h *Healthcheck) any { return &h.CheckInterval }, Default: int64(5000), Min: 1000, Max: 3_600_000},
		{Name: "timeout", At: func(h *Healthcheck) any { return &h.Timeout }, Default: int64(5000), Min: 1, Max: maxMillis},
		{Name: "expected_response", At: func(h *Healthcheck) any { return &h.ExpectedResponse }, Default: int64(200), Min: 100, Max: 999},
		{Name: "window", At: func(h *Healthcheck) any { return &h.Window }, Default: int64(5), Min: 1, Max: 100_000},
		{Name: "threshold", At: func(h *Healthcheck) any { return &h.Threshold }, Default: int64(3), Max: 100_000},
		{Name: "initial", At: func(h *Healthcheck) any { return &h.Initial }, Default: int64(3), Max: 100_000},
	},
	Settle: func(h *Healthcheck, _ Input, _ bool) error {
		if h.Initial > h.Window {
			return Errorf(Invalid, "'initial' is above 'window'")
		}
		if h.Threshold > h.Window {
			return Errorf(Invalid, "'threshold' is above 'window'")
		}
		return checkHeaderLines(h.Headers)
	},
})

// Request returns the lines of the request that a check sends, first line and
// fields, without their ends. A field among Headers that a check has of its own
// takes the place of that.
func (h *Healthcheck) Request() []string {
	lines := []string{cmp.Or(h.Method, "HEAD") + " " + h.Path + " HTTP/" + h.HTTPVersion}
	for _, own := range []string{"Host: " + h.Host, "Connection: close", "User-Agent: Varnish/fastly (healthcheck)"} {
		if !slices.ContainsFunc(h.Headers, func(line string) bool { return strings.EqualFold(fieldName(line), fieldName(own)) }) {
			lines = append(lines, own)
		}
	}
	return append(lines, h.Headers...)
}

func fieldName(line string) string {
	name, _, _ := strings.Cut(line, ":")
	return strings.TrimSpace(name)
}

// checkToken accepts a method or a field name (RFC 9110 section 5.6.2).
func checkToken(field string) func(string) error {
	return func(text string) error {
		if !isToken(text) {
			return Errorf(Invalid, "'%s' holds a character that it may not", field)
		}
		return nil
	}
}

func isToken(text string) bool {
	for i := range len(text) {
		c := text[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0) {
			return false
		}
	}
	return text != ""
}

// checkPath accepts what may stand between the method and the version of a
// request.
func checkPath(path string) error {
	outside := strings.ContainsFunc(path, func(r rune) bool { return r <= ' ' || r > '~' || r == '#' })
	if path[0] != '/' || outside {
		return Errorf(Invalid, "'path' must begin with '/' and hold nothing but visible ASCII without '#'")
	}
	return nil
}

func checkHeaderLine(line string) error {
	name, _, found := strings.Cut(line, ":")
	if !found || !isToken(strings.TrimSpace(name)) {
		return Errorf(Invalid, "'%s' is not a header as 'Name: value'", line)
	}
	return nil
}

// Bounds of the headers of a check (docs.fastly.com, working with health checks).
const (
	maxCheckHeaders = 100
	maxCheckBytes   = 64 << 10
)

// checkHeaderLines refuses what would make the request of a check another one than it
// seems: a body that never comes, or two hosts.
func checkHeaderLines(lines []string) error {
	size, hosts := 0, 0
	for _, line := range lines {
		size += len(line)
		_, value, _ := strings.Cut(line, ":")
		switch name := strings.ToLower(fieldName(line)); {
		case name == "host":
			hosts++
		case name == "transfer-encoding", name == "content-length" && strings.TrimSpace(value) != "0":
			return Errorf(Invalid, "'%s' is not for a health check, which has no body", name)
		}
	}
	switch {
	case hosts > 1:
		return Errorf(Invalid, "'headers' names the host more than once")
	case len(lines) > maxCheckHeaders:
		return Errorf(Invalid, "'headers' has more than %d members", maxCheckHeaders)
	case size > maxCheckBytes:
		return Errorf(Invalid, "'headers' has more than %d bytes", maxCheckBytes)
	}
	return nil
}

// canonHeaderLines writes and orders headers as Fastly does.
func canonHeaderLines(lines []string) {
	for i, line := range lines {
		name, value, _ := strings.Cut(line, ":")
		lines[i] = strings.TrimSpace(name) + ": " + strings.TrimSpace(value)
	}
	slices.Sort(lines)
}
