package api

import (
	"bytes"
	_ "embed"
	"html/template"
	"maps"
	"slices"
	"strings"

	"headwater/service"
)

//go:embed data/openapi.html
var openAPITemplate string

// A routeRow and a kindRow are what the page shows of a path and of a kind.
type routeRow struct {
	Path    string
	Methods []string
}

type kindRow struct {
	Name   string
	Fields []service.Property
}

// openAPIPage answers the document as a page to read. It needs no script and
// nothing from elsewhere.
func (c *call) openAPIPage() ([]byte, error) {
	c.media = "text/html; charset=utf-8"
	c.w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	return c.handler.page(), nil
}

func newOpenAPIPage(n *node) []byte {
	var data struct {
		Document string
		Routes   []routeRow
		Kinds    []kindRow
	}
	data.Document = openAPIPath
	n.each("", func(path string, methods map[string]string) {
		data.Routes = append(data.Routes, routeRow{path, slices.Sorted(maps.Keys(methods))})
	})
	slices.SortFunc(data.Routes, func(a, b routeRow) int { return strings.Compare(a.Path, b.Path) })
	for _, k := range documented() {
		data.Kinds = append(data.Kinds, kindRow{k.Name, k.Properties()})
	}
	var page bytes.Buffer
	t := template.Must(template.New("openapi").Parse(openAPITemplate))
	if err := t.Execute(&page, data); err != nil {
		panic("api: the OpenAPI page does not render: " + err.Error()) // its data is the program's own
	}
	return page.Bytes()
}
