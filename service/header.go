package service

// A Header sets, changes or removes a header of requests or answers.
type Header struct {
	Base
	Action, Type, Dst, Src, Regex, Substitution string

	IgnoreIfSet int64 // 0 or 1
	Priority    int64 // a lower one comes first

	RequestCondition, CacheCondition, ResponseCondition *string
}

// HeaderKind is the header's row in the engine.
var HeaderKind = register(spec[Header]{
	Name:  "header",
	Model: "Header",
	Wire:  Strings,
	Fields: []Field[Header]{
		{Name: "name", At: func(h *Header) any { return &h.Name }, Required: true, MaxLen: maxName, Check: checkName},
		{Name: "action", At: func(h *Header) any { return &h.Action }, Default: "set", Enum: []string{"set", "append", "delete", "regex", "regex_repeat"}},
		{Name: "type", At: func(h *Header) any { return &h.Type }, Required: true, Enum: []string{"request", "fetch", "cache", "response"}},
		{Name: "dst", At: func(h *Header) any { return &h.Dst }, Required: true},
		{Name: "src", At: func(h *Header) any { return &h.Src }, MaxLen: maxExpression, Lines: true},
		{Name: "regex", At: func(h *Header) any { return &h.Regex }},
		{Name: "substitution", At: func(h *Header) any { return &h.Substitution }},
		{Name: "ignore_if_set", At: func(h *Header) any { return &h.IgnoreIfSet }, Flag: true},
		{Name: "priority", At: func(h *Header) any { return &h.Priority }, Default: int64(100), Min: -maxCount, Max: maxCount},
		{Name: "request_condition", At: func(h *Header) any { return &h.RequestCondition }, MaxLen: maxName, Refers: "condition", Late: true},
		{Name: "cache_condition", At: func(h *Header) any { return &h.CacheCondition }, MaxLen: maxName, Refers: "condition", Late: true},
		{Name: "response_condition", At: func(h *Header) any { return &h.ResponseCondition }, MaxLen: maxName, Refers: "condition", Late: true},
	},
})
