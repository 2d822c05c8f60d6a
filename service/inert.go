package service

// What clients list and probe around a service, and the edge has no use for.

// A Link makes a store known to a version under a name.
type Link struct {
	Base
	ResourceID, ResourceType string
	Href                     *string
}

// LinkKind is the link's row in the engine.
var LinkKind = register(spec[Link]{
	Name:  "resource",
	Model: "Link",
	Noun:  "link",
	Wire:  Numbers,
	ByID:  true,
	Fields: []Field[Link]{
		{Name: "id", At: func(l *Link) any { return &l.ID }, Access: Never},
		{Name: "name", At: func(l *Link) any { return &l.Name }, Required: true, MaxLen: maxName, Check: checkName},
		{Name: "resource_id", At: func(l *Link) any { return &l.ResourceID }, Required: true, Access: Unchangeable},
		{Name: "resource_type", At: func(l *Link) any { return &l.ResourceType }, Default: "object-store", Access: Never},
		{Name: "href", At: func(l *Link) any { return &l.Href }, Access: Never},
	},
})

// ImageOptimizerSettings are the defaults of image optimization in a version.
type ImageOptimizerSettings struct {
	Base
	ResizeFilter, JPEGType    string
	WebP, Upscale, AllowVideo bool
	WebPQuality, JPEGQuality  int64
}

// ImageOptimizerKind is the row of image optimizer settings in the engine.
var ImageOptimizerKind = register(spec[ImageOptimizerSettings]{
	Name:      "image_optimizer_default_settings",
	Model:     "ImageOptimizerDefaultSettings",
	Wire:      Numbers,
	Singleton: true, Optional: true,
	Placeless: true,
	Times:     NoTimes,
	Fields: []Field[ImageOptimizerSettings]{
		{Name: "resize_filter", At: func(s *ImageOptimizerSettings) any { return &s.ResizeFilter }, Default: "lanczos3", Enum: []string{"lanczos3", "lanczos2", "bicubic", "bilinear", "nearest"}},
		{Name: "webp", At: func(s *ImageOptimizerSettings) any { return &s.WebP }},
		{Name: "webp_quality", At: func(s *ImageOptimizerSettings) any { return &s.WebPQuality }, Default: int64(85), Min: 1, Max: 100},
		{Name: "jpeg_type", At: func(s *ImageOptimizerSettings) any { return &s.JPEGType }, Default: "auto", Enum: []string{"auto", "baseline", "progressive"}},
		{Name: "jpeg_quality", At: func(s *ImageOptimizerSettings) any { return &s.JPEGQuality }, Default: int64(85), Min: 1, Max: 100},
		{Name: "upscale", At: func(s *ImageOptimizerSettings) any { return &s.Upscale }},
		{Name: "allow_video", At: func(s *ImageOptimizerSettings) any { return &s.AllowVideo }},
	},
})
