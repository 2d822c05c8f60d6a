package service

// A ResponseObject is an answer that the edge gives by itself.
type ResponseObject struct {
	Base
	Status                           int64
	Response                         string // the reason phrase
	Content, ContentType             *string
	RequestCondition, CacheCondition string
}

// ResponseObjectKind is the response object's row in the engine.
var ResponseObjectKind = register(spec[ResponseObject]{
	Name:  "response_object",
	Model: "ResponseObject",
	Wire:  Strings,
	Fields: []Field[ResponseObject]{
		{Name: "name", At: func(r *ResponseObject) any { return &r.Name }, Required: true, MaxLen: maxName, Check: checkName},
		{Name: "status", At: func(r *ResponseObject) any { return &r.Status }, Default: int64(200), Min: 100, Max: 999},
		{Name: "response", At: func(r *ResponseObject) any { return &r.Response }, Default: "OK"},
		{Name: "content", At: func(r *ResponseObject) any { return &r.Content }, MaxLen: maxProgram, Lines: true},
		{Name: "content_type", At: func(r *ResponseObject) any { return &r.ContentType }},
		{Name: "request_condition", At: func(r *ResponseObject) any { return &r.RequestCondition }, MaxLen: maxName, Refers: "condition", Late: true},
		{Name: "cache_condition", At: func(r *ResponseObject) any { return &r.CacheCondition }, MaxLen: maxName, Refers: "condition", Late: true},
	},
})
