package durable

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// names are those of what is in a directory.
func names(t *testing.T, dir string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

// A file has what was written last, is its owner's, and is the only one that is left.
func TestWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	for _, step := range []struct {
		name  string
		write func(string, []byte) error
		text  string
		want  string
		err   error
	}{
		{"created", Create, "one", "one", nil},
		{"created again", Create, "two", "one", fs.ErrExist},
		{"written", Write, "three", "three", nil},
		{"placed", Place, "", "", nil},
	} {
		if err := step.write(path, []byte(step.text)); !errors.Is(err, step.err) {
			t.Errorf("%s: error %v, want %v", step.name, err, step.err)
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != step.want {
			t.Errorf("%s: %q, %v; want %q", step.name, got, err, step.want)
		}
		if at, err := os.Stat(path); err != nil || posix && at.Mode() != 0o600 {
			t.Errorf("%s: %v, %v", step.name, at, err)
		}
		if got := names(t, dir); !slices.Equal(got, []string{"a"}) {
			t.Errorf("%s: the directory has %q", step.name, got)
		}
	}
}

// What cannot be written leaves nothing, and harms nothing.
func TestWriteFails(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "full"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "full", "a"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"full", "missing/a"} {
		for _, write := range []func(string, []byte) error{Write, Place, Create} {
			if err := write(filepath.Join(dir, path), []byte("text")); err == nil {
				t.Errorf("%s: no error", path)
			}
		}
	}
	if got := names(t, dir); !slices.Equal(got, []string{"full"}) {
		t.Errorf("the directory has %q", got)
	}
}

// What a crash leaves is swept: files that were being written, and no others.
func TestSweep(t *testing.T) {
	dir := t.TempDir()
	var left string
	died := errors.New("died")
	err := place(filepath.Join(dir, "a"), []byte("text"), func(from, _ string) error {
		left = filepath.Base(from)
		return errors.Join(died, os.Link(from, filepath.Join(dir, ".new-007")))
	})
	if !errors.Is(err, died) || !Temporary(left) {
		t.Fatalf("%v; %q is no temporary file", err, left)
	}
	others := []string{".new", ".new-", ".new-1.pem", ".new-a", ".new-dir", ".old-1", "a.new-1", "new-1", ".key-", ".token-a1", "secrets.key", "token"}
	for _, name := range append(others, ".new-1", ".new-18446744073709551615", ".key-1", ".token-12") {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, ".new-2"), 0o700); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	log := slog.New(slog.NewTextHandler(&said, nil))
	missing := filepath.Join(dir, "missing")
	for range 2 { // again there is nothing to say of it
		Sweep(log, missing, dir)
	}
	if all := said.String(); strings.Count(all, "\n") != 2 || strings.Count(all, missing) != 2 {
		t.Errorf("the log has %s", all)
	}
	want := append(others, ".new-2")
	slices.Sort(want)
	if got := names(t, dir); !slices.Equal(got, want) {
		t.Errorf("the directory has %q, want %q", got, want)
	}
}
