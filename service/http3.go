package service

// HTTP3 is there in a version that offers HTTP/3, and absent in others.
type HTTP3 struct {
	Base
	FeatureRevision int64
	UpdateAvailable bool
}

// HTTP3Kind is the row of HTTP3 in the engine.
var HTTP3Kind = register(spec[HTTP3]{
	Name:      "http3",
	Model:     "HTTP3",
	Wire:      Numbers,
	Singleton: true, Optional: true,
	Times: NoDeletedAt,
	Fields: []Field[HTTP3]{
		{Name: "id", At: func(h *HTTP3) any { return &h.ID }, Access: Never},
		{Name: "feature_revision", At: func(h *HTTP3) any { return &h.FeatureRevision }, Default: int64(1), Min: 1, Max: maxCount},
		{Name: "feature_update_available", At: func(h *HTTP3) any { return &h.UpdateAvailable }, Access: Never},
	},
})
