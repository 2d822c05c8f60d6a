package service

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// MakeDir makes the directory at path, for its owner alone, with the parents that
// are missing, and makes their names durable: with the name of a directory a
// crash would lose all that was written into it.
func MakeDir(path string) error {
	parents := parentsToMake(path)
	if err := os.MkdirAll(path, 0o700); err != nil {
		return err
	}
	for _, parent := range parents {
		if err := syncDir(parent); err != nil {
			return err
		}
	}
	return nil
}

// parentsToMake returns the directories that get a new name when path is made.
func parentsToMake(path string) (all []string) {
	for at := filepath.Clean(path); ; at = filepath.Dir(at) {
		if _, err := os.Stat(at); !errors.Is(err, fs.ErrNotExist) {
			return all
		}
		all = append(all, filepath.Dir(at))
	}
}
