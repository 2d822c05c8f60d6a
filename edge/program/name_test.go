package program

import (
	"strings"
	"testing"

	"headwater/vcl/syntax"
)

// Names that VCL would have too long are cut, and stay apart from each other.
func TestLongNames(t *testing.T) {
	most := strings.Repeat("x", syntax.MaxName)
	own := []string{most + "1", most + "2", most, most[1:], most[2:]}
	n := newNamespace()
	given := n.identify("", own)
	for _, name := range []string{most, most[1:]} {
		if given[name] != name {
			t.Errorf("a name of %d bytes is %q, want it as it is", len(name), given[name])
		}
	}
	for name, id := range n.identify("F_", own) {
		given["F_"+name] = id
	}
	seen := map[string]bool{}
	for name, id := range given {
		if len(id) > syntax.MaxName || seen[id] {
			t.Errorf("%q is %q, of %d bytes; another has that: %t", name, id, len(id), seen[id])
		}
		seen[id] = true
	}
}
