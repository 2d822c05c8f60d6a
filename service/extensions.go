package service

import (
	"maps"
	"slices"
	"strings"
)

// Extensions are what a version may ask for that Fastly has no field for. They
// are one object, which no object of Fastly's shape shows.
type Extensions struct {
	Base

	// StrictTruncation makes a body that between_bytes_timeout has cut short look
	// cut short to the client; without it what came counts as all.
	StrictTruncation bool

	// Upgrades lets clients change the protocol of their connection, where the
	// origin agrees.
	Upgrades bool
}

// ExtensionsKind is the extensions' row in the engine.
var ExtensionsKind = register(spec[Extensions]{
	Name:      "extensions",
	Model:     "Extensions",
	Wire:      Numbers,
	Singleton: true,
	Ours:      true,
	Times:     NoTimes,
	Fields: []Field[Extensions]{
		{Name: "strict_truncation", At: func(e *Extensions) any { return &e.StrictTruncation }},
		{Name: "upgrades", At: func(e *Extensions) any { return &e.Upgrades }, Default: true},
	},
	Settle: func(_ *Extensions, in Input, _ bool) error { return checkExtensions(in) },
})

// checkExtensions refuses what other kinds let pass for the sake of clients that
// were made for Fastly: keys that are no field, and empty texts as booleans. What
// is read can be written back.
func checkExtensions(in Input) error {
	for _, key := range slices.Sorted(maps.Keys(in)) {
		switch key {
		case "service_id", "version":
		case "strict_truncation", "upgrades":
			if v := in[key]; v.Text == "" && v.Type != NullValue {
				return Errorf(Invalid, "'%s' must be one of 0, 1, true, false", key)
			}
		default:
			return Errorf(Invalid, "'%s' is no extension", strings.ToValidUTF8(key[:min(len(key), 64)], ""))
		}
	}
	return nil
}
