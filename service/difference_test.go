package service_test

import (
	"strings"
	"testing"

	"headwater/service"
)

func TestDifference(t *testing.T) {
	create := func(k *service.Kind, fields ...string) service.Object {
		t.Helper()
		in := service.Input{}
		for i := 0; i < len(fields); i += 2 {
			in[fields[i]] = service.Value{Text: fields[i+1]}
		}
		o, err := k.Create(in)
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	program := strings.Repeat("é", 200)
	for _, tt := range []struct {
		kind          *service.Kind
		from, to      service.Object
		before, after string
	}{
		{service.GzipKind, create(service.GzipKind, "name", "a"), create(service.GzipKind, "name", "a"), "", ""},
		{service.ConditionKind,
			create(service.ConditionKind, "name", "a", "statement", "s", "type", "CACHE"),
			create(service.ConditionKind, "name", "b", "statement", "s", "type", "CACHE", "priority", "7"),
			`{"name":"a","priority":"100"}`, `{"name":"b","priority":"7"}`},
		{service.VCLKind, create(service.VCLKind, "name", "a", "content", "short"), create(service.VCLKind, "name", "a", "content", program),
			`{"content":"short"}`, `{"content":"` + program[:256] + `..."}`},
	} {
		if before, after := tt.kind.Difference(tt.from, tt.to); before != tt.before || after != tt.after {
			t.Errorf("%s: got %s and %s", tt.kind.Name, before, after)
		}
	}
}
