package durable

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestMakeDir(t *testing.T) {
	t.Chdir(t.TempDir())
	root := t.TempDir()
	for _, tt := range []struct {
		path    string
		parents []string
	}{
		{filepath.Join(root, "a", "b", "c"), []string{filepath.Join(root, "a", "b"), filepath.Join(root, "a"), root}},
		{filepath.Join(root, "a", "d") + "/", []string{filepath.Join(root, "a")}},
		{"one", []string{"."}},
		{"./two/three", []string{"two", "."}},
		{".", nil},
		{root, nil},
	} {
		if got := parentsToMake(tt.path); !slices.Equal(got, tt.parents) {
			t.Errorf("%s: parents %q, want %q", tt.path, got, tt.parents)
		}
		for range 2 { // again is no error
			if err := MakeDir(tt.path); err != nil {
				t.Error(err)
			}
		}
		if info, err := os.Stat(tt.path); err != nil || posix && len(tt.parents) > 0 && info.Mode() != os.ModeDir|0o700 {
			t.Errorf("%s: %v, %v", tt.path, info, err)
		}
	}
	if err := os.WriteFile("file", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"file", "file/below"} {
		if err := MakeDir(path); err == nil {
			t.Errorf("%s: no error", path)
		}
	}
}
