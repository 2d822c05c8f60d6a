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
		acts := k == service.BackendKind || k == service.DomainKind || k == service.SettingsKind
		if warned == acts {
			t.Errorf("%s: warned is %v, acted on is %v", k.Name, warned, acts)
		}
	}
}

func TestWarnsOfConditions(t *testing.T) {
	o, err := service.BackendKind.Create(service.Input{"name": {Text: "b"}, "address": {Text: "a.test"}, "request_condition": {Text: "c"}})
	if err != nil {
		t.Fatal(err)
	}
	_, warnings, err := compile(&service.Snapshot{Objects: map[string][]service.Object{"backend": {o}}})
	if err != nil || !strings.Contains(strings.Join(warnings, "\n"), "Backend 'b': conditions are not evaluated yet") {
		t.Errorf("warnings %q, error %v", warnings, err)
	}
}
