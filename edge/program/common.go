package program

import (
	"slices"

	"headwater/service"
	"headwater/vcl/syntax"
)

// A Common is a subroutine of the skeleton to which a version adds nothing: its name
// without vcl_, and what it depends on besides. Those that are equal stand for the same
// subroutine in all versions.
type Common struct {
	sub string

	// Of vcl_fetch and vcl_error.
	defaultTTL      int64
	staleIfError    bool
	staleIfErrorTTL int64
	pci             bool
}

// Decl makes the subroutine.
func (c Common) Decl() *syntax.Sub {
	set := *service.SettingsKind.Default().(*service.Settings)
	set.DefaultTTL, set.StaleIfError, set.StaleIfErrorTTL = c.defaultTTL, c.staleIfError, c.staleIfErrorTTL
	if c.pci {
		set.DefaultPCI = 1
	}
	b := newBuilder(&service.Snapshot{Objects: map[string][]service.Object{service.SettingsKind.Name: {&set}}})
	x := &expander{builder: b, macros: map[string]*macro{c.sub: b.macro(c.sub)}}
	return x.decls([]syntax.Decl{b.skeleton(c.sub)})[0].(*syntax.Sub)
}

// common tells which one vcl_sub is, if it is one.
func (b *builder) common(sub string) (c Common, ok bool) {
	if sub == "recv" || b.addsTo(sub) {
		return Common{}, false
	}
	c.sub = sub
	switch sub {
	case "fetch":
		c.defaultTTL, c.pci = b.settings.DefaultTTL, b.settings.DefaultPCI != 0
		c.staleIfError, c.staleIfErrorTTL = b.settings.StaleIfError, b.settings.StaleIfErrorTTL
	case "error":
		c.staleIfError = b.settings.StaleIfError
	}
	return c, true
}

// addsTo reports whether some object may add something to a subroutine, other than
// vcl_recv, to which each backend does.
func (b *builder) addsTo(sub string) bool {
	if len(b.snippets(sub)) > 0 {
		return true
	}
	has := func(kinds ...*service.Kind) bool {
		return slices.ContainsFunc(kinds, func(k *service.Kind) bool { return len(b.s.Objects[k.Name]) > 0 })
	}
	switch sub {
	case "hash":
		return has(service.RequestSettingsKind)
	case "miss", "pass":
		return b.hasHeaders("fetch")
	case "fetch":
		return b.hasHeaders("cache") || has(service.CacheSettingsKind, service.GzipKind, service.ResponseObjectKind)
	case "error":
		return has(service.ResponseObjectKind)
	case "deliver":
		return b.hasHeaders("response") || has(service.ResponseObjectKind)
	}
	return false
}

func (b *builder) hasHeaders(kind string) bool {
	return slices.ContainsFunc(b.headers, func(o *service.Header) bool { return o.Type == kind })
}
