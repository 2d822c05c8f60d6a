package vcl

import (
	"slices"
	"testing"
)

// Backends have the first numbers, wherever directors are declared.
func TestNumbers(t *testing.T) {
	p, problems := compileText("main", `
director d fallback { { .backend = b; } { .backend = a; } }
backend b { .host = "b.test"; }
director e fallback { { .backend = d; } }
backend a { .host = "a.test"; }
`)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	var names []string
	for i, b := range p.Backends {
		if b.Index != i {
			t.Errorf("%s is number %d and says %d", b.Name, i, b.Index)
		}
		names = append(names, b.Name)
	}
	if want := []string{"b", "a", "d", "e"}; !slices.Equal(names, want) {
		t.Errorf("the order is %v, want %v", names, want)
	}
}
