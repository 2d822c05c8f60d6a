package edge

import (
	"testing"

	"headwater/service"
	"headwater/vcl"
)

// A backend of another program's is none.
func TestForeignBackend(t *testing.T) {
	e := New(Config{})
	defer e.Shutdown(t.Context())
	build := func(names ...string) *site {
		s := &service.Snapshot{Objects: map[string][]service.Object{}}
		for _, name := range names {
			b, err := service.BackendKind.Create(service.Input{"name": {Text: name}, "address": {Text: name + ".test"}})
			if err != nil {
				t.Fatal(err)
			}
			s.Objects["backend"] = append(s.Objects["backend"], b)
		}
		built, _, err := e.build(&e.items, s)
		if err != nil {
			t.Fatal(err)
		}
		return built
	}
	mine, other := build("a", "b"), build("c", "d", "e")
	x := &exchange{site: mine}
	for i, own := range mine.reached() {
		if x.vcl.Backend = mine.known(own); x.destination() != own {
			t.Errorf("backend %d of the site's own leads elsewhere", i)
		}
	}
	for i, foreign := range other.reached() {
		if x.vcl.Backend = other.known(foreign); x.destination() != &mine.backends[0] {
			t.Errorf("backend %d of another site leads to no backend of the site's first", i)
		}
		if open, used := mine.Connections(other.known(foreign)); mine.Healthy(other.known(foreign)) || open+used > 0 {
			t.Errorf("backend %d of another site is known", i)
		}
	}
	x.site, x.vcl.Backend = build(), &vcl.Backend{}
	if x.destination() != nobody {
		t.Error("a site without backends has a destination")
	}
}
