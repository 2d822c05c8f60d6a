package program

import (
	"fmt"
	"slices"

	"headwater/service"
)

// plainKinds are the kinds whose objects a plain version may have, beside those that
// have no part in programs.
var plainKinds = []*service.Kind{service.BackendKind, service.HealthcheckKind, service.SettingsKind}

// ShapeOf returns what the program of a plain version depends on. Plain is a version
// of backends without conditions, and of nothing that its customer has written: the
// programs of two such versions differ in what they declare of their backends alone,
// if the shapes are equal, and run alike. They are then those of [Reduced].
func ShapeOf(s *service.Snapshot) (shape string, plain bool) {
	for name, objects := range s.Objects {
		k := service.KindNamed(name)
		if len(objects) > 0 && Acts(k) && !slices.Contains(plainKinds, k) {
			return "", false
		}
	}
	set := s.Settings()
	if set.DefaultHost != "" {
		return "", false
	}
	key := fmt.Appendf(nil, "%d %d %v %d", set.DefaultTTL, set.DefaultPCI, set.StaleIfError, set.StaleIfErrorTTL)
	for _, o := range s.Backends() {
		if o.RequestCondition != "" {
			return "", false
		}
		key = append(key, '\n')
		if o.AutoLoadbalance {
			key = fmt.Appendf(key, "%d", o.Weight)
		}
		if code := text(o.Shield); code != "" {
			key = fmt.Appendf(key, " %q %v", code, o.UseSSL)
		}
	}
	return string(key), true
}

// Reduced returns a version of the same shape as s, which is plain, that has nothing
// of s but that. Its backends are in the order of those of s, and so are those that
// its program declares.
func Reduced(s *service.Snapshot) *service.Snapshot {
	set := *service.SettingsKind.Default().(*service.Settings)
	of := s.Settings()
	set.DefaultTTL, set.DefaultPCI = of.DefaultTTL, of.DefaultPCI
	set.StaleIfError, set.StaleIfErrorTTL = of.StaleIfError, of.StaleIfErrorTTL
	r := &service.Snapshot{Objects: map[string][]service.Object{service.SettingsKind.Name: {&set}}}
	for i, o := range s.Backends() {
		b := *service.BackendKind.Default().(*service.Backend)
		b.Name, b.Address, b.Seq = fmt.Sprint("b", i), "192.0.2.1", int64(i+1)
		if b.AutoLoadbalance = o.AutoLoadbalance; b.AutoLoadbalance {
			b.Weight = o.Weight
		}
		if code := text(o.Shield); code != "" {
			b.Shield, b.UseSSL = &code, o.UseSSL
		}
		r.Objects[service.BackendKind.Name] = append(r.Objects[service.BackendKind.Name], &b)
	}
	return r
}
