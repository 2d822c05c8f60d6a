package certificate

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
)

// What a crash has left of a file that was being written is gone when an issuer is
// opened again, or the development authority is, and nothing else is.
func TestLeftoversAreSwept(t *testing.T) {
	cfg := IssuerConfig{Directory: "https://127.0.0.1:1/", Dir: t.TempDir()}
	i, _ := opened(t, cfg)
	if err := i.kept.write("a.test", &ordered{text: []byte("not read")}); err != nil {
		t.Fatal(err)
	}
	development := t.TempDir()
	if _, err := Develop(development, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	dirs := []string{
		i.kept.dir, filepath.Join(i.kept.dir, certificatesDir),
		development, filepath.Join(development, authorityDir),
	}
	for _, dir := range dirs {
		for _, name := range []string{".new-123", ".new-123.bak", "b.test"} {
			if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	opened(t, cfg)
	if _, err := Develop(development, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	for _, dir := range dirs {
		for name, want := range map[string]error{".new-123": fs.ErrNotExist, ".new-123.bak": nil, "b.test": nil} {
			if _, err := os.Stat(filepath.Join(dir, name)); !errors.Is(err, want) {
				t.Errorf("%s of %s: %v, want %v", name, dir, err, want)
			}
		}
	}
	for _, name := range []string{filepath.Join(dirs[0], accountFile), filepath.Join(dirs[1], "a.test"), filepath.Join(dirs[2], developmentFile)} {
		if _, err := os.Stat(name); err != nil {
			t.Error(err)
		}
	}
}
