package store

import (
	"context"
	"errors"

	"headwater/service"
)

// errRehearsed ends a transaction that was only to show what comes of it.
var errRehearsed = errors.New("this was a rehearsal")

// rehearse returns what changes of items would make, and makes none.
func (db *DB) rehearse(ctx context.Context, who *service.Token, at service.HolderRef, k *service.Kind, changes []service.ItemChange) (w *service.ItemsWritten, err error) {
	_, err = db.changeItems(ctx, who, at, k, changes, func(made *service.ItemsWritten) error {
		w = made
		return errRehearsed
	})
	if !errors.Is(err, errRehearsed) {
		return nil, err
	}
	return w, nil
}

// compileEach compiles the versions that a write of items changed.
func compileEach(w *service.ItemsWritten, compile func(*service.Snapshot) error) error {
	if w.Active != nil {
		if err := compile(w.Active); err != nil {
			return refusal(err, "active", w.Active)
		}
	}
	if w.Staged != nil && (w.Active == nil || w.Staged.Version != w.Active.Version) {
		if err := compile(w.Staged); err != nil {
			return refusal(err, "staged", w.Staged)
		}
	}
	return nil
}

// refusal says which version it was that a write of items would have broken: its
// author may not have had it in mind.
func refusal(err error, state string, s *service.Snapshot) error {
	e, ok := errors.AsType[*service.Error](err)
	if !ok || e.Code != service.Invalid {
		return err
	}
	return service.Errorf(service.Invalid, "Version '%d', which is %s, does not compile with it: %s", s.Version, state, e.Details())
}

// sameVersions reports whether two tries of one write changed the same versions:
// what compiled after the one compiles after the other.
func sameVersions(a, b *service.ItemsWritten) bool {
	same := func(s, o *service.Snapshot) bool {
		return s == nil && o == nil ||
			s != nil && o != nil && s.Version == o.Version && s.Edition() == o.Edition()
	}
	return same(a.Active, b.Active) && same(a.Staged, b.Staged)
}

// findCompiled adds to w the versions that have the holder's items compiled in.
func (t *tx) findCompiled(who *service.Token, at service.HolderRef, k *service.Kind, w *service.ItemsWritten) error {
	all, err := t.versions(at.Service)
	if err != nil {
		return err
	}
	for _, v := range all {
		if !v.Active && !v.Staged {
			continue
		}
		s, err := t.snapshotWith(who, service.Ref{Service: at.Service, Version: v.Number}, k, at.ID)
		if err != nil {
			return err
		}
		if v.Active {
			w.Active = s
		}
		if v.Staged {
			w.Staged = s
		}
	}
	return nil
}

// snapshotWith returns a version if it has the holder, and else nil.
func (t *tx) snapshotWith(who *service.Token, at service.Ref, k *service.Kind, holder string) (*service.Snapshot, error) {
	all, err := t.objects(at, k)
	if err != nil {
		return nil, err
	}
	for _, o := range all {
		if o.Meta().ID != holder {
			continue
		}
		s := &service.Snapshot{Customer: who.Customer, Service: at.Service, Version: at.Version}
		err := t.row(`SELECT generation, content_revision FROM service WHERE id = $1`, at.Service).
			Scan(&s.Generation, &s.ContentRevision)
		if err != nil {
			return nil, err
		}
		return s, t.fill(s)
	}
	return nil, nil
}

// fillContents reads the contents of the dynamic snippets in s.
func (t *tx) fillContents(s *service.Snapshot) error {
	for _, snippet := range service.All[*service.Snippet](s, service.SnippetKind) {
		if snippet.Dynamic == 0 {
			continue
		}
		o, err := t.item(service.HolderRef{Service: s.Service, ID: snippet.ID}, service.SnippetKind, "")
		if isMissing(err) {
			continue // made before contents were kept
		}
		if err != nil {
			return err
		}
		if s.Contents == nil {
			s.Contents = map[string]string{}
		}
		s.Contents[snippet.ID] = o.(*service.SnippetContent).Content
	}
	return nil
}
