package service

// RequestSettings change how requests are treated before they reach the cache.
type RequestSettings struct {
	Base
	Action, DefaultHost, HashKeys *string
	XFF                           string
	MaxStaleAge                   *int64 // s

	BypassBusyWait, ForceMiss, ForceSSL, GeoHeaders, TimerSupport *bool

	RequestCondition string
}

// RequestSettingsKind is the row of request settings in the engine.
var RequestSettingsKind = register(spec[RequestSettings]{
	Name:  "request_settings",
	Model: "RequestSettings",
	Wire:  Strings,
	Fields: []Field[RequestSettings]{
		{Name: "name", At: func(r *RequestSettings) any { return &r.Name }, Required: true, MaxLen: maxName, Check: checkName},
		{Name: "action", At: func(r *RequestSettings) any { return &r.Action }, Enum: []string{"lookup", "pass"}},
		{Name: "default_host", At: func(r *RequestSettings) any { return &r.DefaultHost }, Check: checkHostHeader},
		{Name: "hash_keys", At: func(r *RequestSettings) any { return &r.HashKeys }},
		{Name: "xff", At: func(r *RequestSettings) any { return &r.XFF }, Default: "append", Enum: []string{"clear", "leave", "append", "append_all", "overwrite"}},
		{Name: "max_stale_age", At: func(r *RequestSettings) any { return &r.MaxStaleAge }, Max: maxSeconds},
		{Name: "bypass_busy_wait", At: func(r *RequestSettings) any { return &r.BypassBusyWait }},
		{Name: "force_miss", At: func(r *RequestSettings) any { return &r.ForceMiss }},
		{Name: "force_ssl", At: func(r *RequestSettings) any { return &r.ForceSSL }},
		{Name: "geo_headers", At: func(r *RequestSettings) any { return &r.GeoHeaders }},
		{Name: "timer_support", At: func(r *RequestSettings) any { return &r.TimerSupport }},
		{Name: "request_condition", At: func(r *RequestSettings) any { return &r.RequestCondition }, MaxLen: maxName, Refers: "condition", Late: true},
	},
})
