package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// posix says that directories can be synced.
const posix = runtime.GOOS != "windows"

// MakeDir makes the directory at path, for its owner alone, with the parents that
// are missing, and makes their names durable: with the name of a directory a
// crash would lose all that was written into it.
func MakeDir(path string) error {
	parents := parentsToMake(path)
	if err := os.MkdirAll(path, 0o700); err != nil {
		return err
	}
	for _, parent := range parents {
		if err := SyncDir(parent); err != nil {
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

// SyncDir makes the names in the directory at path durable.
func SyncDir(path string) error {
	if !posix {
		return nil
	}
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
