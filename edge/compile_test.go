package edge

import (
	"strings"
	"testing"

	"headwater/service"
)

// Every kind is acted on, or warned of as soon as a version has an object of it.
func TestEveryKindIsActedOnOrWarnedOf(t *testing.T) {
	for _, k := range service.Kinds() {
		s := &service.Snapshot{Objects: map[string][]service.Object{k.Name: {k.Default()}}}
		warned := strings.Contains(strings.Join(unusedKinds(s), "\n"), "does not act on "+k.Name+" yet")
		if warned == acts(k) {
			t.Errorf("%s: warned is %v, acted on is %v", k.Name, warned, !warned)
		}
	}
}

func TestWarnsOfSettingsWithoutEffect(t *testing.T) {
	e := New(Config{})
	defer e.Shutdown(t.Context())
	for _, tt := range []struct{ in, want string }{
		{"general.default_ttl=3600", ""}, // the default, which clients always send
		{"general.default_ttl=60", "Settings: the edge does not act on general.default_ttl yet"},
		{"general.stale_if_error=1", "Settings: the edge does not act on general.stale_if_error yet"},
		{"general.default_host=a.test", ""},
	} {
		key, value, _ := strings.Cut(tt.in, "=")
		o, err := service.SettingsKind.Update(service.SettingsKind.Default(), service.Input{key: {Text: value}})
		if err != nil {
			t.Fatal(err)
		}
		warnings, err := e.Check(&service.Snapshot{Objects: map[string][]service.Object{"settings": {o}}})
		got := ""
		for _, w := range warnings {
			if strings.HasPrefix(w, "Settings") {
				got = w
			}
		}
		if err != nil || got != tt.want {
			t.Errorf("%s: warned %q, %v; want %q", tt.in, got, err, tt.want)
		}
	}
}
