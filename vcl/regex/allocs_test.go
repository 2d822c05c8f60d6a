//go:build !race

package regex

import "testing"

// Matching allocates nothing, once there is a machine.
func TestAllocs(t *testing.T) {
	loc := make([]int, 20)
	for _, bm := range benchmarks {
		r := mustCompile(t, bm.pattern)
		for name, do := range map[string]func(){
			"Match":               func() { r.Match(bm.subject) },
			"Find":                func() { r.Find(bm.subject, 0, loc) },
			"Replace of no match": func() { r.Replace("", "x", true) },
		} {
			if got := testing.AllocsPerRun(100, do); got > 0 {
				t.Errorf("%s: %s allocates %v times", bm.name, name, got)
			}
		}
	}
}

// Replacing allocates the result.
func TestAllocsReplace(t *testing.T) {
	r := mustCompile(t, `(\d+)`)
	got := testing.AllocsPerRun(100, func() { r.Replace("/a/1/b/22", `<\1>`, false) })
	if got > 1 {
		t.Errorf("Replace allocates %v times, want 1", got)
	}
}
