package program

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"headwater/vcl/syntax"
)

// TestSharedPrograms builds the programs of all pages from common subroutines: they are
// the same programs, and none of them has changed what they share.
func TestSharedPrograms(t *testing.T) {
	commons := map[Common]*syntax.Sub{}
	share := func(c Common) *syntax.Sub {
		if commons[c] == nil {
			commons[c] = c.Decl()
		}
		return commons[c]
	}
	for _, p := range pages(t) {
		want, problems := Build(p.version(t))
		got, same := BuildShared(p.version(t), share)
		if diff := cmp.Diff(problems.Show(), same.Show()); diff != "" {
			t.Errorf("%s has other problems (-want +got):\n%s", p.name(), diff)
		}
		if want == nil || got == nil {
			continue
		}
		if diff := cmp.Diff(want.Generated(), got.Generated()); diff != "" {
			t.Errorf("%s is another program (-want +got):\n%s", p.name(), diff)
		}
		if diff := cmp.Diff(want.Warnings, got.Warnings); diff != "" {
			t.Errorf("%s has other warnings (-want +got):\n%s", p.name(), diff)
		}
		if p.name() == "plain" && countShared(got, commons) != len(order)-1 {
			t.Errorf("a plain version shares %d subroutines", countShared(got, commons))
		}
	}
	for c, d := range commons {
		if diff := cmp.Diff(alone(c.Decl()), alone(d)); diff != "" {
			t.Errorf("vcl_%s was changed by who has it (-want +got):\n%s", c.sub, diff)
		}
	}
}

func countShared(p *Program, commons map[Common]*syntax.Sub) (n int) {
	for _, d := range commons {
		if slices.Contains(p.Unit.Decls, syntax.Decl(d)) {
			n++
		}
	}
	return n
}
