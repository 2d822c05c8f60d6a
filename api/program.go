package api

import (
	"fmt"
	"html"
	"net/http"
	"regexp"
	"strings"

	"headwater/service"
)

// generatedName is what the program of a whole version is called.
const generatedName = "default"

// generated is the program of the version that the path names, as a VCL.
func (c *call) generated() (*service.VCL, *service.Version, error) {
	v, err := c.Store.Version(c.r.Context(), c.who, c.at)
	if err != nil {
		return nil, nil, err
	}
	text, err := c.program(c.at)
	if err != nil {
		return nil, nil, err
	}
	base := service.Base{Name: generatedName, Created: v.Created, Updated: v.Updated}
	return &service.VCL{Base: base, Main: true, Content: text}, v, nil
}

// program returns all that a version does, in VCL.
func (c *call) program(at service.Ref) (string, error) {
	s, err := c.Store.Snapshot(c.r.Context(), c.who, at)
	if err != nil {
		return "", err
	}
	if err := s.CheckReferences(); err != nil {
		return "", err
	}
	return c.Edge.Program(s)
}

// generatedVCL answers the program of a version as the VCL that it would be.
func (c *call) generatedVCL() ([]byte, error) {
	o, v, err := c.generated()
	if err != nil {
		return nil, err
	}
	return service.VCLKind.AppendJSON(nil, o, c.place(v.Locked)), nil
}

func (c *call) generatedContent() ([]byte, error) {
	o, _, err := c.generated()
	if err != nil {
		return nil, err
	}
	return c.highlighted(o), nil
}

// highlighted answers a program as HTML, with numbers of lines if they are asked
// for.
func (c *call) highlighted(v *service.VCL) []byte {
	text := html.EscapeString(v.Content)
	if c.r.URL.Query().Get("lineno") == "true" {
		text = numbered(text)
	}
	return encode(struct {
		Content string `json:"content"`
	}{"<pre>" + text + "</pre>"})
}

func numbered(text string) string {
	var b strings.Builder
	n := 0
	for line := range strings.Lines(text) {
		n++
		fmt.Fprintf(&b, `<span class="lineno">%5d </span>%s`, n, line)
	}
	return b.String()
}

// lintVCL answers whether a program compiles as the main one of a version that
// has nothing else.
func (c *call) lintVCL() ([]byte, error) {
	return c.lint(&service.Snapshot{Customer: c.who.Customer, Objects: map[string][]service.Object{}})
}

// lintForService answers whether a program compiles as the main one of the
// service's active version, or of the latest if none is active: what it names of
// the version is there.
func (c *call) lintForService() ([]byte, error) {
	s, err := c.Store.Service(c.r.Context(), c.who, c.at.Service)
	if err != nil {
		return nil, err
	}
	v := s.Active()
	if v == nil {
		v = s.Versions[len(s.Versions)-1]
	}
	snapshot, err := c.Store.Snapshot(c.r.Context(), c.who, service.Ref{Service: s.ID, Version: v.Number})
	if err != nil {
		return nil, err
	}
	return c.lint(snapshot)
}

// lintedName is what messages call the program that is looked at.
const lintedName = "input"

func (c *call) lint(s *service.Snapshot) ([]byte, error) {
	in, err := c.input(func(key string) bool { return key == "vcl" })
	if err != nil {
		return nil, err
	}
	var text string
	sent, err := textOf(in, "vcl", &text)
	if err != nil {
		return nil, err
	}
	if !sent {
		return nil, service.Errorf(service.Invalid, "'vcl' is required")
	}
	v := newVerdict()
	v.Warnings, err = c.Edge.Lint(withMain(s, text))
	if err := v.refuse(err); err != nil {
		return nil, err
	}
	type data struct {
		Attributes *verdict `json:"attributes"`
	}
	return encode(struct {
		Data data `json:"data"`
	}{data{v}}), nil
}

// withMain is s with another main program. Others of its VCL can be included.
func withMain(s *service.Snapshot, text string) *service.Snapshot {
	all := []service.Object{&service.VCL{Base: service.Base{Name: lintedName}, Main: true, Content: text}}
	for _, v := range service.All[*service.VCL](s, service.VCLKind) {
		if !v.Main {
			all = append(all, v)
		}
	}
	s.Objects[service.VCLKind.Name] = all
	return s
}

// A verdict is whether something compiles, as clients read it.
type verdict struct {
	Status   string   `json:"status"`
	Msg      *string  `json:"msg"` // the first error, null if there is none
	Errors   []string `json:"errors"`
	Warnings []string `json:"warnings"`
	Messages []string `json:"messages"` // always empty
}

func newVerdict() *verdict {
	return &verdict{Status: "ok", Errors: []string{}, Warnings: []string{}, Messages: []string{}}
}

// refuse makes the problems that err tells part of the answer; any other error is
// returned.
func (v *verdict) refuse(err error) error {
	if v.Warnings == nil {
		v.Warnings = []string{}
	}
	if err == nil {
		return nil
	}
	e, ok := asCode(err, service.Invalid)
	if !ok {
		return err
	}
	v.Status, v.Msg, v.Errors = "error", &e.Detail, append([]string{e.Detail}, e.More...)
	return nil
}

// questions are the calls that send something and change nothing.
var questions = regexp.MustCompile(`^(/vcl_lint|/service/[^/]+/lint|/headwater/service/[^/]+/version/[0-9]+/explain)$`)

// changes reports whether the call may change something, and counts against the
// writes of the hour.
func (c *call) changes() bool {
	return metered(c.r.Method) && !(c.r.Method == http.MethodPost && questions.MatchString(c.r.URL.EscapedPath()))
}
