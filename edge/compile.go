package edge

import (
	"fmt"
	"strings"
	"time"

	"headwater/dial"
	"headwater/edge/program"
	"headwater/service"
	"headwater/vcl"
)

// defaultConnectTimeout stands in for a connect_timeout of 0, which would
// otherwise let a dead address hold a request for minutes.
const defaultConnectTimeout = time.Second

// compile turns a version and what it does into a site whose backends have no pools
// yet. Whatever would fail at run time fails here, as [service.Invalid] with the
// object's name and field; what only deserves notice comes back as warnings.
func compile(s *service.Snapshot, c code, rules dial.Rules, h *home) (*site, []string, error) {
	site := &site{
		service: s.Service, version: s.Version,
		tree: c.tree, program: c.run, logs: c.run.Has(vcl.Log),
		strict: s.Extensions().StrictTruncation, upgrades: s.Extensions().Upgrades,
		about: vcl.Service{
			ID: s.Service, Customer: s.Customer, Version: s.Version,
			Generation: s.Generation, Digest: s.Identity(),
		},
	}
	warnings, err := site.addDestinations(c.objects, rules, h)
	if err != nil {
		return nil, nil, err
	}
	checkups, err := site.addCheckups(s, c.objects)
	if err != nil {
		return nil, nil, err
	}
	warnings = append(warnings, checkups...)
	for _, d := range s.Domains() {
		site.addDomain(strings.ToLower(d.Name))
	}
	if len(site.exact)+len(site.wild) == 0 {
		warnings = append(warnings, "Version has no associated domains")
	}
	if len(site.backends) == 0 {
		warnings = append(warnings, "Version has no associated backends")
	}
	if unused := unusedSettings(s.Settings()); len(unused) > 0 {
		warnings = append(warnings, fmt.Sprintf("Settings: the edge does not act on %s yet", strings.Join(unused, ", ")))
	}
	return site, append(warnings, unusedKinds(s)...), nil
}

// unusedSettings names the settings that differ from their defaults and ask for
// a cache, which there is not.
func unusedSettings(s *service.Settings) []string {
	d := service.SettingsKind.Default().(*service.Settings)
	return asked([]ask{
		{"general.default_ttl", s.DefaultTTL != d.DefaultTTL},
		{"general.default_pci", s.DefaultPCI != d.DefaultPCI},
		{"general.stale_if_error", s.StaleIfError},
		{"general.stale_if_error_ttl", s.StaleIfErrorTTL != d.StaleIfErrorTTL},
	})
}

// An ask is a field, and whether it asks for something.
type ask struct {
	field string
	set   bool
}

// asked names the fields that ask for something.
func asked(asks []ask) (fields []string) {
	for _, a := range asks {
		if a.set {
			fields = append(fields, a.field)
		}
	}
	return fields
}

// acts reports whether this edge acts on objects of a kind. Of all others a version
// that has any is warned.
func acts(k *service.Kind) bool {
	return k == service.DomainKind || k == service.ExtensionsKind || program.Acts(k) && k != service.GzipKind
}

func unusedKinds(s *service.Snapshot) (warnings []string) {
	for _, k := range service.Kinds() {
		if n := len(s.Objects[k.Name]); n > 0 && !acts(k) {
			warnings = append(warnings, fmt.Sprintf("The edge does not act on %s yet, of which the version has %d", k.Name, n))
		}
	}
	return warnings
}

func (s *site) addDomain(name string) {
	if suffix, ok := strings.CutPrefix(name, "*"); ok {
		s.wild = append(s.wild, suffix)
		return
	}
	s.exact = append(s.exact, name)
}

// addBackend compiles one backend, which the program knows by another name.
func (s *site) addBackend(known *vcl.Backend, b *service.Backend, rules dial.Rules) (warnings []string, err error) {
	plan, warnings, err := dial.NewPlan(b, rules)
	if err != nil {
		return nil, err
	}
	c := &s.backends[known.Index]
	*c = backend{
		name:    b.Name,
		index:   int32(known.Index),
		slot:    int32(known.Index),
		plan:    plan,
		terms:   termsOf(b),
		maxConn: b.MaxConn,
		address: []byte(b.Address),
		limits: vcl.Timeouts{
			Connect:      millis(b.ConnectTimeout),
			FirstByte:    millis(b.FirstByteTimeout),
			BetweenBytes: millis(b.BetweenBytesTimeout),
		},
	}
	if b.FetchTimeout != nil {
		c.limits.Fetch = millis(*b.FetchTimeout)
	}
	if b.OverrideHost != nil {
		c.overrideHost = []byte(*b.OverrideHost)
	}
	return warnings, nil
}

func termsOf(b *service.Backend) (t terms) {
	if b.KeepaliveTime != nil {
		t.idle = time.Duration(*b.KeepaliveTime) * time.Second
	}
	if b.MaxLifetime != nil {
		t.life = millis(*b.MaxLifetime)
	}
	if b.MaxUse != nil {
		t.uses = int(*b.MaxUse)
	}
	return t
}

func millis(n int64) time.Duration { return time.Duration(n) * time.Millisecond }
