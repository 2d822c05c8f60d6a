package message

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func fields(pairs ...string) (fs Fields) {
	for i := 0; i < len(pairs); i += 2 {
		fs.Add(NewKey(pairs[i]), pairs[i+1])
	}
	return fs
}

func shown(fs Fields) (pairs []string) {
	for _, f := range fs {
		pairs = append(pairs, string(f.Name), string(f.Value))
	}
	return pairs
}

func TestFields(t *testing.T) {
	tests := []struct {
		name string
		do   func(*Fields)
		want []string
	}{
		{"set where it was", func(fs *Fields) { fs.Set(NewKey("x-a"), "new") }, []string{"X-A", "new", "Host", "h", "X-B", ""}},
		{"set what is not there", func(fs *Fields) { fs.Set(NewKey("X-C"), "") }, []string{"X-A", "1", "Host", "h", "X-a", "2", "X-B", "", "X-C", ""}},
		{"add to what is there", func(fs *Fields) { fs.Add(NewKey("x-a"), "3") }, []string{"X-A", "1", "Host", "h", "X-a", "2", "X-B", "", "x-a", "3"}},
		{"unset all", func(fs *Fields) { fs.Unset(NewKey("x-A")) }, []string{"Host", "h", "X-B", ""}},
		{"unset a known field", func(fs *Fields) { fs.Unset(NewKey("hOST")) }, []string{"X-A", "1", "X-a", "2", "X-B", ""}},
		{"unset what is not there", func(fs *Fields) { fs.Unset(NewKey("X")) }, []string{"X-A", "1", "Host", "h", "X-a", "2", "X-B", ""}},
		{"unset by prefix", func(fs *Fields) { fs.UnsetPrefix("x-") }, []string{"Host", "h"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fs := fields("X-A", "1", "Host", "h", "X-a", "2", "X-B", "")
			tt.do(&fs)
			if diff := cmp.Diff(tt.want, shown(fs)); diff != "" {
				t.Errorf("fields (-want +got):\n%s", diff)
			}
		})
	}
}

func TestGet(t *testing.T) {
	fs := fields("X-A", "1", "Via", "v", "X-Empty", "", "x-a", "2")
	tests := []struct {
		name, want string
		set        bool
	}{
		{"x-A", "1", true},
		{"VIA", "v", true},
		{"x-empty", "", true},
		{"X-None", "", false},
		{"Host", "", false},
	}
	for _, tt := range tests {
		if got, set := fs.Get(NewKey(tt.name)); got != tt.want || set != tt.set {
			t.Errorf("Get(%s) = %q, %v; want %q, %v", tt.name, got, set, tt.want, tt.set)
		}
	}
}

func TestFieldsThatEndHere(t *testing.T) {
	fs := fields("Connection", "x", "X-A", "1")
	if !fs[0].Hop || fs[1].Hop {
		t.Errorf("Connection ends here: %v; X-A does: %v", fs[0].Hop, fs[1].Hop)
	}
}

func TestAllocs(t *testing.T) {
	fs := fields("Accept", "a", "User-Agent", "u", "X-A", "1")
	key := NewKey("x-a")
	got := testing.AllocsPerRun(100, func() {
		v, _ := fs.Get(key)
		fs.Set(key, v)
		fs.Unset(key)
		fs.Add(key, v)
	})
	if got != 0 {
		t.Errorf("%v allocations", got)
	}
}
