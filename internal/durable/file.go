// Package durable writes files that a crash, of the process or of the machine, leaves
// whole: with what they had before, or with all that they were to have. Whoever reads
// one meanwhile finds one of the two. Their owner alone can read them.
package durable

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Write makes text the content of the file at path. When it returns without an error,
// that outlives a crash.
func Write(path string, text []byte) error {
	if err := Place(path, text); err != nil {
		return err
	}
	return SyncDir(filepath.Dir(path))
}

// Place is [Write] for a caller that writes many files, and calls [SyncDir] when all are
// there: until then a crash may bring back what the file had before.
func Place(path string, text []byte) error { return place(path, text, os.Rename) }

// Create is [Write] of a file that is not there yet. Its error is [fs.ErrExist] for one
// that is, whose name is durable then. Of two who create one at a time one does.
func Create(path string, text []byte) error {
	err := place(path, text, os.Link)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return errors.Join(err, SyncDir(filepath.Dir(path)))
}

// place writes a temporary file beside path, which move then gives that name.
func place(path string, text []byte, move func(from, to string) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), temporary+"*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // which fails once it is renamed
	_, err = f.Write(text)
	// Without Sync a crash may keep the name and lose the content.
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return move(f.Name(), path)
}

// temporary begins the names of temporary files. Digits follow.
const temporary = ".new-"

// earlier are how builds before this one began the names of those for tokens and keys.
var earlier = [...]string{".token-", ".key-"}

// Temporary reports whether name, without its directory, is one of a temporary file,
// which a crash may leave.
func Temporary(name string) bool {
	begin := strings.TrimRight(name, "0123456789")
	return begin != name && (begin == temporary || slices.Contains(earlier[:], begin))
}

// Sweep removes the temporary files in the directories at paths. Nobody may write there
// meanwhile. What it cannot remove it logs: that costs room and nothing else.
func Sweep(log *slog.Logger, paths ...string) {
	for _, path := range paths {
		if err := sweep(path); err != nil {
			log.Error("what a crash has left stays", "error", err)
		}
	}
}

func sweep(path string) error {
	entries, err := os.ReadDir(path)
	errs := []error{err}
	for _, e := range entries {
		if !e.Type().IsRegular() || !Temporary(e.Name()) {
			continue
		}
		if err := os.Remove(filepath.Join(path, e.Name())); !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
