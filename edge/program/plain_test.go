package program

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"headwater/service"
	"headwater/vcl/syntax"
)

// made makes an object of fields, or fails.
func made(t *testing.T, k *service.Kind, in service.Input) service.Object {
	t.Helper()
	o, err := k.Create(in)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// versionOf is a version of backends, given their fields beside the name.
func versionOf(t *testing.T, backends ...service.Input) *service.Snapshot {
	t.Helper()
	s := &service.Snapshot{Customer: "customer", Service: "secret", Objects: map[string][]service.Object{}}
	for i, in := range backends {
		in["name"] = service.Value{Text: string(rune('p' + i))}
		if _, given := in["address"]; !given {
			in["address"] = service.Value{Text: "origin.test"}
		}
		s.Objects["backend"] = append(s.Objects["backend"], made(t, service.BackendKind, in))
	}
	return s
}

// fields are pairs of a name and a value.
func fields(pairs ...string) service.Input {
	in := service.Input{}
	for i := 0; i < len(pairs); i += 2 {
		in[pairs[i]] = service.Value{Text: pairs[i+1]}
	}
	return in
}

// subs are the subroutines of a version's program.
func subs(t *testing.T, s *service.Snapshot) string {
	t.Helper()
	p, problems := Build(s)
	if len(problems) > 0 {
		t.Fatal(problems.Show())
	}
	only := &syntax.Unit{}
	for _, d := range p.Unit.Decls {
		if sub, is := d.(*syntax.Sub); is {
			only.Decls = append(only.Decls, sub)
		}
	}
	return syntax.Print(only)
}

// The program of a reduced version is that of the whole one, but for the names and
// declarations of backends; versions of one shape reduce to one program.
func TestReduced(t *testing.T) {
	usual := versionOf(t, fields(), fields())
	tests := []struct {
		name  string
		whole *service.Snapshot
		same  bool // shape as the usual one
	}{
		{"other origins", versionOf(t, fields("address", "192.0.2.7", "port", "8080", "connect_timeout", "7", "max_conn", "3", "weight", "7"),
			fields("override_host", "other.test", "use_ssl", "1", "ssl_sni_hostname", "sni.test", "share_key", "k", "keepalive_time", "5")), true},
		{"one backend", versionOf(t, fields()), false},
		{"a pool", versionOf(t, fields("auto_loadbalance", "1"), fields("auto_loadbalance", "1", "weight", "7")), false},
		{"a shield", versionOf(t, fields("shield", "iad-va-us"), fields("shield", "iad-va-us", "use_ssl", "1")), false},
		{"none", versionOf(t), false},
	}
	want, _ := ShapeOf(usual)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			shape, plain := ShapeOf(tt.whole)
			if !plain || (shape == want) != tt.same {
				t.Errorf("plain %v, of shape %q; the usual one has %q", plain, shape, want)
			}
			reduced := Reduced(tt.whole)
			reduced.Service = tt.whole.Service // which a comment has
			if again, _ := ShapeOf(reduced); again != shape {
				t.Errorf("reduced it has the shape %q, and not %q", again, shape)
			}
			for i, b := range tt.whole.Backends() {
				b.Name = reduced.Backends()[i].Name
			}
			if diff := cmp.Diff(subs(t, tt.whole), subs(t, reduced)); diff != "" {
				t.Errorf("the subroutines (-whole +reduced):\n%s", diff)
			}
		})
	}
}

// Settings of numbers are part of the shape.
func TestShapeOfSettings(t *testing.T) {
	shapes := map[string]string{}
	for _, one := range [][2]string{
		{"general.default_ttl", "7"}, {"general.default_pci", "1"}, {"general.stale_if_error", "1"}, {"general.stale_if_error_ttl", "7"}, {"general.default_ttl", "3600"},
	} {
		s := versionOf(t, fields())
		s.Objects["settings"] = []service.Object{made(t, service.SettingsKind, fields(one[0], one[1]))}
		shape, plain := ShapeOf(s)
		if other := shapes[shape]; !plain || other != "" {
			t.Errorf("%s: plain %v, of the same shape as %s", one[0], plain, other)
		}
		shapes[shape] = one[0]
		if diff := cmp.Diff(subs(t, Reduced(s)), subs(t, Reduced(Reduced(s)))); diff != "" {
			t.Errorf("%s: reduced twice (-once +twice):\n%s", one[0], diff)
		}
	}
}

// What a customer has written is never shared.
func TestNotPlain(t *testing.T) {
	written := map[string]func(*service.Snapshot){
		"a host": func(s *service.Snapshot) {
			s.Objects["settings"] = []service.Object{made(t, service.SettingsKind, fields("general.default_host", "own.test"))}
		},
		"a condition of a backend": func(s *service.Snapshot) { s.Backends()[0].RequestCondition = "c" },
	}
	for _, k := range []*service.Kind{
		service.ACLKind, service.CacheSettingsKind, service.ConditionKind, service.DictionaryKind, service.DirectorKind, service.GzipKind,
		service.HeaderKind, service.RequestSettingsKind, service.ResponseObjectKind, service.SnippetKind, service.VCLKind,
	} {
		written[k.Name] = func(s *service.Snapshot) { s.Objects[k.Name] = []service.Object{k.Default()} }
	}
	for name, add := range written {
		s := versionOf(t, fields())
		if add(s); plain(s) {
			t.Errorf("a version with %s is plain", name)
		}
	}
}

func plain(s *service.Snapshot) bool {
	_, is := ShapeOf(s)
	return is
}
