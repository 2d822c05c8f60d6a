package service

// A Gzip tells which answers to compress on their way out.
type Gzip struct {
	Base
	ContentTypes, Extensions string // words between blanks
	CacheCondition           string
}

// GzipKind is the gzip's row in the engine.
var GzipKind = register(spec[Gzip]{
	Name:  "gzip",
	Model: "Gzip",
	Wire:  Strings,
	Fields: []Field[Gzip]{
		{Name: "name", At: func(g *Gzip) any { return &g.Name }, Required: true, MaxLen: maxName, Check: checkName},
		{Name: "content_types", At: func(g *Gzip) any { return &g.ContentTypes }, Default: usualContentTypes},
		{Name: "extensions", At: func(g *Gzip) any { return &g.Extensions }, Default: "css js html eot ico otf ttf json"},
		{Name: "cache_condition", At: func(g *Gzip) any { return &g.CacheCondition }, MaxLen: maxName, Refers: "condition", Late: true},
	},
})

const usualContentTypes = "text/html application/x-javascript text/css application/javascript text/javascript application/json " +
	"application/vnd.ms-fontobject application/x-font-opentype application/x-font-truetype application/x-font-ttf application/xml " +
	"font/eot font/opentype font/otf image/svg+xml image/vnd.microsoft.icon text/plain text/xml"
