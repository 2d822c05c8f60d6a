package feed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"headwater/internal/durable"
	"headwater/service"
)

// extension ends the names of the files in a [Dir] that are snapshots.
const extension = ".json"

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
	if err := durable.MakeDir(path); err != nil {
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
	return errors.Join(d.write(s), durable.SyncDir(d.path))
}

// Forget removes all that there is of a service, of which nothing is kept again.
func (d *Dir) Forget(id string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.newest, id)
	return errors.Join(d.remove(id+extension), d.removeItems(id))
}

// expect makes the editions of all those to go by, and no others: all is the truth,
// though it may come from an older backup. [Dir.Replace] comes next.
func (d *Dir) expect(all []*service.Snapshot) {
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.newest)
	for _, s := range all {
		d.newest[s.Service] = s.Edition()
	}
}

// Replace makes the directory hold the snapshots in all, which were expected, and no
// others, but what it has of the unserved stays: they are active too, and it may be all
// that is left of them. What is kept or forgotten meanwhile is newer, and stays as well.
// It goes on until ctx ends, whatever fails, and tells of the first failures alone.
func (d *Dir) Replace(ctx context.Context, all []*service.Snapshot, unserved []service.Unserved) error {
	var failed failures
	entries, err := os.ReadDir(d.path)
	failed.add(err)
	hasItems := map[string]bool{}
	for _, e := range entries {
		if id, ofItems := strings.CutSuffix(e.Name(), itemsExtension); ofItems {
			hasItems[id] = true
		}
	}
	for _, s := range all {
		if ctx.Err() != nil {
			break
		}
		failed.add(d.bringUp(s, hasItems[s.Service]))
	}
	stays := map[string]bool{}
	for _, u := range unserved {
		stays[u.Service] = true
	}
	for _, e := range entries {
		failed.add(d.sweep(e.Name(), stays))
	}
	failed.add(durable.SyncDir(d.path))
	return failed.err()
}

// toldFailures is how many of many failures are told: a disk that is full fails each of
// a hundred thousand files for the same reason.
const toldFailures = 5

// failures are the first of those that there were.
type failures struct {
	first []error
	more  int
}

func (f *failures) add(err error) {
	switch {
	case err == nil:
	case len(f.first) < toldFailures:
		f.first = append(f.first, err)
	default:
		f.more++
	}
}

func (f *failures) err() error {
	if f.more > 0 {
		return fmt.Errorf("%w\nand %d more", errors.Join(f.first...), f.more)
	}
	return errors.Join(f.first...)
}

// bringUp keeps s, unless something else was kept or forgotten since it was expected.
func (d *Dir) bringUp(s *service.Snapshot, hasItems bool) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if newest, expected := d.newest[s.Service]; !expected || newest != s.Edition() {
		return nil
	}
	err := d.write(s)
	if hasItems {
		err = errors.Join(err, d.pruneItems(s))
	}
	return err
}

// sweep removes what was there before of a service that is not served, unless it
// stays, and files that were not finished.
func (d *Dir) sweep(name string, stays map[string]bool) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	served := func(id string) bool { _, is := d.newest[id]; return is || stays[id] }
	id, isSnapshot := strings.CutSuffix(name, extension)
	if isSnapshot && !served(id) || durable.Temporary(name) {
		return d.remove(name)
	}
	if id, ofItems := strings.CutSuffix(name, itemsExtension); ofItems && !served(id) {
		return d.removeItems(id)
	}
	return nil
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

// write makes s the content of its file. The file's name is not durable yet.
func (d *Dir) write(s *service.Snapshot) error {
	text, err := s.Encode(d.sealer)
	if err != nil {
		return fmt.Errorf("snapshot of %s: %w", s.Service, err)
	}
	if old, err := os.ReadFile(d.file(s.Service)); err == nil && bytes.Equal(old, text) {
		return nil
	}
	return durable.Place(d.file(s.Service), text)
}

func (d *Dir) remove(name string) error {
	err := os.Remove(filepath.Join(d.path, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return durable.SyncDir(d.path)
}
