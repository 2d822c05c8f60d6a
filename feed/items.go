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

	"headwater/internal/durable"
	"headwater/service"
)

// itemsExtension ends the name of the directory that has what the holders of one
// service hold, a file for each. The first line of a file is a whole holding;
// each further line changes what stands before it. What a crash leaves of the
// last line does not count.
const itemsExtension = ".items"

// enoughChanges is how many bytes of changes a file may have beyond the length of
// its first line before it is written anew.
const enoughChanges = 64 << 10

// keptItems is what is known of a file of items. The revision is unknownRevision
// after a write that failed.
type keptItems struct {
	revision       int64
	whole, changes int64 // bytes
}

// unknownRevision is one that no change follows.
const unknownRevision = -1

// KeepItems writes what a holder holds, or adds how it changed. A change of what
// is not kept is of no version that is served, and is left out; one that does not
// follow what is kept is [service.ErrGap].
func (d *Dir) KeepItems(h *service.Holding) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if h.Whole() {
		return d.writeItems(h)
	}
	kept := d.items[h.Service][h.ID]
	if kept == nil {
		return nil
	}
	follows, err := h.Follows(kept.revision)
	if err != nil || !follows {
		return err
	}
	return d.addItems(kept, h)
}

// writeItems replaces the holder's file, unless it is the same.
func (d *Dir) writeItems(h *service.Holding) error {
	line, err := d.itemsLine(h)
	if err != nil {
		return err
	}
	file := d.itemsFile(h.HolderRef)
	if old, err := os.ReadFile(file); err != nil || !bytes.Equal(old, line) {
		if err := durable.MakeDir(filepath.Dir(file)); err != nil {
			return err
		}
		if err := durable.Write(file, line); err != nil {
			return err
		}
	}
	if d.items[h.Service] == nil {
		d.items[h.Service] = map[string]*keptItems{}
	}
	d.items[h.Service][h.ID] = &keptItems{revision: h.Revision, whole: int64(len(line))}
	return nil
}

// addItems adds a line to the holder's file. It does not wait for the disk: a
// line that a crash damages is found out, and the store has it.
func (d *Dir) addItems(kept *keptItems, h *service.Holding) error {
	line, err := d.itemsLine(h)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(d.itemsFile(h.HolderRef), os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(line)
	if err = errors.Join(err, f.Close()); err != nil {
		kept.revision = unknownRevision
		return err
	}
	kept.revision = h.Revision
	if kept.changes += int64(len(line)); kept.changes < kept.whole+enoughChanges {
		return nil
	}
	whole, err := d.readItems(h.HolderRef)
	if err != nil {
		return err
	}
	return d.writeItems(whole)
}

func (d *Dir) itemsLine(h *service.Holding) ([]byte, error) {
	text, err := h.Encode(d.sealer)
	return append(text, '\n'), err
}

// Holdings reads what the holders hold. What is missing or damaged is left out,
// and told in the error; the others are returned all the same.
func (d *Dir) Holdings(_ context.Context, all ...service.HolderRef) (holdings []*service.Holding, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var errs []error
	for _, at := range all {
		h, err := d.readItems(at)
		if err != nil {
			errs = append(errs, fmt.Errorf("items %s: %w", d.itemsFile(at), err))
			continue
		}
		holdings = append(holdings, h)
	}
	return holdings, errors.Join(errs...)
}

func (d *Dir) readItems(at service.HolderRef) (*service.Holding, error) {
	text, err := os.ReadFile(d.itemsFile(at))
	if err != nil {
		return nil, err
	}
	first, changes, _ := bytes.Cut(text, []byte{'\n'})
	h, err := service.DecodeHolding(first, d.sealer)
	if err != nil {
		return nil, err
	}
	if h.HolderRef != at || !h.Whole() {
		return nil, fmt.Errorf("holds change %d of %s", h.Since, h.ID)
	}
	for line := range bytes.Lines(changes) {
		change, err := service.DecodeHolding(line, d.sealer)
		if err != nil {
			break // the last one, cut off
		}
		if h, err = h.With(change); err != nil {
			return nil, err
		}
	}
	return h, nil
}

func (d *Dir) itemsFile(at service.HolderRef) string {
	return filepath.Join(d.path, at.Service+itemsExtension, at.ID+extension)
}

// pruneItems removes the files of holders that s has not.
func (d *Dir) pruneItems(s *service.Snapshot) error {
	holders := map[string]bool{}
	for _, at := range s.Holders() {
		holders[at.ID] = true
	}
	if len(holders) == 0 {
		return d.removeItems(s.Service)
	}
	dir := filepath.Join(d.path, s.Service+itemsExtension)
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	errs := []error{err}
	for _, e := range entries {
		id := strings.TrimSuffix(e.Name(), extension)
		if holders[id] {
			continue
		}
		delete(d.items[s.Service], id)
		errs = append(errs, os.Remove(filepath.Join(dir, e.Name())))
	}
	return errors.Join(errs...)
}

// removeItems removes the files of all holders of a service.
func (d *Dir) removeItems(id string) error {
	delete(d.items, id)
	return os.RemoveAll(filepath.Join(d.path, id+itemsExtension))
}
