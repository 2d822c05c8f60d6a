package edge

import "testing"

// Of a service that was deleted nothing is left, whatever it served.
func TestForget(t *testing.T) {
	e := New(Config{})
	defer e.Shutdown(t.Context())
	if err := e.Apply(having(1, "d")); err != nil {
		t.Fatal(err)
	}
	if err := e.ApplyItems(holding(0, 2, "a", "1")); err != nil {
		t.Fatal(err)
	}
	if len(e.services) != 1 || len(e.items.holders) != 1 {
		t.Fatalf("%d services, items of %d", len(e.services), len(e.items.holders))
	}
	e.Forget("s")
	e.Forget("nobody's")
	if len(e.services) != 0 || len(e.items.holders) != 0 || len(e.sites()) != 0 {
		t.Errorf("%d services are left, items of %d, %d sites", len(e.services), len(e.items.holders), len(e.sites()))
	}
}
