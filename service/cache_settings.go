package service

// CacheSettings say how long answers are stored, and whether at all.
type CacheSettings struct {
	Base
	Action         *string
	TTL, StaleTTL  *int64 // s
	CacheCondition string
}

// CacheSettingsKind is the row of cache settings in the engine.
var CacheSettingsKind = register(spec[CacheSettings]{
	Name:  "cache_settings",
	Model: "CacheSettings",
	Wire:  Strings,
	Fields: []Field[CacheSettings]{
		{Name: "name", At: func(c *CacheSettings) any { return &c.Name }, Required: true, MaxLen: maxName, Check: checkName},
		{Name: "action", At: func(c *CacheSettings) any { return &c.Action }, Enum: []string{"cache", "pass", "restart", "deliver"}},
		{Name: "ttl", At: func(c *CacheSettings) any { return &c.TTL }, Max: maxSeconds},
		{Name: "stale_ttl", At: func(c *CacheSettings) any { return &c.StaleTTL }, Max: maxSeconds},
		{Name: "cache_condition", At: func(c *CacheSettings) any { return &c.CacheCondition }, MaxLen: maxName, Refers: "condition", Late: true},
	},
})
