package service

// Settings are the service-wide defaults of one version.
type Settings struct {
	Base

	// DefaultHost replaces the request's Host when it is not empty.
	DefaultHost string

	// DefaultTTL is how long an answer without caching headers may be stored,
	// in seconds.
	DefaultTTL int64

	// DefaultPCI is 0 or 1; on the wire a number, not a boolean.
	DefaultPCI int64

	// StaleIfError lets a stored answer be served when the origin fails, for
	// StaleIfErrorTTL seconds.
	StaleIfError    bool
	StaleIfErrorTTL int64
}

// SettingsKind is the settings' row in the engine.
var SettingsKind = register(spec[Settings]{
	Name:      "settings",
	Model:     "Settings",
	Wire:      Numbers,
	Singleton: true,
	Times:     NoTimes,
	Fields: []Field[Settings]{
		{Name: "general.default_host", At: func(s *Settings) any { return &s.DefaultHost }, Check: checkHostHeader},
		{Name: "general.default_ttl", At: func(s *Settings) any { return &s.DefaultTTL }, Default: int64(3600), Max: maxSeconds},
		{Name: "general.default_pci", At: func(s *Settings) any { return &s.DefaultPCI }, Max: 1},
		{Name: "general.stale_if_error", At: func(s *Settings) any { return &s.StaleIfError }},
		{Name: "general.stale_if_error_ttl", At: func(s *Settings) any { return &s.StaleIfErrorTTL }, Default: int64(43200), Max: maxSeconds},
	},
})
