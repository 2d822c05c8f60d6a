package service

// A Snippet is a piece of VCL that goes into one of the subroutines. The content
// of a dynamic one is not the version's: it lies beside all versions, and a
// change of it takes effect at once.
type Snippet struct {
	Base
	Type     string
	Content  *string // null in a dynamic one
	Priority int64   // a lower one comes first
	Dynamic  int64   // 0 or 1

	first string // the content that a dynamic one was created with
}

// SnippetContent is the content of a dynamic snippet. It has no name.
type SnippetContent struct {
	Base
	Content string
}

// maxProgram bounds whole programs of VCL, in bytes.
const maxProgram = 768 << 10

// SnippetContentKind is the content's row in the engine.
var SnippetContentKind = newKind(spec[SnippetContent]{
	Name:     "snippet_content",
	Model:    "Snippet",
	Holder:   "snippet_id",
	Compiled: true,
	Times:    NoDeletedAt,
	Fields: []Field[SnippetContent]{
		{Name: "content", At: func(c *SnippetContent) any { return &c.Content }, MaxLen: maxProgram, Lines: true},
	},
})

// SnippetKind is the snippet's row in the engine.
var SnippetKind = register(spec[Snippet]{
	Name:  "snippet",
	Model: "Snippet",
	Wire:  Strings,
	Fields: []Field[Snippet]{
		{Name: "id", At: func(s *Snippet) any { return &s.ID }, Access: Never},
		{Name: "name", At: func(s *Snippet) any { return &s.Name }, Required: true, MaxLen: maxName, Check: checkName},
		{Name: "type", At: func(s *Snippet) any { return &s.Type }, Required: true, Enum: subroutines},
		{Name: "content", At: func(s *Snippet) any { return &s.Content }, MaxLen: maxProgram, Lines: true},
		{Name: "priority", At: func(s *Snippet) any { return &s.Priority }, Default: int64(100), Min: -maxCount, Max: maxCount},
		{Name: "dynamic", At: func(s *Snippet) any { return &s.Dynamic }, Access: Unchangeable, Flag: true},
	},
	Settle: (*Snippet).settle,
	Holds:  SnippetContentKind,
	FirstItem: func(s *Snippet) Object {
		if s.Dynamic == 0 {
			return nil
		}
		return &SnippetContent{Content: s.first}
	},
})

// subroutines are where a snippet can go. One of none is included by name.
var subroutines = []string{"init", "recv", "hash", "hit", "miss", "pass", "fetch", "error", "deliver", "log", "none"}

// settle keeps the content of a dynamic snippet out of the version.
func (s *Snippet) settle(_ Input, creating bool) error {
	if s.Dynamic == 0 || s.Content == nil {
		return nil
	}
	if !creating && *s.Content != "" {
		return Errorf(Invalid, "the 'content' of a dynamic snippet is not part of a version; change it at /service/{service_id}/snippet/{snippet_id}")
	}
	s.first, s.Content = *s.Content, nil
	return nil
}
