package edge_test

import (
	"errors"
	"net/http"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"golang.org/x/net/http2"

	"headwater/edge/edgetest"
)

// TestPagesMux runs the pages over HTTP/2, where they have to come to the same, but
// for what HTTP/2 has no words for: the case of a client's names, reasons, and what
// becomes of the connection.
func TestPagesMux(t *testing.T) {
	paths, err := filepath.Glob("testdata/pages/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatal("no pages", err)
	}
	for _, path := range paths {
		if filepath.Base(path) == "messages_http1.txtar" {
			continue // it is about messages of HTTP/1
		}
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			p := newPage(t, archive, false)
			p.overMux = true
			p.run()
		})
	}
}

// askMux sends a page's request as HTTP/2 has it, in one write.
func (p *page) askMux(text string) *edgetest.Answer {
	if p.mux == nil {
		p.mux = p.edge.DialMux(p.t)
	}
	head, body, _ := strings.Cut(onWire(text), "\r\n\r\n")
	lines := strings.Split(head, "\r\n")
	method, target, _ := strings.Cut(lines[0], " ")
	target, _, _ = strings.Cut(target, " ")
	chunked, pairs := false, []string{":method", method, ":scheme", "http", ":path", target}
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch name = strings.ToLower(name); name {
		case "host":
			pairs = append([]string{":authority", value}, pairs...)
		case "transfer-encoding":
			chunked = true
		default:
			pairs = append(pairs, name, value)
		}
	}
	var trailer []string
	if chunked {
		body, trailer = unchunked(body)
	}
	p.asked++
	id := uint32(2*p.asked - 1)
	blocks := [][]byte{p.mux.Block(pairs...), p.mux.Block(trailer...)}
	p.mux.Send(string(frames(func(f *http2.Framer) {
		f.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: blocks[0], EndStream: body == "", EndHeaders: true})
		if body != "" {
			f.WriteData(id, trailer == nil, []byte(body))
		}
		if trailer != nil {
			f.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: blocks[1], EndStream: true, EndHeaders: true})
		}
	})))
	return fromMux(p.mux.Answer(id))
}

// unchunked takes a chunked body apart, whose chunks are a line each.
func unchunked(text string) (body string, trailer []string) {
	lines := strings.Split(text, "\r\n")
	for len(lines) > 1 && lines[0] != "0" {
		body, lines = body+lines[1], lines[2:]
	}
	for _, line := range lines[1:] {
		if name, value, is := strings.Cut(line, ":"); is {
			trailer = append(trailer, strings.ToLower(name), strings.TrimSpace(value))
		}
	}
	return body, trailer
}

// fromMux gives an answer the form that one of HTTP/1 has.
func fromMux(m *edgetest.MuxAnswer) *edgetest.Answer {
	a := &edgetest.Answer{}
	a.Status, _ = strconv.Atoi(m.Status())
	a.Body, a.Fields, a.Trailer = []byte(m.Body), fieldsOf(m.Fields), fieldsOf(m.Trailer)
	for _, f := range m.Interim {
		a.Interim = append(a.Interim, &edgetest.Message{Line: f[0][1] + " ", Fields: fieldsOf(f)})
	}
	if m.Reset != nil {
		a.Err = errors.New("unexpected EOF")
	}
	return a
}

// fieldsOf are the fields of a block without its status, named as HTTP/1 does.
func fieldsOf(block [][2]string) (fields edgetest.Fields) {
	for _, f := range block {
		if f[0] != ":status" {
			fields = append(fields, edgetest.Field{Name: http.CanonicalHeaderKey(f[0]), Value: f[1]})
		}
	}
	return fields
}

var (
	shownName   = regexp.MustCompile(`(?m)^([<>] (?:then )?)([A-Za-z0-9-]+):`)
	shownStatus = regexp.MustCompile(`(?m)^(< \d{3}) .*$`)
	shownHop    = regexp.MustCompile(`(?m)^[<>] (connection|transfer-encoding): .*\n`)
)

// unspoken leaves out of a page what HTTP/2 does not say.
func unspoken(text string) string {
	text = shownName.ReplaceAllStringFunc(text, strings.ToLower)
	text = shownStatus.ReplaceAllString(text, "$1")
	return shownHop.ReplaceAllString(text, "")
}
