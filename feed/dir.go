package feed

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"headwater/service"
)

// What the names of files in a [Dir] end and begin with: snapshots, and what a
// crash leaves of a file that was being written.
const (
	extension  = ".json"
	unfinished = ".new-"
)

// A Dir keeps one file for each active service: the snapshot it last served,
// secrets sealed. Beside it is a directory for what its holders hold. A snapshot
// is written whole or not at all. A Dir may be used by many goroutines, but by
// one process at a time.
type Dir struct {
	path   string
	sealer service.Sealer

	mu sync.Mutex

	// newest is the last edition kept of each service, deactivations included:
	// without these an activation that was overtaken would bring back the file.
	newest map[string]service.Edition

	items map[string]map[string]*keptItems // by service and holder
}

// OpenDir returns the directory at path, which is made if need be.
func OpenDir(path string, sealer service.Sealer) (*Dir, error) {
	if err := service.MakeDir(path); err != nil {
		return nil, fmt.Errorf("snapshots: %w", err)
	}
	return &Dir{
		path: path, sealer: sealer,
		newest: map[string]service.Edition{}, items: map[string]map[string]*keptItems{},
	}, nil
}

// Keep writes s, or removes the service's files if s ends the service, unless a
// newer edition came first. What is held by holders that s has not goes too.
func (d *Dir) Keep(s *service.Snapshot) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s.Edition().Before(d.newest[s.Service]) {
		return nil
	}
	d.newest[s.Service] = s.Edition()
	return errors.Join(d.keep(s), d.pruneItems(s))
}

func (d *Dir) keep(s *service.Snapshot) error {
	if s.Version == 0 {
		return d.remove(s.Service + extension)
	}
	return d.write(s)
}

// Forget removes all that there is of a service, of which nothing is kept again.
func (d *Dir) Forget(id string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.newest, id)
	return errors.Join(d.remove(id+extension), d.removeItems(id))
}

// Replace makes the directory hold the snapshots in all and no others, but what
// it has of the unserved stays: they are active too, and it may be all that is
// left of them. Editions of before do not count: all is the truth, though it may
// come from an older backup.
func (d *Dir) Replace(all []*service.Snapshot, unserved []service.Unserved) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	var errs []error
	clear(d.newest)
	for _, s := range all {
		d.newest[s.Service] = s.Edition()
		errs = append(errs, d.write(s), d.pruneItems(s))
	}
	active := map[string]bool{}
	for _, u := range unserved {
		active[u.Service] = true
	}
	for id := range d.newest {
		active[id] = true
	}
	entries, err := os.ReadDir(d.path)
	errs = append(errs, err)
	for _, e := range entries {
		id, isSnapshot := strings.CutSuffix(e.Name(), extension)
		if isSnapshot && !active[id] || strings.HasPrefix(e.Name(), unfinished) {
			errs = append(errs, d.remove(e.Name()))
		}
		if id, ofItems := strings.CutSuffix(e.Name(), itemsExtension); ofItems && !active[id] {
			errs = append(errs, d.removeItems(id))
		}
	}
	return errors.Join(errs...)
}

// Load reads every snapshot. A file that is damaged is left out, and told in the
// error; the others are returned all the same.
func (d *Dir) Load() ([]*service.Snapshot, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return nil, fmt.Errorf("snapshots: %w", err)
	}
	var all []*service.Snapshot
	var errs []error
	for _, e := range entries {
		id, isSnapshot := strings.CutSuffix(e.Name(), extension)
		if !isSnapshot {
			continue
		}
		s, err := d.read(id)
		if err != nil {
			errs = append(errs, fmt.Errorf("snapshot %s: %w", filepath.Join(d.path, e.Name()), err))
			continue
		}
		all = append(all, s)
	}
	return all, errors.Join(errs...)
}

func (d *Dir) read(id string) (*service.Snapshot, error) {
	text, err := os.ReadFile(d.file(id))
	if err != nil {
		return nil, err
	}
	s, err := service.DecodeSnapshot(text, d.sealer)
	if err != nil {
		return nil, err
	}
	if s.Service != id {
		return nil, fmt.Errorf("is of service %q", s.Service)
	}
	return s, nil
}

func (d *Dir) file(id string) string { return filepath.Join(d.path, id+extension) }

func (d *Dir) write(s *service.Snapshot) error {
	text, err := s.Encode(d.sealer)
	if err != nil {
		return fmt.Errorf("snapshot of %s: %w", s.Service, err)
	}
	if old, err := os.ReadFile(d.file(s.Service)); err == nil && bytes.Equal(old, text) {
		return nil
	}
	return writeFile(d.path, s.Service+extension, text)
}

// writeFile makes text the content of a file, whole or not at all.
func writeFile(dir, name string, text []byte) error {
	temp, err := os.CreateTemp(dir, unfinished+"*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name()) // without effect once it is renamed
	_, err = temp.Write(text)
	if err == nil {
		// Without it a crash may keep the name and lose the content.
		err = temp.Sync()
	}
	if err = errors.Join(err, temp.Close()); err != nil {
		return err
	}
	if err := os.Rename(temp.Name(), filepath.Join(dir, name)); err != nil {
		return err
	}
	return syncDir(dir)
}

func (d *Dir) remove(name string) error {
	err := os.Remove(filepath.Join(d.path, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return syncDir(d.path)
}

// syncDir makes the names in a directory durable.
func syncDir(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
